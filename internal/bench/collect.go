package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"runtime"
	"time"

	"estream/format"
	"estream/format/cef"
	"estream/format/jsonl"
	"estream/internal/durable"
	"estream/journal"
	"estream/layouts"
	"estream/output"
	"estream/output/file"
	"estream/service"
	"estream/session"
	"estream/source/fmc"
	"estream/wire"
)

var formats = map[string]func() format.Format{
	"cef": func() format.Format {
		f, err := cef.New(cef.Options{})
		if err != nil {
			panic(err) // the built-in mapping has no mistakes
		}
		return f
	},
	"json": func() format.Format { return jsonl.New(jsonl.Options{}) },
}

// retain is the default of estream collect for the length of its journal.
const retain = 1 << 30

// collector is estream collect with a file output. It ends when the last line is
// committed. Reading and compiling layouts is not in its result.
func collector(ctx context.Context, jb *job) (*result, error) {
	cfg, err := clientTLS(jb.Dir)
	if err != nil {
		return nil, err
	}
	log := slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn}))
	out := &service.Output{
		Name: "output", Format: formats[jb.Format](),
		Open: func(saved []byte) (output.Output, error) { return file.Open(durable.OS{}, jb.Output, saved, log) },
	}
	if err := decodeHead(ctx, jb); err != nil {
		return nil, err
	}
	began, used := time.Now(), cpuTime()
	c := &service.Service{
		State: jb.State, FS: durable.OS{}, Layouts: layouts.Default(), Log: log, Outputs: []*service.Output{out},
		Journal: journal.Options{RetainBytes: retain},
		Sources: []*service.Source{{Source: &fmc.Source{
			Addr: jb.Addr, TLS: cfg, Start: wire.StartOldest, Session: session.ClientConfig{DialContext: connected(&began)},
		}}},
	}
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	before := allocs()
	ended := make(chan error, 1)
	go func() { ended <- c.Run(ctx) }()
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for out.Stats.Committed.Load() < jb.Count {
		select {
		case <-tick.C:
		case err := <-ended:
			return nil, fmt.Errorf("collector ended early: %w", errors.Join(err, ctx.Err()))
		}
	}
	now := time.Now()
	r := &result{CPU: cpuTime() - used, Allocs: allocs() - before, Messages: out.Stats.Messages.Load(), In: out.Stats.Input.Load(), Out: out.Stats.Bytes.Load()}
	stop()
	if err := <-ended; err != nil {
		return nil, err
	}
	r.Elapsed = now.Sub(began) // began was written by the collector, which has ended
	if n := out.Stats.Raw.Load() + out.Stats.Unwritten.Load(); n > 0 || r.Messages != jb.Count {
		return nil, fmt.Errorf("%d of %d messages written, %d undecoded", r.Messages, jb.Count, n)
	}
	return r, nil
}

// allocs returns how many objects were allocated so far.
func allocs() uint64 {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.Mallocs
}
