package service

import (
	"context"
	"fmt"
	"log/slog"
	"path/filepath"
	"slices"

	"estream/server/access"
	"estream/source/fmc"
)

// A Source is one server from which a Service receives, or one Feed.
type Source struct {
	// Name is what the state directory knows the source by; keep it over restarts. The
	// only source of a Service may go without.
	Name        string
	*fmc.Source // its Journal, Number and Log are set by the Service; nil: Feed
	Feed        *Feed

	number uint32 // of a Feed
	log    *slog.Logger
	filter *access.Filter
	boxes  access.Boxes // with which filter was used last
}

func (r *collection) startSource(s *Source) error {
	var wish uint32
	if s.Feed != nil {
		wish = s.Feed.Number
	}
	number, err := r.numbers.of(s.Name, wish)
	if err != nil {
		return err
	}
	log := r.Log
	if s.Name != "" {
		log = log.With("source", s.Name)
	}
	if s.Feed != nil {
		s.number, s.log = number, log
		set(r, r.sources, s, start(r.srcCtx, func(ctx context.Context) { r.runFeed(ctx, s) }))
		return nil
	}
	s.Journal, s.Number, s.Log = r.journal, number, log
	if s.Group != nil {
		if err := r.join(s); err != nil {
			return err
		}
	}
	set(r, r.sources, s, start(r.srcCtx, func(ctx context.Context) {
		if err := s.Run(ctx); err != nil {
			r.fail(err)
		}
	}))
	return nil
}

// join makes a source a member of its group, which gets what it needs from us when
// its first member comes.
func (r *collection) join(s *Source) error {
	g := s.Group
	if s.Member = slices.Index(g.Members, s.Name); s.Member < 0 || len(g.Members) > fmc.MaxMembers {
		return fmt.Errorf("group %s has members %q, expected %s and at most %d", g.Name, g.Members, s.Name, fmc.MaxMembers)
	}
	if g.Journal == r.journal {
		return nil
	}
	g.Journal, g.FS, g.Log, g.Numbers = r.journal, r.FS, r.Log, nil
	g.File = filepath.Join(r.State, "group-"+g.Name+".json")
	for _, name := range g.Members {
		number, err := r.numbers.of(name, 0)
		if err != nil {
			return err
		}
		g.Numbers = append(g.Numbers, number)
	}
	return nil
}

// received returns how many messages the source has received, and whether it is at
// work or has nothing left to do.
func (s *Source) received() (n uint64, works bool) {
	if s.Feed != nil {
		return s.Feed.stats.journaled.Load(), s.Feed.stats.works.Load()
	}
	return s.Stats().Received.Load(), s.Stats().Connected.Load()
}
