package jsonl_test

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"estream/format"
	"estream/format/jsonl"
	"estream/internal/formattest"
	"estream/internal/recordtest"
	"estream/layouts"
	"estream/meta"
)

var profiles = []meta.Profile{meta.Compat, meta.Fixed, meta.Strict}

func profile(p meta.Profile) format.Format {
	return jsonl.New(jsonl.Options{Profile: p, Location: time.FixedZone("west", -3600)})
}

func parse(t *testing.T, line string) (v map[string]any) {
	t.Helper()
	d := json.NewDecoder(strings.NewReader(line))
	d.UseNumber()
	if err := d.Decode(&v); err != nil || strings.IndexAny(line, "\r\n") != len(line)-1 {
		t.Fatalf("%v in %q", err, line)
	}
	return v
}

// member follows a path of object keys.
func member(v any, path string) any {
	for name := range strings.SplitSeq(path, "/") {
		m, _ := v.(map[string]any)
		v = m[name]
	}
	return v
}

// TestEveryRecord: each profile gives every record one line of JSON in which no
// member appears twice.
func TestEveryRecord(t *testing.T) {
	set := layouts.Default()
	random := formattest.Random(t, set, 3)
	for _, p := range profiles {
		for name, stream := range map[string][]byte{"random": random, "corpus": formattest.Corpus(t), "damaged": formattest.Damaged(random)} {
			t.Run(p.String()+"/"+name, func(t *testing.T) {
				formattest.Lines(t, set, profile(p), stream, func(message []byte, line string) {
					v := parse(t, line)
					computed, _ := v["@computed"].(map[string]any)
					if computed == nil && v["rawReason"] == nil {
						t.Errorf("neither computed nor raw: %s", line)
					}
					if twice := repeated(t, line); twice != "" {
						t.Errorf("%s appears twice in %s", twice, line)
					}
					if date, ok := computed["eventDateTime"].(string); ok && p == meta.Strict {
						if at, err := time.Parse(time.RFC3339, date); err != nil || !strings.HasSuffix(date, "+00:00") || at.IsZero() {
							t.Errorf("eventDateTime %q: %v", date, err)
						}
					}
				})
			})
		}
	}
}

// repeated finds a name that stands twice in one object.
func repeated(t *testing.T, line string) string {
	t.Helper()
	d := json.NewDecoder(strings.NewReader(line))
	type level struct {
		seen   map[string]bool // nil for a list
		key    bool            // a name comes next
		object bool
	}
	var open []level
	for d.More() || len(open) > 0 {
		tok, err := d.Token()
		if err != nil {
			t.Fatal(err)
		}
		var top *level
		if len(open) > 0 {
			top = &open[len(open)-1]
		}
		if delim, ok := tok.(json.Delim); ok && (delim == '}' || delim == ']') {
			open = open[:len(open)-1]
			continue
		}
		if top != nil && top.object {
			if top.key {
				name := tok.(string)
				if top.seen[name] {
					return name
				}
				top.seen[name], top.key = true, false
				continue
			}
			top.key = true
		}
		switch tok {
		case json.Delim('{'):
			open = append(open, level{map[string]bool{}, true, true})
		case json.Delim('['):
			open = append(open, level{})
		}
	}
	return ""
}

// TestProfiles goes through what fixed and strict mend.
func TestProfiles(t *testing.T) {
	set := layouts.Default()
	translated := []byte{0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 0, 0, 10, 1, 2, 3}
	mapped := []byte{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 10, 1, 2, 3}
	for _, c := range []struct {
		name    string
		message []byte
		path    string
		want    [3]any // in the order of profiles
	}{
		{"date", recordtest.Message(t, set, 71, 174, nil), "@computed/eventDateTime",
			[3]any{"2023-11-14T21:13:20", "2023-11-14T21:13:20", "2023-11-14T22:13:20+00:00"}},
		{"mapped address", recordtest.Message(t, set, 71, 174, map[string]any{"initiator_ip_address": mapped}), "initiatorIpAddress",
			[3]any{"10.1.2.3", "10.1.2.3", "10.1.2.3"}},
		{"translated address", recordtest.Message(t, set, 71, 174, map[string]any{"initiator_ip_address": translated}), "initiatorIpAddress",
			[3]any{"0:a01:203", "0:a01:203", "::ffff:0:a01:203"}},
		{"IPv4 address as a number", recordtest.Message(t, set, 112, 156, map[string]any{"source_ip": 0x0a010203}), "sourceIp",
			[3]any{json.Number("167838211"), "10.1.2.3", "10.1.2.3"}},
		{"unknown device", recordtest.Message(t, set, 123, 0, nil), "@computed/sensor", [3]any{nil, nil, nil}},
		{"block type", recordtest.Message(t, set, 170, 165, nil), "blockType",
			[3]any{json.Number("0"), json.Number("0"), json.Number("165")}},
	} {
		for i, p := range profiles {
			out, _ := format.NewWorker(set, profile(p)).Append(nil, c.message, meta.Initial())
			if got := member(parse(t, string(out)), c.path); got != c.want[i] {
				t.Errorf("%s, %v: %v, want %v in %s", c.name, p, got, c.want[i], out)
			}
		}
	}
}

// TestDiscoveryHeader: what stands in front of a block that nobody knows is shown
// in all profiles.
func TestDiscoveryHeader(t *testing.T) {
	set := layouts.Default()
	m := recordtest.Message(t, set, 71, 174, nil)
	binary.BigEndian.PutUint32(m[24:], 77)
	i := strings.Index(string(m), "\x00\x00\x00\xae")
	binary.BigEndian.PutUint32(m[i:], 0xfeed)
	for _, p := range profiles {
		w := format.NewWorker(set, profile(p))
		out, counts := w.Append(nil, m, meta.Initial())
		v := parse(t, string(out))
		if counts.RawLines != 1 || v["deviceId"] != json.Number("77") || v["eventSecond"] != json.Number("0") || v["rawRecord"] == nil || v["@computed"] != nil {
			t.Errorf("%v: %s", p, out)
		}
		if at, raw := strings.Index(string(out), "deviceId"), strings.Index(string(out), "rawRecord"); at > raw {
			t.Errorf("%v: the header stands behind the raw record: %s", p, out)
		}
	}
}

func FuzzProfiles(f *testing.F) {
	set := layouts.Default()
	for message := range recordtest.Split(f, formattest.Random(f, set, 1)) {
		f.Add(bytes.Clone(message[8:]))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		for _, p := range profiles {
			formattest.Lines(t, set, profile(p), recordtest.Frame(data), func(_ []byte, line string) {
				parse(t, line)
				if twice := repeated(t, line); twice != "" {
					t.Errorf("%s appears twice in %s", twice, line)
				}
			})
		}
	})
}
