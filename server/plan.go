package server

import (
	"fmt"
	"math/bits"

	"estream/server/versions"
	"estream/session"
	"estream/wire"
)

// A plan is what a request comes down to: a version for each event type asked for.
//
// Flags and event pairs may ask for the same event type in several versions. Of those
// the highest is served; but where pairs name an event type, they decide alone, unless
// the server is told otherwise.
type plan struct {
	asked    map[*versions.Event]uint16
	metadata bool
	noEvents bool     // flag bit 11: host data only
	extended bool     // 16-byte record headers
	notes    []string // what is served otherwise than asked for, one sentence each
}

// A reading is how a server understands requests: the fields of Server with these names.
type reading struct {
	Highest      map[uint16]uint16
	FlagVersions map[wire.RequestFlags]uint16
	FlagsCompete bool
}

// newPlan reads a request.
func newPlan(t *versions.Table, req session.Request, r reading) *plan {
	p := &plan{
		asked:    map[*versions.Event]uint16{},
		noEvents: req.Flags.Has(wire.FlagNoEvents),
		extended: req.Flags.Has(wire.FlagArchiveTimestamp),
	}
	for _, pair := range req.Pairs {
		if t.Event(pair.Code) == nil {
			p.note("event type %d of pair %v is not known: ignored", pair.Code, pair)
		}
	}
	for _, e := range t.Events {
		v, ok := p.resolve(e, req, r)
		if !ok {
			continue
		}
		p.asked[e] = v
		p.metadata = p.metadata || e.Code == wire.CodeMetadata
	}
	if odd := req.Flags & (wire.FlagReserved | 1<<31); odd != 0 {
		p.note("request flag bit %d means nothing to clients: ignored", bits.TrailingZeros32(uint32(odd)))
	}
	return p
}

func (p *plan) note(format string, args ...any) {
	p.notes = append(p.notes, fmt.Sprintf(format, args...))
}

// A wish is one way in which a request asks for an event type.
type wish struct {
	version uint16
	text    string
}

// resolve returns the version in which an event type is served; false if it is not.
func (p *plan) resolve(e *versions.Event, req session.Request, r reading) (uint16, bool) {
	limit, limited := r.Highest[e.Code]
	var flags, pairs []wish
	for i := range e.Flags {
		f := &e.Flags[i]
		if !req.Flags.Has(f.Mask()) {
			continue
		}
		v, set := r.FlagVersions[f.Mask()]
		switch {
		case set:
		case limited && limit > f.Version && limit <= f.Newest:
			v = limit
		default:
			v = f.Version
		}
		flags = append(flags, wish{v, fmt.Sprintf("flag bit %d (%s version %d)", f.Bit, e.Name, v)})
	}
	for _, pair := range req.Pairs {
		if e.Code != 0 && pair.Code == e.Code {
			pairs = append(pairs, wish{pair.Version, fmt.Sprintf("event pair %v", pair)})
		}
	}
	wishes := pairs
	if len(wishes) == 0 || r.FlagsCompete {
		wishes = append(wishes[:len(wishes):len(wishes)], flags...)
	}
	if len(wishes) == 0 {
		return 0, false
	}
	if r.Highest != nil && !limited && e.Code != 0 {
		p.note("%s are not served here", e.Name)
		return 0, false
	}
	best := wishes[0]
	for _, w := range wishes[1:] {
		if w.version > best.version {
			best = w
		}
	}
	for _, list := range [][]wish{flags, pairs} {
		for _, w := range list {
			if w.version != best.version {
				p.note("%s is overruled by %s", w.text, best.text)
			}
		}
	}
	v := best.version
	if limited {
		v = min(v, limit)
	}
	known, ok := e.Known(v)
	if len(pairs) == 0 && e.Flags != nil && v < e.Versions[0].Version {
		known, ok = v, true // a flag may stand for a form older than every version
	}
	switch {
	case !ok:
		p.note("version %d of %s is not known, and none below: not served", v, e.Name)
		return 0, false
	case known < e.Since:
		p.note("version %d of %s has no known layout, and none is below: not served", known, e.Name)
		return 0, false
	case known != best.version:
		p.note("version %d of %s is not known here, %d is served", best.version, e.Name, known)
	}
	return known, true
}
