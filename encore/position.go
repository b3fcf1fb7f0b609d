package encore

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"slices"
	"strings"
	"time"

	"estream/encore/conf"
	"estream/internal/durable"
	"estream/journal"
	"estream/wire"
)

// collectorSource is the number that service.Service gives its source.
const collectorSource = 1

// closeTime is how long a journal may take to close.
const closeTime = 10 * time.Second

// begin decides where the client begins, and prepares the journal for it.
//
//   - start 0 and 1: with the oldest or the current data, at every start of the
//     client. The journal begins anew.
//   - start 2: with the journal, if the bookmark is the one we wrote. If somebody
//     has changed, copied or removed it since, it is meant: the journal begins
//     anew, and the server is asked from the bookmark's second on.
func begin(ctx context.Context, fsys durable.FS, f *Files, start int, mark *bookmark, cursors []string, log *slog.Logger) (uint32, error) {
	second, exists, err := mark.load()
	if err != nil {
		return 0, err
	}
	from, fresh := second, false
	switch start {
	case 0:
		from, fresh = wire.StartOldest, true
	case 1:
		from, fresh = wire.StartNow, true
	default:
		ours, err := mark.ours(second)
		if err != nil {
			return 0, err
		}
		fresh = !ours
		if _, err := fsys.Stat(f.Cache); err == nil && fresh && exists {
			named(log, "Cache").Info(f.Cache + " is left as it is: names come from the server, and from our own journal later")
		}
	}
	if fresh {
		if err := clearJournal(f, log); err != nil {
			return 0, err
		}
	}
	if err := mark.own(second, second); err != nil {
		return 0, err
	}
	holds, err := prepareCursors(ctx, fsys, f, cursors, second, log)
	if holds {
		from = wire.StartOldest // the journal's position counts; a start would cut its margin
	}
	return from, err
}

// clearJournal removes the journal, which the client's own lock protects.
func clearJournal(f *Files, log *slog.Logger) error {
	if _, err := os.Stat(f.journal()); errors.Is(err, os.ErrNotExist) {
		return nil
	}
	log.Info("the configuration or the bookmark asks for another place to begin than the last run's end: the journal begins anew")
	if err := os.RemoveAll(f.journal()); err != nil {
		return fmt.Errorf("journal: %w", err)
	}
	return nil
}

// prepareCursors makes the positions in an existing journal those of the outputs
// in the configuration: an output that was removed must not hold back deletion, and
// one that is new begins where the others are, or were, not with the oldest event of
// the journal. holds reports whether the journal has a position to go on from.
func prepareCursors(ctx context.Context, fsys durable.FS, f *Files, names []string, second uint32, log *slog.Logger) (holds bool, err error) {
	if _, err := os.Stat(f.journal()); errors.Is(err, os.ErrNotExist) {
		return false, nil
	}
	j, err := journal.Open(f.journal(), journal.Options{FS: fsys, Log: log})
	if err != nil {
		return false, fmt.Errorf("journal: %w", err)
	}
	defer func() {
		stop, cancel := context.WithTimeout(context.WithoutCancel(ctx), closeTime)
		defer cancel()
		err = errors.Join(err, j.Close(stop))
	}()
	known, at := positions(j, names)
	if at == nil {
		pos := j.SeekArchive(second)
		at = &pos
	}
	for _, c := range j.Stats().Cursors {
		if !strings.HasPrefix(c.Name, cursorPrefix) || slices.Contains(names, c.Name) {
			continue
		}
		log.Info("output is no longer in the configuration; its position is forgotten", "position", c.Name)
		if err := j.RemoveCursor(c.Name); err != nil {
			return false, fmt.Errorf("journal: %w", err)
		}
	}
	for _, name := range names {
		if known[name] {
			continue
		}
		c, err := j.OpenCursor(name, true)
		if err != nil {
			return false, fmt.Errorf("journal: %w", err)
		}
		if err := errors.Join(c.Save(ctx, *at, nil), c.Close()); err != nil {
			return false, fmt.Errorf("journal: %w", err)
		}
	}
	return j.MaxArchive(collectorSource) > 0, nil
}

// positions returns which of the outputs have a position, and the earliest one of
// them, or if there are none that of the outputs that were; nil if there is none.
func positions(j *journal.Journal, names []string) (known map[string]bool, at *journal.Position) {
	known = map[string]bool{}
	var past *journal.Position
	for _, c := range j.Stats().Cursors {
		earliest := &past
		if slices.Contains(names, c.Name) {
			known[c.Name], earliest = true, &at
		} else if !strings.HasPrefix(c.Name, cursorPrefix) {
			continue
		}
		if *earliest == nil || c.Position.Seq < (*earliest).Seq {
			*earliest = &c.Position
		}
	}
	if at == nil {
		at = past
	}
	return known, at
}

// logPosition writes the lines with which eNcore says where it begins.
func logPosition(log *slog.Logger, c *conf.Conf, mark *bookmark) {
	settings := named(log, "Settings")
	switch c.Start {
	case 0:
		settings.Info("Timestamp: Start = 0 (Oldest data available)")
		return
	case 1:
		settings.Info("Timestamp: Start = 1 (Current data)")
		return
	}
	second, exists, err := mark.load()
	if err != nil {
		log.Error(err.Error())
	}
	if l := named(log, "Bookmark"); exists {
		l.Info("Opening bookmark file " + mark.path + ".")
	} else {
		l.Info("Bookmark file " + mark.path + " does not exist.")
	}
	settings.Info(fmt.Sprintf("Timestamp: Start = 2 (Bookmark = %d)", second))
}
