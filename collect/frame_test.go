package collect

import (
	"bytes"
	"context"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"estream/wire"
)

// TestWireInputSwallow: a length that lies in a way that its own message does not
// show swallows no more than that message. The bugs were: a message said to reach
// beyond the end of the input took all behind it along; one damaged bit in the
// type made an event, or with a wrong length many, a message to be left out; and
// after damage in a capture of bundles none of the bundles behind it was found.
func TestWireInputSwallow(t *testing.T) {
	a, b, c := event(1), event(2), event(3)
	beyond := bytes.Clone(b) // message and record agree on the wrong length
	beyond[6], beyond[14] = 1, 1
	null := bytes.Clone(b)
	null[3] = 0
	host := bytes.Clone(b) // host data that ends in the middle of the next message
	host[3], host[7] = byte(wire.TypeSingleHostData), host[7]+9
	bundle := func(version uint16, events ...[]byte) []byte {
		m, err := wire.AppendBundle(nil, 1, 1, version, bytes.Join(events, nil))
		if err != nil {
			t.Fatal(err)
		}
		return m
	}
	var nested []byte // each message claims to reach beyond the end
	for range 20000 {
		nested = append(nested, 0, 1, 0, 4, 0, 0xff, 0, 16, 0, 0, 0, 9, 0, 0xff, 0, 8)
	}
	for _, tc := range []struct {
		name   string
		in     [][]byte
		want   [][]byte
		report string
	}{
		{"beyond the end", [][]byte{a, beyond, c, a}, [][]byte{a, c, a}, "23+23: message of 279 bytes cut short: the input ends after 69"},
		{"beyond the end again and again", [][]byte{a, nested, c}, [][]byte{a, c}, "23+320000: message of 16711704 bytes cut short: the input ends after 320023"},
		{"null with data", [][]byte{a, null, c}, [][]byte{a, c}, "23+23: null message with 15 bytes of data found, none expected"},
		{"host data", [][]byte{a, host, c, a}, [][]byte{a, c, a}, "23+23: message of 32 bytes and type 6 found, with no other message behind it"},
		{"noise before a bundle", [][]byte{bundle(0, a, b), []byte("noise"), bundle(0, c), bundle(0, a)}, [][]byte{a, b, c, a}, "62+5: header version"},
		{"noise before a bundle of documented form", [][]byte{a, {0}, bundle(1, b, c)}, [][]byte{a, b, c}, "23+1: "},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got, reports, _ := read(t, bytes.Join(tc.in, nil))
			if !bytes.Equal(got, bytes.Join(tc.want, nil)) {
				t.Errorf("events\n got %q\nwant %q", got, bytes.Join(tc.want, nil))
			}
			if len(reports) != 1 || !strings.HasPrefix(reports[0], tc.report) {
				t.Errorf("reports %q, want one: %q", reports, tc.report)
			}
		})
	}
}

// TestWireInputBundleParts: of a damaged bundle what stands before the damage is
// kept, messages without event in a bundle are left out and counted, and offsets
// are those of the input.
func TestWireInputBundleParts(t *testing.T) {
	inner := slices.Concat(event(1), wire.AppendNull(nil), event(2))
	m, err := wire.AppendBundle(nil, 1, 1, 1, inner)
	if err != nil {
		t.Fatal(err)
	}
	m[len(m)-len(event(2))+6] = 0xff // length of the last message inside
	got, reports, in := read(t, slices.Concat(m, event(3)))
	if want := slices.Concat(event(1), event(3)); !bytes.Equal(got, want) {
		t.Errorf("events\n got %q\nwant %q", got, want)
	}
	if len(reports) != 1 || !strings.HasPrefix(reports[0], "47+23: ") || in.Skipped[wire.TypeNull] != 1 {
		t.Errorf("reports %q, skipped %v; want one report at 47 and one null", reports, in.Skipped)
	}
}

// TestWireInputReadError: an input that fails in the middle of a message has given
// all messages before. The bug was that up to 256 KiB of them were lost.
func TestWireInputReadError(t *testing.T) {
	broken := errors.New("broken")
	long := slices.Concat(event(3), make([]byte, 100))
	long[7], long[15] = long[7]+100, long[15]+100
	in := NewWireInput(io.MultiReader(bytes.NewReader(slices.Concat(event(1), event(2), long[:len(long)-1])), iotest.ErrReader(broken)))
	// The header of the third message is whole, so that it is the body that fails.
	c, err := in.Next(context.Background(), nil)
	if err != nil || !bytes.Equal(c.Data, slices.Concat(event(1), event(2))) {
		t.Fatalf("got %q, %v; want two events", c.Data, err)
	}
	for range 2 {
		if c, err := in.Next(context.Background(), nil); !errors.Is(err, broken) || len(c.Data) > 0 {
			t.Errorf("got %q, %v; want the error of the reader", c.Data, err)
		}
	}
}
