package siege

import (
	"bufio"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"estream/layouts"
	"estream/synth"
)

var (
	long = flag.Bool("siege.long", false, "the long version, for a machine that does nothing else")
	seed = flag.Uint64("siege.seed", 0, "`seed` of random moments (default: a random one)")
)

// either returns what belongs to the version that runs.
func either[T any](inLong, inShort T) T {
	if *long {
		return inLong
	}
	return inShort
}

// scratch holds what the tests share: the program, and registrations.
var scratch string

func TestMain(m *testing.M) { os.Exit(run(m)) }

func run(m *testing.M) int {
	var err error
	if scratch, err = os.MkdirTemp("", "estream-siege-"); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(scratch)
	return m.Run()
}

// program builds the program once, as it is released: without cgo and without the
// race detector, which belong to the process of the test.
var program = sync.OnceValues(func() (string, error) {
	path := filepath.Join(scratch, "estream")
	cmd := exec.Command("go", "build", "-buildvcs=false", "-o", path, "estream/cmd/estream")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("go build: %w\n%s", err, out)
	}
	return path, nil
})

// random returns a source of random moments and prints its seed.
func random(t *testing.T) *rand.Rand {
	s := *seed
	if s == 0 {
		s = rand.Uint64()
	}
	t.Logf("seed %d (-siege.seed %d chooses the same moments)", s, s)
	return rand.New(rand.NewPCG(s, 0))
}

// patience is how long anything may take that has to happen. It is no limit of the
// product, only of how long a test that fails takes.
const patience = time.Minute

// until waits for what other processes do.
func until(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for began := time.Now(); !ok(); time.Sleep(5 * time.Millisecond) { // nothing to wait on
		if time.Since(began) > patience {
			t.Fatal(what + ": not within " + patience.String())
		}
	}
}

// writeStream writes count events of a synthetic stream into a file, no two of them
// equal, and returns the number of messages. With names the metadata is before them:
// more than a thousand messages.
func writeStream(t *testing.T, path string, count int, names bool) int {
	t.Helper()
	g, err := synth.New(layouts.Default(), synth.Options{Seed: 5, EventsPerSecond: 500})
	if err != nil {
		t.Fatal(err)
	}
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	w := bufio.NewWriterSize(f, 1<<20)
	var buf []byte
	head := g.Metadata()
	for i := range head + count {
		if buf = g.Append(buf[:0]); i < head && !names {
			continue
		}
		if _, err = w.Write(buf); err != nil {
			break
		}
	}
	if err := errors.Join(err, w.Flush(), f.Close()); err != nil {
		t.Fatal(err)
	}
	if names {
		return head + count
	}
	return count
}
