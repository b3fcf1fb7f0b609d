package cli

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

// TestMain makes this test binary the program as well: scripts and examples find
// it as "estream" in their PATH.
func TestMain(m *testing.M) {
	process := func() { os.Exit(Process()) }
	testscript.Main(m, map[string]func(){"estream": process, "sfestreamer": process, "manage_estreamer.pl": process, "ssl_test": process, "ssl_test.pl": process})
}

// TestScripts runs the scripts in testdata/script. Beside the commands of
// testscript they have:
//
//	exits N PROGRAM ARG...   run a program; its exit status must be N
//	lines FILE N             FILE must have N lines
//	same FILE FILE           the files must be equal; as cmp, with a short message
//	start, await, awaitout, listening, signal, ended   see script_process_test.go
//	damage, pack             see script_file_test.go
//	tap                      see script_capture_test.go
//	center, oldclient        see script_peer_test.go
func TestScripts(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("the scripts use a Unix shell and its signals")
	}
	testscript.Run(t, testscript.Params{
		Dir:                 filepath.Join("testdata", "script"),
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Setup: func(e *testscript.Env) error {
			ps := newProcesses()
			e.Values[processesKey{}] = ps
			e.Defer(ps.stop)
			e.Defer(func() { stopServers(e.WorkDir) })
			e.Setenv("TZ", "UTC")
			unified2, err := filepath.Abs(filepath.Join("..", "..", "source", "unified2", "testdata"))
			if err != nil {
				return err
			}
			e.Setenv("UNIFIED2", unified2)
			recordings, err := filepath.Abs(filepath.Join("..", "..", "transcript", "testdata"))
			if err != nil {
				return err
			}
			e.Setenv("RECORDINGS", recordings)
			contrib, err := filepath.Abs(filepath.Join("..", "..", "contrib"))
			if err != nil {
				return err
			}
			e.Setenv("CONTRIB", contrib)
			if e.Getenv("GORACE") == "" {
				// The race detector waits a second at each end of a process by default, for
				// goroutines that are still to be reported.
				e.Setenv("GORACE", "atexit_sleep_ms=0")
			}
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"exits": cmdExits, "lines": cmdLines, "same": cmdSame,
			"start": cmdStart, "await": cmdAwait, "awaitout": cmdAwaitOut, "listening": cmdListening, "signal": cmdSignal, "ended": cmdEnded,
			"damage": cmdDamage, "pack": cmdPack, "tap": cmdTap,
			"center": cmdCenter, "oldclient": cmdOldClient,
		},
	})
}

func cmdExits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits STATUS PROGRAM ARG...")
	}
	want := number(ts, args[0])
	got := 0
	err := ts.Exec(args[1], args[2:]...)
	var exit *exec.ExitError
	switch {
	case errors.As(err, &exit):
		got = exit.ExitCode()
	case err != nil:
		ts.Fatalf("%s: %v", args[1], err)
	}
	if got != want {
		ts.Fatalf("%s ended with status %d, want %d", args[1], got, want)
	}
}

func cmdLines(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: lines FILE N")
	}
	if got, want := strings.Count(ts.ReadFile(args[0]), "\n"), number(ts, args[1]); got != want {
		ts.Fatalf("%s has %d lines, want %d", args[0], got, want)
	}
}

// cmdSame is cmp for files of many lines: it shows the first difference only.
func cmdSame(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: same FILE FILE")
	}
	got, want := strings.SplitAfter(ts.ReadFile(args[0]), "\n"), strings.SplitAfter(ts.ReadFile(args[1]), "\n")
	for i := range max(len(got), len(want)) {
		switch {
		case i >= len(got):
			ts.Fatalf("%s has %d lines, %s has %d", args[0], len(got)-1, args[1], len(want)-1)
		case i >= len(want):
			ts.Fatalf("%s has %d lines, %s has %d; the first one more is\n%s", args[0], len(got)-1, args[1], len(want)-1, got[i])
		case got[i] != want[i]:
			ts.Fatalf("line %d differs:\n%s: %s\n%s: %s", i+1, args[0], got[i], args[1], want[i])
		}
	}
}

func number(ts *testscript.TestScript, s string) int {
	n, err := strconv.Atoi(s)
	ts.Check(err)
	return n
}
