package meta

import (
	"encoding/binary"
	"hash/maphash"
	"math"
	"math/bits"
)

// A Key identifies an entry of a table: up to three numbers, a UUID (16 bytes, in
// the order in which they arrive), or a number and a UUID. All keys of one table have the same shape, so
// number and UUID never meet in one table.
type Key struct {
	Number uint64
	High   uint64 // first 8 bytes of the UUID, or the first of several numbers
	Low    uint64 // last 8 bytes of the UUID, or the second of three numbers
}

// withUUID sets the UUID. An absent one leaves it zero.
func (k Key) withUUID(u []byte) Key {
	if len(u) != 16 {
		return k
	}
	k.High, k.Low = binary.BigEndian.Uint64(u), binary.BigEndian.Uint64(u[8:])
	return k
}

// hashLen is the length of a SHA-256 in bytes.
const hashLen = 32

// withHash sets the key to the first 24 bytes of a SHA-256, of which nobody can
// make two files agree. What is no hash gets a key of all ones, which none has.
func (k Key) withHash(h []byte) Key {
	if len(h) != hashLen {
		return Key{Number: math.MaxUint64, High: math.MaxUint64, Low: math.MaxUint64}
	}
	k.High, k.Low, k.Number = binary.BigEndian.Uint64(h), binary.BigEndian.Uint64(h[8:]), binary.BigEndian.Uint64(h[16:])
	return k
}

// A shape is what the keys of a table consist of.
type shape uint8

const (
	shapeNumber     shape = iota
	shapeUUID             // 16 bytes that the layout calls a UUID
	shapeNumberUUID       // a number, then a UUID
	shapeUUIDNumber       // a UUID, then a number
	shapeNumbers          // two numbers
	shapeThree            // three numbers
	shapeText             // the text of a hash; only fixed entries
	shapeHash             // a SHA-256, as bytes or as text
)

var shapes = map[string]shape{
	"number":               shapeNumber,
	"uuid":                 shapeUUID,
	"number,uuid":          shapeNumberUUID,
	"uuid,number":          shapeUUIDNumber,
	"number,number":        shapeNumbers,
	"number,number,number": shapeThree,
	"text":                 shapeText,
	"hash":                 shapeHash,
}

// Keys come from a peer; with secret multipliers it cannot choose keys that all
// land in one place and make lookups slow.
var secret = func() (s [4]uint64) {
	seed := maphash.MakeSeed()
	for i := range s {
		s[i] = maphash.Comparable(seed, i) | 1
	}
	return s
}()

func (k *Key) hash() uint64 {
	return mix(mix(k.High^secret[0], k.Low^secret[1])^k.Number, secret[2])
}

// mix folds the 128-bit product of two numbers.
func mix(a, b uint64) uint64 {
	hi, lo := bits.Mul64(a, b)
	return hi ^ lo
}
