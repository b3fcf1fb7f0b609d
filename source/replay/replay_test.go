package replay

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"estream/internal/recordtest"
	"estream/layouts"
	"estream/synth"
	"estream/wire"
)

// stream returns n synthetic messages, metadata among them.
func stream(t testing.TB, n int) []byte {
	t.Helper()
	g, err := synth.New(layouts.Default(), synth.Options{Seed: 2, EventsPerSecond: 100})
	if err != nil {
		t.Fatal(err)
	}
	for range g.Metadata() - 20 { // keep a few
		g.Append(nil)
	}
	var data []byte
	for range n {
		data = g.Append(data)
	}
	return data
}

func write(t testing.TB, name string, data []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func zip(t *testing.T, data []byte) []byte {
	t.Helper()
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	if _, err := z.Write(data); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// sink collects batches and checks what every batch promises.
type sink struct {
	t       *testing.T
	data    []byte
	batches []int // end of each in data
	marks   [][]byte
	count   int
	stop    func(*sink) error // may end the run
}

func (k *sink) append(_ context.Context, b Batch) error {
	k.t.Helper()
	n, low, high := 0, uint32(0), uint32(0)
	for msg := range recordtest.Split(k.t, b.Data) {
		n++
		if h, ok := wire.PeekRecord(msg); ok && h.ArchiveTimestamp > 0 {
			if low == 0 || h.ArchiveTimestamp < low {
				low = h.ArchiveTimestamp
			}
			high = max(high, h.ArchiveTimestamp)
		}
	}
	if n == 0 || n != b.Count || low != b.MinArchive || high != b.MaxArchive || len(b.Mark) == 0 || len(b.Mark) > 512 {
		k.t.Errorf("batch says %d messages, archive %d to %d, mark of %d bytes; it has %d, %d to %d", b.Count, b.MinArchive, b.MaxArchive, len(b.Mark), n, low, high)
	}
	if k.stop != nil {
		if err := k.stop(k); err != nil {
			return err
		}
	}
	k.data = append(k.data, b.Data...)
	k.batches = append(k.batches, len(k.data))
	k.marks = append(k.marks, b.Mark)
	k.count += b.Count
	return nil
}

func source(path string) *Source { return &Source{Path: path, Layouts: layouts.Default()} }

func TestAsItIs(t *testing.T) {
	data := stream(t, 4000)
	for name, content := range map[string][]byte{"plain.bin": data, "zipped.gz": zip(t, data)} {
		s, k := source(write(t, name, content)), &sink{t: t}
		if err := s.Run(t.Context(), k.append); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if !bytes.Equal(k.data, data) || k.count != 4000 {
			t.Errorf("%s: %d messages, %d bytes; want 4000, %d, the same", name, k.count, len(k.data), len(data))
		}
		if len(k.batches) < 5 || k.batches[0] > defaultBatch {
			t.Errorf("%s: batches end at %v, want them below 256 KiB", name, k.batches)
		}
		if got, want := s.Stats(), (Stats{Messages: 4000, Bytes: uint64(len(data)), Rounds: 1}); got != want {
			t.Errorf("%s: stats %+v, want %+v", name, got, want)
		}
		// Finished, also for the next process.
		if err := s.Run(t.Context(), k.append); !errors.Is(err, ErrReplayed) {
			t.Errorf("%s: second run: %v", name, err)
		}
		again := source(s.Path)
		if err := again.Resume(k.marks[len(k.marks)-1]); err != nil {
			t.Fatal(err)
		}
		if err := again.Run(t.Context(), k.append); !errors.Is(err, ErrReplayed) || k.count != 4000 {
			t.Errorf("%s: resumed at the end: %v, %d messages", name, err, k.count)
		}
	}
}

// TestResume stops after each batch and goes on in a new Source, in the first
// round and in a later one: the bytes are those of an undisturbed run.
func TestResume(t *testing.T) {
	data := stream(t, 1500)
	for name, content := range map[string][]byte{"a.bin": data, "a.gz": zip(t, data)} {
		path := write(t, name, content)
		undisturbed := &sink{t: t, stop: func(k *sink) error {
			if k.count >= 3*1500 {
				return io.ErrClosedPipe
			}
			return nil
		}}
		s := source(path)
		s.Loop, s.BatchBytes = true, 100<<10
		if err := s.Run(t.Context(), undisturbed.append); !errors.Is(err, io.ErrClosedPipe) {
			t.Fatal(err)
		}
		if len(undisturbed.data) != 3*len(data) || !bytes.Equal(undisturbed.data[:len(data)], data) {
			t.Fatalf("%s: %d bytes in three rounds, want 3 * %d", name, len(undisturbed.data), len(data))
		}

		broken := &sink{t: t}
		broken.stop = func(k *sink) error {
			if len(k.batches)%2 == 1 { // let one through, refuse the next
				k.batches = append(k.batches, 0)
				return io.ErrClosedPipe
			}
			return nil
		}
		var mark []byte
		for broken.count < 3*1500 {
			s := source(path)
			s.Loop, s.BatchBytes = true, 100<<10
			if err := s.Resume(mark); err != nil {
				t.Fatal(err)
			}
			if err := s.Run(t.Context(), broken.append); !errors.Is(err, io.ErrClosedPipe) {
				t.Fatal(err)
			}
			mark = broken.marks[len(broken.marks)-1]
		}
		if !bytes.Equal(broken.data, undisturbed.data) {
			t.Errorf("%s: resumed after each batch, the bytes differ", name)
		}
	}
}

func TestOtherFile(t *testing.T) {
	data := stream(t, 1300)
	k := &sink{t: t}
	if err := source(write(t, "a.bin", data)).Run(t.Context(), k.append); err != nil {
		t.Fatal(err)
	}
	mark := k.marks[0]
	changed := bytes.Clone(data)
	changed[20] ^= 1 // in the reserved word of the record header
	for name, f := range map[string]struct {
		file string
		data []byte
	}{"other name": {"b.bin", data}, "other head": {"a.bin", changed}, "other size": {"a.bin", stream(t, 1301)}} {
		var log strings.Builder
		s, k := source(write(t, f.file, f.data)), &sink{t: t}
		s.Log = slog.New(slog.NewTextHandler(&log, nil))
		if err := s.Resume(mark); err != nil {
			t.Fatal(err)
		}
		if err := s.Run(t.Context(), k.append); err != nil || !bytes.Equal(k.data, f.data) {
			t.Errorf("%s: %v, %d bytes, want all %d", name, err, len(k.data), len(f.data))
		}
		if !strings.Contains(log.String(), "another file") {
			t.Errorf("%s: log %q", name, log.String())
		}
	}
}

func TestDamagedMark(t *testing.T) {
	p := position{File: identity{Size: 7}, Min: 5, Max: 9, Round: 300, Offset: 1 << 40}
	mark := p.appendMark(nil)
	if got, err := decodeMark(mark); err != nil || got != p {
		t.Fatalf("got %+v, %v", got, err)
	}
	for n := 1; n < len(mark); n++ {
		if err := source("x").Resume(mark[:n]); !errors.Is(err, errMark) {
			t.Errorf("mark cut to %d bytes: %v", n, err)
		}
	}
	if err := source("x").Resume(append(mark, 0)); !errors.Is(err, errMark) {
		t.Errorf("mark with a byte too many: %v", err)
	}
	newer := bytes.Clone(mark)
	newer[0] = 2
	if err := source("x").Resume(newer); err == nil || !strings.Contains(err.Error(), "version 2") {
		t.Errorf("newer mark: %v", err)
	}
	p.Min = 10
	if err := source("x").Resume(p.appendMark(nil)); !errors.Is(err, errMark) {
		t.Errorf("mark with earliest after latest: %v", err)
	}
}

// message is a wire message of the given type with body.
func message(typ byte, body ...byte) []byte {
	return append([]byte{0, 1, 0, typ, 0, 0, byte(len(body) >> 8), byte(len(body))}, body...)
}

func TestOddMessages(t *testing.T) {
	good := stream(t, 40)
	var file, want []byte
	var bad []byte
	for range 20 {
		bad = append(bad, message(4, 0, 0, 0, 123, 0, 0, 0, 9, 1)...) // record length does not fit
		bad = append(bad, message(4, 0, 0, 0, 123, 0, 0, 0, 2, 1, 1)...)
	}
	unknown := message(4, 0, 0, 0x27, 0x0f, 0, 0, 0, 2, 1, 1)
	file = append(file, message(0)...)
	file = append(file, good...)
	file = append(file, bad...)
	file = append(file, message(1, 0, 0, 0, 19, 0, 0)...)
	file = append(file, unknown...)
	want = append(append(append(want, good...), bad...), unknown...)

	var log strings.Builder
	s, k := source(write(t, "odd.bin", file)), &sink{t: t}
	s.Log = slog.New(slog.NewTextHandler(&log, nil))
	if err := s.Run(t.Context(), k.append); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(k.data, want) {
		t.Errorf("got %d bytes, want %d, as they are", len(k.data), len(want))
	}
	if got := s.Stats(); got.Skipped != 2 || got.Malformed != 40 || got.Messages != 81 {
		t.Errorf("stats %+v, want 2 skipped, 40 malformed of 81", got)
	}
	if n := strings.Count(log.String(), "\n"); n != logged+2 {
		t.Errorf("%d lines in the log, want %d:\n%s", n, logged+2, log.String())
	}
	first := len(message(0)) + len(good)
	for _, want := range []string{"offset=" + itoa(first) + " ", "skipped", "count=2\n", "count=40\n"} {
		if !strings.Contains(log.String(), want) {
			t.Errorf("no %q in the log:\n%s", want, log.String())
		}
	}
}

func itoa(n int) string { return slog.IntValue(n).String() }

func TestBrokenFrame(t *testing.T) {
	good := stream(t, 50)
	for name, c := range map[string]struct {
		tail []byte
		want string
	}{
		"cut header":  {[]byte{0, 1, 0}, "8 bytes expected, 3 there"},
		"cut body":    {message(4, 1, 2, 3)[:10], "11 bytes expected, 10 there"},
		"version":     {append([]byte{0, 2, 0, 4, 0, 0, 0, 0}, good...), "header version 2"},
		"huge length": {append([]byte{0, 1, 0, 4, 0xff, 0xff, 0xff, 0xff}, good...), "limit is"},
	} {
		file := append(bytes.Clone(good), c.tail...)
		for _, content := range [][]byte{file, zip(t, file)} {
			s, k := source(write(t, "broken.bin", content)), &sink{t: t}
			s.Loop = true
			for range 2 { // the second run finds the same place
				err := s.Run(t.Context(), k.append)
				if err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), "offset "+itoa(len(good))+":") || !strings.Contains(err.Error(), s.Path) {
					t.Errorf("%s: %v; want file, offset %d and %q", name, err, len(good), c.want)
				}
			}
			if !bytes.Equal(k.data, good) {
				t.Errorf("%s: %d bytes handed on, want the %d before the broken frame", name, len(k.data), len(good))
			}
		}
	}
}

func TestRefused(t *testing.T) {
	ok := write(t, "ok.bin", stream(t, 3))
	never := func(context.Context, Batch) error { t.Error("batch handed on"); return nil }
	truncated := zip(t, stream(t, 1000))
	for name, c := range map[string]struct {
		s    *Source
		want string
	}{
		"no file":    {source(filepath.Join(t.TempDir(), "none")), "none"},
		"directory":  {source(t.TempDir()), "no regular file"},
		"empty":      {source(write(t, "empty", nil)), "no event data"},
		"nothing":    {&Source{Path: write(t, "null", message(0)), Layouts: layouts.Default(), Loop: true}, "no event data"},
		"no layouts": {&Source{Path: ok}, "no layouts"},
		"rate":       {&Source{Path: ok, Layouts: layouts.Default(), Rate: -1}, "rate"},
		"batch size": {&Source{Path: ok, Layouts: layouts.Default(), BatchBytes: -1}, "batch size"},
		"not a gzip": {source(write(t, "x.gz", []byte{0x1f, 0x8b, 0, 0})), "decompress"},
		"text":       {source(write(t, "x.txt", []byte("some text, no messages"))), "offset 0: not a message"},
	} {
		if err := c.s.Run(t.Context(), never); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
	}
	k := &sink{t: t}
	if err := source(write(t, "cut.gz", truncated[:len(truncated)/2])).Run(t.Context(), k.append); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("gzip cut short: %v", err)
	}
}

func TestContext(t *testing.T) {
	s := source(write(t, "a.bin", stream(t, 1500)))
	s.Loop, s.BatchBytes = true, 10<<10
	ctx, cancel := context.WithCancel(t.Context())
	n := 0
	err := s.Run(ctx, func(context.Context, Batch) error {
		if n++; n == 3 {
			cancel()
		}
		return nil
	})
	if !errors.Is(err, context.Canceled) || n != 3 {
		t.Errorf("%v after %d batches, want context canceled after 3", err, n)
	}
}

// TestRate runs on a fake clock: no more than the rate in any second, evenly.
func TestRate(t *testing.T) {
	path := write(t, "a.bin", stream(t, 3000))
	for _, rate := range []float64{7, 250, 1000, 100_000} {
		synctest.Test(t, func(t *testing.T) {
			s := source(path)
			s.Rate = rate
			begin := time.Now()
			var sent, largest int
			if err := s.Run(t.Context(), func(_ context.Context, b Batch) error {
				sent += b.Count
				largest = max(largest, b.Count)
				// A tick's worth may go at the start.
				if most := rate*time.Since(begin).Seconds() + max(1, rate/100) + 1; float64(sent) > most {
					t.Fatalf("%v/s: %d messages after %v", rate, sent, time.Since(begin))
				}
				return nil
			}); err != nil {
				t.Fatal(err)
			}
			got, want := time.Since(begin).Seconds(), 3000/rate
			if got > want*1.01+0.02 || got < want*0.99-0.02-1/rate {
				t.Errorf("%v/s: 3000 messages in %.3f s, want %.3f", rate, got, want)
			}
			if largest > int(rate/100)+2 {
				t.Errorf("%v/s: %d messages at once", rate, largest)
			}
		})
	}
}

// TestSpeed: each second of the recording goes when it is due, also in later rounds and
// after a restart, and all of it.
func TestSpeed(t *testing.T) {
	data := stream(t, 3000)
	path := write(t, "a.bin", data)
	for _, speed := range []float64{0.5, 1, 10} {
		synctest.Test(t, func(t *testing.T) {
			s := source(path)
			s.Speed = speed
			k := &sink{t: t}
			began, first := time.Now(), uint32(0)
			if err := s.Run(t.Context(), func(ctx context.Context, b Batch) error {
				if first == 0 {
					first = b.MinArchive
				}
				if b.MinArchive != b.MaxArchive {
					t.Errorf("a batch of seconds %d to %d", b.MinArchive, b.MaxArchive)
				}
				due := float64(b.MaxArchive-first) / speed
				if at := time.Since(began).Seconds(); at < due-0.001 || at > due+0.001 {
					t.Fatalf("speed %v: second %d went after %.3f s, want %.3f", speed, b.MaxArchive-first, at, due)
				}
				return k.append(ctx, b)
			}); err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(k.data, data) || len(k.batches) < 3 {
				t.Errorf("%d bytes in %d batches, want %d", len(k.data), len(k.batches), len(data))
			}
		})
	}
}

// TestSlowReceiver: what was missed while the receiver stood still is not made
// up for at once.
func TestSlowReceiver(t *testing.T) {
	path := write(t, "a.bin", stream(t, 3000))
	synctest.Test(t, func(t *testing.T) {
		s := source(path)
		s.Rate = 1000
		first := true
		if err := s.Run(t.Context(), func(_ context.Context, b Batch) error {
			if first {
				time.Sleep(time.Minute)
			} else if b.Count > 110 {
				t.Errorf("%d messages at once after a pause, want at most a tenth of a second", b.Count)
			}
			first = false
			return nil
		}); err != nil {
			t.Fatal(err)
		}
	})
}
