package exec

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"estream/internal/syncbuf"
	"estream/output"
)

// TestMain makes this test the program that it runs.
func TestMain(m *testing.M) {
	if what := os.Getenv("ESTREAM_TEST_PROGRAM"); what != "" {
		program(what, os.Args[1:])
		return
	}
	os.Exit(m.Run())
}

func program(what string, args []string) {
	switch what {
	case "copy": // to a file, all of it
		f, err := os.OpenFile(args[0], os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
		if err == nil {
			_, err = io.Copy(f, os.Stdin)
		}
		if err != nil {
			panic(err)
		}
	case "lines": // to a file, args[1] of them, and then ends
		n, err := strconv.Atoi(args[1])
		if err != nil {
			panic(err)
		}
		f, err := os.OpenFile(args[0], os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
		if err != nil {
			panic(err)
		}
		for s := bufio.NewScanner(os.Stdin); n > 0 && s.Scan(); n-- {
			fmt.Fprintln(f, s.Text())
		}
		os.Exit(3)
	case "talk":
		for i := range 100 {
			fmt.Fprintf(os.Stderr, "word %d %s\n", i, strings.Repeat("x", 5000))
		}
		fmt.Fprint(os.Stderr, "half")
		_, _ = io.Copy(io.Discard, os.Stdin)
	case "deaf": // reads nothing until the file is there
		for {
			if _, err := os.Stat(args[0]); err == nil {
				break
			}
			time.Sleep(time.Millisecond)
		}
		program("copy", args[1:])
	case "stubborn": // neither the end of its input nor SIGTERM end it
		signal.Ignore(syscall.SIGTERM)
		if err := os.WriteFile(args[0], nil, 0o600); err != nil {
			panic(err)
		}
		_, _ = io.Copy(io.Discard, os.Stdin)
		time.Sleep(time.Hour)
	}
}

func options(t *testing.T, what string, args ...string) Options {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return Options{Argv: append([]string{self}, args...), Env: []string{"ESTREAM_TEST_PROGRAM=" + what}, Log: slog.New(slog.DiscardHandler)}
}

func open(t *testing.T, o Options) *Output {
	t.Helper()
	out, err := Open(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		for range 2 {
			if err := out.Close(); err != nil {
				t.Error(err)
			}
		}
	})
	return out
}

func content(t *testing.T, name string) string {
	t.Helper()
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// wait returns when f reports true; the test's own time limit ends it otherwise.
func wait(t *testing.T, f func() bool) {
	t.Helper()
	for !f() {
		select {
		case <-time.After(time.Millisecond):
		case <-t.Context().Done():
			t.Fatal("never came")
		}
	}
}

// TestCopy: everything arrives, in order, and Close waits for the program.
func TestCopy(t *testing.T) {
	name := filepath.Join(t.TempDir(), "out")
	out := open(t, options(t, "copy", name))
	if out.String() != "exec:"+out.opt.Argv[0] || !out.Empty() {
		t.Errorf("%s, empty %t", out, out.Empty())
	}
	var want bytes.Buffer
	for i := range 100 {
		lines := bytes.Repeat(fmt.Appendf(nil, "line %d\n", i), 1000)
		want.Write(lines)
		if err := out.Write(t.Context(), lines); err != nil {
			t.Fatal(err)
		}
		clear(lines) // the slice is not kept
		if _, err := out.Commit(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if err := out.Close(); err != nil {
		t.Fatal(err)
	}
	if content(t, name) != want.String() {
		t.Error("something else arrived")
	}
	if s := out.Stats(); s.Lines.Load() != 100_000 || s.Bytes.Load() != uint64(want.Len()) || s.Connects.Load() != 1 {
		t.Errorf("%d lines, %d bytes, %d programs", s.Lines.Load(), s.Bytes.Load(), s.Connects.Load())
	}
	if err := out.Write(t.Context(), []byte("x\n")); err == nil {
		t.Error("a closed output takes lines")
	}
}

// TestEnds: a program that ends with lines that are not committed is said; one that ends without any is
// started again.
func TestEnds(t *testing.T) {
	name := filepath.Join(t.TempDir(), "out")
	o := options(t, "lines", name, "2")
	o.Backoff = new(Backoff)
	out := open(t, o)
	if err := out.Write(t.Context(), []byte("1\n")); err != nil {
		t.Fatal(err)
	}
	if _, err := out.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := out.Write(t.Context(), []byte("2\n")); err != nil {
		t.Fatal(err)
	}
	<-out.p.exited
	_, err := out.Commit(t.Context())
	if !errors.Is(err, output.ErrUncommitted) || !strings.Contains(err.Error(), "exit status 3") {
		t.Fatalf("got error %v", err)
	}
	if err := out.Write(t.Context(), []byte("2\n")); !errors.Is(err, output.ErrUncommitted) {
		t.Fatalf("got error %v", err)
	}
	if o.Backoff.pause == 0 {
		t.Error("the next start would not wait")
	}
	o.Backoff.until = time.Time{}
	next := open(t, o)
	if err := next.Write(t.Context(), []byte("2\n3\n")); err != nil {
		t.Fatal(err)
	}
	if _, err := next.Commit(t.Context()); err != nil && !errors.Is(err, output.ErrUncommitted) {
		t.Fatal(err)
	} else if err == nil {
		<-next.p.exited
		o.Backoff.until = time.Time{}
		if err := next.Write(t.Context(), []byte("4\n")); err != nil {
			t.Fatal(err)
		}
		if n := next.Stats().Connects.Load(); n != 2 {
			t.Errorf("%d programs", n)
		}
	}
	if got := content(t, name); !strings.HasPrefix(got, "1\n2\n2\n3\n") {
		t.Errorf("arrived: %q", got)
	}
}

// TestDeaf: a program that does not read is an error in time, loses nothing, and holds up neither
// the context nor Close.
func TestDeaf(t *testing.T) {
	dir := t.TempDir()
	name, gate := filepath.Join(dir, "out"), filepath.Join(dir, "gate")
	o := options(t, "deaf", gate, name)
	o.WriteTime, o.StopTime, o.KillTime = 20*time.Millisecond, time.Millisecond, time.Minute
	out := open(t, o)
	lines := bytes.Repeat([]byte("a line\n"), 100_000)
	if err := out.Write(t.Context(), lines); err == nil || !strings.Contains(err.Error(), "has not read") {
		t.Fatalf("got error %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	out.opt.WriteTime = time.Hour
	if err := out.Write(ctx, lines); !errors.Is(err, context.Canceled) {
		t.Fatalf("got error %v", err)
	}
	if err := os.WriteFile(gate, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := out.Write(t.Context(), lines); err != nil {
		t.Fatal(err)
	}
	if _, err := out.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	out.opt.StopTime = time.Hour
	if err := out.Close(); err != nil {
		t.Fatal(err)
	}
	if got := content(t, name); got != string(lines) {
		t.Errorf("%d bytes arrived, want %d", len(got), len(lines))
	}

	// Other lines than before, and an end while it does not read.
	o = options(t, "deaf", filepath.Join(dir, "no gate"), name)
	o.WriteTime, o.StopTime = time.Millisecond, time.Millisecond
	out = open(t, o)
	if err := out.Write(t.Context(), lines); err == nil {
		t.Fatal("it read")
	}
	if err := out.Write(t.Context(), []byte("x\n")); !errors.Is(err, output.ErrUncommitted) {
		t.Errorf("other lines: %v", err)
	}
	out = open(t, o)
	if err := out.Write(t.Context(), lines); err == nil {
		t.Fatal("it read")
	}
}

// TestStubborn: what does not end is killed.
func TestStubborn(t *testing.T) {
	ready := filepath.Join(t.TempDir(), "ready")
	o := options(t, "stubborn", ready)
	o.StopTime, o.KillTime = time.Millisecond, time.Millisecond
	var log syncbuf.Buffer
	o.Log = log.Logger()
	out := open(t, o)
	if err := out.Write(t.Context(), []byte("x\n")); err != nil {
		t.Fatal(err)
	}
	wait(t, func() bool { _, err := os.Stat(ready); return err == nil })
	if err := out.Close(); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(log.String(), "was killed") {
		t.Errorf("the log: %s", log.String())
	}
}

// TestStderr: what a program says is logged, within bounds.
func TestStderr(t *testing.T) {
	o := options(t, "talk")
	var log syncbuf.Buffer
	o.Log = log.Logger()
	out := open(t, o)
	if err := out.Write(t.Context(), []byte("x\n")); err != nil {
		t.Fatal(err)
	}
	if err := out.Close(); err != nil {
		t.Fatal(err)
	}
	got := log.String()
	if n := strings.Count(got, "program says"); n == 0 || n > stderrLines {
		t.Errorf("%d lines", n)
	}
	if !strings.Contains(got, "word 0 xxx") || len(got) > stderrLines*(stderrLine+300) {
		t.Errorf("%d bytes: %.300s", len(got), got)
	}
}

// TestStderrLimit: lines are cut and held back, and how many is said.
func TestStderrLimit(t *testing.T) {
	var log syncbuf.Buffer
	w := newLogWriter(log.Logger(), "x")
	now := time.Now()
	w.now = func() time.Time { return now }
	for range 30 {
		if n, err := io.WriteString(w, strings.Repeat("y", 2000)+"\n"); n != 2001 || err != nil {
			t.Fatal(n, err)
		}
	}
	now = now.Add(stderrTime)
	if _, err := io.WriteString(w, "bad \xff\r\n"); err != nil {
		t.Fatal(err)
	}
	got := log.String()
	if strings.Count(got, "yyy...") != stderrLines || !strings.Contains(got, `"held back before"=10`) || !strings.Contains(got, "bad \uFFFD") {
		t.Errorf("the log: %.3000s", got)
	}
}

// TestBackoff: the pause grows to its bound, a program that ran well starts it anew, and it
// ends with the context.
func TestBackoff(t *testing.T) {
	var b Backoff
	for range 20 {
		b.ended(0)
	}
	if b.pause != pauseMost {
		t.Errorf("pause %s", b.pause)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := b.wait(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("got error %v", err)
	}
	b.ended(ranWell)
	if b.pause != pauseFirst {
		t.Errorf("pause %s", b.pause)
	}
}

// TestMissing: a program that is not there is an error of each Write, and none of Open.
func TestMissing(t *testing.T) {
	o := options(t, "copy")
	o.Argv, o.Backoff = []string{"/nowhere/program"}, new(Backoff)
	out := open(t, o)
	if err := out.Write(t.Context(), []byte("x\n")); err == nil || !strings.Contains(err.Error(), "/nowhere/program") {
		t.Errorf("got error %v", err)
	}
	if _, err := out.Commit(t.Context()); err != nil {
		t.Error(err)
	}
}

// TestTruncate: a line over MaxLine is cut and marked.
func TestTruncate(t *testing.T) {
	name := filepath.Join(t.TempDir(), "out")
	o := options(t, "copy", name)
	o.MaxLine = 64
	out := open(t, o)
	if err := out.Write(t.Context(), []byte("short\n"+strings.Repeat("x", 100)+"\n")); err != nil {
		t.Fatal(err)
	}
	if err := out.Close(); err != nil {
		t.Fatal(err)
	}
	if got := content(t, name); len(got) > 6+64 || !strings.HasSuffix(got, "bytes]\n") || out.Stats().Truncated.Load() != 1 {
		t.Errorf("arrived: %q", got)
	}
}

func TestMistakes(t *testing.T) {
	for _, o := range []Options{{}, {Argv: []string{""}}, {Argv: []string{"x"}, StopTime: -1}, {Argv: []string{"x"}, MaxLine: 1}} {
		if _, err := Open(o); err == nil {
			t.Errorf("%+v was accepted", o)
		}
	}
}

// BenchmarkWrite writes batches of 300 lines of 800 bytes to a program that reads them.
func BenchmarkWrite(b *testing.B) {
	self, err := os.Executable()
	if err != nil {
		b.Fatal(err)
	}
	out, err := Open(Options{Argv: []string{self, os.DevNull}, Env: []string{"ESTREAM_TEST_PROGRAM=copy"}, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		b.Fatal(err)
	}
	defer out.Close()
	batch := bytes.Repeat(append(bytes.Repeat([]byte{'x'}, 799), '\n'), 300)
	b.SetBytes(int64(len(batch)))
	b.ReportAllocs()
	for b.Loop() {
		if err := out.Write(b.Context(), batch); err != nil {
			b.Fatal(err)
		}
	}
}
