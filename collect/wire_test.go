package collect

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"estream/internal/recordtest"
	"estream/wire"
)

// event makes a message of a record type that nobody knows.
func event(n int) []byte {
	body := fmt.Appendf(nil, "event %d", n)
	m := wire.AppendHeader(nil, wire.TypeEventData, uint32(8+len(body)))
	m = append(m, 0, 0, 0x27, 0x0f, 0, 0, 0, byte(len(body)))
	return append(m, body...)
}

// read returns all events of an input and what it reported.
func read(t *testing.T, data []byte) (events []byte, reports []string, in *WireInput) {
	t.Helper()
	in = NewWireInput(iotestReader{bytes.NewReader(data)})
	in.Bad = func(offset, length int64, err error) {
		reports = append(reports, fmt.Sprintf("%d+%d: %v", offset, length, err))
	}
	for {
		c, err := in.Next(context.Background(), nil)
		if errors.Is(err, io.EOF) {
			return events, reports, in
		}
		if err != nil {
			t.Fatal(err)
		}
		if len(c.Data) == 0 {
			t.Fatal("an empty chunk")
		}
		events = append(events, c.Data...)
	}
}

// iotestReader hands out few bytes at a time.
type iotestReader struct{ r io.Reader }

func (r iotestReader) Read(p []byte) (int, error) { return r.r.Read(p[:min(len(p), 7)]) }

// TestWireInputDamage: what is good is read, what is bad is reported with its
// place, and reading goes on with the next message.
func TestWireInputDamage(t *testing.T) {
	a, b, c := event(1), event(2), event(3)
	lying := bytes.Clone(b)
	lying[7] = 200 // longer than the record in it
	giant := bytes.Clone(b)
	giant[4] = 0xff
	for _, tc := range []struct {
		name   string
		in     [][]byte
		want   [][]byte
		report []string
	}{
		{"good", [][]byte{a, b, c}, [][]byte{a, b, c}, nil},
		{"empty", nil, nil, nil},
		{"garbage between", [][]byte{a, []byte("some noise"), c}, [][]byte{a, c}, []string{"23+10: header version 29551 found, 1 expected"}},
		{"garbage at the start", [][]byte{{1}, c}, [][]byte{c}, []string{"0+1: header version"}},
		{"lying length", [][]byte{a, lying, c}, [][]byte{a, c}, []string{"23+23: record length 7 does not fit the message length 200"}},
		{"giant length", [][]byte{a, giant, c}, [][]byte{a, c}, []string{"23+23: message of 4278190103 bytes announced"}},
		{"cut at the end", [][]byte{a, b[:20]}, [][]byte{a}, []string{"23+20: message of 23 bytes cut short: the input ends after 20"}},
		{"cut in the header", [][]byte{a, b[:5]}, [][]byte{a}, []string{"23+5: 5 bytes at the end of the input"}},
		{"cut in the record header", [][]byte{a, b[:12]}, [][]byte{a}, []string{"23+12: message of 23 bytes cut short"}},
		{"other messages", [][]byte{wire.AppendNull(nil), a, wire.AppendNull(nil), wire.AppendNull(nil), b}, [][]byte{a, b}, nil},
		{"unknown message type", [][]byte{a, {0, 1, 0x10, 0, 0, 0, 0, 0}, b}, [][]byte{a, b}, []string{"23+8: message type 4096 found, which does not exist"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got, reports, _ := read(t, bytes.Join(tc.in, nil))
			if !bytes.Equal(got, bytes.Join(tc.want, nil)) {
				t.Errorf("events\n got %q\nwant %q", got, bytes.Join(tc.want, nil))
			}
			if len(reports) != len(tc.report) {
				t.Fatalf("reports %q, want %q", reports, tc.report)
			}
			for i := range reports {
				if !strings.HasPrefix(reports[i], tc.report[i]) {
					t.Errorf("report %q, want %q", reports[i], tc.report[i])
				}
			}
		})
	}
}

// TestWireInputBundles: bundles are unpacked, in both forms of inner header.
func TestWireInputBundles(t *testing.T) {
	events := append(event(1), event(2)...)
	for _, version := range []uint16{0, 1} {
		bundle, err := wire.AppendBundle(nil, 1, 1, version, events)
		if err != nil {
			t.Fatal(err)
		}
		got, reports, _ := read(t, append(bundle, event(3)...))
		if want := append(bytes.Clone(events), event(3)...); !bytes.Equal(got, want) || len(reports) > 0 {
			t.Errorf("inner version %d: got %q, reports %q", version, got, reports)
		}
	}
}

// FuzzWireInput: any bytes end, every byte is either in an event, in a message
// without event, or reported.
func FuzzWireInput(f *testing.F) {
	f.Add(append(event(1), event(2)...))
	if bundle, err := wire.AppendBundle(nil, 1, 1, 0, append(event(1), event(2)...)); err == nil {
		f.Add(append(bundle[:len(bundle)-1:len(bundle)-1], event(3)...))
	}
	f.Add(append(event(1), "noise and \x00\x01\x00\x04\x00\x00\x00\x09 more"...))
	f.Fuzz(func(t *testing.T, data []byte) {
		in := NewWireInput(bytes.NewReader(data))
		var bad int64
		in.Bad = func(_, length int64, _ error) { bad += length }
		var good int64
		for {
			c, err := in.Next(context.Background(), nil)
			if err != nil {
				if !errors.Is(err, io.EOF) {
					t.Fatal(err)
				}
				break
			}
			for m := range recordtest.Split(t, c.Data) {
				good += int64(len(m))
			}
		}
		if in.offset != int64(len(data)) {
			t.Fatalf("stopped at %d of %d bytes", in.offset, len(data))
		}
		if len(in.Skipped) == 0 && good+bad+in.bundles*(wire.HeaderSize+wire.BundleHeaderSize) != int64(len(data)) {
			t.Fatalf("%d bytes in events, %d reported, %d there", good, bad, len(data))
		}
	})
}
