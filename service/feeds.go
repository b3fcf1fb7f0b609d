package service

import (
	"context"
	"errors"
	"log/slog"

	"estream/source"
	"estream/source/replay"
	"estream/source/unified2"
	"estream/wire"
)

// Numbers of the sources in a server's journal. They never change.
const (
	unified2Source = 1
	replaySource   = 2
)

// Unified2Feed makes a source of a spool. What depends on the journal (Mark and
// Known) is set when it runs.
func Unified2Feed(src *unified2.Source) Feed {
	return Feed{
		Number: unified2Source, Name: src.String(),
		Run: func(ctx context.Context, mark []byte, known func([]byte) bool, take func(context.Context, source.Batch) error) error {
			src.Mark, src.Known = mark, known
			return src.Run(ctx, func(ctx context.Context, b unified2.Batch) error { return take(ctx, source.Batch(b)) })
		},
	}
}

// ReplayFeed makes a source of a file of wire messages. Loop and rate are as for
// [replay.Source].
func ReplayFeed(path string, loop bool, rate float64, set *wire.Layouts, log *slog.Logger) Feed {
	return Feed{
		Number: replaySource, Name: "replay " + path,
		Run: func(ctx context.Context, mark []byte, _ func([]byte) bool, take func(context.Context, source.Batch) error) error {
			src := &replay.Source{Path: path, Loop: loop, Rate: rate, Layouts: set, Log: log}
			if err := src.Resume(mark); err != nil {
				return err
			}
			err := src.Run(ctx, func(ctx context.Context, b replay.Batch) error { return take(ctx, source.Batch(b)) })
			if errors.Is(err, replay.ErrReplayed) || ctx.Err() != nil {
				return nil // clients still get it from the journal
			}
			return err
		},
	}
}
