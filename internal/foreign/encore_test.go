package foreign

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net"
	"slices"
	"strings"
	"testing"

	"estream/internal/recordtest"
	"estream/layouts"
	"estream/pki"
	"estream/server"
	"estream/server/fault"
	"estream/server/release"
	"estream/session"
	"estream/wire"
)

// streamed is how many records the stream has behind its metadata.
const streamed = 1500

// An event is what the eNcore-like client can tell of a record.
type event struct {
	record uint16
	block  uint32
	sum    string
}

// dispatched are the record types whose block type the client reads.
var dispatched = []uint16{71, 125, 400, 500, 502}

// expected lists the records of a stream that are no metadata, with an archive time
// from start on.
func expected(t *testing.T, data []byte, start uint32) (list []event) {
	d := wire.NewDecoder(layouts.Default(), nil)
	for m := range recordtest.Split(t, data) {
		r, err := d.Decode(m)
		if err != nil {
			t.Fatal(err)
		}
		if r.Layout.Record.IsMetadata() || r.ArchiveTimestamp < start {
			continue
		}
		sum := sha256.Sum256(r.Body())
		e := event{record: r.Type, sum: hex.EncodeToString(sum[:])}
		if slices.Contains(dispatched, r.Type) {
			e.block = r.Block
		}
		list = append(list, e)
	}
	return list
}

// received lists what a client printed about records that are no metadata.
func received(t *testing.T, records []line) (list []event, metadata int) {
	for _, l := range records {
		record := uint16(l.number("record"))
		def, err := layouts.Default().Source().Record(record)
		if err != nil {
			t.Fatalf("record %d: %v", record, err)
		}
		if def.IsMetadata() {
			metadata++
			continue
		}
		sum, _ := l["sha256"].(string)
		list = append(list, event{record, uint32(l.number("block")), sum})
	}
	return list, metadata
}

// TestENcoreLike: the client gets every event it asked for, unchanged and in order,
// with metadata before, and its probe is nothing that the server complains about.
func TestENcoreLike(t *testing.T) {
	data, n := stream(t, streamed)
	withBundles(t, func(t *testing.T, cfg session.ServerConfig) {
		for _, start := range []uint32{0, inStart} {
			r := start1(t, data, n, cfg)
			want := expected(t, data, start)
			records, end := r.python(t, "encore_like.py", "--events", fmt.Sprint(len(want)), "--start", fmt.Sprint(start))
			got, metadata := received(t, records)
			if !slices.Equal(got, want) {
				t.Fatalf("from %d: %d events, want %d; the first that differs is %d", start, len(got), len(want), differs(got, want))
			}
			if metadata == 0 || records[0].number("record") == 0 {
				t.Errorf("from %d: no metadata", start)
			}
			bundles, singles := end.number("bundles"), end.number("singles")
			if (cfg.BundleMessages > 0) != (bundles > 0) || (cfg.BundleMessages > 0) == (singles > 0) || end.number("nulls") < bundles+singles+1 {
				t.Errorf("from %d: %d bundles, %d single messages, %d acknowledgements", start, bundles, singles, end.number("nulls"))
			}
			if log := r.log.String(); strings.Contains(log, "level=WARN") || strings.Contains(log, "level=ERROR") {
				t.Errorf("the server complains:\n%s", log)
			}
		}
	})
}

func start1(t *testing.T, data []byte, n int, cfg session.ServerConfig) *running {
	return start(t, data, n, func(s *server.Server) { s.Session = cfg })
}

// differs returns the first place at which two lists differ.
func differs(a, b []event) int {
	for i := range min(len(a), len(b)) {
		if a[i] != b[i] {
			return i
		}
	}
	return min(len(a), len(b))
}

// TestENcoreReleases: what older Management Centers sent, from one that pretends to be
// them: in each record the data block of that release, and no record that it did not
// know. The client cannot read the connection events of 6.2 to 6.7.
func TestENcoreReleases(t *testing.T) {
	data, n := stream(t, streamed)
	for name, blocks := range map[string]map[uint16]uint32{
		"6.0": {71: 160, 125: 62, 400: 60, 500: 56, 502: 56},
		"6.1": {71: 163, 125: 62, 400: 60, 500: 56, 502: 56},
		"6.7": nil,
		"7.0": {71: 173, 125: 80, 400: 81, 500: 79, 502: 79},
		"7.4": {71: 174, 125: 80, 400: 85, 500: 79, 502: 79},
	} {
		rel, err := release.Parse(name)
		if err != nil {
			t.Fatal(err)
		}
		var want []event
		for _, e := range expected(t, data, 0) {
			if rel.Serves(e.record) {
				// The stream has older blocks, too, which go out as they are.
				want = append(want, event{e.record, min(e.block, blocks[e.record]), ""})
			}
		}
		if len(want) == streamed {
			t.Fatalf("%s: the stream has no record that this release does not know", name)
		}
		r := start(t, data, n, func(s *server.Server) {
			s.Session = session.ServerConfig{BundleMessages: 50, Services: rel.Services}
			s.Highest, s.Serves = rel.Highest, rel.Serves
		})
		records, _, stderr, err := r.try(t, "encore_like.py", "--events", fmt.Sprint(len(want)))
		if blocks == nil {
			if err == nil || !strings.Contains(stderr, "record 71: block 168 at offset 72 cannot be read") {
				t.Errorf("%s: got %v, %s", name, err, stderr)
			}
			continue
		}
		if err != nil {
			t.Fatalf("%s: %v after %d records\n%s", name, err, len(records), stderr)
		}
		got, _ := received(t, records)
		for i := range got {
			got[i].sum = ""
		}
		if !slices.Equal(got, want) {
			i := differs(got, want)
			t.Errorf("%s: %d events, want %d; the first that differs is %d: %v", name, len(got), len(want), i, got[i:min(i+1, len(got))])
		}
	}
}

// TestENcoreCannotStand: the client is as strict as it should be: what ends eNcore
// ends it, too.
func TestENcoreCannotStand(t *testing.T) {
	data, n := stream(t, 100)
	for _, tt := range []struct {
		inner uint16
		fault string
		want  string
	}{
		{1, "", "inner message type 0x10004, only 4 can be read"},
		{0, "bundle:inner,after=10", "inner message type 0x10004, only 4 can be read"},
		{0, "unknown:record,after=10", "record type 0x270f is not known"},
		{0, "bundle:sequence,after=60", "bundle 3 after 1"},
		{0, "length:record,add=-1", "in a message of"},
		{0, "header:after=60", "header version 9"},
		{0, "drop:after=60", "encore_like: "}, // Python's TLS tells a reset as an end or as a reset
		{0, "close:after=60", "connection closed with 8 bytes missing"},
		{0, "error:after=60", "error message 19: b'No space'"},
		{0, "drop:at=information", "encore_like: "},
	} {
		r := start(t, data, n, func(s *server.Server) {
			s.Session = session.ServerConfig{BundleMessages: 50, InnerVersion: tt.inner}
			if tt.fault != "" {
				plan, err := fault.NewPlan([]string{tt.fault}, s.Log)
				if err != nil {
					t.Fatal(err)
				}
				s.Wrap = func(number uint64, c pki.Client, conn net.Conn) net.Conn { return plan.Wrap(number, c.Host, conn) }
			}
		})
		_, _, stderr, err := r.try(t, "encore_like.py", "--events", "100")
		if err == nil || !strings.Contains(stderr, tt.want) {
			t.Errorf("inner version %d, fault %q: got %v, %s; want %q", tt.inner, tt.fault, err, stderr, tt.want)
		}
	}
}
