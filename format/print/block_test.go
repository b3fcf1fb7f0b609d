package print_test

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"sync"
	"testing"

	"estream/format/flat/flattest"
	"estream/format/print"
	"estream/hosts"
	"estream/internal/durable/faultfs"
	"estream/internal/recordtest"
	"estream/layouts"
	"estream/meta"
	"estream/synth"
	"estream/wire"
)

// block returns a data block. Numbers have the size of their type, a string is a
// string block, bytes are what they are.
func block(typ uint32, parts ...any) []byte {
	b := binary.BigEndian.AppendUint32(nil, typ)
	b = append(b, 0, 0, 0, 0)
	for _, p := range parts {
		switch p := p.(type) {
		case uint8:
			b = append(b, p)
		case uint16:
			b = binary.BigEndian.AppendUint16(b, p)
		case uint32:
			b = binary.BigEndian.AppendUint32(b, p)
		case string:
			b = binary.BigEndian.AppendUint32(b, 0)
			b = binary.BigEndian.AppendUint32(b, uint32(len(p))+8)
			b = append(b, p...)
		case []byte:
			b = append(b, p...)
		default:
			panic(fmt.Sprintf("a part is %T", p))
		}
	}
	binary.BigEndian.PutUint32(b[4:], uint32(len(b)))
	return b
}

func address(s string) []byte {
	a := netip.MustParseAddr(s).As16()
	return a[:]
}

var windows = []byte{0xb1, 0xcb, 0x58, 0xa2, 0x2b, 0xd1, 0x44, 0x15, 0x8f, 0x52, 0x3f, 0xbf, 0x8d, 0xc8, 0x83, 0xa2}

// fullProfile returns the host profile of 5.3 and later (block 149) with something in
// each of its lists.
func fullProfile() []byte {
	const at = uint32(1700000000)
	none, empty := block(31), block(11)
	system := func(source uint32, devices ...[]byte) []byte {
		return block(130, windows, uint32(2), source, uint32(0), at, uint8(1), block(31, bytes.Join(devices, nil)))
	}
	server := block(104, uint16(443), uint32(7),
		block(31, block(106, uint32(1122), "nginx\x1b[31m", "1.24", at, uint32(0), uint32(0), block(11, block(51, "OpenSSL", "OpenSSL", "3.0.2", empty, empty)))),
		none, none, none, uint32(100), block(10, []byte("HTTP/1.1 400 Bad Request\r\n")),
		block(31, block(85, uint32(100), uint8(0), uint32(1))), none, none, block(31, block(123, uint32(1200))))
	binaryBanner := block(104, uint16(53), uint32(1), none, none, none, none, uint32(50), block(10, []byte{0, 1, 0xff}), none, none, none, none)
	return block(149,
		[]byte("0123456789abcdef"),
		block(11, block(143, address("::ffff:10.1.2.3"), at), block(143, address("2001:db8::3"), at)),
		uint8(2),
		block(31, system(0)), none, none, none, none, none, block(31, system(2), system(2)), none, none,
		block(31, system(1, block(131, "tablet", at, uint32(1), uint32(0)))), none, none, none, none,
		block(11, server), block(11, binaryBanner),
		block(11, block(4, uint16(0x0800)), block(4, uint16(0x86dd))), block(11, block(4, uint16(6)), block(4, uint16(17))),
		block(11, block(95, uint8(64), []byte{2, 0, 0, 0, 0, 7}, uint8(1), at)),
		at+1, uint32(0), uint16(3), uint16(100), uint8(0), uint8(1),
		block(31, block(112, uint32(5), at, uint32(676), uint32(638), "118.0", block(31, block(123, uint32(1201))), none)),
		"WS-0042", "first line\nsecond \u202eline", none, none, block(31, block(85, uint32(101), uint8(1), uint32(2)), block(9999, uint32(5))),
		block(11, block(48, uint32(14), uint32(3), uint32(0), "yes")),
		uint8(0), uint8(0),
		block(31, block(150, uint32(2), uint8(0), at, uint32(1), uint32(3), uint16(1), at, uint16(9), at, uint32(2), uint32(3), uint16(1), at, uint16(8))))
}

// names are those that the metadata of the corpus gives.
func names(t testing.TB) *meta.Snapshot {
	t.Helper()
	tables, d := meta.NewTables(), wire.NewDecoder(layouts.Default(), meta.Wanted)
	for message := range recordtest.Split(t, flattest.Corpus(t)) {
		if r, err := d.Decode(message); err == nil {
			tables.Apply(r)
		}
	}
	return tables.Snapshot()
}

func TestHostProfile(t *testing.T) {
	set := flattest.Layouts(t)
	o := print.Options{Names: names(t)}
	text := string(print.AppendBlock(nil, set, fullProfile(), o))
	check(t, text)
	golden(t, "host.txt", text)
	j, err := print.AppendBlockJSON(nil, set, fullProfile(), o)
	if err != nil {
		t.Fatal(err)
	}
	golden(t, "host.json", string(j)+"\n")

	// Without names the numbers are still there.
	text = string(print.AppendBlock([]byte("before\n"), set, fullProfile(), print.Options{Hex: true}))
	for _, want := range []string{
		"before\nhost 10.1.2.3, 2001:db8::3 (WS-0042): operating system b1cb58a2-2bd1-4415-8f52-3fbf8dc883a2; last seen 2023-11-14 22:13:21 UTC; 1 TCP server; 1 UDP server; 1 client application; 1 indication of compromise\n",
		"\n                application_id: 1122\n", "\n            00000000  00 01 ff  ",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("want %q in\n%s", want, text)
		}
	}
}

// generations are the block types of the full host profiles since 4.6.
var generations = []uint32{47, 92, 111, 135, 140, 149}

// profiles returns the host profiles that package hosts makes of a synthetic stream,
// a few of each generation, without message header.
func profiles(t testing.TB) (list [][]byte) {
	t.Helper()
	list, err := profilesOnce()
	if err != nil {
		t.Fatal(err)
	}
	return list
}

var profilesOnce = sync.OnceValues(func() (list [][]byte, err error) {
	fsys := faultfs.New()
	if err := errors.Join(fsys.MkdirAll("/data", 0o700), fsys.SyncDir("/")); err != nil {
		return nil, err
	}
	m, err := hosts.Open("/data/hosts", fsys, layouts.Default(), hosts.Options{})
	if err != nil {
		return nil, err
	}
	g, err := synth.New(layouts.Default(), synth.Options{Seed: 7})
	if err != nil {
		return nil, err
	}
	var batch []byte
	for range 5000 {
		batch = g.Append(batch)
	}
	m.Observe(0, 1, batch)
	for _, typ := range generations {
		n := 0
		q := hosts.Query{First: netip.IPv6Unspecified(), Last: netip.MustParseAddr("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"), DataType: 7, Notes: true, Banners: true, Block: typ}
		err = m.Profiles(q, func(message []byte) error {
			if n++; n <= 20 && len(message) > wire.HeaderSize {
				list = append(list, bytes.Clone(message[wire.HeaderSize:]))
			}
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	return list, nil
})

// TestProfiles: profiles of all generations are shown whole, as text and as JSON,
// and both say what package hosts reads in them.
func TestProfiles(t *testing.T) {
	set := flattest.Layouts(t)
	o := print.Options{Names: names(t)}
	seen := map[uint32]int{}
	for _, profile := range profiles(t) {
		typ := binary.BigEndian.Uint32(profile)
		seen[typ]++
		text := string(print.AppendBlock(nil, set, profile, o))
		head, body := check(t, text)
		l, err := set.Nested(1, typ)
		if err != nil {
			t.Fatal(err)
		}
		slots := make([]wire.Slot, len(l.Fields))
		for i := range slots {
			slots[i] = 1 << 32
		}
		fieldsOf(t, body, &wire.View{Layout: l, Slots: slots}, l.Fields)
		want, err := hosts.DecodeProfile(set, append(wire.AppendHeader(nil, wire.TypeSingleHostData, uint32(len(profile))), profile...))
		if err != nil {
			t.Fatal(err)
		}
		if !strings.HasPrefix(head, "\nhost "+want.Address.String()) {
			t.Errorf("%v: %s", want.Address, head)
		}
		j, err := print.AppendBlockJSON(nil, set, profile, o)
		if err != nil {
			t.Fatal(err)
		}
		var got struct {
			BlockType uint32 `json:"block_type"`
			IPAddress string `json:"ip_address"`
			Addresses []struct {
				IPAddress string `json:"ip_address"`
			} `json:"ip_addresses"`
			LastSeen uint32 `json:"host_last_seen"`
			NetBIOS  string
			TCP      []struct{ Port uint16 } `json:"tcp_servers"`
			UDP      []struct{ Port uint16 } `json:"udp_servers"`
		}
		if err := json.Unmarshal(j, &got); err != nil {
			t.Fatalf("%v in %s", err, j)
		}
		if len(got.Addresses) > 0 {
			got.IPAddress = got.Addresses[0].IPAddress
		}
		if got.BlockType != typ || got.IPAddress != want.Address.String() || got.LastSeen != uint32(want.LastSeen) || got.NetBIOS != want.NetBIOS || len(got.TCP)+len(got.UDP) != len(want.Servers) {
			t.Errorf("got %+v, want %+v", got, want)
		}
		for i, s := range append(got.TCP, got.UDP...) {
			if want.Servers[i].Port != s.Port {
				t.Errorf("%v: server %d on port %d, want %d", want.Address, i, s.Port, want.Servers[i].Port)
			}
		}
	}
	for _, typ := range generations {
		if seen[typ] < 5 {
			t.Errorf("%d profiles in block %d", seen[typ], typ)
		}
	}
}

// TestBlockRefused: what is no block says why, in both forms.
func TestBlockRefused(t *testing.T) {
	set := flattest.Layouts(t)
	whole := fullProfile()
	cut := bytes.Clone(whole)
	binary.BigEndian.PutUint32(cut[24+8+4:], 500) // the first address in the list
	for _, c := range []struct {
		block  []byte
		typ    uint32
		target error
		want   string
	}{
		{nil, 0, nil, "block 0: a data block begins with 8 bytes of header, there are fewer"},
		{[]byte{0, 0, 0, 149, 0, 0, 0, 8}, 149, nil, "block 149: a header and nothing behind it"},
		{[]byte{0, 0, 0, 149, 0, 0, 0, 7, 1}, 149, nil, "block 149: block length 7, expected 8 to 9, which is what there is"},
		{whole[:len(whole)-1], 149, nil, fmt.Sprintf("block 149: block length %d, expected 8 to %d, which is what there is", len(whole), len(whole)-1)},
		{block(9999, uint32(1)), 9999, wire.ErrUnknownBlock, "block 9999: block type has no layout"},
		{cut, 149, nil, "block 149: ip_addresses: block is longer than what holds it, at offset 44"},
	} {
		out, err := print.AppendBlockJSON([]byte("x"), set, c.block, print.Options{})
		var refused *print.BlockError
		if !errors.As(err, &refused) || refused.Block != c.typ || !strings.HasPrefix(err.Error(), c.want) || string(out) != "x" || c.target != nil && !errors.Is(err, c.target) {
			t.Errorf("got %q, %v; want %s", out, err, c.want)
		}
		text := string(print.AppendBlock([]byte("before\n"), set, c.block, print.Options{}))
		if rest, ok := strings.CutPrefix(text, "before\n"); !ok {
			t.Errorf("what was there before is gone: %s", text)
		} else if _, body := check(t, rest); !strings.HasPrefix(body, "undecoded: "+c.want) {
			t.Errorf("want %s in\n%s", c.want, text)
		}
	}
}

// TestBlockTrailing: bytes behind a block are kept.
func TestBlockTrailing(t *testing.T) {
	set := flattest.Layouts(t)
	b := append(block(95, uint8(64), []byte{2, 0, 0, 0, 0, 7}, uint8(1), uint32(0)), 0xab)
	text := string(print.AppendBlock(nil, set, b, print.Options{}))
	check(t, text)
	if want := "last_seen: 0\ntrailing: 1 byte behind the block\n    00000000  ab  "; !strings.Contains(text, want) {
		t.Errorf("want %q in\n%s", want, text)
	}
	j, err := print.AppendBlockJSON(nil, set, b, print.Options{})
	if want := `{"block_type":95,"block_name":"host_mac_address","ttl":64,"address":"02:00:00:00:00:07","primary":1,"last_seen":0,"trailing":{"hex":"ab"}}`; err != nil || string(j) != want {
		t.Errorf("%v, %s, want %s", err, j, want)
	}
}

// TestBlockConcurrently: the plans that all calls share may be used by all at once.
func TestBlockConcurrently(t *testing.T) {
	set := wire.NewLayouts(layouts.Default().Source())
	want := string(print.AppendBlock(nil, layouts.Default(), fullProfile(), print.Options{}))
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for range 5 {
				if got := string(print.AppendBlock(nil, set, fullProfile(), print.Options{})); got != want {
					t.Errorf("got\n%s", got)
				}
			}
		})
	}
	wg.Wait()
}
