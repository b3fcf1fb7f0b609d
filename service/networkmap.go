package service

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"time"

	"estream/hosts"
	"estream/journal"
)

// mapFile is the name of the network map in the state directory.
const mapFile = "networkmap"

// saveMap is how often the network map is written. A crash costs reading what the
// journal got since then.
const saveMap = time.Minute

// A networkMap keeps the network map in step with the journal. It learns from durable
// data only, so that the file never knows more than the journal does after a crash.
type networkMap struct {
	*hosts.Map
	task *task
}

// openMap opens the network map, unless it is open, and shows it what the journal
// holds by now.
func (r *collection) openMap() error {
	if r.hosts != nil {
		return nil
	}
	opt := r.MapOptions
	opt.Log = r.Log
	m, err := hosts.Open(filepath.Join(r.State, mapFile), r.FS, r.Layouts, opt)
	if err != nil {
		return fmt.Errorf("network map: %w", err)
	}
	end, first := r.journal.Durable().Seq, r.journal.First().Seq
	m.Resume(end)
	reader := r.journal.NewReader(journal.Position{Seq: max(m.Seq(), first)}, journal.ReaderOptions{DurableOnly: true})
	for reader.Position().Seq < end {
		if err := learn(r.srcCtx, m, reader, r); err != nil {
			reader.Close()
			return ended(r.srcCtx, err)
		}
	}
	task := start(r.outCtx, func(ctx context.Context) {
		defer reader.Close()
		r.keepMap(ctx, m, reader)
	})
	r.mu.Lock()
	defer r.mu.Unlock()
	r.hosts = &networkMap{Map: m, task: task}
	return nil
}

// keepMap learns what is new until ctx ends, and saves the map now and then.
func (r *collection) keepMap(ctx context.Context, m *hosts.Map, reader *journal.Reader) {
	save := func() {
		if err := m.Save(); err != nil {
			r.Log.Error("the network map could not be saved; it is tried again", "error", err, "every", saveMap)
		}
	}
	defer save()
	tick := time.NewTicker(saveMap)
	defer tick.Stop()
	saver := make(chan struct{})
	defer func() { <-saver }()
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	go func() { // beside the reader, which may wait long for the next batch
		defer close(saver)
		for {
			select {
			case <-tick.C:
				save()
			case <-ctx.Done():
				return
			}
		}
	}()
	for {
		if err := learn(ctx, m, reader, r); err != nil {
			if ctx.Err() == nil {
				r.fail(fmt.Errorf("network map: %w", err))
			}
			return
		}
	}
}

// learn shows the map the next batch.
func learn(ctx context.Context, m *hosts.Map, reader *journal.Reader, r *collection) error {
	v, err := reader.Next(ctx)
	var (
		gone   *journal.GoneError
		damage *journal.DamageError
	)
	switch {
	case errors.As(err, &gone):
		r.Log.Warn("the network map missed events that the journal no longer holds", "lost", gone.Lost())
		return nil
	case errors.As(err, &damage):
		return nil // reported by who reads the events
	case err != nil:
		return err
	}
	m.Observe(v.Seq, v.Source, v.Payload)
	return nil
}

// MapStats returns the counts of the network map; false if there is none.
func (c *Service) MapStats() (hosts.Stats, bool) {
	c.mu.Lock()
	r := c.running
	c.mu.Unlock()
	if r == nil {
		return hosts.Stats{}, false
	}
	r.mu.Lock()
	m := r.hosts
	r.mu.Unlock()
	if m == nil {
		return hosts.Stats{}, false
	}
	return m.Stats(), true
}
