package snort3

import (
	"context"
	"fmt"
	"log/slog"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"estream/internal/recordtest"
	"estream/layouts"
	"estream/source"
	"estream/wire"
)

// The lines in these tests are made by hand in the form that Snort 3 documents for
// alert_json and that its users publish; no sensor was at hand.

func quiet() *slog.Logger { return slog.New(slog.DiscardHandler) }

const readAt = 1735700000 // 2025-01-01T02:53:20Z, the time of reading in these tests

// full is a line with every field that Snort 3 can write.
const full = `{ "seconds" : 1735689599, "action" : "would_drop", "class" : "Attempted User Privilege Gain", "b64_data" : "R0VUIC8=", ` +
	`"client_bytes" : 97, "client_pkts" : 3, "dir" : "C2S", "dst_addr" : "198.51.100.7", "dst_ap" : "198.51.100.7:80", "dst_port" : 80, ` +
	`"eth_dst" : "52:54:00:1F:8A:1C", "eth_len" : 151, "eth_src" : "52:54:00:70:78:9F", "eth_type" : "0x800", "flowstart_time" : 1735689590, ` +
	`"geneve_vni" : 5, "gid" : 1, "icmp_code" : 0, "icmp_id" : 0, "icmp_seq" : 0, "icmp_type" : 0, "iface" : "eth3", "ip_id" : 3006, ` +
	`"ip_len" : 117, "msg" : "SERVER-WEBAPP \"quoted\" caf\u00e9 attempt", "mpls" : 77, "pkt_gen" : "raw", "pkt_len" : 137, "pkt_num" : 8, ` +
	`"priority" : 2, "proto" : "TCP", "rev" : 7, "rule" : "1:2019:7", "server_bytes" : 0, "server_pkts" : 2, "service" : "http", "sgt" : 0, ` +
	`"sid" : 2019, "src_addr" : "192.0.2.1", "src_ap" : "192.0.2.1:50284", "src_port" : 50284, "target" : "198.51.100.7", ` +
	`"tcp_ack" : 1, "tcp_flags" : "***AP***", "tcp_len" : 20, "tcp_seq" : 2, "tcp_win" : 229, "timestamp" : "12/31-23:59:59.153899", ` +
	`"tos" : 0, "ttl" : 64, "udp_len" : 0, "vlan" : 100 }`

// standard is a line with the fields that Snort 3 writes by itself.
const standard = `{ "timestamp" : "12/31-23:59:59.153899", "pkt_num" : 5, "proto" : "UDP", "pkt_gen" : "raw", "pkt_len" : 97, "dir" : "C2S", ` +
	`"src_ap" : "2001:db8::1:5353", "dst_ap" : "2001:db8::2:53", "rule" : "116:414:1", "action" : "allow" }`

func put(t testing.TB, lines ...string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "alert_json.txt")
	if err := os.WriteFile(path, []byte(strings.Join(lines, "\n")+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// convert runs a source over lines and returns the messages.
func convert(t testing.TB, s *Source, lines ...string) [][]byte {
	t.Helper()
	s.Path, s.Once, s.Layouts, s.TimeZone = put(t, lines...), true, layouts.Default(), time.UTC
	if s.Log == nil {
		s.Log = quiet()
	}
	if s.Now == nil {
		s.Now = func() time.Time { return time.Unix(readAt, 0) }
	}
	var all []byte
	err := s.Run(t.Context(), func(_ context.Context, b source.Batch) error {
		if n := len(slices.Collect(recordtest.Split(t, b.Data))); n != b.Count || b.MinArchive != readAt || b.MaxArchive != readAt {
			t.Errorf("batch of %d messages says %+v", n, b)
		}
		all = append(all, b.Data...)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return slices.Collect(recordtest.Split(t, all))
}

// show writes messages as text, each as its type and the fields that are asked for.
func show(t testing.TB, messages [][]byte, fields ...string) []string {
	t.Helper()
	dec := wire.NewDecoder(layouts.Default(), nil)
	var all []string
	for _, m := range messages {
		r, err := dec.Decode(m)
		if err != nil {
			t.Fatal(err)
		}
		s := fmt.Sprint(r.Type)
		for _, name := range fields {
			i := r.Layout.Slot(name)
			if i < 0 {
				continue
			}
			switch k := r.Layout.Fields[i].Kind; {
			case k.Integer():
				s += fmt.Sprintf(" %s=%d", name, r.Uint(i))
			case k == wire.KindIPv6:
				s += fmt.Sprintf(" %s=%v", name, netip.AddrFrom16([16]byte(r.Bytes(i))).Unmap())
			case k == wire.KindUUID:
				s += fmt.Sprintf(" %s=%.4x", name, r.Bytes(i))
			default:
				s += fmt.Sprintf(" %s=%s", name, r.Bytes(i))
			}
		}
		all = append(all, s)
	}
	return all
}

// event returns the event among the messages of one line, as show writes it.
func event(t testing.TB, s *Source, line string, fields ...string) string {
	t.Helper()
	for _, e := range show(t, convert(t, s, line), fields...) {
		if e == "400" {
			return ""
		}
		if rest, ok := strings.CutPrefix(e, "400 "); ok {
			return rest
		}
	}
	return "no event"
}
