package unified2

import (
	"bytes"
	"strings"
	"testing"
)

func TestNames(t *testing.T) {
	tests := []struct {
		name   string
		lane   string // "" when the file is not part of a spool without prefix
		stamp  uint64
		n      uint64
		prefix string // with which it is part, too
	}{
		{"snort.u2.1700000000", "snort.u2.*", 1700000000, 0, "snort.u2"},
		{"merged.log.1700000000", "merged.log.*", 1700000000, 0, "merged.log"},
		{"unified2.alert.1700000000", "unified2.alert.*", 1700000000, 0, "unified2.alert"},
		{"snort.u2.1700000000.12", "snort.u2.*", 1700000000, 12, "snort.u2"},
		{"snort.1700000000.u2", "snort.*.u2", 1700000000, 0, "snort"},
		{"alerts.u2", "alerts.u2", 0, 0, "alerts.u2"},
		{"unified2.log", "unified2.log", 0, 0, "unified2.log"},
		{"3_unified2.log.1700000000", "3_unified2.log.*", 1700000000, 0, "3_unified2.log"},
		{"barnyard.1700000000", "", 1700000000, 0, "barnyard"},
		{"unified2.log.1", "", 0, 0, ""},
		{"unified2.log.0", "", 0, 0, ""},
		{"unified2.log.1700000000.gz", "", 1700000000, 0, ""},
		{"merged.log", "", 0, 0, "merged.log"},
		{".snort.u2.1700000000", "", 1700000000, 0, ""},
		{"snort.log.1700000000", "", 1700000000, 0, "snort.log"},
		{"unified2.waldo", "", 0, 0, ""},
	}
	for _, tt := range tests {
		l, k := splitName(tt.name)
		if k.Stamp != tt.stamp || k.N != tt.n {
			t.Errorf("%s: stamp %d.%d, want %d.%d", tt.name, k.Stamp, k.N, tt.stamp, tt.n)
		}
		if got := l.file(k); got != tt.name {
			t.Errorf("%s: put together again as %s", tt.name, got)
		}
		if got := wanted(tt.name, ""); got != (tt.lane != "") {
			t.Errorf("%s: wanted without prefix: %v", tt.name, got)
		}
		if tt.lane != "" && l.String(k.Stamp != 0) != tt.lane {
			t.Errorf("%s: lane %s, want %s", tt.name, l.String(k.Stamp != 0), tt.lane)
		}
		if tt.prefix != "" && !wanted(tt.name, tt.prefix) || wanted(tt.name, "other") {
			t.Errorf("%s: not selected by prefix %q alone", tt.name, tt.prefix)
		}
	}
}

func TestMarkCoding(t *testing.T) {
	in := []lanePosition{
		{Name: "snort.u2.*", Cur: fileKey{1700000000, 3}, High: fileKey{1700000009, 0}, Offset: 1 << 40, Hash: [8]byte{1, 2, 3}},
		{Name: "alerts.u2"},
	}
	mark := []byte{markVersion}
	for i := range in {
		mark = appendPosition(mark, &in[i])
	}
	out, err := decodeMark(mark)
	if err != nil || len(out) != 2 || out[0] != in[0] || out[1] != in[1] {
		t.Fatalf("got %+v, %v; want %+v", out, err, in)
	}
	for n := 1; n < len(mark); n++ {
		if got, err := decodeMark(mark[:n]); err == nil && !bytes.Equal(reencode(got), mark[:n]) {
			t.Errorf("mark cut to %d bytes was taken as %+v", n, got)
		}
	}
	if _, err := decodeMark([]byte{9}); err == nil || !strings.Contains(err.Error(), "version 9") {
		t.Errorf("newer version: got %v", err)
	}
	if _, err := decodeMark(make([]byte, maxMark+1)); err == nil {
		t.Error("a mark above the limit was taken")
	}
}

func reencode(all []lanePosition) []byte {
	b := []byte{markVersion}
	for i := range all {
		b = appendPosition(b, &all[i])
	}
	return b
}

func FuzzMark(f *testing.F) {
	f.Add([]byte{})
	f.Add(reencode([]lanePosition{{Name: "a.*", Cur: fileKey{1700000000, 0}, Offset: 5}}))
	f.Fuzz(func(t *testing.T, mark []byte) {
		all, err := decodeMark(mark)
		if err != nil {
			return
		}
		again, err := decodeMark(reencode(all))
		if err != nil || len(again) != len(all) {
			t.Fatalf("%+v did not survive: %v", all, err)
		}
	})
}
