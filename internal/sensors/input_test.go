package sensors

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"net/netip"
	"testing"
	"time"
)

// A spooled record is one of a unified2 file: type and length in front of the body,
// everything in network byte order.
type spooled struct {
	typ  uint32
	body []byte
}

// unified2File takes a file apart.
func unified2File(t *testing.T, data []byte) (list []spooled) {
	t.Helper()
	for len(data) > 0 {
		n := binary.BigEndian.Uint32(data[4:])
		list = append(list, spooled{binary.BigEndian.Uint32(data), data[8 : 8+n]})
		data = data[8+n:]
	}
	return list
}

func (s spooled) word(offset int) uint32 { return binary.BigEndian.Uint32(s.body[offset:]) }

// event returns the number of the event that the record is of, or belongs to.
func (s spooled) event() uint32 { return s.word(s.eventAt()) }

func (s spooled) eventAt() int {
	if s.typ == 110 {
		return 12
	}
	return 4
}

// append appends the record as it stands in a file.
func (s spooled) append(data []byte) []byte {
	data = binary.BigEndian.AppendUint32(data, s.typ)
	data = binary.BigEndian.AppendUint32(data, uint32(len(s.body)))
	return append(data, s.body...)
}

// alert names an event by all that tells it from another one.
func (s spooled) alert() string {
	at, n := 36, 4 // addresses
	if s.typ == 105 || s.typ == 72 {
		n = 16
	}
	src, _ := netip.AddrFromSlice(s.body[at : at+n])
	dst, _ := netip.AddrFromSlice(s.body[at+n : at+2*n])
	ports := s.body[at+2*n:]
	return fmt.Sprintf("%d.%06d #%d %d:%d:%d class %d priority %d %v:%d > %v:%d", s.word(8), s.word(12), s.word(4), s.word(20), s.word(16), s.word(24),
		s.word(28), s.word(32), src, binary.BigEndian.Uint16(ports), dst, binary.BigEndian.Uint16(ports[2:]))
}

// A packet as it was on the wire, and when.
type packet struct {
	event               uint32
	second, microsecond uint32
	data                []byte
}

func (s spooled) packet() packet {
	return packet{event: s.word(4), second: s.word(12), microsecond: s.word(16), data: s.body[28:]}
}

// An eveLine is what these tests read of a line, with a library.
type eveLine struct {
	Timestamp string `json:"timestamp"`
	Type      string `json:"event_type"`
	Src       string `json:"src_ip"`
	Dst       string `json:"dest_ip"`
	SrcPort   uint16 `json:"src_port"`
	DstPort   uint16 `json:"dest_port"`
	Packet    string `json:"packet"`
	Payload   string `json:"payload"`
	Stream    int    `json:"stream"` // 1: the payload is of the stream, not of the packet
	Alert     struct {
		GID       uint32 `json:"gid"`
		SID       uint32 `json:"signature_id"`
		Rev       uint32 `json:"rev"`
		Signature string `json:"signature"`
		Category  string `json:"category"`
		Severity  uint32 `json:"severity"`
	} `json:"alert"`
}

func eveFile(t *testing.T, data []byte) (list []eveLine) {
	t.Helper()
	for line := range bytes.Lines(data) {
		var l eveLine
		if err := json.Unmarshal(line, &l); err != nil {
			t.Fatal(err)
		}
		list = append(list, l)
	}
	return list
}

func (l *eveLine) time(t *testing.T) time.Time {
	t.Helper()
	at, err := time.Parse("2006-01-02T15:04:05.999999-0700", l.Timestamp)
	if err != nil {
		t.Fatal(err)
	}
	return at
}

// alert names an alert like [spooled.alert], without what EVE does not number.
func (l *eveLine) alert(t *testing.T) string {
	at := l.time(t)
	return fmt.Sprintf("%d.%06d %d:%d:%d priority %d %v:%d > %v:%d", at.Unix(), at.Nanosecond()/1000, l.Alert.GID, l.Alert.SID, l.Alert.Rev, l.Alert.Severity,
		netip.MustParseAddr(l.Src), l.SrcPort, netip.MustParseAddr(l.Dst), l.DstPort)
}

func (l *eveLine) packet(t *testing.T) (p packet, ok bool) {
	t.Helper()
	data, err := base64.StdEncoding.DecodeString(l.Packet)
	if err != nil {
		t.Fatal(err)
	}
	at := l.time(t)
	return packet{second: uint32(at.Unix()), microsecond: uint32(at.Nanosecond() / 1000), data: data}, len(data) > 0
}

// alert names an intrusion event of the stream; with its number and class as
// unified2 has them, or without as EVE.
func (r record) alert(numbered bool) string {
	addr := func(name string) netip.Addr {
		a, _ := netip.AddrFromSlice(r.bytes[name])
		return a.Unmap()
	}
	number, class := "", ""
	if numbered {
		number, class = fmt.Sprintf("#%d ", r.nums["event_id"]), fmt.Sprintf("class %d ", r.nums["classification_id"])
	}
	return fmt.Sprintf("%d.%06d %s%d:%d:%d %spriority %d %v:%d > %v:%d", r.nums["event_second"], r.nums["event_microsecond"], number,
		r.nums["generator_id"], r.nums["rule_id"], r.nums["rule_revision"], class, r.nums["priority_id"],
		addr("source_ip_address"), r.nums["source_port_or_icmp_type"], addr("destination_ip_address"), r.nums["destination_port_or_icmp_code"])
}

func (r record) packet() packet {
	return packet{uint32(r.nums["event_id"]), uint32(r.nums["packet_second"]), uint32(r.nums["packet_microsecond"]), r.bytes["packet_data"]}
}
