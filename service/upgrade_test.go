package service_test

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"io"
	"log/slog"
	"os"
	"path"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"estream/estreamtest"
	"estream/format/jsonl"
	"estream/internal/durable"
	"estream/internal/durable/faultfs"
	"estream/internal/recordtest"
	"estream/journal"
	"estream/layouts"
	"estream/output"
	"estream/output/file"
	"estream/service"
	"estream/source/fmc"
	"estream/wire"
)

// unpack makes a file system of an archive; its names become absolute.
func unpack(t *testing.T, name string) durable.FS {
	t.Helper()
	f, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	disk, archive := faultfs.New(), tar.NewReader(z)
	for {
		h, err := archive.Next()
		if errors.Is(err, io.EOF) {
			return disk
		}
		if err != nil {
			t.Fatal(err)
		}
		to := "/" + strings.TrimSuffix(h.Name, "/")
		if h.FileInfo().IsDir() {
			if err := durable.MkdirAll(disk, to, 0o700); err != nil {
				t.Fatal(err)
			}
			continue
		}
		text, err := io.ReadAll(archive)
		if err != nil {
			t.Fatal(err)
		}
		if err := durable.MkdirAll(disk, path.Dir(to), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := durable.ReplaceFile(disk, to, text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// TestUpgrade goes on with the state of earlier versions: nothing is asked for that
// they had, nothing is written twice, and what they learned still names things.
func TestUpgrade(t *testing.T) {
	states, err := filepath.Glob("testdata/state-*.tar.gz")
	if err != nil || len(states) == 0 {
		t.Fatalf("no states: %v", err)
	}
	for _, name := range states {
		t.Run(filepath.Base(name), func(t *testing.T) {
			disk := unpack(t, name)
			const events = "/state/events.json"
			before, err := durable.ReadFile(disk, events, 1<<24)
			if err != nil {
				t.Fatal(err)
			}
			sensor, second := newest(t, disk)
			// The device of the last event is named by metadata of the old journal only.
			next := recordtest.MessageAs(t, layouts.Default(), wire.RecordHeader{Extended: true, ArchiveTimestamp: second + 5}, connection, 174,
				recordtest.Fields{"header.device_id": int(sensor), "device_id": int(sensor), "connection_counter": 4711})
			center := estreamtest.Start(t, estreamtest.Negotiate(), func(c *estreamtest.Conn) error {
				if c.Request.Start != second-fmc.DefaultMargin {
					t.Errorf("asked from second %d, want %d", c.Request.Start, second-fmc.DefaultMargin)
				}
				return nil
			}, estreamtest.Send(next), estreamtest.Stall(nil))
			out := &service.Output{Name: "output", Format: jsonl.New(jsonl.Options{}), Open: func(saved []byte) (output.Output, error) {
				return file.OpenWith(file.Options{FS: disk, Path: events}, saved)
			}}
			stop := run(t, &service.Service{
				FS: disk, Outputs: []*service.Output{out}, Journal: journal.Options{SegmentBytes: 30000},
				Sources: []*service.Source{{Source: &fmc.Source{Addr: center.Addr(), TLS: center.ClientTLS(), Start: wire.StartOldest, Persist: true}}},
			})
			for end := time.Now().Add(time.Minute); out.Stats.Lines.Load() == 0; time.Sleep(time.Millisecond) {
				if time.Now().After(end) {
					t.Fatal("no line came")
				}
			}
			stop()
			after, err := durable.ReadFile(disk, events, 1<<24)
			if err != nil {
				t.Fatal(err)
			}
			added, ok := bytes.CutPrefix(after, before)
			if !ok || bytes.Count(added, []byte("\n")) != 1 || !bytes.Contains(added, []byte(`"connectionCounter": 4711`)) {
				t.Fatalf("%d bytes became %d; behind what was there stands %.300q", len(before), len(after), added)
			}
			if !bytes.Contains(added, []byte(`"sensor": "`)) {
				t.Errorf("the device has no name: %s", added)
			}
		})
	}
}

// newest returns the device and the second of the newest connection in a journal.
func newest(t *testing.T, disk durable.FS) (device uint64, second uint32) {
	t.Helper()
	j, err := journal.Open("/state/journal", journal.Options{FS: disk})
	if err != nil {
		t.Fatal(err)
	}
	defer j.Close(context.Background())
	second = j.MaxArchive(1)
	dec := wire.NewDecoder(layouts.Default(), nil)
	r := j.NewReader(j.First(), journal.ReaderOptions{})
	defer r.Close()
	for r.Position().Seq < j.End().Seq {
		v, err := r.Next(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for m := range recordtest.Split(t, v.Payload) {
			if rec, err := dec.Decode(m); err == nil && rec.Type == connection {
				device = rec.Uint(rec.Layout.Slot("device_id"))
			}
		}
	}
	if device == 0 || second == 0 {
		t.Fatalf("device %d, second %d", device, second)
	}
	return device, second
}

// TestStopWhileStarting: a stop that comes while the journal is read is no failure.
func TestStopWhileStarting(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	disk := unpack(t, "testdata/state-267f88a.tar.gz")
	s := &service.Service{State: "/state", FS: disk, Layouts: layouts.Default(), Log: slog.New(slog.DiscardHandler)}
	if err := s.Run(ctx); err != nil {
		t.Errorf("it ended with %v", err)
	}
}
