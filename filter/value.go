package filter

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"net/netip"
	"strconv"
	"sync"
	"unicode/utf8"

	"estream/format/text"
	"estream/meta"
	"estream/wire"
)

// binary tests addresses, UUIDs and byte strings.
func (m *Matcher) binary(v *verdict, t *test, s *source, b []byte) {
	var a addr
	isIP := s.kind >= sourceIPv4 && s.kind <= sourceHost
	if isIP {
		a = addressOf(b, s.kind)
		if s.used && (a == addr{} || a == addr{0, 0xffff << 32}) {
			return
		}
	}
	if t.op.group() == groupText {
		m.buf = printed(m.buf[:0], b, a, s.kind)
		v.add(t.text(m.buf, &t.printed))
		return
	}
	switch {
	case isIP && len(t.nets.groups) > 0:
		v.add(t.nets.has(a))
	case s.kind == sourceUUID && len(t.uuids.list) > 0:
		v.add(t.uuids.has(b))
	case s.kind == sourceMAC && len(t.macs.list) > 0:
		v.add(t.macs.has(b))
	case s.kind == sourceBytes && len(t.printed.list) > 0:
		m.buf = text.AppendHex(m.buf[:0], b)
		v.add(t.printed.has(m.buf))
	}
}

// addressOf reads an address of 4 or 16 bytes.
func addressOf(b []byte, kind sourceKind) addr {
	if len(b) == 16 {
		return addr{binary.BigEndian.Uint64(b), binary.BigEndian.Uint64(b[8:])}
	}
	n := binary.BigEndian.Uint32(b)
	if kind == sourceIPv4Little {
		n = binary.LittleEndian.Uint32(b)
	}
	return addr{0, 0xffff<<32 | uint64(n)}
}

// printed appends a value as it stands in a line: an address in its canonical
// form, IPv4 also where it came as an IPv6 address.
func printed(dst, b []byte, a addr, kind sourceKind) []byte {
	switch kind {
	case sourceUUID:
		return text.AppendUUID(dst, b)
	case sourceMAC:
		return text.AppendMAC(dst, b)
	case sourceBytes:
		return text.AppendHex(dst, b)
	}
	var raw [16]byte
	binary.BigEndian.PutUint64(raw[:], a.hi)
	binary.BigEndian.PutUint64(raw[8:], a.lo)
	return netip.AddrFrom16(raw).Unmap().AppendTo(dst)
}

// plain returns text as it is compared; mostly that is b itself.
func (m *Matcher) plain(b []byte) []byte {
	if bytes.IndexByte(b, 0) < 0 && utf8.Valid(b) {
		return b
	}
	m.buf, _ = text.AppendText(m.buf[:0], b)
	return m.buf
}

// computed tests a computed value: as a number if it is one, as text, and as an
// address if its text is one.
func (m *Matcher) computed(v *verdict, t *test, r meta.Result) {
	var number uint64
	isNumber := false
	switch r.Kind {
	case meta.Absent, meta.Null:
		return
	case meta.Number:
		number, isNumber = r.Number, true
		m.buf = text.AppendUint(m.buf[:0], number)
	case meta.Known:
		m.buf = append(m.buf[:0], r.Value.Text...)
		if json := r.Value.JSON; json != "" && json[0] >= '0' && json[0] <= '9' {
			n, err := strconv.ParseUint(json, 10, 64)
			number, isNumber = n, err == nil
		}
	case meta.Wire:
		m.buf, _ = text.AppendText(m.buf[:0], r.Bytes)
	case meta.Hex:
		m.buf = text.AppendHex(m.buf[:0], r.Bytes)
	default:
		m.buf = append(m.buf[:0], r.Bytes...)
	}
	if t.op == opHas {
		v.add(true)
		return
	}
	if isNumber && len(t.seconds) > 0 {
		v.add(t.number(number, t.seconds))
	}
	if len(t.texts.list) > 0 {
		v.add(t.text(m.buf, &t.texts))
	}
	if t.op == opIn && len(t.nets.groups) > 0 {
		if a, ok := parseAddr(m.buf); ok {
			v.add(t.nets.has(a))
		}
	}
}

// nested tests what is computed from a nested block.
func (m *Matcher) nested(v *verdict, t *test, s *source) {
	// The decoder has walked the block already, so that there is no error here.
	_ = m.decoder.Elements(m.view, s.slot, func(e *wire.View) error {
		ops := m.eval.Nested(s.op, e.Layout)
		for i := range ops {
			if ops[i].Key == s.key {
				m.computed(v, t, m.eval.Eval(&ops[i], m.record, e, m.snapshot))
			}
		}
		return nil
	})
}

// name tests what metadata calls a number.
func (m *Matcher) name(v *verdict, t *test, table func() meta.Table, number uint64) {
	if name := m.snapshot.Get(table(), meta.Key{Number: number}); name != nil {
		m.computed(v, t, meta.Result{Kind: meta.Known, Value: name})
	}
}

// The tables of names that attributes look into.
var (
	devices = table("devices")
	domains = table("domains")
)

func table(name string) func() meta.Table {
	return sync.OnceValue(func() meta.Table {
		t, ok := meta.TableNamed(name)
		if !ok {
			panic(fmt.Sprintf("filter: metadata has no table %q", name)) // a bug of ours
		}
		return t
	})
}
