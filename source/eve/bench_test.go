package eve

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"path/filepath"
	"testing"

	"estream/hosts"
	"estream/internal/durable"
	"estream/source"
)

// network repeats the lines of documented.json as often as they come in a network,
// with flows that begin, speak and end: mostly flow, dns and http.
func network(b testing.TB, flows int) (data []byte, lines int) {
	byType := map[string][]byte{}
	for line := range bytes.Lines(testFile(b, "documented.json")) {
		var e struct {
			Type string `json:"event_type"`
		}
		if err := json.Unmarshal(line, &e); err != nil {
			b.Fatal(err)
		}
		if byType[e.Type] == nil {
			byType[e.Type] = line
		}
	}
	var out bytes.Buffer
	add := func(id int, typ string) {
		line := bytes.Replace(byType[typ], []byte("2024-05-04T10:00:"), fmt.Appendf(nil, "2024-05-04T%02d:%02d:", 10+id/360000%10, id/6000%60), 1)
		i := bytes.Index(line, []byte(`"flow_id":`)) + len(`"flow_id":`)
		end := i + bytes.IndexByte(line[i:], ',')
		out.Write(line[:i])
		fmt.Fprintf(&out, "%d", 1_000_000_000_000_000+int64(id))
		out.Write(line[end:])
		lines++
	}
	for id := range flows {
		switch id % 20 {
		case 0, 1, 2, 3, 4, 5, 6:
			add(id, "dns")
		case 7, 8, 9:
			add(id, "http")
			if id%40 == 7 {
				add(id, "fileinfo")
			}
		case 10, 11, 12:
			add(id, "tls")
		case 13:
			if id%100 == 13 {
				add(id, "alert")
			}
		}
		add(id, "flow")
	}
	return out.Bytes(), lines
}

// BenchmarkConvert measures one core from a file to finished batches, without and
// with the network map.
func BenchmarkConvert(b *testing.B) {
	data, lines := network(b, 20_000)
	for _, mapped := range []bool{false, true} {
		b.Run(fmt.Sprintf("hosts=%v", mapped), func(b *testing.B) {
			src := once(b, data)
			take := func(context.Context, source.Batch) error { return nil }
			if mapped {
				m, err := hosts.Open(filepath.Join(b.TempDir(), "hosts"), durable.OS{}, src.Layouts, hosts.Options{})
				if err != nil {
					b.Fatal(err)
				}
				src.Hosts = m
				take = func(_ context.Context, batch source.Batch) error {
					m.Observe(m.Seq(), 1, batch.Data)
					return nil
				}
			}
			b.SetBytes(int64(len(data)))
			b.ReportAllocs()
			n := 0
			for b.Loop() {
				if err := src.Run(b.Context(), take); err != nil {
					b.Fatal(err)
				}
				n += lines
			}
			b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "lines/s")
		})
	}
}

// BenchmarkParse measures taking lines apart.
func BenchmarkParse(b *testing.B) {
	data, lines := network(b, 20_000)
	var s scanner
	var e event
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	n := 0
	for b.Loop() {
		for line := range bytes.Lines(data) {
			if why, at := e.parse(&s, line); why != "" {
				b.Fatalf("%s at %d: %s", why, at, line)
			}
		}
		n += lines
	}
	b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "lines/s")
}

// BenchmarkLibrary is what encoding/json takes for the few fields of an alert.
func BenchmarkLibrary(b *testing.B) {
	data, lines := network(b, 20_000)
	b.SetBytes(int64(len(data)))
	n := 0
	for b.Loop() {
		for line := range bytes.Lines(data) {
			var a eveAlert
			if err := json.Unmarshal(line, &a); err != nil {
				b.Fatal(err)
			}
		}
		n += lines
	}
	b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "lines/s")
}
