package session

import "estream/wire"

// A Batch is what ReadBatch returns: event data messages as they would have
// come one by one.
type Batch struct {
	// Data holds Count complete messages in a row, each a header of 8 bytes
	// (version 1, type 4), then the record. It is part of the client's buffer,
	// valid until the next ReadBatch, and may be altered.
	Data  []byte
	Count int

	acks int // null messages owed, also for what is not in Data
}

// Acks returns how many null messages Ack will write for the batch: one for
// each single message and each bundle, and for every other message that came
// with them.
func (b *Batch) Acks() int { return b.acks }

// nulls is one TLS record full of null messages.
var nulls = func() []byte {
	p := make([]byte, 0, 16<<10)
	for len(p) < cap(p) {
		p = wire.AppendNull(p)
	}
	return p
}()
