package fault

import (
	"encoding/binary"

	"estream/wire"
)

// length changes the length that a fault names.
func (s *strike) length(f *pending) {
	p := s.own()
	h, _ := wire.ParseHeader(p)
	at := 4
	switch f.Word {
	case "inner":
		at = wire.HeaderSize + wire.BundleHeaderSize + 4
	case "record":
		at = len(p) - len(fromRecord(h, p)) + 12
	case "block":
		block := blockAt(firstRecord(h, p), s.plan.layouts)
		if block == 0 {
			return // another fault was here before
		}
		at = len(p) - len(fromRecord(h, p)) + block + 4
	}
	if at+4 > len(p) {
		return // likewise
	}
	v := f.Set
	if !f.HasSet {
		v = uint64(int64(binary.BigEndian.Uint32(p[at:])) + f.Add)
	}
	binary.BigEndian.PutUint32(p[at:], uint32(v))
}

// fromRecord returns m from its first event data message on.
func fromRecord(h wire.Header, m []byte) []byte {
	if h.Type == wire.TypeMessageBundle {
		return m[wire.HeaderSize+wire.BundleHeaderSize:]
	}
	return m
}

// firstRecord returns the first event data message of m, which carries one.
func firstRecord(h wire.Header, m []byte) []byte {
	m = fromRecord(h, m)
	if inner, _, _, err := wire.NextBundled(m); err == nil {
		end := wire.HeaderSize + int(inner.Length)
		return m[:end]
	}
	return nil
}

// blockAt returns where in an event data message the header of its data block
// stands, 0 if it has none.
func blockAt(message []byte, set *wire.Layouts) int {
	h, ok := wire.PeekRecord(message)
	if !ok {
		return 0
	}
	def, err := set.Source().Record(h.Type)
	if err != nil || def.Series == 0 {
		return 0
	}
	at := wire.HeaderSize + h.Size
	if def.Discovery {
		// The discovery header is 40 bytes, and 16 more when its byte 14 says that an
		// IPv6 address follows.
		if at+40 > len(message) {
			return 0
		}
		if message[at+14] == 1 {
			at += 16
		}
		at += 40
	}
	if at+8 > len(message) {
		return 0
	}
	return at
}
