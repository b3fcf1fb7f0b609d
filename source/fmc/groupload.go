package fmc

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"hash/maphash"
	"io/fs"
	"maps"
	"os"
	"time"

	"estream/internal/durable"
	"estream/internal/mute"
	"estream/journal"
	"estream/wire"
)

const (
	groupVersion = 1
	maxGroupFile = 1 << 20
)

// A groupFile is the content of Group.File.
type groupFile struct {
	Version   int               `json:"version"`
	Positions map[string]uint32 `json:"positions"` // archive second by member
}

// load reads the positions, and the events of the window from the journal,
// unless it has. The caller holds mu.
func (g *Group) load(ctx context.Context) error {
	if g.loaded {
		return nil
	}
	if g.Window == 0 {
		g.Window = DefaultWindow
	}
	if g.FS == nil {
		g.FS = durable.OS{}
	}
	if g.positions == nil {
		if err := g.loadPositions(); err != nil {
			return err
		}
		g.full = mute.New(time.Hour)
	}
	// A copy may still be on its way to the disk. What is not durable does not count.
	if err := g.Journal.Sync(ctx); err != nil {
		return fmt.Errorf("journal: %w", err)
	}
	g.ids = newIdentifier(g.Journal.Set, maphash.MakeSeed())
	g.parts, g.total, g.devices = []part{{seen: map[uint64]seen{}}}, 0, make([]map[uint32]string, len(g.Members))
	index := map[uint32]int{}
	newest := uint32(0)
	for i, number := range g.Numbers {
		index[number] = i
		newest = max(newest, g.Journal.MaxArchive(number))
		g.devices[i] = map[uint32]string{}
	}
	g.loaded = true
	for i, number := range g.Numbers {
		g.Journal.Names.Of(number).Each(func(m []byte) {
			if h, ok := wire.PeekRecord(m); ok {
				g.learnLocked(i, m, h)
			}
		})
	}
	if newest == 0 {
		return nil
	}
	from := newest - min(newest, uint32(g.Window/time.Second)+groupSlack)
	r := g.Journal.NewReader(g.Journal.SeekArchive(from), journal.ReaderOptions{DurableOnly: true})
	defer r.Close()
	for end := g.Journal.Durable(); r.Position().Seq < end.Seq; {
		v, err := r.Next(ctx)
		var (
			gone   *journal.GoneError
			damage *journal.DamageError
		)
		if errors.As(err, &gone) || errors.As(err, &damage) {
			continue // Open has reported it
		}
		if err != nil {
			g.loaded = false
			return fmt.Errorf("journal: %w", err)
		}
		if member, ok := index[v.Source]; ok && !v.Snapshot && v.MaxArchive >= from {
			g.recall(member, v.Payload)
		}
	}
	return nil
}

// recall counts the events of a journal batch.
func (g *Group) recall(member int, batch []byte) {
	names := g.Journal.Names.Of(g.Numbers[member])
	for len(batch) > 0 {
		m, rest, err := wire.NextMessage(batch)
		if err != nil {
			return // the journal holds whole messages only
		}
		batch = rest
		if h, ok := wire.PeekRecord(m); ok && !names.IsMetadata(h.Type) {
			g.count(member, m, h, false)
		}
	}
}

// forget makes the next session of any member read the window anew: events that
// were counted as journaled could not be journaled.
func (g *Group) forget() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.loaded = false
}

func (g *Group) loadPositions() error {
	g.positions = map[string]uint32{}
	data, err := durable.ReadFile(g.FS, g.File, maxGroupFile)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	var f groupFile
	if err := json.Unmarshal(data, &f); err != nil {
		return fmt.Errorf("%s: %w; it holds how far the members of group %s were heard: remove it to have them asked from what the journal holds", g.File, err, g.Name)
	}
	if f.Version != groupVersion {
		return fmt.Errorf("%s: found version %d, expected %d: a newer estream wrote it", g.File, f.Version, groupVersion)
	}
	maps.Copy(g.positions, f.Positions)
	return nil
}

// save keeps the positions of the members if they have moved and the last time
// is a while ago. The events dropped up to there are durable by then.
func (g *Group) save(ctx context.Context, now bool) error {
	g.mu.Lock()
	due := g.changed && (now || time.Since(g.saved) >= groupSave)
	data, err := json.Marshal(groupFile{Version: groupVersion, Positions: g.positions})
	if due {
		g.changed, g.saved = false, time.Now()
	}
	g.mu.Unlock()
	if err != nil || !due {
		return err
	}
	if err = g.Journal.Sync(ctx); err == nil {
		err = durable.ReplaceFile(g.FS, g.File, append(data, '\n'), os.FileMode(0o600))
	}
	if err != nil {
		g.mu.Lock()
		g.changed = true
		g.mu.Unlock()
		return fmt.Errorf("keep the positions of group %s: %w", g.Name, err)
	}
	return nil
}
