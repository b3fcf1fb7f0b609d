package sensor

import (
	"context"
	"errors"
	"fmt"
	"time"

	"estream/source"
	"estream/wire"
)

// fullBatch is the size in bytes at which a batch is handed on. With the largest
// record that sensors write it stays below 256 KiB.
const fullBatch = 188 << 10

// Options are the settings of an Encoder.
type Options struct {
	Layouts *wire.Layouts // required
	Device  Device
	Maps    *Maps // optional: names of rules and classifications
	// Known reports whether an equal metadata record, archive time aside, was handed
	// on by an earlier run. Optional; it must not keep the message.
	Known func(message []byte) bool
	Now   func() time.Time // optional: the clock for archive times; nil means time.Now
}

// Counts are how many messages an Encoder made.
type Counts struct {
	Events    uint64 `json:"events"`     // intrusion events (record 400)
	Packets   uint64 `json:"packets"`    // packets (record 2)
	ExtraData uint64 `json:"extra_data"` // extra data (record 110)
	Metadata  uint64 `json:"metadata"`   // metadata of all kinds
	Other     uint64 `json:"other"`      // through Append and AppendFunc
	Batches   uint64 `json:"batches"`    // batches taken
}

// Add adds the counts of o.
func (c *Counts) Add(o *Counts) {
	c.Events += o.Events
	c.Packets += o.Packets
	c.ExtraData += o.ExtraData
	c.Metadata += o.Metadata
	c.Other += o.Other
	c.Batches += o.Batches
}

// An Encoder makes the messages of one sensor and gathers them into batches. Per
// input: Begin, then the methods for metadata that the records refer to, then
// the records; between inputs Flush. It is not safe for concurrent use, and a
// batch that was not taken is gone: go on with a new Encoder from the last mark.
type Encoder struct {
	opt    Options
	device uint32
	uuids  struct{ ingress, egress, ingressZone, egressZone [16]byte }

	interfaces map[string][16]byte // UUIDs of interfaces that inputs named

	event, packet, extra Form
	meta                 metadata
	counts               Counts

	buf        []byte // the batch being filled
	count      int    // messages in it
	minA, maxA uint32 // archive times in it
	archive    uint32 // archive time of the present input
}

// NewEncoder returns an encoder. The error says which layout is missing.
func NewEncoder(opt Options) (*Encoder, error) {
	if opt.Layouts == nil {
		return nil, errors.New("no layouts given")
	}
	if opt.Now == nil {
		opt.Now = time.Now
	}
	d := &opt.Device
	e := &Encoder{opt: opt, device: d.Number(), interfaces: make(map[string][16]byte), buf: make([]byte, 0, 256<<10)}
	e.uuids.ingress, e.uuids.egress = d.InterfaceUUID(d.IngressInterface), d.InterfaceUUID(d.EgressInterface)
	e.uuids.ingressZone, e.uuids.egressZone = d.ZoneUUID(d.IngressZone), d.ZoneUUID(d.EgressZone)
	if err := e.forms(); err != nil {
		return nil, fmt.Errorf("sensor %s: %w", d.DeviceName(), err)
	}
	return e, nil
}

// DeviceID returns the number of the device in the records.
func (e *Encoder) DeviceID() uint32 { return e.device }

// Counts returns what was made so far.
func (e *Encoder) Counts() Counts { return e.counts }

// Begin starts the next input: what follows gets the present second as its
// archive time, or the last one if the clock went back.
func (e *Encoder) Begin() { e.archive = max(e.archive, uint32(max(0, e.opt.Now().Unix()))) }

// Archive returns the archive time of the present input, Unix seconds.
func (e *Encoder) Archive() uint32 { return e.archive }

// Append adds the record in a form to the batch, behind the device's own
// metadata if that is due.
func (e *Encoder) Append(f *Form) {
	e.deviceRecords()
	e.counts.Other++
	e.append(f)
}

// AppendFunc adds what f appends to the batch: count whole event data messages
// with the archive time that Archive returns. The device's metadata comes first.
func (e *Encoder) AppendFunc(f func(dst []byte) (out []byte, count int)) {
	e.deviceRecords()
	out, count := f(e.buf)
	if count == 0 {
		return
	}
	e.buf = out
	e.note(count)
	e.counts.Other += uint64(count)
}

// append adds a record with the usual header.
func (e *Encoder) append(f *Form) {
	e.buf = f.AppendMessage(e.buf, e.header())
	e.note(1)
}

// note counts messages that were added to the batch.
func (e *Encoder) note(count int) {
	if e.count == 0 {
		e.minA, e.maxA = e.archive, e.archive
	}
	e.minA, e.maxA = min(e.minA, e.archive), max(e.maxA, e.archive)
	e.count += count
}

func (e *Encoder) header() wire.RecordHeader {
	return wire.RecordHeader{Extended: true, ArchiveTimestamp: e.archive}
}

// Full reports whether the batch should be handed on: it has 188 KiB.
func (e *Encoder) Full() bool { return len(e.buf) >= fullBatch }

// Len returns the size of the batch in bytes.
func (e *Encoder) Len() int { return len(e.buf) }

// Flush hands on the batch, if there is one, with the mark of the position behind
// it. take must store both together and must not keep the memory. Its error is
// returned with what was to be handed on; the batch then counts as not taken.
func (e *Encoder) Flush(ctx context.Context, take func(context.Context, source.Batch) error, mark []byte) error {
	if len(e.buf) == 0 {
		return nil
	}
	b := source.Batch{Data: e.buf, Count: e.count, MinArchive: e.minA, MaxArchive: e.maxA, Mark: mark}
	if err := take(ctx, b); err != nil {
		return fmt.Errorf("hand on %d messages: %w", b.Count, err)
	}
	e.counts.Batches++
	e.buf, e.count = e.buf[:0], 0
	return nil
}
