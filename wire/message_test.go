package wire

import (
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"net/netip"
	"reflect"
	"strings"
	"testing"
)

// The negotiation printed in Cisco's support article on eNcore.
const (
	articleRequest     = "00010002000000080000000048900061"
	articleInformation = "000013890000000800000000000000000000138800000008000000000000000000001a0b000000080000000000000000"
	articleStreaming   = "000108010000003800001a0b0000003848900061000000000009000c000400150009001f000b003d000e00470004005b000700650006006f0002008300000000"
)

var articlePairs = []EventPair{{9, 12}, {4, 21}, {9, 31}, {11, 61}, {14, 71}, {4, 91}, {7, 101}, {6, 111}, {2, 131}}

func unhex(t testing.TB, s string) []byte {
	t.Helper()
	p, err := hex.DecodeString(strings.ReplaceAll(s, " ", ""))
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func equalHex(t *testing.T, what string, got []byte, want string) {
	t.Helper()
	if g := hex.EncodeToString(got); g != strings.ReplaceAll(want, " ", "") {
		t.Errorf("%s\n got %s\nwant %s", what, g, want)
	}
}

func TestArticleNegotiation(t *testing.T) {
	equalHex(t, "event stream request", AppendEventStreamRequest(nil, EventStreamRequest{0, DefaultFlags}), articleRequest)
	three := []Service{{ID: Service5001}, {ID: Service5000}, {ID: ServiceEStreamer}}
	equalHex(t, "streaming information", AppendStreamingInformation(nil, StreamingInformation{three})[HeaderSize:], articleInformation)
	streaming := Service{ID: ServiceEStreamer, Flags: DefaultFlags, Pairs: articlePairs}
	equalHex(t, "streaming request", AppendStreamingRequest(nil, StreamingRequest{[]Service{streaming}}, LengthInclusive), articleStreaming)

	r, err := ParseEventStreamRequest(unhex(t, articleRequest)[HeaderSize:])
	if want := (EventStreamRequest{0, 0x48900061}); err != nil || r != want {
		t.Errorf("event stream request: got %v, %v, want %v", r, err, want)
	}
	info, err := ParseStreamingInformation(unhex(t, articleInformation))
	if err != nil || !reflect.DeepEqual(info.Services, three) {
		t.Errorf("streaming information: got %v, %v, want %v", info.Services, err, three)
	}
	req, err := ParseStreamingRequest(unhex(t, articleStreaming)[HeaderSize:])
	if err != nil || !reflect.DeepEqual(req.Services, []Service{streaming}) {
		t.Errorf("streaming request: got %v, %v, want %v", req.Services, err, streaming)
	}
}

// Guide example: one service, three pairs: body 28, service length 20.
func TestGuideStreamingRequest(t *testing.T) {
	m := StreamingRequest{[]Service{{ID: 6667, Flags: 1 << 30, Start: 7, Pairs: []EventPair{{6, 71}, {4, 21}}}}}
	equalHex(t, "exclusive", AppendStreamingRequest(nil, m, LengthExclusive),
		"0001 0801 0000001c 00001a0b 00000014 40000000 00000007 0006 0047 0004 0015 0000 0000")
	equalHex(t, "inclusive", AppendStreamingRequest(nil, m, LengthInclusive),
		"0001 0801 0000001c 00001a0b 0000001c 40000000 00000007 0006 0047 0004 0015 0000 0000")
}

func TestParseStreamingRequest(t *testing.T) {
	const fixed = " 48900061 5edf9d26 "
	pair := []EventPair{{9, 12}}
	one := func(id uint32, p []EventPair) Service { return Service{id, DefaultFlags, 0x5edf9d26, p} }
	for name, c := range map[string]struct {
		body string
		want []Service // nil: an error that holds text
		text string
	}{
		"inclusive length":           {"00001a0b 00000018" + fixed + "0009000c 00000000", []Service{one(6667, pair)}, ""},
		"exclusive length":           {"00001a0b 00000010" + fixed + "0009000c 00000000", []Service{one(6667, pair)}, ""},
		"zero length":                {"00001a0b 00000000" + fixed + "0009000c 00000000", []Service{one(6667, pair)}, ""},
		"giant length":               {"00001a0b fffffff0" + fixed + "0009000c 00000000", []Service{one(6667, pair)}, ""},
		"length that wraps":          {"00001a0b fffffffc" + fixed + "0009000c 00000000", []Service{one(6667, pair)}, ""},
		"no terminator":              {"00001a0b 0000000c" + fixed + "0009000c", []Service{one(6667, pair)}, ""},
		"no pairs":                   {"00001a0b 00000008" + fixed, []Service{one(6667, nil)}, ""},
		"two services":               {"00001388 00000008" + fixed + "00001a0b 00000010" + fixed + "0009000c 00000000", []Service{one(5000, nil), one(6667, pair)}, ""},
		"two services, inclusive":    {"00001388 00000010" + fixed + "00001a0b 00000018" + fixed + "0009000c 00000000", []Service{one(5000, nil), one(6667, pair)}, ""},
		"empty":                      {"", nil, "0 bytes found"},
		"15 bytes":                   {"00001a0b 00000008 48900061 5edf9d", nil, "15 bytes found, at least 16"},
		"half a pair":                {"00001a0b 0000000a" + fixed + "0009", nil, "event pairs of 2 bytes"},
		"bytes behind the zero pair": {"00001a0b 00000014" + fixed + "00000000 0009000c 00000000", nil, "8 bytes behind the closing zero pair of service 6667"},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := ParseStreamingRequest(unhex(t, c.body))
			if c.want == nil {
				var m *MessageError
				if !errors.As(err, &m) || m.Type != TypeStreamingRequest || !strings.Contains(err.Error(), c.text) {
					t.Fatalf("got %v, %v, want a MessageError with %q", got, err, c.text)
				}
				return
			}
			if err != nil || !reflect.DeepEqual(got.Services, c.want) {
				t.Fatalf("got %v, %v, want %v", got.Services, err, c.want)
			}
		})
	}
}

func TestErrorMessage(t *testing.T) {
	equalHex(t, "append", AppendErrorMessage(nil, ErrorMessage{-1, "no"}), "0001 0001 00000008 ffffffff 0002 6e6f")
	// The Guide's example counts a terminating NUL.
	got, err := ParseErrorMessage(unhex(t, "00000013 0009 4e6f20737061636500"))
	if want := (ErrorMessage{19, "No space"}); err != nil || got != want {
		t.Errorf("Guide example: got %v, %v, want %v", got, err, want)
	}
	got, err = ParseErrorMessage(unhex(t, "00000013 0050 4e6f20737061636500"))
	if want := (ErrorMessage{19, "No space"}); err == nil || got != want {
		t.Errorf("text length beyond the body: got %v, %v, want %v and an error", got, err, want)
	}
	if _, err = ParseErrorMessage(unhex(t, "0000001300")); err == nil {
		t.Error("5 bytes: no error")
	}
	long := ErrorMessage{1, strings.Repeat("x", 70000)}
	got, err = ParseErrorMessage(AppendErrorMessage(nil, long)[HeaderSize:])
	if err != nil || len(got.Text) != 65535 {
		t.Errorf("long text: got %d bytes, %v, want 65535", len(got.Text), err)
	}
}

func TestHostDataRequest(t *testing.T) {
	r := HostDataRequest{7, HostNotes | HostBanners, netip.MustParseAddr("10.0.0.0"), netip.MustParseAddr("10.255.255.255"), false}
	const long = "0001 0005 00000028 00000007 00000003 00000000000000000000ffff0a000000 00000000000000000000ffff0affffff"
	const short = "0001 0005 00000010 00000007 00000003 0a000000 0affffff"
	for _, form := range []string{long, short} {
		r.Legacy = form == short
		got, err := AppendHostDataRequest(nil, r)
		if err != nil {
			t.Fatal(err)
		}
		equalHex(t, "host data request", got, form)
		back, err := ParseHostDataRequest(got[HeaderSize:])
		if err != nil || back != r {
			t.Errorf("got %v, %v, want %v", back, err, r)
		}
		for n := range len(got) - HeaderSize {
			if n == 16 {
				continue // a prefix of the long form that is itself a form
			}
			if _, err := ParseHostDataRequest(got[HeaderSize:][:n]); err == nil {
				t.Errorf("%d bytes: no error", n)
			}
		}
	}
	r.Legacy, r.Last = true, netip.MustParseAddr("2001:db8::1")
	if got, err := AppendHostDataRequest([]byte{1}, r); err == nil || !bytes.Equal(got, []byte{1}) {
		t.Errorf("IPv6 in the legacy form: got %x, %v, want an error and dst as it was", got, err)
	}
	if _, err := AppendHostDataRequest(nil, HostDataRequest{}); err == nil {
		t.Error("no addresses: no error")
	}
}

func TestBundle(t *testing.T) {
	messages := unhex(t, "0001 0004 00000002 aabb 0001 0004 00000001 cc")
	for inner, want := range map[uint16]string{
		0: "0001 0fa2 0000001b 0000002a 00000001 0000 0004 00000002 aabb 0000 0004 00000001 cc",
		1: "0001 0fa2 0000001b 0000002a 00000001 0001 0004 00000002 aabb 0001 0004 00000001 cc",
	} {
		got, err := AppendBundle(nil, 42, 1, inner, messages)
		if err != nil {
			t.Fatal(err)
		}
		equalHex(t, fmt.Sprint("inner version ", inner), got, want)
		b, err := ParseBundle(got[HeaderSize:])
		if err != nil || b.ConnectionID != 42 || b.Sequence != 1 {
			t.Fatalf("got %v, %v", b, err)
		}
		var bodies []string
		for rest := b.Messages; len(rest) > 0; {
			h, m, next, err := NextBundled(rest)
			if err != nil || h.Version != inner || h.Type != TypeEventData {
				t.Fatalf("got %v, %v", h, err)
			}
			bodies = append(bodies, hex.EncodeToString(m[HeaderSize:]))
			rest = next
		}
		if want := []string{"aabb", "cc"}; !reflect.DeepEqual(bodies, want) {
			t.Errorf("got %v, want %v", bodies, want)
		}
	}
	for _, bad := range []string{"0002 0004 00000000", "0001 0004 000000", "0000 0004 00000001", "0000 0004 ffffffff 00"} {
		if _, _, _, err := NextBundled(unhex(t, bad)); err == nil {
			t.Errorf("%s: no error", bad)
		}
		if got, err := AppendBundle([]byte{9}, 0, 1, 0, unhex(t, bad)); err == nil || !bytes.Equal(got, []byte{9}) {
			t.Errorf("append %s: got %x, %v, want an error and dst as it was", bad, got, err)
		}
	}
	if _, err := ParseBundle(make([]byte, 7)); err == nil {
		t.Error("bundle of 7 bytes: no error")
	}
}

func TestRequestFlagsString(t *testing.T) {
	for f, want := range map[RequestFlags]string{
		0:            "0x00000000",
		DefaultFlags: "0x48900061 packets|impact_alerts|intrusion_impact|metadata_v4|archive_timestamp|extra_data|extended_request",
		1<<31 | 2:    "0x80000002 metadata_v1|bit31",
	} {
		if got := f.String(); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
	if DefaultFlags != 0x48900061 {
		t.Errorf("DefaultFlags: got %#x", uint32(DefaultFlags))
	}
	if got, want := fmt.Sprint(DefaultPairs()), "[12v11 21v4 31v9 61v11 71v17 91v7 101v8 111v7 131v2]"; got != want {
		t.Errorf("DefaultPairs: got %s, want %s", got, want)
	}
}

func TestHeaderAllocations(t *testing.T) {
	messages := bytes.Repeat(AppendHeader(nil, TypeEventData, 0), 100)
	dst := make([]byte, 0, 4096)
	if n := testing.AllocsPerRun(100, func() {
		var err error
		if dst, err = AppendBundle(dst[:0], 1, 1, 0, messages); err != nil {
			t.Fatal(err)
		}
	}); n != 0 {
		t.Errorf("AppendBundle: %v allocations, want 0", n)
	}
}

// FuzzMessages holds every Parse function to two promises: it returns for any
// bytes, and what it accepted survives being written and read again.
func FuzzMessages(f *testing.F) {
	for _, s := range []string{articleRequest, articleStreaming, "0001080300000030" + articleInformation} {
		f.Add(unhex(f, s))
	}
	f.Add(AppendErrorMessage(nil, ErrorMessage{19, "No space"}))
	f.Add(AppendNull(nil))
	host := HostDataRequest{7, 3, netip.MustParseAddr("10.0.0.0"), netip.MustParseAddr("::1"), false}
	m, _ := AppendHostDataRequest(nil, host)
	f.Add(m)
	m, _ = AppendBundle(nil, 1, 1, 0, AppendHeader(nil, TypeEventData, 0))
	f.Add(m)
	f.Fuzz(func(t *testing.T, p []byte) {
		h, ok := ParseHeader(p)
		if !ok {
			return
		}
		if again := AppendHeader(nil, h.Type, h.Length); h.Version == HeaderVersion && !bytes.Equal(again, p[:HeaderSize]) {
			t.Fatalf("header %x became %x", p[:HeaderSize], again)
		}
		body := p[HeaderSize:]
		if r, err := ParseEventStreamRequest(body); err == nil {
			if again := AppendEventStreamRequest(nil, r); !bytes.Equal(again[HeaderSize:], body) {
				t.Fatalf("event stream request %x became %x", body, again)
			}
		}
		if r, err := ParseStreamingRequest(body); err == nil {
			for _, form := range []LengthForm{LengthExclusive, LengthInclusive} {
				if form == LengthInclusive && len(r.Services) > 1 {
					break // may be read otherwise, as documented
				}
				again, err := ParseStreamingRequest(AppendStreamingRequest(nil, r, form)[HeaderSize:])
				if err != nil || !reflect.DeepEqual(again, r) {
					t.Fatalf("streaming request %v became %v, %v", r, again, err)
				}
			}
			again, err := ParseStreamingInformation(AppendStreamingInformation(nil, StreamingInformation(r))[HeaderSize:])
			if err != nil || !reflect.DeepEqual(again.Services, r.Services) {
				t.Fatalf("streaming information %v became %v, %v", r, again, err)
			}
		}
		if r, err := ParseErrorMessage(body); err == nil {
			if again, err := ParseErrorMessage(AppendErrorMessage(nil, r)[HeaderSize:]); err != nil || again != r {
				t.Fatalf("error message %v became %v, %v", r, again, err)
			}
		}
		if r, err := ParseHostDataRequest(body); err == nil {
			p, err := AppendHostDataRequest(nil, r)
			if err != nil {
				t.Fatal(err)
			}
			if again, err := ParseHostDataRequest(p[HeaderSize:]); err != nil || again != r {
				t.Fatalf("host data request %v became %v, %v", r, again, err)
			}
		}
		if b, err := ParseBundle(body); err == nil {
			clean := true
			for rest := b.Messages; len(rest) > 0 && clean; {
				_, m, next, err := NextBundled(rest)
				if clean = err == nil; clean && len(m)+len(next) != len(rest) {
					t.Fatalf("%d bytes became %d and %d", len(rest), len(m), len(next))
				}
				rest = next
			}
			if _, err := AppendBundle(nil, b.ConnectionID, b.Sequence, 0, b.Messages); (err == nil) != clean {
				t.Fatalf("NextBundled says %v, AppendBundle %v", clean, err)
			}
		}
	})
}
