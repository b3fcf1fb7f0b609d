package snort3

import (
	"bytes"
	"context"
	"encoding/json"
	"testing"
	"time"
	"unicode/utf8"

	"estream/layouts"
	"estream/source"
	"estream/source/sensor"
	"estream/wire"
)

// FuzzLine: no line does harm; what a JSON reader takes as an object is one here, too,
// with the same texts; and what comes out is whole records.
func FuzzLine(f *testing.F) {
	for _, s := range []string{full, standard, `{"msg":"\ud83d\ude00\u00e9\n\"\\","sid":1}`, `{"a":{"b":[1,2,{"c":null}]},"msg":"\x"}`, `{}`, `{"msg":"a`} {
		f.Add([]byte(s))
	}
	enc, err := sensor.NewEncoder(sensor.Options{Layouts: layouts.Default()})
	if err != nil {
		f.Fatal(err)
	}
	c := &converter{Encoder: enc, src: &Source{}, clock: clock{zone: time.UTC}}
	dec := wire.NewDecoder(layouts.Default(), nil)
	f.Fuzz(func(t *testing.T, line []byte) {
		var a alert
		var p parser
		ours := p.parse(line, &a)
		var theirs map[string]any
		if err := json.Unmarshal(line, &theirs); err == nil && theirs != nil && utf8.Valid(line) {
			if ours != nil && !tooDeep(theirs, 0) {
				t.Fatalf("refused: %v", ours)
			}
			keys := 0
			for k := range theirs {
				if k == "msg" {
					keys++
				}
			}
			if msg, ok := theirs["msg"].(string); ok && keys == 1 && bytes.Count(line, []byte("msg")) == 1 && ours == nil && msg != string(bytes.ToValidUTF8(a.msg, []byte("\ufffd"))) {
				t.Fatalf("msg is %q, want %q", a.msg, msg)
			}
		}
		why, _, err := c.convert(line)
		if (err == nil) != (why == "") {
			t.Fatalf("reason %q with error %v", why, err)
		}
		flushErr := c.Flush(t.Context(), func(_ context.Context, b source.Batch) error {
			for rest := b.Data; len(rest) > 0; {
				var m []byte
				var err error
				if m, rest, err = wire.NextMessage(rest); err != nil {
					return err
				}
				if _, err := dec.Decode(m); err != nil {
					return err
				}
			}
			return nil
		}, nil)
		if flushErr != nil {
			t.Fatal(flushErr)
		}
	})
}

func tooDeep(v any, depth int) bool {
	if depth > maxDepth {
		return true
	}
	switch v := v.(type) {
	case map[string]any:
		for _, e := range v {
			if tooDeep(e, depth+1) {
				return true
			}
		}
	case []any:
		for _, e := range v {
			if tooDeep(e, depth+1) {
				return true
			}
		}
	}
	return false
}
