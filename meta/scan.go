package meta

import (
	"estream/wire"
)

// Scan applies the metadata in a batch of concatenated messages and calls emit
// for consecutive parts of the batch, each with a snapshot that is right for all
// of its records: metadata takes effect from its own record on.
//
// The batch is cut only where a metadata record changes a table that an earlier
// record of the same part looks into; mostly it is emitted whole. Nothing is
// allocated while nothing changes. Malformed messages, and bytes at the end that
// are no message, stay in the last part for the formatter to report. The parts
// borrow batch. Scan stops at the first error of emit and returns it.
//
// dec is used for metadata records only; [Wanted] prunes it.
func (t *Tables) Scan(batch []byte, dec *wire.Decoder, emit func(part []byte, s *Snapshot) error) error {
	var reads uint64 // tables that the records since start look into
	start := 0
	for rest := batch; len(rest) > 0; {
		message, next, err := wire.NextMessage(rest)
		if err != nil {
			break
		}
		if h, ok := wire.PeekRecord(message); ok {
			info := t.rules.info(h.Type)
			if info.learns {
				at := len(batch) - len(rest)
				cut, err := t.learn(message, dec, reads, batch[start:at], emit)
				if err != nil {
					return err
				}
				if cut {
					start, reads = at, 0
				}
			}
			reads |= info.reads
		}
		rest = next
	}
	if start == len(batch) {
		return nil
	}
	return emit(batch[start:], t.Snapshot())
}

// learn applies one metadata message. Before a change that the records in part
// must not see it emits part and reports so.
func (t *Tables) learn(message []byte, dec *wire.Decoder, reads uint64, part []byte, emit func([]byte, *Snapshot) error) (cut bool, err error) {
	r, err := dec.Decode(message)
	if err != nil {
		return false, nil // the formatter meets the same error and reports it
	}
	changes := t.stage(r)
	if changes == 0 {
		return false, nil
	}
	if changes&reads != 0 {
		if err := emit(part, t.Snapshot()); err != nil {
			return false, err
		}
		cut = true
	}
	t.commit()
	return cut, nil
}

// Reads reports whether the view of a record type looks into tables that
// metadata changes. Records of other types are indifferent to where they stand
// among metadata.
func Reads(record uint16) bool { return loaded().info(record).reads != 0 }
