package human

import (
	"bytes"
	"strings"
	"unicode/utf8"

	"estream/format/flat"
	"estream/format/text"
)

// parts appends those parts of a template whose references are all filled, each
// after two spaces.
func (l *line) parts(dst []byte, parts []part) []byte {
next:
	for i := range parts {
		p := &parts[i]
		start := len(dst)
		dst = append(append(dst, "  "...), p.key...)
		for j := range p.refs {
			dst = append(dst, p.text[j]...)
			n := len(dst)
			if dst = l.reference(dst, p.refs[j], p.key != ""); len(dst) == n {
				dst = dst[:start]
				continue next
			}
		}
		dst = append(dst, p.text[len(p.refs)]...)
	}
	return dst
}

// reference appends the first of some values that says something.
func (l *line) reference(dst []byte, alternatives []ref, named bool) []byte {
	for i := range alternatives {
		r := &alternatives[i]
		if r.flow {
			return l.flow(dst)
		}
		it := l.find(r)
		if it == nil || !telling(it) {
			continue
		}
		return appendItem(dst, it, named)
	}
	return dst
}

func (l *line) find(r *ref) *flat.Item {
	if r.role != flat.NoRole {
		if i := l.pick[r.role]; i >= 0 {
			return &l.items[i]
		}
		return nil
	}
	for i := range l.items {
		it := &l.items[i]
		if n := len(it.Prefix); len(r.name) == n+len(it.Name) && r.name[n:] == it.Name && r.name[:n] == string(it.Prefix) {
			return it
		}
	}
	return nil
}

// flow appends "source:port -> destination:port" as far as it is known.
func (l *line) flow(dst []byte) []byte {
	from, to := l.pick[flat.SourceAddress], l.pick[flat.DestinationAddress]
	if from < 0 && to < 0 {
		return dst
	}
	dst = l.endpoint(dst, from, l.pick[flat.SourcePort])
	dst = append(dst, " -> "...)
	return l.endpoint(dst, to, l.pick[flat.DestinationPort])
}

func (l *line) endpoint(dst []byte, address, port int) []byte {
	if address < 0 {
		dst = append(dst, '?')
	} else if a := &l.items[address]; port >= 0 && bytes.IndexByte(a.Bytes, ':') >= 0 {
		dst = append(appendItem(append(dst, '['), a, false), ']')
	} else {
		dst = appendItem(dst, a, false)
	}
	if port >= 0 {
		dst = l.items[port].AppendPlain(append(dst, ':'))
	}
	return dst
}

// telling reports whether a value is more than a zero, a text without content, or
// an address or UUID of zeros.
func telling(it *flat.Item) bool {
	switch it.Kind {
	case flat.Number:
		return it.Number != 0
	case flat.Token:
		for _, c := range it.Bytes {
			if c != '0' && c != '.' && c != ':' && c != '-' {
				return true
			}
		}
		return false
	}
	if it.Computed && (string(it.Bytes) == "Unknown" || string(it.Bytes) == "N/A") {
		return false // what tables say of a number that means nothing
	}
	return len(it.Bytes) > 0
}

// details appends what the parts of a general line have not shown. The domain of the
// device is shown beside that of a user only, so that nobody takes one for the other.
func (l *line) details(dst []byte) []byte {
	shown, left := 0, uint64(0)
	twoDomains := l.find(&ref{name: "userDomain"}) != nil
	for i := range l.items {
		it := &l.items[i]
		elsewhere := it.Role != flat.NoRole && l.pick[it.Role] == i && (it.Role != flat.Domain || !twoDomains)
		if elsewhere || !telling(it) || l.noise(i) {
			continue
		}
		if shown == MaxDetails {
			left++
			continue
		}
		shown++
		dst = append(it.AppendName(append(dst, "  "...)), '=')
		dst = appendItem(dst, it, true)
	}
	if left > 0 {
		dst = append(dst, "  (and "...)
		dst = append(text.AppendUint(dst, left), " more)"...)
	}
	return dst
}

// hidden are values that the line shows in another form, or that describe the
// message rather than the event.
var hidden = map[string]bool{
	"archiveTimestamp": true, "blockType": true, "deviceId": true, "eventSecond": true, "eventMicrosecond": true,
	"length": true, "userDomain": true, "eventType": true, "eventSubtype": true, "recordTypeCategory": true, "recordTypeDescription": true,
}

// noise reports whether an item adds nothing to the others: lengths of texts, and
// numbers whose name follows.
func (l *line) noise(i int) bool {
	it := &l.items[i]
	if it.Kind == flat.Number && strings.HasSuffix(it.Name, "Length") {
		return true
	}
	if it.Computed && it.Name == "user" {
		return true // the record brings a name of its own, which the line shows
	}
	if it.Name == "deviceId" && l.pick[flat.Sensor] < 0 {
		return false
	}
	return hidden[it.Name] || it.Kind == flat.Number && !it.Computed && len(it.Prefix) == 0 && l.named(it.Name)
}

// named reports whether a computed value says what a number means. Computed values
// are few and stand at the end.
func (l *line) named(number string) bool {
	for i := len(l.items) - 1; i >= 0 && l.items[i].Computed; i-- {
		if name, ok := strings.CutSuffix(l.items[i].Name, "_name"); ok && name == number {
			return true
		}
	}
	return false
}

// MaxValue is how many bytes of one value a line shows.
const MaxValue = 512

// appendItem appends a value, in the form of a name=value pair or as it stands.
func appendItem(dst []byte, it *flat.Item, pair bool) []byte {
	short, left := *it, 0
	if len(it.Bytes) > MaxValue {
		n := MaxValue
		for n > MaxValue-utf8.UTFMax && !utf8.RuneStart(it.Bytes[n]) {
			n--
		}
		short.Bytes, left = it.Bytes[:n], len(it.Bytes)-n
	}
	switch {
	case pair:
		dst = short.AppendValue(dst)
	case it.Kind == flat.Text:
		dst = flat.AppendVisible(dst, short.Bytes)
	default:
		dst = short.AppendPlain(dst)
	}
	if left > 0 {
		dst = append(dst, "...(+"...)
		dst = append(text.AppendUint(dst, uint64(left)), ')')
	}
	return dst
}
