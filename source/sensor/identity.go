package sensor

import (
	"crypto/sha1"
	"encoding/binary"
	"unicode/utf8"
)

// namespace is the UUID below which names get their UUIDs.
var namespace = [16]byte{0x7d, 0x1c, 0x9b, 0x5e, 0x3a, 0x40, 0x4f, 0x0e, 0x9a, 0x52, 0xe1, 0x77, 0x2b, 0x84, 0xc6, 0x13}

// DeriveUUID returns the version 5 UUID of a name (RFC 9562, section 5.5): the
// same in every run and on every machine. Names begin with what they name
// ("rule:", "interface:"), so that equal names of different things differ.
func DeriveUUID(name string) (u [16]byte) {
	sum := sha1.Sum(append(namespace[:], name...))
	copy(u[:], sum[:])
	binary.BigEndian.PutUint16(u[6:], binary.BigEndian.Uint16(u[6:])&0x0fff|5<<12)
	u[8] = u[8]&0x3f | 0x80
	return u
}

// derivedBit keeps derived numbers apart from the small ones that sensors and
// Management Centers give themselves.
const derivedBit = 1 << 31

// DeriveID returns the number that stands for a name: its FNV-1a hash with the
// top bit set, the same in every run and on every machine. It allocates nothing.
func DeriveID[T string | []byte](name T) uint32 {
	h := uint32(2166136261)
	for i := range len(name) {
		h = (h ^ uint32(name[i])) * 16777619
	}
	return h | derivedBit
}

// maxText bounds a text taken from a sensor or a map, in bytes; the protocol
// counts the lengths of some with 16 bits.
const maxText = 4096

// cutText shortens a text to maxText bytes without cutting a character.
func cutText[T string | []byte](s T) T {
	if len(s) <= maxText {
		return s
	}
	n := maxText
	for n > maxText-utf8.UTFMax && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n]
}
