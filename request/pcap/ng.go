package pcap

import (
	"context"
	"io"
	"log/slog"

	"estream/format/text"
	"estream/meta"
	"estream/request/internal/whole"
	"estream/wire"
)

// NGOptions are the settings of [NewNG]. The zero value is useful.
type NGOptions struct {
	Log     *slog.Logger // optional
	Program string       // optional: name and version of the program, up to 65,535 bytes, for the section header
}

// NGStats counts what became of the messages that were given to an [NG]: each is in one
// of Packets, Refused, Events, Other and Undecoded.
type NGStats struct {
	Packets   uint64 // written
	Unknown   uint64 // of Packets: their event did not come before them, their comment is short
	Cut       uint64 // of Packets: longer than 262,144 bytes, and written only up to there
	Refused   uint64 // packets whose link type is beyond 65,535, left out
	Events    uint64 // intrusion events, for the comments
	Other     uint64 // records of other kinds, left out
	Undecoded uint64 // records that are malformed or of unknown layout, left out
}

// An NG writes pcapng. It is not safe for concurrent use.
//
// Each pair of managed device and link type is an interface, with the device's name and
// in its description the device's number. Each packet has a comment: which event it
// belongs to and, if that came before the packet and is one of the last 65,536, its
// rule, classification and priority. So the comments are good if intrusion events and
// metadata are requested along with the packets.
type NG struct {
	options    NGOptions
	out        *whole.Buffer
	plans      plans
	recent     *recent
	names      names
	interfaces map[interfaceKey]namedInterface // of the present section
	count      uint32                          // of interface blocks in it
	comment    []byte
	stats      NGStats
}

type interfaceKey struct{ device, link uint32 }

type namedInterface struct {
	number uint32
	name   *meta.Value // nil while metadata has none
}

// maxInterfaces is how many interfaces a section has. A new section forgets them, so
// that a server that makes up devices costs the memory of this many.
const maxInterfaces = 4096

// NewNG returns an output to w, which is not closed, and writes the section header to
// it. The error is the writer's, or says that w is nil.
func NewNG(w io.Writer, o NGOptions) (*NG, error) {
	if w == nil {
		return nil, errNoWriter
	}
	n, err := newNames()
	if err != nil {
		return nil, err
	}
	o.Program = o.Program[:min(len(o.Program), 1<<16-1)]
	g := &NG{options: o, out: whole.New(w), plans: plans{}, recent: newRecent(maxRecent), names: n, interfaces: map[interfaceKey]namedInterface{}}
	g.out.Keep(appendSection(nil, o.Program))
	return g, g.out.Flush()
}

// Record writes a packet and remembers an intrusion event; other records are counted.
// Nothing of the record is kept. s holds the names at that point of the stream; it is not
// nil. An error is the writer's, and the record is then not taken.
func (g *NG) Record(_ *wire.Decoder, r *wire.Record, _ []byte, s *meta.Snapshot, _ error) error {
	if r == nil || r.Layout == nil {
		g.stats.Undecoded++
		return nil
	}
	switch p := g.plans.get(r.Layout); p.kind {
	case isEvent:
		g.stats.Events++
		g.recent.add(p.id(&r.View), p.asEvent(&r.View))
	case isPacket:
		k := p.asPacket(&r.View)
		return g.packet(&k, s)
	default:
		g.stats.Other++
	}
	return nil
}

func (g *NG) packet(k *packet, s *meta.Snapshot) error {
	if k.link > maxLink {
		if g.stats.Refused++; g.stats.Refused == 1 && g.options.Log != nil {
			g.options.Log.Warn("packets are left out: no capture file can hold their link type", "link_type", k.link, "highest", maxLink)
		}
		return nil
	}
	dst, err := g.out.Room()
	if err != nil {
		return err
	}
	device := s.Get(g.names.devices, meta.Key{Number: uint64(k.id.device)})
	dst, number := g.on(dst, interfaceKey{k.id.device, k.link}, device)
	var of *event
	if e, ok := g.recent.get(k.id); ok {
		of = &e
	} else {
		g.stats.Unknown++
	}
	g.comment = g.names.appendComment(g.comment[:0], k, of, device, s)
	g.out.Keep(appendPacket(dst, number, k, g.comment))
	g.stats.Packets++
	if len(k.data) > longest {
		g.stats.Cut++
	}
	return nil
}

// on returns the number of an interface, which it appends if the section does not have
// it yet, or has it under another name.
func (g *NG) on(dst []byte, key interfaceKey, name *meta.Value) ([]byte, uint32) {
	if i, ok := g.interfaces[key]; ok && sameName(i.name, name) {
		return dst, i.number
	}
	if g.count == maxInterfaces {
		dst = appendSection(dst, g.options.Program)
		clear(g.interfaces)
		g.count = 0
	}
	i := namedInterface{number: g.count, name: name}
	g.interfaces[key] = i
	g.count++
	description := text.AppendUint([]byte("managed device "), uint64(key.device))
	return appendInterface(dst, key.link, g.names.appendDevice(nil, key.device, name), description), i.number
}

// sameName reports whether two entries, nil for none, stand for the same name. Mostly
// they are one and the same.
func sameName(a, b *meta.Value) bool {
	return a == b || a != nil && b != nil && a.Text == b.Text
}

// Flush hands all packets to the writer. The context is not looked at: a write to a file
// cannot be called off.
func (g *NG) Flush(context.Context) error { return g.out.Flush() }

// Close is Flush; a pcapng file needs no end.
func (g *NG) Close(context.Context) error { return g.out.Flush() }

// Stats returns what has been counted so far.
func (g *NG) Stats() NGStats { return g.stats }
