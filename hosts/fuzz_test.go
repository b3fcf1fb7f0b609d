package hosts

import (
	"testing"

	"estream/internal/recordtest"
	"estream/layouts"
	"estream/wire"
)

// FuzzObserve: no bytes of a record make the map panic or break its tables, and
// whatever it learned can be asked for, decoded, saved and read again.
func FuzzObserve(f *testing.F) {
	seen := map[uint16]bool{}
	for message := range recordtest.Split(f, onlyHosts(f, synthetic(f, 8, 20_000))) {
		if h, _ := wire.PeekRecord(message); !seen[h.Type] {
			seen[h.Type] = true
			f.Add(message[8:], message[8:])
		}
	}
	for record := range rules {
		if !seen[record] {
			f.Add([]byte{0, 0, byte(record >> 8), byte(record), 0, 0, 0, 0}, message(f, 22, 0, host1, 1, nil)[8:])
		}
	}
	set := layouts.Default()
	f.Fuzz(func(t *testing.T, first, second []byte) {
		fsys := newFS(t)
		m := open(t, fsys, Options{MaxHosts: 20})
		m.Observe(0, 1, recordtest.Frame(first))
		m.Observe(1, 1, append(recordtest.Frame(second), recordtest.Frame(first)...))
		if m.Seq() != 3 {
			t.Errorf("the map is at %d after 3 messages", m.Seq())
		}
		want := dump(t, m)
		for dataType := range uint32(8) {
			q := everything
			q.DataType = dataType
			if err := m.Profiles(q, func(message []byte) error {
				_, err := DecodeProfile(set, message)
				if err == ErrNoProfile {
					return nil
				}
				return err
			}); err != nil {
				t.Errorf("data type %d: %v", dataType, err)
			}
		}
		if err := m.Save(); err != nil {
			t.Fatal(err)
		}
		if got := dump(t, open(t, fsys, Options{MaxHosts: 20})); got != want {
			t.Errorf("read again\n%s\nwant\n%s", got, want)
		}
	})
}

// FuzzDecodeProfile: no bytes of a server make it panic, and a profile it takes is
// within the limits of the map.
func FuzzDecodeProfile(f *testing.F) {
	m := empty(f)
	feed(f, m, synthetic(f, 9, 3000), 500)
	n := 0
	for _, block := range []uint32{47, 92, 111, 149} {
		q := everything
		q.Block = block
		if err := m.Profiles(q, func(message []byte) error {
			if n++; n%20 == 0 {
				f.Add(message[8:])
			}
			return nil
		}); err != nil {
			f.Fatal(err)
		}
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		message := append(wire.AppendHeader(nil, wire.TypeSingleHostData, uint32(len(body))), body...)
		p, err := DecodeProfile(layouts.Default(), message)
		if err != nil {
			return
		}
		c := &codec{}
		c.profile(p)
		r := &codec{buf: c.buf, reading: true}
		var q Profile
		if r.profile(&q); r.bad || len(r.buf) != 0 {
			t.Errorf("%+v is beyond a limit", p)
		}
	})
}
