package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// measure does all rounds. The server is started anew for each of them.
func (b *bench) measure(ctx context.Context) error {
	for i := range b.rounds {
		if err := b.round(ctx, i, b.profiles != "" && i == b.rounds-1); err != nil {
			return fmt.Errorf("round %d: %w", i+1, err)
		}
	}
	return nil
}

func (b *bench) round(ctx context.Context, i int, profile bool) (err error) {
	s, err := b.startServer(ctx, profile)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.stop()) }()
	for _, r := range b.plan {
		res, err := b.one(ctx, s, r, profile)
		if err != nil {
			return err
		}
		r.results = append(r.results, res)
		fmt.Fprintf(os.Stderr, "round %d of %d: %-16s %9.0f messages/s\n", i+1, b.rounds, r.key, res.rate())
	}
	return nil
}

// one does one measurement in a fresh directory.
func (b *bench) one(ctx context.Context, s *serving, r *row, profile bool) (_ *result, err error) {
	j := r.job
	j.Count, j.Size = b.count, b.size
	if r.to != nil {
		j.Addr = r.to(&s.addresses)
	}
	switch j.Role {
	case "fanout", "rawfan":
		j.Sessions, j.Count, j.Size = fanOutClients, b.count/fanOutPart, b.size/fanOutPart
	case "collect":
		parent := b.memory
		if r.onDisk {
			parent = b.disk
		}
		if j.State, err = os.MkdirTemp(parent, "state-"); err != nil {
			return nil, err
		}
		j.Output = filepath.Join(b.memory, "output")
		defer func() { err = errors.Join(err, os.RemoveAll(j.State), os.Remove(j.Output)) }()
		if j.Format == "json" {
			j.Count /= jsonPart
		}
		if b.inRAM {
			if err := b.warm(ctx); err != nil {
				return nil, err
			}
		}
	}
	before, err := s.cpuTime()
	if err != nil {
		return nil, err
	}
	res, err := b.child(ctx, r.key, j, profile, r.env...)
	if err != nil {
		return nil, err
	}
	after, err := s.cpuTime()
	res.Server = after - before
	return res, err
}

// warm uses as much memory as journal and output will, and gives it back. On
// many virtual machines the first use of memory costs several times what
// writing to it does, which is not what is to be measured.
func (b *bench) warm(ctx context.Context) (err error) {
	f, err := os.CreateTemp(b.memory, "warm-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close(), os.Remove(f.Name())) }()
	piece := make([]byte, 1<<20)
	for written := int64(0); written < 2*b.size; written += int64(len(piece)) {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if _, err := f.Write(piece); err != nil {
			return err
		}
	}
	return nil
}
