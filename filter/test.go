package filter

import (
	"bytes"
	"encoding/binary"
	"regexp"
	"slices"
)

type operator uint8

const (
	opHas operator = iota
	opIn           // also ==
	opLess
	opLessEqual
	opGreater
	opGreaterEqual
	opContains
	opStartsWith
	opEndsWith
	opMatches // also iequals and icontains
)

// A group is a set of operators that take the same types.
type group uint8

const (
	groupEqual group = iota
	groupOrder
	groupText
)

func (o operator) group() group {
	switch {
	case o >= opContains:
		return groupText
	case o >= opLess:
		return groupOrder
	}
	return groupEqual
}

// few is the size up to which a set is searched one by one.
const few = 8

// A test is what a comparison does with one value, for every type the value may
// have. It is immutable.
type test struct {
	op      operator
	numbers []uint64 // sorted
	seconds []uint64 // sorted: numbers, and times in quotes
	texts   texts
	printed texts // for values that print in lower case
	uuids   texts
	macs    texts
	nets    networks
	pattern *regexp.Regexp
}

// newTest makes the test of a comparison with the given literals.
func newTest(op operator, list []literal, pattern *regexp.Regexp) test {
	t := test{op: op, pattern: pattern}
	var plain, lower, uuids, macs []string
	for i := range list {
		l := &list[i]
		if l.isNumber {
			t.numbers, t.seconds = append(t.numbers, l.number), append(t.seconds, l.number)
			continue
		}
		if l.isTime {
			t.seconds = append(t.seconds, l.number)
		}
		if l.uuid != "" {
			uuids = append(uuids, l.uuid)
		}
		if l.mac != "" {
			macs = append(macs, l.mac)
		}
		if l.prefix.IsValid() {
			a := l.prefix.Addr().As16()
			t.nets.add(addr{binary.BigEndian.Uint64(a[:]), binary.BigEndian.Uint64(a[8:])}, l.prefix.Bits())
		}
		plain, lower = append(plain, l.text), append(lower, string(bytes.ToLower([]byte(l.text))))
	}
	slices.Sort(t.numbers)
	slices.Sort(t.seconds)
	t.texts, t.printed, t.uuids, t.macs = newTexts(plain), newTexts(lower), newTexts(uuids), newTexts(macs)
	t.nets.sort()
	return t
}

// number tests an integer against a sorted list.
func (t *test) number(n uint64, list []uint64) bool {
	switch t.op {
	case opLess:
		return n < list[0]
	case opLessEqual:
		return n <= list[0]
	case opGreater:
		return n > list[0]
	case opGreaterEqual:
		return n >= list[0]
	}
	if len(list) > few {
		_, ok := slices.BinarySearch(list, n)
		return ok
	}
	return slices.Contains(list, n)
}

// text tests bytes in the form that is compared.
func (t *test) text(b []byte, list *texts) bool {
	switch t.op {
	case opIn:
		return list.has(b)
	case opMatches:
		return t.pattern.Match(b)
	case opContains:
		return bytes.Contains(b, list.list[0])
	case opStartsWith:
		return bytes.HasPrefix(b, list.list[0])
	case opEndsWith:
		return bytes.HasSuffix(b, list.list[0])
	}
	c := bytes.Compare(b, list.list[0])
	switch t.op {
	case opLess:
		return c < 0
	case opLessEqual:
		return c <= 0
	case opGreater:
		return c > 0
	}
	return c >= 0
}

// texts is a set of byte strings.
type texts struct {
	list [][]byte
	set  map[string]struct{} // nil for few
}

func newTexts(list []string) (t texts) {
	for _, s := range list {
		t.list = append(t.list, []byte(s))
	}
	if len(list) > few {
		t.set = make(map[string]struct{}, len(list))
		for _, s := range list {
			t.set[s] = struct{}{}
		}
	}
	return t
}

func (t *texts) has(b []byte) bool {
	if t.set != nil {
		_, ok := t.set[string(b)]
		return ok
	}
	for _, s := range t.list {
		if bytes.Equal(s, b) {
			return true
		}
	}
	return false
}

// An addr is an IPv6 address, or an IPv4 address in its mapped form.
type addr struct{ hi, lo uint64 }

func (a addr) compare(b addr) int {
	switch {
	case a == b:
		return 0
	case a.hi < b.hi || a.hi == b.hi && a.lo < b.lo:
		return -1
	}
	return 1
}

// networks is a set of networks, grouped by the length of their prefix: looking
// one address up takes a binary search for each length that occurs.
type networks struct {
	groups []networkGroup
}

type networkGroup struct {
	bits  int
	mask  addr
	addrs []addr // sorted
}

func (n *networks) add(a addr, bits int) {
	i := slices.IndexFunc(n.groups, func(g networkGroup) bool { return g.bits == bits })
	if i < 0 {
		i = len(n.groups)
		// A shift by 64 or more gives 0 in Go, which is right for both halves.
		mask := addr{^uint64(0) << max(0, 64-bits), ^uint64(0) << max(0, min(64, 128-bits))}
		n.groups = append(n.groups, networkGroup{bits: bits, mask: mask})
	}
	n.groups[i].addrs = append(n.groups[i].addrs, a)
}

func (n *networks) sort() {
	for i := range n.groups {
		slices.SortFunc(n.groups[i].addrs, addr.compare)
	}
}

func (n *networks) has(a addr) bool {
	for i := range n.groups {
		g := &n.groups[i]
		masked := addr{a.hi & g.mask.hi, a.lo & g.mask.lo}
		if len(g.addrs) <= few {
			if slices.Contains(g.addrs, masked) {
				return true
			}
		} else if _, ok := slices.BinarySearchFunc(g.addrs, masked, addr.compare); ok {
			return true
		}
	}
	return false
}
