package meta

import (
	"encoding/hex"
	"strings"

	"estream/wire"
)

// A Ref locates a value in a decoded structure.
type Ref struct {
	Slot int
	// Content is set when the path ended in ".data": the content of a string or
	// blob block rather than the block as an object.
	Content bool
}

// Names finds fields by the dotted names that eNcore gives them, which is how
// rules and format mappings refer to fields.
type Names struct {
	layout *wire.Layout
	slots  map[string]int
	mended bool // 16 bytes are a UUID whether or not the layout calls them so, see Names.key
}

// headerHidden are the fields of the discovery header that eNcore does not show.
var headerHidden = map[string]bool{
	"legacy_ip_address": true,
	"has_ipv6":          true,
	"reserved":          true,
	"file_number":       true,
	"file_position":     true,
}

// Hidden reports whether a field is no part of eNcore's record: some fields of
// the discovery header are not.
func Hidden(l *wire.Layout, slot int) bool {
	return slot < l.Discovery && headerHidden[l.Fields[slot].Name]
}

// NamesOf returns the names of a layout's fields. A name that header and body
// share means the body's field, whose value eNcore keeps.
func NamesOf(l *wire.Layout) *Names {
	n := &Names{layout: l, slots: make(map[string]int, len(l.Fields))}
	for i := range l.Fields {
		if Hidden(l, i) {
			continue
		}
		name := l.Fields[i].Encore
		if i >= l.Discovery && l.EncoreRoot != "" {
			name = l.EncoreRoot + "." + name
		}
		n.slots[name] = i
	}
	return n
}

// Find returns where the value of a path is; false if the layout has no such
// field. NAME.data needs a string or blob block, or plain text that stands for one
// in another form of the record ([wire.Layout.Form]).
func (n *Names) Find(path string) (Ref, bool) {
	if i, ok := n.slots[path]; ok {
		return Ref{Slot: i}, true
	}
	block, isContent := strings.CutSuffix(path, ".data")
	i, ok := n.slots[block]
	if !isContent || !ok {
		return Ref{}, false
	}
	kind := n.layout.Fields[i].Kind
	plain := kind == wire.KindText && n.layout.Form != 0
	return Ref{Slot: i, Content: true}, kind == wire.KindString || kind == wire.KindBlob || plain
}

// LegacyHost returns the slot of the IPv4 address in the discovery header, -1
// where there is none. It stands for hostIpAddr when the header has no IPv6 part.
func LegacyHost(l *wire.Layout) int {
	for i := range l.Fields[:l.Discovery] {
		if l.Fields[i].Name == "legacy_ip_address" {
			return i
		}
	}
	return -1
}

// integer returns the slot of a path if it is there and holds a number.
func (n *Names) integer(path string) (int, bool) {
	ref, ok := n.Find(path)
	return ref.Slot, ok && n.layout.Fields[ref.Slot].Kind.Integer()
}

// A keyPlan says where a key comes from: slots of its number, of its UUID or first
// number, and of the second of three numbers, -1 where the shape has none.
type keyPlan struct {
	shape            shape
	number, big, low int
}

// key resolves the paths of a key. It reports false when a path is missing or has
// another kind than the table's keys: such a lookup can never hit, because to
// eNcore numbers, UUID texts and byte strings are different keys.
func (n *Names) key(s shape, by []string) (keyPlan, bool) {
	k := keyPlan{shape: s, number: -1, big: -1, low: -1}
	var numbers, uuids []int
	for _, path := range by {
		ref, ok := n.Find(path)
		kind := wire.KindInvalid
		if ok {
			kind = n.layout.Fields[ref.Slot].Kind
		}
		switch {
		case kind.Integer():
			numbers = append(numbers, ref.Slot)
		case kind == wire.KindUUID, kind == wire.KindBytes && n.layout.Fields[ref.Slot].Size == 16 && n.mended:
			uuids = append(uuids, ref.Slot)
		case s == shapeHash && (ref.Content || kind == wire.KindBytes && n.layout.Fields[ref.Slot].Size == hashLen):
			k.big = ref.Slot
			return k, true
		default:
			return k, false
		}
	}
	switch {
	case s == shapeNumber && len(by) == 1 && len(numbers) == 1:
		k.number = numbers[0]
	case s == shapeUUID && len(by) == 1 && len(uuids) == 1:
		k.big = uuids[0]
	case (s == shapeNumberUUID || s == shapeUUIDNumber) && len(by) == 2 && len(numbers) == 1 && len(uuids) == 1:
		k.number, k.big = numbers[0], uuids[0]
	case s == shapeNumbers && len(numbers) == 2:
		k.big, k.number = numbers[0], numbers[1]
	case s == shapeThree && len(numbers) == 3:
		k.big, k.low, k.number = numbers[0], numbers[1], numbers[2]
	default:
		return k, false
	}
	return k, true
}

func (k *keyPlan) uses(slot int) bool { return slot == k.number || slot == k.big || slot == k.low }

// of reads a key from a structure.
func (k *keyPlan) of(v *wire.View) (key Key) {
	switch k.shape {
	case shapeNumber:
		key.Number = v.Uint(k.number)
	case shapeUUID:
		key = key.withUUID(v.Bytes(k.big))
	case shapeHash:
		h := v.Bytes(k.big)
		if len(h) == 2*hashLen {
			var b [hashLen]byte
			if _, err := hex.Decode(b[:], h); err == nil {
				return key.withHash(b[:])
			}
		}
		return key.withHash(h)
	case shapeNumbers:
		key.Number, key.High = v.Uint(k.number), v.Uint(k.big)
	case shapeThree:
		key.Number, key.High, key.Low = v.Uint(k.number), v.Uint(k.big), v.Uint(k.low)
	default:
		key.Number = v.Uint(k.number)
		key = key.withUUID(v.Bytes(k.big))
	}
	return key
}
