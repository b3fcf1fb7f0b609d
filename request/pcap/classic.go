package pcap

import (
	"context"
	"encoding/binary"
	"errors"
	"io"
	"log/slog"

	"estream/meta"
	"estream/request/internal/whole"
	"estream/wire"
)

// snapLength is the longest packet in a classic file, in bytes, as the SDK's plugin says
// it in the header. A longer one is cut; its record keeps the true length.
const snapLength = 0x1FFFF

// Stats counts what became of the messages that were given to an [Output]: each is in
// one of Packets, OtherLink, Other and Undecoded.
type Stats struct {
	Packets   uint64 // written
	Cut       uint64 // of Packets: longer than 131,071 bytes, and written only up to there
	OtherLink uint64 // packets whose link type is not that of the file, left out
	Other     uint64 // records of other kinds, left out
	Undecoded uint64 // records that are malformed or of unknown layout, left out
}

// An Output writes classic pcap. It is not safe for concurrent use.
//
// Such a file has one link type, which is that of its first packet: the header, of 24
// bytes, is written with that, or at Close for a file without packets (Ethernet then).
// Packets of any other link type are left out, counted, and logged once.
type Output struct {
	Log *slog.Logger // optional; to be set before the first record

	out     *whole.Buffer
	plans   plans
	link    uint32
	started bool // the header is written, link holds
	stats   Stats
}

var errNoWriter = errors.New("pcap: no file to write packets to")

// New returns an output to w, which is not closed. The error says that w is nil.
func New(w io.Writer) (*Output, error) {
	if w == nil {
		return nil, errNoWriter
	}
	return &Output{out: whole.New(w), plans: plans{}}, nil
}

// Record writes a packet; other records are counted. Nothing of the record is kept. An
// error is the writer's, and the record is then not taken.
func (o *Output) Record(_ *wire.Decoder, r *wire.Record, _ []byte, _ *meta.Snapshot, _ error) error {
	if r == nil || r.Layout == nil {
		o.stats.Undecoded++
		return nil
	}
	p := o.plans.get(r.Layout)
	if p.kind != isPacket {
		o.stats.Other++
		return nil
	}
	k := p.asPacket(&r.View)
	if k.link > maxLink || o.started && k.link != o.link {
		o.refuse(&k)
		return nil
	}
	dst, err := o.out.Room()
	if err != nil {
		return err
	}
	if !o.started {
		dst = o.start(dst, k.link)
	}
	data := cut(k.data, snapLength)
	for _, v := range [...]uint32{k.second, k.microsecond, uint32(len(data)), uint32(len(k.data))} {
		dst = binary.LittleEndian.AppendUint32(dst, v)
	}
	o.out.Keep(append(dst, data...))
	o.stats.Packets++
	if len(data) < len(k.data) {
		o.stats.Cut++
	}
	return nil
}

// refuse counts a packet that the file cannot hold, and says so the first time.
func (o *Output) refuse(k *packet) {
	o.stats.OtherLink++
	if o.stats.OtherLink > 1 || o.Log == nil {
		return
	}
	if k.link > maxLink {
		o.Log.Warn("packets are left out: no capture file can hold their link type", "link_type", k.link, "highest", maxLink)
		return
	}
	o.Log.Warn("packets of a second link type are left out: a pcap file holds one only; -o pcapng holds them all",
		"link_type", k.link, "file_has", o.link)
}

// start appends the file header.
func (o *Output) start(dst []byte, link uint32) []byte {
	o.link, o.started = link, true
	dst = binary.LittleEndian.AppendUint32(dst, 0xa1b2c3d4) // times in microseconds
	dst = binary.LittleEndian.AppendUint16(dst, 2)
	dst = binary.LittleEndian.AppendUint16(dst, 4)
	for _, v := range [...]uint32{0, 0, snapLength, link} { // time zone and accuracy are always 0
		dst = binary.LittleEndian.AppendUint32(dst, v)
	}
	return dst
}

// Flush hands all packets to the writer. The context is not looked at: a write to a file
// cannot be called off.
func (o *Output) Flush(context.Context) error { return o.out.Flush() }

// Close is Flush, and makes a file without packets a valid one.
func (o *Output) Close(context.Context) error {
	if !o.started {
		dst, err := o.out.Room()
		if err != nil {
			return err
		}
		o.out.Keep(o.start(dst, ethernet))
	}
	return o.out.Flush()
}

// Stats returns what has been counted so far.
func (o *Output) Stats() Stats { return o.stats }
