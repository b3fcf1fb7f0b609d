package cli

import (
	"context"
	"errors"
	"fmt"

	"estream/collect"
	"estream/journal"
)

// journal decodes the journal in a directory.
func (d *decodeRun) journal(ctx context.Context) error {
	j, err := journal.OpenReadOnly(d.name, journal.Options{Log: d.log})
	if err != nil {
		return err
	}
	return d.readJournal(ctx, j)
}

// segment decodes one file of a journal, wherever it lies. Names come from the
// snapshot that it begins with.
func (d *decodeRun) segment(ctx context.Context) error {
	j, tail, err := journal.OpenSegment(d.name, journal.Options{Log: d.log})
	var newer *journal.VersionError
	switch {
	case errors.As(err, &newer):
		return err
	case err != nil:
		return hint(err, "give the directory that estream collect has as --state, or estream serve as --data, or one of its .seg files")
	}
	err = d.readJournal(ctx, j)
	if tail != nil && err == nil {
		d.report("offset %d: %v; %d bytes at the end skipped", tail.Offset, tail.Err, tail.Length)
	}
	return err
}

func (d *decodeRun) readJournal(ctx context.Context, j *journal.Journal) error {
	defer j.Close(ctx)
	in, err := collect.OpenJournal(ctx, j, d.set, d.pipeline.Names, j.First())
	if err != nil {
		return err
	}
	defer in.Close()
	in.Lost = func(n uint64, err error) { d.report("%d messages lost: %v", n, err) }
	d.pipeline.Input = in
	// A message of a journal is found by its number: offsets are those within a batch.
	d.where = func(p *collect.Problem) string { return fmt.Sprintf("message %d of the journal", p.Message) }
	return d.pipeline.Run(ctx)
}
