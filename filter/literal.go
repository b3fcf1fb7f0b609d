package filter

import (
	"encoding/hex"
	"errors"
	"fmt"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"estream/wire"
)

// A literal is a value in an expression, with everything it can be read as: what
// it is compared with decides.
type literal struct {
	text     string // content of the quotes, or as written
	quoted   bool
	isNumber bool // number
	isTime   bool // number holds Unix seconds; quoted
	number   uint64
	prefix   netip.Prefix // an address as a network of one; IPv4 in its mapped form
	uuid     string       // 16 bytes, "" for none
	mac      string       // 6 bytes, "" for none
}

// quotedLiteral reads text in quotes.
func quotedLiteral(text string) literal {
	l := literal{text: text, quoted: true}
	l.read()
	// A field of seconds cannot equal a fraction, so such a time stays mere text.
	if t, err := time.Parse(time.RFC3339, text); err == nil && t.Nanosecond() == 0 && t.Unix() >= 0 && t.Unix() < 1<<32 {
		l.isTime, l.number = true, uint64(t.Unix())
	}
	return l
}

// bareLiteral reads a value without quotes.
func bareLiteral(word string) (literal, error) {
	l := literal{text: word}
	switch {
	case strings.HasPrefix(word, "0x") || strings.HasPrefix(word, "0X"):
		n, err := strconv.ParseUint(word[2:], 16, 64)
		if err != nil {
			return l, fmt.Errorf("%s is no hexadecimal number of up to 64 bits", word)
		}
		l.number, l.isNumber = n, true
		return l, nil
	case strings.Trim(word, "0123456789") == "":
		n, err := strconv.ParseUint(word, 10, 64)
		if err != nil {
			return l, fmt.Errorf("%s is too large; numbers have up to 64 bits", word)
		}
		l.number, l.isNumber = n, true
		return l, nil
	case word[0] == '-':
		return l, fmt.Errorf("%s: numbers of the protocol are never negative", word)
	}
	if l.read(); l.prefix.IsValid() || l.uuid != "" || l.mac != "" {
		return l, nil
	}
	if p, err := netip.ParsePrefix(word); err == nil {
		return l, fmt.Errorf("%s has bits set behind its prefix; the network is %v", word, p.Masked())
	}
	return l, fmt.Errorf("%s is no name, number, address, network, MAC address or UUID; text and times need quotes", word)
}

// read finds out what the text can be beside text.
func (l *literal) read() {
	if a, err := netip.ParseAddr(l.text); err == nil && a.Zone() == "" {
		l.prefix = netip.PrefixFrom(netip.AddrFrom16(a.As16()), 128)
	} else if p, err := netip.ParsePrefix(l.text); err == nil && p == p.Masked() {
		bits := p.Bits()
		if p.Addr().Is4() {
			bits += 96
		}
		l.prefix = netip.PrefixFrom(netip.AddrFrom16(p.Addr().As16()), bits)
	}
	switch b, err := hexOf(l.text, '-'); {
	case err == nil && len(b) == 16 && len(l.text) == 36 && l.text[8] == '-' && l.text[13] == '-' && l.text[18] == '-' && l.text[23] == '-':
		l.uuid = string(b)
	case err == nil && len(b) == 6 && len(l.text) == 17:
		l.mac = string(b)
	}
	if b, err := hexOf(l.text, ':'); err == nil && len(b) == 6 && len(l.text) == 17 {
		l.mac = string(b)
	}
}

var errNoHex = errors.New("no hex digits")

// hexOf reads pairs of hex digits with separators between some of them.
func hexOf(s string, separator byte) ([]byte, error) {
	if len(s) > 36 {
		return nil, errNoHex
	}
	b := make([]byte, 0, 18)
	for len(s) > 0 {
		if len(s) < 2 {
			return nil, errNoHex
		}
		var pair [1]byte
		if _, err := hex.Decode(pair[:], []byte(s[:2])); err != nil {
			return nil, errNoHex
		}
		b, s = append(b, pair[0]), s[2:]
		if len(s) > 1 && s[0] == separator {
			s = s[1:]
		}
	}
	return b, nil
}

// kinds is a set of the types that a name has in one layout or another.
type kinds uint8

const (
	kindNumber kinds = 1 << iota
	kindSeconds
	kindText
	kindIP
	kindUUID
	kindMAC
	kindBytes // printed as hex digits
	kindOther // lists and nested blocks
)

var kindNames = [...]string{"a number", "a time in Unix seconds", "text", "an address", "a UUID", "a MAC address", "a byte string in hex digits", "a list or a nested block"}

func (k kinds) String() string {
	var names []string
	for i, name := range kindNames {
		if k>>i&1 == 1 {
			names = append(names, name)
		}
	}
	return strings.Join(names, " or ")
}

// secondsFields are the integers that hold Unix seconds, by name in the layouts.
var secondsFields = map[string]bool{
	"connection_event_timestamp": true, "connection_timestamp": true, "correlation_event_second": true, "event_second": true,
	"file_event_timestamp": true, "file_timestamp": true, "first_connection_time": true, "first_packet_timestamp": true,
	"last_connection_time": true, "last_packet_timestamp": true, "malware_event_timestamp": true, "packet_second": true,
	"pe_time": true, "start_time": true, "timestamp": true, "trigger_event_second": true,
}

func kindOf(f *wire.Field) kinds {
	switch {
	case f.Kind.Integer() && secondsFields[f.Name]:
		return kindSeconds
	case f.Kind.Integer():
		return kindNumber
	}
	switch f.Kind {
	case wire.KindText, wire.KindRest, wire.KindString, wire.KindBlob:
		return kindText
	case wire.KindIPv4, wire.KindIPv6:
		return kindIP
	case wire.KindUUID:
		return kindUUID
	case wire.KindMAC:
		return kindMAC
	case wire.KindBytes:
		return kindBytes
	}
	return kindOther
}

// fits reports whether a value of one kind can be compared with l by a group of
// operators.
func (l *literal) fits(k kinds, g group) bool {
	if g == groupText {
		return l.quoted && k&(kindText|kindIP|kindUUID|kindMAC|kindBytes) != 0
	}
	switch k {
	case kindNumber:
		return l.isNumber
	case kindSeconds:
		return l.isNumber || l.isTime
	case kindText:
		return !l.isNumber
	}
	if g == groupOrder {
		return false
	}
	switch k {
	case kindIP:
		return l.prefix.IsValid()
	case kindUUID:
		return l.uuid != ""
	case kindMAC:
		return l.mac != ""
	case kindBytes:
		return l.quoted
	}
	return false
}
