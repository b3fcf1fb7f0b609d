package text

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"net/netip"
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode/utf8"
)

func TestAppendUint(t *testing.T) {
	try := func(v uint64) {
		t.Helper()
		if got, want := string(AppendUint([]byte("x"), v)), "x"+strconv.FormatUint(v, 10); got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
	for v := range uint64(1100) {
		try(v)
	}
	for p := uint64(1); ; p *= 10 {
		try(p - 1)
		try(p)
		try(p + 1)
		if p > math.MaxUint64/10 {
			break
		}
	}
	try(math.MaxUint32)
	try(math.MaxUint32 + 1)
	try(math.MaxUint64)
	r := rand.New(rand.NewPCG(1, 2))
	for range 10000 {
		try(r.Uint64() >> r.UintN(64))
	}
}

func TestHex(t *testing.T) {
	all := make([]byte, 256)
	for i := range all {
		all[i] = byte(i)
	}
	for n := range 40 {
		if got, want := string(AppendHex([]byte("x"), all[100:100+n])), "x"+hex.EncodeToString(all[100:100+n]); got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
	if got, want := string(AppendHex(nil, all)), hex.EncodeToString(all); got != want {
		t.Errorf("%s, want %s", got, want)
	}
	for _, c := range []struct{ got, want string }{
		{string(AppendUUID(nil, all[0xa0:0xb0])), "a0a1a2a3-a4a5-a6a7-a8a9-aaabacadaeaf"},
		{string(AppendUUID(nil, make([]byte, 16))), "00000000-0000-0000-0000-000000000000"},
		{string(AppendUUID(nil, append(make([]byte, 15), 1))), "00000000-0000-0000-0000-000000000001"},
		{string(AppendUUID(nil, nil)), ""},
		{string(AppendMAC(nil, all[0xa0:0xa6])), "a0:a1:a2:a3:a4:a5"},
		{string(AppendHexGroups(nil, all[:16])), "0001:0203:0405:0607:0809:0a0b:0c0d:0e0f"},
	} {
		if c.got != c.want {
			t.Errorf("%s, want %s", c.got, c.want)
		}
	}
}

// ipText is the rule as the reference states it.
func ipText(a [16]byte) string {
	ip := netip.AddrFrom16(a)
	if ip.Is4In6() {
		return ip.Unmap().String()
	}
	if [12]byte(a[:12]) == ([12]byte{}) && a[12]|a[13] != 0 {
		return fmt.Sprintf("::%d.%d.%d.%d", a[12], a[13], a[14], a[15])
	}
	return strings.TrimPrefix(ip.String(), "::ffff:")
}

func TestAppendIP(t *testing.T) {
	for _, c := range []struct{ address, want string }{
		{"::", "::"},
		{"::1", "::1"},
		{"::ffff", "::ffff"},
		{"::1.2.3.4", "::1.2.3.4"},
		{"::0.2.0.3", "::0.2.0.3"},
		{"::0.0.2.3", "::203"},
		{"::ffff:0.0.0.0", "0.0.0.0"},
		{"::ffff:255.10.0.1", "255.10.0.1"},
		{"::ffff:0:a01:203", "0:a01:203"},
		{"::fffe:0:a01:203", "::fffe:0:a01:203"},
		{"2001:db8::1", "2001:db8::1"},
		{"1:0:2:0:0:3:0:0", "1:0:2::3:0:0"},
		{"fe80::98bc:3f27", "fe80::98bc:3f27"},
	} {
		a := netip.MustParseAddr(c.address).As16()
		got := string(AppendIP([]byte("x"), a[:]))
		if got != "x"+c.want {
			t.Errorf("%s: %s, want x%s", c.address, got, c.want)
		}
		if colon := strings.Contains(c.want, ":"); PrintsColon(a[:]) != colon {
			t.Errorf("PrintsColon(%s) = %v, want %v", c.address, !colon, colon)
		}
	}
	r := rand.New(rand.NewPCG(1, 2))
	for range 50000 {
		var a [16]byte
		// Runs of zeros and ffff in every place.
		for i := 0; i < 16; i += 2 {
			switch r.UintN(4) {
			case 0:
				a[i], a[i+1] = byte(r.Uint32()), byte(r.Uint32())
			case 1:
				a[i], a[i+1] = 0xff, 0xff
			}
		}
		if got, want := string(AppendIP(nil, a[:])), ipText(a); got != want {
			t.Fatalf("%x: %s, want %s", a, got, want)
		}
	}
	if got := string(AppendIP(nil, []byte{10, 0, 200, 3})); got != "10.0.200.3" {
		t.Errorf("4 bytes: %s", got)
	}
	if got := string(AppendIP(nil, []byte{1, 2})); got != "0102" {
		t.Errorf("2 bytes: %s", got)
	}
}

// jsonText is AppendJSON written the simple way.
func jsonText(s []byte) string {
	if !utf8.Valid(s) {
		return hex.EncodeToString(s)
	}
	var b strings.Builder
	for _, r := range strings.ReplaceAll(string(s), "\x00", "") {
		short := strings.IndexRune("\"\\\n\r\t\b\f", r)
		switch {
		case short >= 0:
			b.WriteString(`\` + `"\nrtbf`[short:short+1])
		case r >= ' ' && r <= '~':
			b.WriteRune(r)
		case r > 0xffff:
			fmt.Fprintf(&b, `\u%04x\u%04x`, 0xd800+(r-0x10000)>>10, 0xdc00+(r-0x10000)&0x3ff)
		default:
			fmt.Fprintf(&b, `\u%04x`, r)
		}
	}
	return b.String()
}

func checkJSON(t *testing.T, s []byte) {
	t.Helper()
	got := string(AppendJSON(nil, s))
	if want := jsonText(s); got != want {
		t.Errorf("%q: %s, want %s", s, got, want)
	}
	if !utf8.Valid(s) {
		return
	}
	for _, c := range []struct{ text, want string }{
		{got, strings.ReplaceAll(string(s), "\x00", "")},
		{string(AppendJSONString(nil, s)), string(s)},
	} {
		var back string
		if err := json.Unmarshal([]byte(`"`+c.text+`"`), &back); err != nil || back != c.want {
			t.Errorf("%q reads back as %q (%v), want %q", c.text, back, err, c.want)
		}
	}
}

func TestAppendJSON(t *testing.T) {
	for i := range 256 {
		// Each byte in each place of a word, and after one.
		for at := range 17 {
			s := []byte(strings.Repeat("a", 20))
			s[at] = byte(i)
			checkJSON(t, s)
		}
	}
	for _, s := range []string{"", "plain", "caf\u00e9", "\u2028\u007f\u0080", "\U0001f600</a>&", "a\x00b", "\xff", "abcdefgh\xe2\x82", "\"\\\b\f\n\r\t\x1f"} {
		checkJSON(t, []byte(s))
	}
}

func FuzzAppendJSON(f *testing.F) {
	for _, s := range []string{"", "plain text of some length", "\x00\x01\"\\", "m\u00fcnchen", "\U0001f600", "abcdefg\xff", "01234567\x7f"} {
		f.Add([]byte(s))
	}
	f.Fuzz(checkJSON)
}

func TestAppendCEF(t *testing.T) {
	for _, c := range []struct{ in, want, header string }{
		{"", "", ""},
		{"plain", "plain", "plain"},
		{"Z\u00fcrich", "Z\u00fcrich", "Z\u00fcrich"},
		{"a=b", `"a=b"`, "a=b"},
		{`\"]|=`, `"\\\"\]\|="`, `\"]|=`},
		{"[", "[", "["},
		{"a\r\nb\x00", `a\r\nb`, `a\r\nb`},
		{"\xff=", "b'ff3d'", "b'ff3d'"},
		{"\u00fc|", "\u00fc\\|", "\u00fc|"},
	} {
		if got := string(AppendCEF([]byte("x"), []byte(c.in))); got != "x"+c.want {
			t.Errorf("%q: %s, want x%s", c.in, got, c.want)
		}
		if got := string(AppendCEFHeader([]byte("x"), []byte(c.in))); got != "x"+c.header {
			t.Errorf("%q in the header: %s, want x%s", c.in, got, c.header)
		}
	}
}

func TestAppendRepr(t *testing.T) {
	for _, c := range []struct{ in, want string }{
		{"alice", `'alice'`},
		{"o'neil", `"o'neil"`},
		{`o'n"eil`, `'o\'n"eil'`},
		{`say "x"`, `'say "x"'`},
		{`a\b`, `'a\\b'`},
		{"\t\n\r\x07\x7f\x00", `'\t\n\r\x07\x7f'`},
		{"m\u00fcnchen \U0001f600", "'m\u00fcnchen \U0001f600'"},
		{"\u00a0\u2028\U000e0001", `'\xa0\u2028\U000e0001'`},
		{"\xff", `b'ff'`},
	} {
		if got := string(AppendRepr(nil, []byte(c.in))); got != c.want {
			t.Errorf("%q: %s, want %s", c.in, got, c.want)
		}
	}
	if got, want := string(AppendStringObject(nil, 3, []byte("a\x00"))), `{'blockType': 3, 'blockLength': 10, 'data': 'a'}`; got != want {
		t.Errorf("%s, want %s", got, want)
	}
}

func TestDates(t *testing.T) {
	d := Dates{Location: time.FixedZone("", 3600)}
	for range 2 { // rendered, then from memory
		for _, c := range []struct {
			second uint32
			micro  uint64
			want   string
		}{
			{1700000000, 0, "2023-11-14T23:13:20"},
			{1700000000, 7, "2023-11-14T23:13:20.000007"},
			{1700000000, 1000000, "2023-11-14T23:13:21"},
			{1700000064, 0, "2023-11-14T23:14:24"}, // the same place in memory as the first
			{0, 0, "1970-01-01T01:00:00"},
			{math.MaxUint32, 4294967295, "2106-02-07T08:39:49.967295"},
		} {
			if got := string(d.Append(nil, c.second, c.micro)); got != c.want {
				t.Errorf("%d and %d microseconds: %s, want %s", c.second, c.micro, got, c.want)
			}
		}
	}
}
