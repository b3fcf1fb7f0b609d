package layouts

import (
	"testing"

	"estream/internal/corpus"
	"estream/wire"
)

// corpusMessages returns the messages of the corpus with one record and block type, or with typ 0 all of them.
func corpusMessages(b *testing.B, typ uint16, block uint32) (msgs [][]byte, size int) {
	d := wire.NewDecoder(Default(), nil)
	for rest := corpus.Read(b, corpus.Messages); len(rest) > 0; {
		msg, next, err := wire.NextMessage(rest)
		if err != nil {
			b.Fatal(err)
		}
		rest = next
		if r, err := d.Decode(msg); err == nil && (typ == 0 || r.Type == typ && r.Block == block) {
			msgs = append(msgs, msg)
			size += len(msg)
		}
	}
	return msgs, size
}

func BenchmarkDecode(b *testing.B) {
	for _, c := range []struct {
		name  string
		typ   uint16
		block uint32
		want  wire.Wanted
	}{
		{"mix/all", 0, 0, nil},
		{"connection174/all", 71, 174, nil},
		{"connection174/30fields", 71, 174, func(_ *wire.Layout, slot int) bool { return slot%5 == 0 }},
		{"intrusion85/all", 400, 85, nil},
	} {
		b.Run(c.name, func(b *testing.B) {
			msgs, size := corpusMessages(b, c.typ, c.block)
			d := wire.NewDecoder(Default(), c.want)
			b.SetBytes(int64(size) / int64(len(msgs)))
			b.ReportAllocs()
			for i := range b.N {
				if _, err := d.Decode(msgs[i%len(msgs)]); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkEncode(b *testing.B) {
	msgs, size := corpusMessages(b, 0, 0)
	d := wire.NewDecoder(Default(), nil)
	b.SetBytes(int64(size) / int64(len(msgs)))
	b.ReportAllocs()
	var out []byte
	for i := range b.N {
		r, err := d.Decode(msgs[i%len(msgs)])
		if err != nil {
			b.Fatal(err)
		}
		out = wire.AppendRecord(out[:0], r)
	}
}
