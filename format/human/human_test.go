package human_test

import (
	"bytes"
	"encoding/binary"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"estream/format/flat/flattest"
	"estream/format/human"
	"estream/wire"
)

func check(t *testing.T, line string) {
	t.Helper()
	text, ended := strings.CutSuffix(line, "\n")
	if !ended || !utf8.ValidString(text) || strings.ContainsFunc(text, func(r rune) bool { return !unicode.IsPrint(r) }) {
		t.Fatalf("not one line that prints: %q", line)
	}
	if len(line) > 80000 {
		t.Fatalf("a line of %d bytes", len(line))
	}
}

func TestEveryRecord(t *testing.T) {
	set := flattest.Layouts(t)
	random := flattest.Random(t, set, 4)
	for name, stream := range map[string][]byte{"random": random, "corpus": flattest.Corpus(t), "damaged": flattest.Damaged(random)} {
		t.Run(name, func(t *testing.T) {
			seen := map[uint16]bool{}
			flattest.Lines(t, set, human.New(human.Options{}), stream, func(message []byte, line string) {
				check(t, line)
				if h, ok := wire.PeekRecord(message); ok && name == "corpus" && !seen[h.Type] {
					seen[h.Type] = true
					t.Logf("%d: %s", h.Type, line)
				}
				if name == "corpus" && (strings.Contains(line, "  UNDECODED  ") || strings.ContainsAny(line, "{}")) {
					t.Errorf("%s", line)
				}
			})
		})
	}
}

var mapped = []byte{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff}

func TestLines(t *testing.T) {
	set := flattest.Layouts(t)
	ip := func(d byte) []byte { return append(append([]byte(nil), mapped...), 10, 1, 2, d) }
	six := append([]byte{0x20, 1, 0xd, 0xb8}, make([]byte, 12)...)
	for _, c := range []struct {
		record uint16
		block  uint32
		values map[string]any
		want   string
	}{
		{400, 85, map[string]any{"event_second": 1700000000, "generator_id": 1, "rule_id": 7, "rule_revision": 3, "source_ip_address": ip(3), "destination_ip_address": ip(4),
			"source_port_or_icmp_type": 1234, "destination_port_or_icmp_code": 80, "ip_protocol_id": 6, "blocked": 1, "impact_flags": 3},
			"2023-11-14 22:13:20Z Defense Center  INTRUSION  [1:7:3]  10.1.2.3:1234 -> 10.1.2.4:80  TCP  blocked=Yes  impact=3  ruleId=7\n"},
		{71, 174, map[string]any{"initiator_ip_address": six, "responder_ip_address": ip(4), "initiator_port": 5, "responder_port": 53, "protocol": 17, "client_url": "http://a/b c"},
			"2023-11-14 22:13:20Z Defense Center  CONNECTION  [2001:db8::]:5 -> 10.1.2.4:53  UDP  url=\"http://a/b c\"\n"},
		{123, 0, map[string]any{"id": 3, "name": "ftd\x1b[0m"},
			"2023-11-14 22:13:20Z -  Managed Device Metadata  id=3  name=\"ftd\\x1b[0m\"\n"},
	} {
		if got := flattest.Record(t, set, human.New(human.Options{}), c.record, c.block, c.values); got != c.want {
			t.Errorf("record %d:\n got %swant %s", c.record, got, c.want)
		}
	}
}

// TestLongValue: a value is cut between characters, and the line says so.
func TestLongValue(t *testing.T) {
	set := flattest.Layouts(t)
	long := strings.Repeat("x", human.MaxValue-1) + strings.Repeat("漢", 100)
	got := flattest.Record(t, set, human.New(human.Options{}), 500, 56, map[string]any{"file_name": long})
	if want := "  FILE  " + long[:human.MaxValue-1] + "...(+300)"; !strings.Contains(got, want) {
		t.Errorf("got %s, want %s in it", got, want)
	}
}

func TestUndecoded(t *testing.T) {
	set := flattest.Layouts(t)
	m := flattest.Message(t, set, 123, 0, map[string]any{"name": "x"})
	m[10], m[11] = 0x27, 0x0f
	flattest.Lines(t, set, human.New(human.Options{}), append(m, 0, 9), func(message []byte, line string) {
		want := "2023-11-14 22:13:20Z -  UNDECODED  record=9999  record type has no layout  bytes=33\n"
		if len(message) == 2 {
			want = "- -  UNDECODED  message cut short: 8 bytes expected, 2 there  bytes=2\n"
		}
		if line != want {
			t.Errorf("got %swant %s", line, want)
		}
	})
}

func FuzzText(f *testing.F) {
	set := flattest.Layouts(f)
	for stream := flattest.Random(f, set, 1); len(stream) > 0; {
		message, rest, err := wire.NextMessage(stream)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(bytes.Clone(message[8:]))
		stream = rest
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		message := binary.BigEndian.AppendUint64(nil, 1<<48|4<<32|uint64(uint32(len(data))))
		flattest.Lines(t, set, human.New(human.Options{}), append(message, data...), func(_ []byte, line string) { check(t, line) })
	})
}

// TestTwoDomains: no name stands twice in a line with a user's domain and a device's.
func TestTwoDomains(t *testing.T) {
	set := flattest.Layouts(t)
	stream := flattest.TwoDomains(t, set)
	var lines []string
	flattest.Lines(t, set, human.New(human.Options{}), stream, func(_ []byte, line string) { lines = append(lines, line) })
	for i, want := range []string{
		"2023-11-14 22:13:20Z Defense Center  VPN-LOGIN  rob  userDomain=corp  domain=Global\n",
		"2023-11-14 22:13:20Z Defense Center  User Login Change Event  user=bob  user.domain=corp  user.userId=7  domain=Global\n",
	} {
		if got := lines[2+i]; got != want {
			t.Errorf("got  %swant %s", got, want)
		}
	}
}
