package follow

import (
	"bytes"
	"reflect"
	"testing"
)

func TestMark(t *testing.T) {
	in := position{dev: 1 << 63, ino: 1 << 62, offset: 1 << 60, modified: -5, head: headOf([]byte("abc"))}
	for i := range 2 * maxDone {
		in.remember(headOf(bytes.Repeat([]byte{byte(i)}, headSize)))
	}
	in.remember(in.done[3])
	in.remember(head{})
	mark := in.append(nil)
	out, err := decodeMark(mark)
	if err != nil || !reflect.DeepEqual(*out, in) || len(out.done) != maxDone {
		t.Fatalf("got %+v, %v; want %+v", out, err, in)
	}
	if len(mark) > MaxMark {
		t.Errorf("mark of %d bytes, at most %d promised", len(mark), MaxMark)
	}
	for n := 1; n < len(mark); n++ {
		if p, err := decodeMark(mark[:n]); err == nil && !bytes.Equal(p.append(nil), mark[:n]) {
			t.Errorf("mark cut to %d bytes was taken as %+v", n, p)
		}
	}
}

func FuzzMark(f *testing.F) {
	p := position{dev: 7, ino: 9, offset: 1000, modified: 1, head: headOf([]byte("abc")), done: []head{headOf([]byte("def"))}}
	f.Add(p.append(nil))
	f.Fuzz(func(t *testing.T, mark []byte) {
		p, err := decodeMark(mark)
		if err != nil || p == nil {
			return
		}
		again, err := decodeMark(p.append(nil))
		if err != nil || !reflect.DeepEqual(p, again) {
			t.Errorf("%+v did not survive: %+v, %v", p, again, err)
		}
	})
}

func TestNames(t *testing.T) {
	for _, tt := range []struct {
		base, name string
		want       bool
	}{
		{"eve.json", "eve.json.1", true}, {"eve.json", "eve.json.12.gz", true}, {"eve.json", "eve.json-20240131", true},
		{"eve.json", "eve-20240131.json", true}, {"eve.json", "eve-20240131.json.gz", true}, {"eve.json", "eve.json.old", true},
		{"alert_json.txt", "alert_json.txt.1700000000", true}, {"alert", "alert.1", true},
		{"eve.json", "eve.json", false}, {"eve.json", "eve.json.gz", false}, {"eve.json", "eve.1.json", false},
		{"eve.json", "eve.json.swp", false}, {"eve.json", "eve.json1", false}, {"eve.json", "eve-alerts.json", false},
		{"eve.json", "eve.json.", false}, {"eve.json", "other.json.1", false}, {"alert", "alert.txt", false},
	} {
		if got := isRotation(tt.base, tt.name); got != tt.want {
			t.Errorf("%s is a rotated %s: %v", tt.name, tt.base, got)
		}
	}
	for _, tt := range [][2]string{
		{"e.10", "e.9"}, {"e.2.gz", "e.1"}, {"e-20240131", "e-20240201"}, {"e.1700000000", "e.1700000001"}, {"e-20240131", "e-20240131.1"},
	} {
		if compareRotations(tt[0], tt[1]) >= 0 || compareRotations(tt[1], tt[0]) <= 0 {
			t.Errorf("%s is not older than %s", tt[0], tt[1])
		}
	}
}
