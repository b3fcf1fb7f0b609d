package encore

import (
	"fmt"
	"log/slog"
	"sync"
	"time"

	"estream/internal/mute"
	"estream/wire"
)

// unknownRecords logs records that could not be decoded: each kind once, with its
// bytes, and after that what has come since, a line a minute. It is safe for
// concurrent use; the log may be nil.
type unknownRecords struct {
	log  *slog.Logger
	mu   sync.Mutex
	seen map[unknownKind]bool
	mute *mute.Mute
}

type unknownKind struct {
	record uint16
	block  uint32
}

// mostKinds bounds the table: numbers come from the peer.
const mostKinds = 1024

func (u *unknownRecords) saw(message []byte, r *wire.Record, reason error) {
	if u.log == nil {
		return
	}
	var kind unknownKind
	if h, ok := wire.PeekRecord(message); ok {
		kind.record = h.Type
	}
	if r != nil {
		kind.block = r.Block
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.seen == nil {
		u.seen, u.mute = map[unknownKind]bool{}, mute.New(time.Minute)
	}
	first := !u.seen[kind] && len(u.seen) < mostKinds
	if first {
		u.seen[kind] = true
	}
	var held uint64
	if !first {
		var due bool
		if held, due = u.mute.Held(); !due {
			return
		}
	}
	text := fmt.Sprintf("record type %d: %v; the journal keeps it. %s", kind.record, reason, additionalData(message))
	if held > 0 {
		text += fmt.Sprintf(" (and %d others)", held)
	}
	u.log.Warn(text)
}
