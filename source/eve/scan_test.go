package eve

import (
	"bytes"
	"encoding/json"
	"testing"
	"unicode/utf8"
)

func scan(text string) *scanner {
	s := new(scanner)
	s.reset([]byte(text))
	return s
}

func TestScanner(t *testing.T) {
	s := scan(`{"a" : "x\n\u00e4\ud83d\ude00\\\"\/" , "b":[1,2.5,"3",-4,true,null], "skip":{"x":[{}, "]}\""],"y":1e9},"c":null,"d":"","e":{}}`)
	var a, d string
	var b []uint64
	for s.enter('{'); s.next('}'); {
		switch string(s.key()) {
		case "a":
			a = string(s.str())
		case "b":
			for s.enter('['); s.next(']'); {
				n, ok := s.uint()
				if !ok {
					n = 99
				}
				b = append(b, n)
			}
		case "c":
			for s.enter('{'); s.next('}'); {
				t.Error("null has a member")
			}
		case "d":
			d = string(s.str())
		default:
			s.skip()
		}
	}
	if !s.end() {
		t.Fatalf("fault at %d", s.bad)
	}
	if want := "x\nä😀\\\"/"; a != want || d != "" {
		t.Errorf("strings: got %q and %q, want %q and none", a, d, want)
	}
	if want := []uint64{1, 2, 3, 99, 99, 99}; !equal(b, want) {
		t.Errorf("numbers: got %v, want %v", b, want)
	}
}

func equal[T comparable](a, b []T) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if a[i] != b[i] {
			return false
		}
	}
	return true
}

func TestScannerFaults(t *testing.T) {
	for _, text := range []string{``, `{`, `{"a"`, `{"a":`, `{"a":1`, `{"a":1,`, `{"a":"`, `{"a":"\`, `{"a":"\"}`, `{"a" 1}`, `{"a":1 "b":2}`, `{"a":}`, `{a:1}`, `{"a":1}}`,
		`{"a":1} x`, `{"a":[1 2]}`, `{"a":["x" "y"]}`, `{"a":{"b":1]`, `{"a":1,,"b":2}`, `{"a":[}`} {
		s := scan(text)
		for s.enter('{'); s.next('}'); {
			s.key()
			s.skip()
		}
		if s.end() {
			t.Errorf("%q: taken for JSON", text)
		}
	}
	for _, tt := range [][2]string{{`"\u12"`, `\u12`}, {`"\ud83dx"`, "\ufffdx"}, {`"\q"`, `\q`}, {"\"\xff\"", "\ufffd"}} {
		if got := string(scan(tt[0]).str()); got != tt[1] {
			t.Errorf("%s: got %q, want %q", tt[0], got, tt[1])
		}
	}
}

// FuzzScanner compares the scanner with a library: it reads every object that the
// library reads, with the same strings.
func FuzzScanner(f *testing.F) {
	for line := range bytes.Lines(testFile(f, "documented.json")) {
		f.Add(line)
	}
	f.Add([]byte(`{"a":"\u0000\ud800","b":[[[["`))
	f.Add([]byte("{\"a\":\"\\\\\\\"\xff\",\"\\u0061\":1}"))
	f.Fuzz(func(t *testing.T, data []byte) {
		var s scanner
		s.reset(data)
		got := map[string]string{}
		for s.enter('{'); s.next('}'); {
			k := string(s.key())
			if s.space() == '"' {
				got[k] = string(s.str())
			} else {
				delete(got, k)
				s.skip()
			}
		}
		ok := s.end()
		var want map[string]any
		if json.Unmarshal(data, &want) != nil || want == nil {
			return
		}
		if !ok {
			t.Fatalf("fault at %d in %q", s.bad, data)
		}
		for k, v := range want {
			if text, is := v.(string); is && got[k] != text && utf8.Valid(data) {
				t.Errorf("%q: got %q, want %q", k, got[k], text)
			}
		}
	})
}
