// Package e2e holds no code, only tests of the whole program against loss: it is
// killed, its disk fills, what was not synced is lost, and at the end each event
// must be in the output once, in order, byte for byte as if nothing had happened.
//
// Two kinds of tests are here. Those that kill run the real binary, the server in
// one process and the collector in another, over TLS on the loopback interface.
// Those that crash the machine under the program run its parts in this process,
// on a file system that forgets and in a time of their own (testing/synctest).
//
// Kills come at random moments, so no two runs are the same; what must hold does
// not depend on the moment. The seed that chose them is printed.
package e2e

import (
	"bufio"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"

	"estream/internal/recordtest"
	"estream/layouts"
	"estream/synth"
	"estream/wire"
)

// scratch holds the binary and the stream, which several tests use.
var scratch string

func TestMain(m *testing.M) { os.Exit(run(m)) }

func run(m *testing.M) int {
	var err error
	if scratch, err = os.MkdirTemp("", "estream-e2e-"); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(scratch)
	return m.Run()
}

// program builds the program once, as it is released: without cgo and without the
// race detector, which belong to the process of the test.
var program = sync.OnceValues(func() (string, error) {
	path := filepath.Join(scratch, "estream.exe") // Windows wants the suffix, nobody else minds
	cmd := exec.Command("go", "build", "-buildvcs=false", "-o", path, "estream/cmd/estream")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("go build: %w\n%s", err, out)
	}
	return path, nil
})

// longCount is how many messages the long stream has: more than 200,000 events
// beside the metadata, 15 seconds at 20,000 messages a second.
const longCount = 300_000

// longStream writes the stream of the kill tests once. Equal records follow one
// another in one second, names change, and one second of archive time, which is
// what each new session asks for again, is a small part of it.
var longStream = sync.OnceValues(func() (string, error) {
	path := filepath.Join(scratch, "long.bin")
	return path, writeStream(path, longCount, synth.Options{Seed: 7, EventsPerSecond: 2000, Duplicates: 0.02, Metadata: 0.02})
})

func writeStream(path string, count int, opt synth.Options) (err error) {
	g, err := synth.New(layouts.Default(), opt)
	if err != nil {
		return err
	}
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	defer func() {
		if cerr := f.Close(); err == nil {
			err = cerr
		}
	}()
	w := bufio.NewWriterSize(f, 1<<20)
	var buf []byte
	for range count {
		buf = g.Append(buf[:0])
		if _, err := w.Write(buf); err != nil {
			return err
		}
	}
	return w.Flush()
}

// describe counts what the kill tests are about, and fails the test if the stream
// lacks any of it: tests over a stream without duplicates would prove nothing.
func describe(t *testing.T, path string) {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var (
		messages, events, equal, again, renamed int
		previous                                []byte
		bodies                                  = map[string]int{} // of metadata, archive time aside
	)
	for m := range recordtest.Split(t, data) {
		h, ok := wire.PeekRecord(m)
		if !ok {
			t.Fatalf("message %d is no record", messages)
		}
		def, err := layouts.Default().Source().Record(h.Type)
		if err != nil {
			t.Fatal(err)
		}
		switch {
		case !def.IsMetadata():
			events++
		case bodies[string(m[wire.HeaderSize+h.Size:])] > 0:
			again++
		case messages > len(bodies): // the head is over
			renamed++
		}
		if def.IsMetadata() {
			bodies[string(m[wire.HeaderSize+h.Size:])]++
		} else if string(m) == string(previous) {
			equal++
		}
		previous = m
		messages++
	}
	t.Logf("stream: %d messages, %d events, %d of them equal to the one before, metadata repeated %d times, %d changed names", messages, events, equal, again, renamed)
	if equal == 0 || again == 0 || renamed == 0 {
		t.Fatal("the stream does not put duplicates, repeated metadata and changed names to the test")
	}
}

// random returns a source of random moments and prints its seed.
func random(t *testing.T) *rand.Rand {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	return rand.New(rand.NewPCG(seed, 0))
}
