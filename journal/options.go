package journal

import (
	"estream/internal/durable"
	"fmt"
	"log/slog"
	"time"
)

// Options say how a journal works. The zero value of each field is its default.
type Options struct {
	// FS is the file system. Default: the machine's.
	FS durable.FS
	// SegmentBytes is the length at which a new segment begins; a segment is
	// longer only when a single batch is. Default 64 MiB.
	SegmentBytes int64
	// RetainBytes is the length of all segments together above which the
	// oldest is deleted, unless a required cursor still needs it. Default: no limit.
	RetainBytes int64
	// RetainAge is the time since its last batch arrived after which a
	// segment is deleted, under the same conditions. Default: no limit.
	RetainAge time.Duration
	// CommitInterval is how long a batch waits at most before it is written
	// and synced. Default 100 ms.
	CommitInterval time.Duration
	// CommitBytes is how many bytes are written and synced without waiting
	// for CommitInterval. Default 1 MiB.
	CommitBytes int64
	// PendingBytes is how much may be in memory only; Append blocks above
	// it, except that one batch always fits. Default 16 MiB.
	PendingBytes int64
	// RecentBytes is how much memory recent batches, durable or not, may
	// use to spare readers the disk. Default 32 MiB.
	RecentBytes int64
	// Snapshot appends to dst what a consumer that starts at this point has
	// to know of everything before, and returns it. It is called at the start
	// of each segment, from Append or from a goroutine of the journal, never
	// twice at the same time. It must cover every batch whose Append has
	// begun earlier, so whoever appends updates its tables before it calls
	// Append; knowing of later ones does no harm. It must not call the
	// journal, nor wait for a lock that is held during a call of Append.
	// Default: no snapshots.
	Snapshot func(dst []byte) []byte
	// Now returns the time; it stamps batches. Default time.Now.
	Now func() time.Time
	// Log takes what an operator should know. Default: nothing is logged.
	Log *slog.Logger
}

func (o *Options) setDefaults() error {
	for _, f := range []struct {
		name  string
		value *int64
		def   int64
	}{
		{"SegmentBytes", &o.SegmentBytes, 64 << 20}, {"RetainBytes", &o.RetainBytes, 0},
		{"CommitBytes", &o.CommitBytes, 1 << 20}, {"PendingBytes", &o.PendingBytes, 16 << 20},
		{"RecentBytes", &o.RecentBytes, 32 << 20}, {"CommitInterval", (*int64)(&o.CommitInterval), int64(100 * time.Millisecond)},
		{"RetainAge", (*int64)(&o.RetainAge), 0},
	} {
		if *f.value < 0 {
			return fmt.Errorf("journal option %s is %d, expected 0 (for the default) or more", f.name, *f.value)
		}
		if *f.value == 0 {
			*f.value = f.def
		}
	}
	if o.FS == nil {
		o.FS = durable.OS{}
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	return nil
}
