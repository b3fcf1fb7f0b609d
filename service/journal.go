package service

import (
	"context"
	"errors"
	"log/slog"
	"path/filepath"

	"estream/internal/durable"
	"estream/journal"
	"estream/source"
	"estream/wire"
)

// ended is nil for the error of a start that the end of ctx has cut short.
func ended(ctx context.Context, err error) error {
	if ctx.Err() != nil && errors.Is(err, ctx.Err()) {
		return nil
	}
	return err
}

// openJournal opens the journal in the directory of a Service.
// closeJournal makes what was appended durable, within stopTime, also after ctx
// has ended.
func openJournal(ctx context.Context, dir string, fsys durable.FS, set *wire.Layouts, opt journal.Options, log *slog.Logger) (j *source.Journal, closeJournal func() error, err error) {
	opt.FS, opt.Log = fsys, log
	j, err = source.OpenJournal(ctx, filepath.Join(dir, "journal"), set, opt)
	if err != nil {
		return nil, nil, err
	}
	return j, func() error {
		stop, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopTime)
		defer cancel()
		return j.Close(stop)
	}, nil
}
