package pcap

import (
	"fmt"
	"time"
	"unicode/utf8"

	"estream/format/flat"
	"estream/format/text"
	"estream/meta"
)

// maxName bounds, in bytes, how much of one name is written. Escapes make at most four
// times as much of it, so that a comment always fits into an option.
const maxName = 512

// names looks up what metadata calls the numbers of an event, and writes comments. It is
// not safe for concurrent use.
type names struct {
	devices, messages, rendered, classes, priorities meta.Table

	buf []byte // a name before it is escaped
}

func newNames() (names, error) {
	var n names
	for _, t := range []struct {
		table *meta.Table
		name  string
	}{
		{&n.devices, "devices"}, {&n.messages, "idsRules"}, {&n.rendered, "idsRulesRendered"},
		{&n.classes, "classifications.desc"}, {&n.priorities, "priorities"},
	} {
		var ok bool
		if *t.table, ok = meta.TableNamed(t.name); !ok {
			return n, fmt.Errorf("pcap: there is no table %q of names", t.name)
		}
	}
	return n, nil
}

// appendDevice appends the name of a managed device, or "device N" if it has none.
func (n *names) appendDevice(dst []byte, device uint32, name *meta.Value) []byte {
	if name == nil {
		return text.AppendUint(append(dst, "device "...), uint64(device))
	}
	return n.appendName(dst, name)
}

// appendName appends a name, which a stranger may have chosen, so that it is safe to
// show.
func (n *names) appendName(dst []byte, name *meta.Value) []byte {
	s := name.Text
	if len(s) > maxName {
		end := maxName
		for end > maxName-utf8.UTFMax && !utf8.RuneStart(s[end]) {
			end--
		}
		s = s[:end]
	}
	n.buf = append(n.buf[:0], s...)
	return flat.AppendVisible(dst, n.buf)
}

// appendComment appends the comment of a packet, of which e is the event if it is known:
//
//	event 7 of 2024-01-02T03:04:05Z on edge: [1:2003:8] SLAMMER; classification 33 (Worm); priority 1 (high)
//
// Names that are not known are left out. The rule has the number by which rule writers
// know it, if metadata tells that.
func (n *names) appendComment(dst []byte, k *packet, e *event, device *meta.Value, s *meta.Snapshot) []byte {
	dst = text.AppendUint(append(dst, "event "...), uint64(k.id.event))
	dst = time.Unix(int64(k.id.second), 0).UTC().AppendFormat(append(dst, " of "...), time.RFC3339)
	dst = n.appendDevice(append(dst, " on "...), k.id.device, device)
	if e == nil {
		return dst
	}
	rule := meta.Key{High: uint64(e.generator), Number: uint64(e.rule)}
	dst = text.AppendUint(append(dst, ": ["...), uint64(e.generator))
	dst = append(dst, ':')
	if rendered := s.Get(n.rendered, rule); rendered != nil {
		dst = append(dst, rendered.Text...)
	} else {
		dst = text.AppendUint(dst, uint64(e.rule))
	}
	dst = append(text.AppendUint(append(dst, ':'), uint64(e.revision)), ']')
	if message := s.Get(n.messages, rule); message != nil {
		dst = n.appendName(append(dst, ' '), message)
	}
	dst = n.appendNumber(append(dst, "; classification "...), e.class, s.Get(n.classes, meta.Key{Number: uint64(e.class)}))
	return n.appendNumber(append(dst, "; priority "...), e.priority, s.Get(n.priorities, meta.Key{Number: uint64(e.priority)}))
}

// appendNumber appends a number and its name, if it has one.
func (n *names) appendNumber(dst []byte, number uint32, name *meta.Value) []byte {
	dst = text.AppendUint(dst, uint64(number))
	if name == nil {
		return dst
	}
	return append(n.appendName(append(dst, " ("...), name), ')')
}
