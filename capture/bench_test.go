package capture

import (
	"bytes"
	"crypto/tls"
	"strings"
	"testing"
)

// BenchmarkRead reads a session of 13 MB, without TLS and with it.
func BenchmarkRead(b *testing.B) {
	var list []said
	for i := range uint64(100) {
		list = append(list, dialogue(i)...)
	}
	for _, version := range []uint16{0, tls12, tls13} {
		pieces, keys := plainPieces(list), ""
		name := "plain"
		if version != 0 {
			client := goClient()
			client.MaxVersion = version
			pieces, keys = goTLS(b, list, client, goServer())
			name = tls.VersionName(version)
		}
		file := usual.file(packetsOf(pieces, clientEnd, serverEnd))
		b.Run(strings.ReplaceAll(name, " ", ""), func(b *testing.B) {
			b.SetBytes(int64(len(file)))
			b.ReportAllocs()
			for b.Loop() {
				stats, err := Read(bytes.NewReader(file), Options{Keys: strings.NewReader(keys)}, func(m *Message) error { return m.Err })
				if err != nil || stats.Messages != uint64(len(list)) {
					b.Fatalf("%v, %+v", err, stats)
				}
			}
		})
	}
}
