package request

import (
	"slices"
	"strings"
	"testing"

	"estream/wire"
)

func TestParseFlags(t *testing.T) {
	for _, c := range []struct {
		text string
		want wire.RequestFlags
	}{
		{"0x01F00004", 0x01f00004},
		{"4", 4},
		{"IDS+METADATA_4", wire.FlagIntrusion | wire.FlagMetadataV4},
		{"$FLAG_PKTS+$FLAG_SEND_ARCHIVE_TIMESTAMP", 0x00800001},
		{"intrusion + extended_request", wire.FlagIntrusion | wire.FlagExtendedRequest},
		{"0x48900061-pkts-DETAIL_REQUEST", 0x08900060},
		{"+EXTRA_DATA", 0x08000004},
		{"-IDS+rua", 0x00200000},
		{"0", 0},
	} {
		got, err := ParseFlags(c.text, 4)
		if err != nil || got != c.want {
			t.Errorf("%q: %v, %v; want %v", c.text, got, err, c.want)
		}
	}
	for _, text := range []string{"", "+", "IDS+", "IDS++RUA", "nothing", "0x80000000", "4294967296", "RUA|IDS"} {
		if got, err := ParseFlags(text, 4); err == nil {
			t.Errorf("%q: %v", text, got)
		}
	}
	for bit := range 31 {
		name := strings.Fields(FlagNames())[bit]
		if got, err := ParseFlags("FLAG_"+strings.ToLower(name), 0); err != nil || got != 1<<bit {
			t.Errorf("%s: %v, %v", name, got, err)
		}
	}
}

func TestParsePairs(t *testing.T) {
	got, err := ParsePairs("71=17, intrusion=11,21v4,Connection=9")
	want := []wire.EventPair{{Version: 17, Code: 71}, {Version: 11, Code: 12}, {Version: 4, Code: 21}, {Version: 9, Code: 71}}
	if err != nil || !slices.Equal(got, want) {
		t.Errorf("%v, %v", got, err)
	}
	if got, err := ParsePairs("default"); err != nil || !slices.Equal(got, wire.DefaultPairs()) {
		t.Errorf("%v, %v", got, err)
	}
	for _, text := range []string{"", "71", "71=", "=1", "71=65536", "65536=1", "0=1", "events=1", "71=17,,", strings.Repeat("1=1,", 1001) + "1=1"} {
		if got, err := ParsePairs(text); err == nil {
			t.Errorf("%.40q: %v", text, got)
		}
	}
}

// TestPlugins: the requests of the SDK's plugins, number by number.
func TestPlugins(t *testing.T) {
	want := map[string]wire.RequestFlags{"print": 0x01f00004, "pcap": 0x00800001, "csv": 0x00800004, "snmp": 0x00900004, "syslog": 0x00900004}
	for name, flags := range want {
		if p, ok := FindPlugin(name); !ok || p.Flags != flags {
			t.Errorf("%s: %v, want %v", name, p.Flags, flags)
		}
	}
	if HostFlags != 0x00100000 {
		t.Errorf("host requests: %v", wire.RequestFlags(HostFlags))
	}
}
