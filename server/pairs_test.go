package server

import (
	"math/rand/v2"
	"testing"

	"estream/internal/recordtest"
	"estream/layouts"
	"estream/server/access"
	"estream/server/versions"
	"estream/session"
	"estream/synth"
	"estream/wire"
)

// newestForms returns a message of every event record type in its newest layout, with
// random values and IPv4 addresses.
func newestForms(t *testing.T) (messages [][]byte) {
	t.Helper()
	set := layouts.Default()
	rng := rand.New(rand.NewPCG(2, 2))
	for _, typ := range set.Source().Records() {
		def, err := set.Source().Record(typ)
		if err != nil {
			t.Fatal(err)
		}
		block := uint32(0)
		for _, b := range def.Blocks {
			block = b.Type
		}
		l, err := set.Layout(typ, block)
		if err != nil || def.IsMetadata() || def.Category == "packet" {
			continue
		}
		b := l.NewBuilder()
		synth.Fill(set, b, rng)
		for i := range l.Fields {
			if l.Fields[i].Kind == wire.KindIPv6 {
				b.SetBytes(i, ipv4(byte(i)))
			}
		}
		messages = append(messages, b.AppendMessage(nil, at(100)))
	}
	return messages
}

// TestEveryPair: for every event type and version a session asks for it, and everything
// it gets decodes to the last byte and is of no higher version.
func TestEveryPair(t *testing.T) {
	b := newBench(t)
	b.put(1, newestForms(t)...)
	b.put(1, recordtest.MessageAs(t, layouts.Default(), at(100), 2, 0, nil)) // a packet is the end
	pairs, records := 0, 0
	for _, e := range versions.Default().Events {
		for _, v := range e.Versions {
			if e.Code == 0 || e.Code == wire.CodeMetadata {
				continue
			}
			pairs++
			cl := b.client(access.All(), session.ClientConfig{
				Flags: wire.FlagPackets | wire.FlagArchiveTimestamp | wire.FlagExtendedRequest,
				Pairs: []wire.EventPair{{Code: e.Code, Version: v.Version}},
			})
			for len(cl.got) == 0 || cl.types()[len(cl.got)-1] != 2 {
				if err := cl.next(); err != nil {
					t.Fatal(err)
				}
			}
			again := versions.NewConverters(versions.Default(), layouts.Default()).NewEncoder(map[*versions.Event]uint16{e: v.Version})
			for _, m := range cl.got[:len(cl.got)-1] {
				records++
				r, err := wire.NewDecoder(layouts.Default(), nil).Decode(m)
				if err != nil || r.Trailing != 0 {
					t.Errorf("%s version %d: record %d: %v, %d bytes left", e.Name, v.Version, r.Type, err, r.Trailing)
					continue
				}
				// Asked for the same version, nothing more would be changed.
				verdict := again.Type(r.Layout.Record)
				if verdict == versions.ByForm {
					verdict = again.Passes(m, &r.RecordHeader)
				}
				if verdict != versions.Always {
					t.Errorf("%s version %d: %v is not of that version", e.Name, v.Version, r.Layout)
				}
			}
			if len(cl.got) == 1 && !(e.Code == wire.CodeDiscovery && v.Version == 1) {
				t.Errorf("%s version %d: nothing came", e.Name, v.Version)
			}
			cl.Close(t.Context(), "")
			<-cl.done
		}
	}
	t.Logf("%d pairs asked for, %d records received", pairs, records)
}
