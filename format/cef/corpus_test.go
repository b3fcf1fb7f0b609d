package cef_test

import (
	"encoding/json"
	"strings"
	"testing"

	"estream/format"
	"estream/format/cef"
	"estream/internal/corpus"
	"estream/meta"
	"estream/wire"
)

const corpusPrefix = "<13>Jan 02 03:04:05 encore "

// eachLine formats the corpus message by message.
func eachLine(t testing.TB, f format.Format, visit func(i int, h wire.RecordHeader, line string)) {
	t.Helper()
	set := loadLayouts(t)
	worker := format.NewWorker(set, f)
	i := 0
	err := meta.NewTables().Scan(corpus.Read(t, corpus.Messages), wire.NewDecoder(set, meta.Wanted), func(part []byte, s *meta.Snapshot) error {
		for len(part) > 0 {
			message, rest, err := wire.NextMessage(part)
			if err != nil {
				return err
			}
			part = rest
			h, _ := wire.PeekRecord(message)
			line, _ := worker.Append(nil, message, s)
			visit(i, h, strings.TrimSuffix(string(line), "\n"))
			i++
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// TestCorpus compares every line with eNcore's, for both adapters. Where eNcore
// fails on a record of the mapping there is a line nevertheless.
func TestCorpus(t *testing.T) {
	for _, c := range []struct {
		name    string
		variant cef.Variant
		failed  map[uint16]bool // record types that eNcore fails on, and that have a line here
	}{
		{"cef", cef.CEF, map[uint16]bool{71: true}},
		{"cef2", cef.CEF2, map[uint16]bool{2: true, 71: true, 400: true}},
	} {
		t.Run(c.name, func(t *testing.T) {
			refs := strings.Split(strings.TrimSuffix(string(corpus.Read(t, "dev."+c.name+".txt.gz")), "\n"), "\n")
			equal, none, mended, seen := 0, 0, map[uint16]int{}, 0
			eachLine(t, newFormat(t, cef.Options{Variant: c.variant, Prefix: []byte(corpusPrefix)}), func(i int, h wire.RecordHeader, line string) {
				seen++
				ref := refs[i]
				want := ref[1:]
				switch ref[0] {
				case '!':
					if (line != "") != c.failed[h.Type] || strings.HasPrefix(line, "{") {
						t.Errorf("message %d, record %d, on which eNcore fails: %q", i, h.Type, line)
					}
					mended[h.Type]++
					return
				case '~':
					if err := json.Unmarshal([]byte(want), &want); err != nil {
						t.Fatal(err)
					}
					want = strings.NewReplacer("\r", `\r`, "\n", `\n`).Replace(want)
				case '-':
					want = ""
					none++
				}
				if line != want {
					t.Fatalf("message %d, record %d:\n got %s\nwant %s", i, h.Type, line, want)
				}
				if line != "" {
					equal++
				}
			})
			t.Logf("%d equal, %d without line, eNcore fails on %v", equal, none, mended)
			if seen != len(refs) || equal == 0 {
				t.Errorf("%d messages, %d of them equal; the reference has %d", seen, equal, len(refs))
			}
			for typ := range c.failed {
				if mended[typ] == 0 {
					t.Errorf("no record %d in the corpus on which eNcore fails", typ)
				}
			}
		})
	}
}

// TestCEF2Mended holds the lines of records on which eNcore's adapter fails.
func TestCEF2Mended(t *testing.T) {
	set := loadLayouts(t)
	f := newFormat(t, cef.Options{Variant: cef.CEF2, Prefix: []byte{}})
	packet := append([]byte{0: 0xff, 14: 0x45, 33: 0}, "abc"...)
	got := lastLine(t, set, f, message(t, set, 0, 2, 0, fields{"device_id": 3, "event_id": 4, "event_second": 5, "packet_second": 6, "packet_data": packet}))
	want := "CEF:0|Cisco|Firepower|6.0|PKT:2:1|Packet Data|7|cs1=b'616263' cs1Label=payload deviceExternalId=3 dvchost=3 externalId=4 rt=5000 start=6000"
	if got != want {
		t.Errorf("\n got %s\nwant %s", got, want)
	}
	for blocked, act := range map[int]string{0: "act=Alerted ", 2: "act=Would Be Blocked ", 3: "act=3 ", 255: "act=255 "} {
		wants(t, lastLine(t, set, f, message(t, set, 0, 400, 60, fields{"blocked": blocked})), act)
	}
}
