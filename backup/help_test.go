package backup_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"estream/internal/durable"
	"estream/journal"
)

// put writes a file with its directories.
func put(t *testing.T, fsys durable.FS, name, content string) {
	t.Helper()
	if err := durable.MkdirAll(fsys, filepath.Dir(name), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := durable.ReplaceFile(fsys, name, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}

// tree returns the content of all files below dir, by relative name.
func tree(t *testing.T, fsys durable.FS, dir string) map[string]string {
	t.Helper()
	all := map[string]string{}
	var walk func(string)
	walk = func(rel string) {
		entries, err := fsys.ReadDir(filepath.Join(dir, rel))
		if errors.Is(err, fs.ErrNotExist) && rel == "" {
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range entries {
			name := filepath.Join(rel, e.Name())
			if e.IsDir() {
				walk(name)
				continue
			}
			if !e.Type().IsRegular() {
				continue
			}
			data, err := durable.ReadFile(fsys, filepath.Join(dir, name), 1<<30)
			if err != nil {
				t.Fatal(err)
			}
			all[filepath.ToSlash(name)] = string(data)
		}
	}
	walk("")
	return all
}

func names(files map[string]string) []string { return slices.Sorted(maps.Keys(files)) }

// options are those of small segments that hold a few batches.
func options(fsys durable.FS) journal.Options {
	return journal.Options{FS: fsys, SegmentBytes: 4 << 10, CommitBytes: 1, Snapshot: func(dst []byte) []byte { return append(dst, "names"...) }}
}

// message is the n-th of a stream: number and filling.
func message(n int) []byte { return fmt.Appendf(nil, "%08d%s", n, strings.Repeat("x", 200)) }

// fill appends messages from to before end to a journal, one per batch, durably.
func fill(t *testing.T, j *journal.Journal, from, end int) {
	t.Helper()
	for n := from; n < end; n++ {
		_, err := j.Append(t.Context(), journal.Batch{Source: 1, Payload: [][]byte{message(n)}, Count: 1, MinArchive: 1, MaxArchive: 1, Mark: fmt.Append(nil, n+1)})
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := j.Sync(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func open(t *testing.T, fsys durable.FS, dir string) *journal.Journal {
	t.Helper()
	j, err := journal.Open(filepath.Join(dir, "journal"), options(fsys))
	if err != nil {
		t.Fatal(err)
	}
	return j
}

func closeJournal(t *testing.T, j *journal.Journal) {
	t.Helper()
	if err := j.Close(context.Background()); err != nil {
		t.Fatal(err)
	}
}

// holds reads the journal of a restored directory: it must hold the messages first to
// before end, each once, and go on at the mark behind them.
func holds(t *testing.T, fsys durable.FS, dir string, first, end int) {
	t.Helper()
	j := open(t, fsys, dir)
	defer closeJournal(t, j)
	if f, e := j.First().Seq, j.End().Seq; f != uint64(first) || e != uint64(end) {
		t.Errorf("journal holds %d to %d, want %d to %d", f, e, first, end)
		return
	}
	if mark := string(j.LastMark(1)); end > first && mark != fmt.Sprint(end) {
		t.Errorf("mark %q, want %d", mark, end)
	}
	r := j.NewReader(j.First(), journal.ReaderOptions{})
	defer r.Close()
	for n := first; n < end; n++ {
		v, err := r.Next(t.Context())
		if err != nil {
			t.Fatalf("message %d: %v", n, err)
		}
		if !bytes.Equal(v.Payload, message(n)) {
			t.Fatalf("message %d is %.20q", n, v.Payload)
		}
	}
}

// A server is a data directory with something of everything.
func server(t *testing.T, fsys durable.FS, dir string, messages int) {
	t.Helper()
	for name, content := range map[string]string{
		"settings.json": "{}", "networkmap": "map", "sources.json": `{"version":1}`, "estream.env": "ESTREAM_LISTEN=:8302\n", "eve/one.flows.0": "open flows",
		"pki/ca.pem": "key", "pki/clients.json": "[]", "pki/clients/01.p12": "p12", "pki/lock": "",
		// What a backup leaves out.
		"sfestreamer.log": "lines", "settings.json.tmp-01": "half", "estream.pid": "7", "admin.lock": "",
	} {
		put(t, fsys, filepath.Join(dir, name), content)
	}
	j := open(t, fsys, dir)
	fill(t, j, 0, messages)
	c, err := j.OpenCursor("output", false)
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Save(t.Context(), journal.Position{Seq: uint64(messages / 2)}, []byte("state")); err != nil {
		t.Fatal(err)
	}
	closeJournal(t, j)
	put(t, fsys, filepath.Join(dir, "journal", "00000000000000000000-0000.seg.48.damaged"), "bytes")
}

// wanted are the files that a backup of server holds beside segments.
var wanted = []string{
	"estream.env", "eve/one.flows.0", "journal/cursors/output.cursor", "networkmap", "pki/ca.pem", "pki/clients.json", "pki/clients/01.p12", "settings.json", "sources.json",
}

// limited ends a stream after so many bytes.
func limited(data []byte, n int) io.Reader { return bytes.NewReader(data[:n]) }

func readFile(t *testing.T, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return data
}
