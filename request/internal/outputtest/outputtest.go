// Package outputtest gives tests of the reference client's outputs what a session
// would: records, with the names that hold for them.
package outputtest

import (
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"testing"

	"estream/internal/corpus"
	"estream/internal/recordtest"
	"estream/layouts"
	"estream/meta"
	"estream/source/sensor"
	"estream/source/unified2"
	"estream/wire"
)

// Spools are the files that real Snort sensors wrote, in source/unified2/testdata.
var Spools = []string{"ipv6-alert.u2", "multi-packet-event.u2", "snort29-vlan-extradata.u2.gz"}

// Device names the sensor of the streams that Spool returns.
const Device = "edge"

// Names returns the maps of rules and classifications that belong to the streams.
func Names(t testing.TB) *sensor.Maps {
	t.Helper()
	root := "."
	for {
		if _, err := os.Stat(filepath.Join(root, "go.mod")); err == nil {
			break
		}
		root = filepath.Join(root, "..")
	}
	names, err := sensor.LoadMaps(filepath.Join(root, "internal", "demo", "data"), slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	return names
}

// Spool returns the content of a file of Spools and the stream that the sensor's
// source makes of it, metadata included.
func Spool(t testing.TB, name string) (file, stream []byte) {
	t.Helper()
	file = corpus.File(t, "source/unified2/testdata/"+name)
	path := filepath.Join(t.TempDir(), "spool.u2")
	if err := os.WriteFile(path, file, 0o600); err != nil {
		t.Fatal(err)
	}
	src := &unified2.Source{
		Dir: path, Once: true, Maps: Names(t), Sensor: sensor.Device{Name: Device}, Layouts: layouts.Default(), Log: slog.New(slog.DiscardHandler),
	}
	err := src.Run(t.Context(), func(_ context.Context, b unified2.Batch) error {
		stream = append(stream, b.Data...)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return file, stream
}

// An Output is what the reference client hands records to.
type Output interface {
	Record(d *wire.Decoder, r *wire.Record, message []byte, s *meta.Snapshot, err error) error
	Flush(ctx context.Context) error
	Close(ctx context.Context) error
}

// Give gives all messages of a stream to an output, decoded if they can be and each with
// the names that those before it taught. The test ends when the output fails.
func Give(t testing.TB, set *wire.Layouts, stream []byte, o Output) {
	t.Helper()
	d, scanner, tables := wire.NewDecoder(set, nil), wire.NewDecoder(set, meta.Wanted), meta.NewTables()
	for message := range recordtest.Split(t, stream) {
		err := tables.Scan(message, scanner, func(_ []byte, s *meta.Snapshot) error {
			r, err := d.Decode(message)
			return o.Record(d, r, message, s, err)
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}

// Feed is Give, and closes the output.
func Feed(t testing.TB, set *wire.Layouts, stream []byte, o Output) {
	t.Helper()
	Give(t, set, stream, o)
	if err := o.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
}
