// Command bench measures how fast estream is from end to end, and compares that
// with what TLS and the kernel allow on the same machine in the same run. `make
// bench` runs it; it is no part of the product.
//
// A stream of synthetic messages goes through a real server, real TLS on
// loopback and a real collector. Server and client are processes of their own
// on the same two cores, the client in turn
//
//   - a bare reader: TLS records read from a plain TLS writer and thrown away;
//   - the ceiling: a session that acknowledges all messages and throws them
//     away, from the same server the collector uses;
//   - the collector: session, journal, format, file, until the last line is
//     committed;
//   - decode, which needs no server, on one core.
//
// Absolute figures move with whatever else the machine does; ratios between
// measurements of one round move little. So there are several rounds, and what
// is printed is the median of each figure and of each ratio. Server journal,
// collector journal and output are in memory (/dev/shm) where there is such a
// place, except for one line with the collector's journal on a disk.
//
// The exit status is 1 when something failed or CEF is slower than a quarter of
// the bare reader.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
)

// floor is the share of the speed of the bare reader, for bundles of their
// ceiling, below which CEF end to end is a regression.
const floor = 0.25

var errFloor = fmt.Errorf("CEF end to end is below %.0f %% of what it is compared with", 100*floor)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	err := run(ctx, os.Args[1:])
	switch {
	case errors.Is(err, flag.ErrHelp):
		os.Exit(2)
	case err != nil:
		fmt.Fprintf(os.Stderr, "bench: %v\n", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string) error {
	if len(args) == 2 && args[0] == childArg {
		return runChild(ctx, args[1])
	}
	fs := flag.NewFlagSet("bench", flag.ContinueOnError)
	count := fs.Uint64("count", 1_000_000, "`N` messages in the stream")
	rounds := fs.Int("runs", 3, "`N` rounds, of which the medians are printed")
	memory := fs.String("dir", "/dev/shm", "`DIR` in memory for journals and output; the temporary directory if it is missing or too small")
	profiles := fs.String("profile", "", "`DIR` for CPU profiles of the processes of the last round")
	only := fs.String("only", "", "measure only the rows whose short name (such as cef-bundle) matches this regular `EXPRESSION`, and what they are compared with")
	if err := fs.Parse(args); err != nil {
		return err
	}
	if fs.NArg() > 0 || *count < 10_000 || *rounds < 1 {
		return errors.New("expected no arguments, at least 10000 messages and one round")
	}
	plan, err := planned(*only)
	if err != nil {
		return err
	}
	// All processes started from here on share two cores.
	runtime.LockOSThread()
	cores, err := twoCores()
	if err != nil {
		return err
	}
	b := &bench{count: *count, rounds: *rounds, profiles: *profiles, cores: cores, plan: plan}
	if err := b.place(*memory); err != nil {
		return err
	}
	defer os.RemoveAll(b.memory)
	defer os.RemoveAll(b.disk)
	if err := b.prepare(ctx); err != nil {
		return fmt.Errorf("prepare: %w", err)
	}
	if err := b.measure(ctx); err != nil {
		return err
	}
	return b.report(os.Stdout)
}

// A bench is one run of the program.
type bench struct {
	count    uint64
	rounds   int
	profiles string
	cores    int // that the processes share
	plan     []*row

	memory string // directory of this run in memory
	inRAM  bool   // it is, as far as we know
	disk   string // the same on a disk
	stream string // file of messages
	size   int64  // of it, in bytes
}

// place makes the directories. Where the one in memory is missing or too small,
// as /dev/shm is in many containers, everything is on disk.
func (b *bench) place(memory string) (err error) {
	const perMessage = 4 * 900 // two journals and the output, or as much to warm up
	info, err := os.Stat(memory)
	b.inRAM = err == nil && info.IsDir() && freeBytes(memory) >= perMessage*b.count
	if !b.inRAM {
		fmt.Fprintf(os.Stderr, "bench: %s is missing or has less than %d MB free: all files are on disk, and the disk is part of what is measured\n", memory, perMessage*b.count/1e6)
		memory = os.TempDir()
	}
	if b.memory, err = os.MkdirTemp(memory, "estream-bench-"); err != nil {
		return err
	}
	b.disk, err = os.MkdirTemp("", "estream-bench-")
	return err
}

func (b *bench) path(name string) string { return filepath.Join(b.memory, name) }
