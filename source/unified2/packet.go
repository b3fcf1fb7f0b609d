package unified2

import (
	"encoding/binary"

	"estream/source/sensor"
)

// A Packet is a packet that belongs to an event.
type Packet struct {
	SensorID    uint32
	EventID     uint32
	EventSecond uint32 // Unix time; with EventID it identifies the event
	Second      uint32 // Unix time of the packet
	Microsecond uint32
	LinkType    uint32 // as in pcap files (LINKTYPE_...); LinkTypeBuffer for a Snort 3 buffer
	Data        []byte // borrows the record
}

// LinkTypeBuffer is the link type given to Snort 3's reassembled buffers, which
// have no packet headers: the first of pcap's link types for private use. The
// link type in the record is that of the interface and does not fit the data.
const LinkTypeBuffer = sensor.LinkTypePayload

const packetFixed = 28

// Packet decodes a packet or buffer record into p, which borrows the record
// afterwards. Bytes behind the announced packet are ignored. The error is a
// *RecordError wrapping ErrMalformed; file names the file in it.
func (r *Record) Packet(file string, p *Packet) error {
	d := r.Data()
	if len(d) < packetFixed {
		return r.malformed(file, packetFixed, "packet header")
	}
	n := binary.BigEndian.Uint32(d[24:])
	if uint64(n) > uint64(len(d)-packetFixed) {
		return r.malformed(file, packetFixed+int(min(n, MaxRecordLength)), "packet data")
	}
	*p = Packet{
		SensorID:    binary.BigEndian.Uint32(d),
		EventID:     binary.BigEndian.Uint32(d[4:]),
		EventSecond: binary.BigEndian.Uint32(d[8:]),
		Second:      binary.BigEndian.Uint32(d[12:]),
		Microsecond: binary.BigEndian.Uint32(d[16:]),
		LinkType:    binary.BigEndian.Uint32(d[20:]),
		Data:        d[packetFixed : packetFixed+int(n) : packetFixed+int(n)],
	}
	if r.Type == TypeBuffer {
		p.LinkType = LinkTypeBuffer
	}
	return nil
}

// ExtraData is data that a preprocessor or inspector attached to an event.
type ExtraData struct {
	SensorID    uint32
	EventID     uint32
	EventSecond uint32 // Unix time; with EventID it identifies the event
	Type        uint32 // what the data is: 9 for an HTTP URI; one of sensor's Extra constants
	DataType    uint32 // how it is stored: 1, a blob, is the only one defined
	Data        []byte // borrows the record
}

const (
	extraFixed = 32 // event type and length (8 bytes), then ids, type and blob length
	blobFixed  = 8  // the blob length counts itself and the data type
)

// ExtraData decodes an extra data record into x, which borrows the record
// afterwards. Bytes behind the announced data are ignored. The error is a
// *RecordError wrapping ErrMalformed; file names the file in it.
func (r *Record) ExtraData(file string, x *ExtraData) error {
	d := r.Data()
	if len(d) < extraFixed {
		return r.malformed(file, extraFixed, "extra data header")
	}
	n := binary.BigEndian.Uint32(d[28:])
	if n < blobFixed {
		return r.malformed(file, extraFixed, "extra data whose length counts its own 8 bytes")
	}
	n -= blobFixed
	if uint64(n) > uint64(len(d)-extraFixed) {
		return r.malformed(file, extraFixed+int(min(n, MaxRecordLength)), "extra data")
	}
	*x = ExtraData{
		SensorID:    binary.BigEndian.Uint32(d[8:]),
		EventID:     binary.BigEndian.Uint32(d[12:]),
		EventSecond: binary.BigEndian.Uint32(d[16:]),
		Type:        binary.BigEndian.Uint32(d[20:]),
		DataType:    binary.BigEndian.Uint32(d[24:]),
		Data:        d[extraFixed : extraFixed+int(n) : extraFixed+int(n)],
	}
	return nil
}
