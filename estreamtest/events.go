package estreamtest

import (
	"encoding/binary"

	"estream/wire"
)

// Event returns one complete event data message with an extended record header:
// a record of the given type, archived at second, with body.
func Event(record uint16, second uint32, body []byte) []byte {
	p := wire.AppendHeader(nil, wire.TypeEventData, uint32(16+len(body)))
	p = binary.BigEndian.AppendUint32(p, uint32(record))
	p = binary.BigEndian.AppendUint32(p, uint32(len(body)))
	p = binary.BigEndian.AppendUint32(p, second)
	p = binary.BigEndian.AppendUint32(p, 0)
	return append(p, body...)
}

// Events returns count messages in a row, of size bytes each with all headers
// (at least 28), which differ: record type 9999, body starting with a counter.
func Events(count, size int) []byte {
	p := make([]byte, 0, count*size)
	body := make([]byte, size-24)
	for i := range count {
		binary.BigEndian.PutUint32(body, uint32(i))
		p = append(p, Event(9999, 1591210934+uint32(i/1000), body)...)
	}
	return p
}
