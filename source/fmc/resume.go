package fmc

import (
	"hash/maphash"

	"estream/meta"
	"estream/wire"
)

// A resume turns the stream of a new session into the continuation of the
// stream in the journal: each event once, metadata once per change.
//
// A server keeps no history of what it sent. It is asked for everything from a
// whole second on, at or before the last one journaled, so the session begins
// with metadata (all of it, again) and with events that the journal holds
// already. resume drops by content: the records of the overlap are counted, so
// two identical events of one second stay two events. In detail, with `from` the
// second that was asked for:
//
//  1. A record with an archive time >= from that the journal holds is dropped,
//     once for each copy the journal holds.
//  2. Until the first new record, metadata without archive time or from before
//     `from` is not journaled but remembered; so is metadata equal to the
//     journal's before any record of the overlap has come: a server repeats it
//     in each session.
//  3. The first record that is new ends rule 2. In front of it goes the
//     remembered metadata whose last value differs from the journal's: names
//     that changed while nobody listened.
//
// A resume belongs to one session and is not safe for concurrent use.
type resume struct {
	from  uint32 // second asked for
	upto  uint32 // last second the journal holds
	seeds [2]maphash.Seed
	seen  map[[2]uint64]uint32 // overlap not yet seen again, with the number of copies
	known *meta.Latest         // what the journal knows
	// repeated, if not nil, decides about events in place of the overlap; of that only
	// metadata is kept.
	repeated func(message []byte, h wire.RecordHeader) bool
	learn    func(message []byte, h wire.RecordHeader) // sees metadata; not nil if repeated is not
	told     *meta.Latest                              // what the server said in this session before the first new record
	settled  bool                                      // the first new record has come
	overlap  bool                                      // a record of the overlap has come

	dropped uint64 // records left out
}

// newResume prepares for a session that asks for records from `from` on. known
// holds the journal's metadata; told must be empty.
func newResume(from, upto uint32, known, told *meta.Latest) *resume {
	return &resume{
		from: from, upto: upto, known: known, told: told,
		seeds: [2]maphash.Seed{maphash.MakeSeed(), maphash.MakeSeed()},
		seen:  map[[2]uint64]uint32{},
	}
}

// sum is 128 bits of a keyed hash: no peer can make two records collide.
func (r *resume) sum(message []byte) [2]uint64 {
	return [2]uint64{maphash.Bytes(r.seeds[0], message), maphash.Bytes(r.seeds[1], message)}
}

// remember counts the records of a journal batch that the server will send again.
func (r *resume) remember(batch []byte) {
	for len(batch) > 0 {
		m, rest, err := wire.NextMessage(batch)
		if err != nil {
			return // the journal holds whole messages only
		}
		batch = rest
		if h, ok := wire.PeekRecord(m); ok && h.ArchiveTimestamp >= r.from && h.ArchiveTimestamp != 0 && (r.repeated == nil || r.known.IsMetadata(h.Type)) {
			r.seen[r.sum(m)]++
		}
	}
}

// done reports that nothing more can be dropped: batches need no look any more.
func (r *resume) done() bool { return r.repeated == nil && r.settled && len(r.seen) == 0 }

// filter appends to dst what of batch is to be journaled and returns it with
// the number of messages.
func (r *resume) filter(dst, batch []byte) ([]byte, int) {
	count := 0
	for len(batch) > 0 {
		m, rest, err := wire.NextMessage(batch)
		if err != nil {
			break // a session hands out whole messages only
		}
		batch = rest
		if r.drop(m) {
			r.dropped++
			continue
		}
		if !r.settled {
			r.settled = true
			r.told.Each(func(t []byte) {
				if !r.known.Has(t) {
					dst = append(dst, t...)
					count++
				}
			})
			r.told.Reset()
		}
		dst = append(dst, m...)
		count++
	}
	return dst, count
}

func (r *resume) drop(m []byte) bool {
	h, ok := wire.PeekRecord(m)
	if !ok {
		return false // malformed: kept raw
	}
	if r.repeated != nil {
		if !r.known.IsMetadata(h.Type) {
			known := r.repeated(m, h)
			r.overlap = r.overlap || known
			return known
		}
		r.learn(m, h)
	}
	if h.ArchiveTimestamp != 0 && h.ArchiveTimestamp >= r.from && h.ArchiveTimestamp <= r.upto && len(r.seen) > 0 {
		s := r.sum(m)
		if n := r.seen[s]; n > 0 {
			if n == 1 {
				delete(r.seen, s)
			} else {
				r.seen[s] = n - 1
			}
			r.overlap = true
			if !r.settled {
				r.told.Observe(m)
			}
			return true
		}
	}
	if r.settled || !r.known.IsMetadata(h.Type) {
		return false
	}
	if h.ArchiveTimestamp == 0 || h.ArchiveTimestamp < r.from || !r.overlap && r.known.Has(m) {
		r.told.Observe(m)
		return true
	}
	return false
}
