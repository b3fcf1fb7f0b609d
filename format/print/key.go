package print

import (
	"encoding/binary"

	"estream/meta"
	"estream/wire"
)

// A keyForm says what the key of a table consists of.
type keyForm uint8

const (
	noTable     keyForm = iota
	byNumber            // the field
	byBits              // each bit that is set in the field
	byUUID              // the field
	byHash              // the field, a SHA-256
	afterNumber         // the field, a number, behind the number with
	afterUUID           // the field, a number, behind the UUID with
	afterDevice         // the field, a UUID, behind the number with
)

// keyOf reads the key for a field from the structure that holds it.
func (w *naming) keyOf(o *fieldOp, v *wire.View) (k meta.Key) {
	slot := int(o.slot)
	switch w.key {
	case byNumber:
		k.Number = v.Uint(slot)
	case byUUID:
		k = uuidKey(v.Bytes(slot))
	case afterNumber:
		k = meta.Key{High: v.Uint(int(w.with)), Number: v.Uint(slot)}
	case afterUUID:
		k = uuidKey(v.Bytes(int(w.with)))
		k.Number = v.Uint(slot)
	case afterDevice:
		k = uuidKey(v.Bytes(slot))
		k.Number = v.Uint(int(w.with))
	case byHash: // the first 24 bytes, as meta.Key has them
		if b := v.Bytes(slot); len(b) == 32 {
			k = uuidKey(b[:16])
			k.Number = binary.BigEndian.Uint64(b[16:])
		}
	}
	return k
}

func uuidKey(b []byte) (k meta.Key) {
	if len(b) == 16 {
		k.High, k.Low = binary.BigEndian.Uint64(b), binary.BigEndian.Uint64(b[8:])
	}
	return k
}

// reads reports whether a key of this form can come from a field of that kind.
func (k keyForm) reads(kind wire.Kind, size int) bool {
	switch k {
	case byUUID, afterDevice:
		return kind == wire.KindUUID || kind == wire.KindBytes && size == 16
	case byHash:
		return kind == wire.KindBytes && size == 32
	}
	return kind.Integer()
}

// completed reports whether a field of that kind can complete a key of this form.
func (k keyForm) completed(kind wire.Kind) bool {
	if k == afterUUID {
		return kind == wire.KindUUID
	}
	return kind.Integer()
}
