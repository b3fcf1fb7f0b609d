// Package recordtest builds event data messages for tests, and takes streams of
// them apart. It knows the wire format only, so that the tests of nearly every
// package can use it.
package recordtest

import (
	"encoding/hex"
	"iter"
	"strings"
	"testing"

	"estream/wire"
)

// Header is the usual record header: with archive time, domain 0.
var Header = wire.RecordHeader{Extended: true, ArchiveTimestamp: 1700000000}

// Fields are values by protocol name: int or uint64 for integers, string or []byte
// for all other kinds. What is not named stays zero. Where the block repeats the
// name of a field of the discovery header, "header.NAME" is the header's.
type Fields map[string]any

// Message builds a message of a record type with a block type, 0 if the record has
// no block. The test ends when there is no such layout, field or kind of value.
func Message(t testing.TB, set *wire.Layouts, record uint16, block uint32, values Fields) []byte {
	t.Helper()
	return MessageAs(t, set, Header, record, block, values)
}

// MessageAs is Message with another record header; its type is filled in.
func MessageAs(t testing.TB, set *wire.Layouts, h wire.RecordHeader, record uint16, block uint32, values Fields) []byte {
	t.Helper()
	b, err := set.NewBuilder(record, block)
	if err != nil {
		t.Fatalf("record %d, block %d: %v", record, block, err)
	}
	for name, value := range values {
		slot := slotOf(b.Layout(), name)
		if slot < 0 {
			t.Fatalf("%v has no field %q", b.Layout(), name)
		}
		switch v := value.(type) {
		case int:
			b.SetUint(slot, uint64(v))
		case uint64:
			b.SetUint(slot, v)
		case string:
			b.SetString(slot, v)
		case []byte:
			b.SetBytes(slot, v)
		default:
			t.Fatalf("%v, field %q: value is %T; int, uint64, string or []byte expected", b.Layout(), name, value)
		}
	}
	return b.AppendMessage(nil, h)
}

func slotOf(l *wire.Layout, name string) int {
	header, ok := strings.CutPrefix(name, "header.")
	if !ok {
		return l.Slot(name)
	}
	for slot := range l.Fields[:l.Discovery] {
		if l.Fields[slot].Name == header {
			return slot
		}
	}
	return -1
}

// Frame returns an event data message around a record of any bytes, valid or not.
func Frame(record []byte) []byte {
	return append(wire.AppendHeader(nil, wire.TypeEventData, uint32(len(record))), record...)
}

// Unhex returns the bytes that hex digits stand for; spaces between them are for the
// reader.
func Unhex(t testing.TB, digits string) []byte {
	t.Helper()
	b, err := hex.DecodeString(strings.ReplaceAll(digits, " ", ""))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// Split goes through the messages of a stream, which lie in its memory. The test
// ends at what is no message.
func Split(t testing.TB, stream []byte) iter.Seq[[]byte] {
	return func(yield func([]byte) bool) {
		t.Helper()
		for len(stream) > 0 {
			message, rest, err := wire.NextMessage(stream)
			if err != nil {
				t.Fatal(err)
			}
			if stream = rest; !yield(message) {
				return
			}
		}
	}
}

// Batches cuts a stream between messages into pieces of at least size bytes (the
// last may be shorter), which lie in its memory: at size 1 every message is one.
func Batches(t testing.TB, stream []byte, size int) (list [][]byte) {
	t.Helper()
	n := 0
	for message := range Split(t, stream) {
		if n += len(message); n >= size {
			list, stream, n = append(list, stream[:n]), stream[n:], 0
		}
	}
	if n > 0 {
		list = append(list, stream)
	}
	return list
}
