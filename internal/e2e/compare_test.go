package e2e

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"estream/journal"
)

// compare fails the test at the first difference of two streams of lines, and
// returns how many lines both have.
func compare(t *testing.T, what string, got, want io.Reader) (lines int) {
	t.Helper()
	a, b := make([]byte, 1<<20), make([]byte, 1<<20)
	var offset int64
	for {
		n, gotErr := io.ReadFull(got, a)
		m, wantErr := io.ReadFull(want, b)
		if err := errors.Join(unexpected(gotErr), unexpected(wantErr)); err != nil {
			t.Fatalf("%s: %v", what, err)
		}
		if !bytes.Equal(a[:n], b[:m]) {
			t.Fatalf("%s: %s", what, difference(a[:n], b[:m], offset, lines))
		}
		offset += int64(n)
		lines += bytes.Count(a[:n], []byte("\n"))
		if gotErr != nil {
			return lines
		}
	}
}

func unexpected(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return nil
	}
	return err
}

// difference describes where two pieces part; offset and lines lie before them.
func difference(got, want []byte, offset int64, lines int) string {
	at := 0
	for at < min(len(got), len(want)) && got[at] == want[at] {
		at++
	}
	lines += bytes.Count(got[:at], []byte("\n"))
	line := bytes.LastIndexByte(got[:at], '\n') + 1
	around := func(p []byte) string {
		end := bytes.IndexByte(p[line:], '\n')
		if end < 0 {
			end = len(p) - line
		}
		end += line
		return fmt.Sprintf("%.160q ... %.160q (line of %d bytes)", p[line:min(line+160, end)], p[min(max(line, at-40), end):end], end-line)
	}
	return fmt.Sprintf("differs at byte %d, line %d, column %d:\n got %s\nwant %s", offset+int64(at), lines+1, at-line+1, around(got), around(want))
}

// compareDecoded compares a collector's file with what decode makes of the stream
// that the server was given.
func compareDecoded(t *testing.T, file, stream string) (lines int) {
	t.Helper()
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	stdout(t, func(want io.Reader) { lines = compare(t, "collected file against decode", f, want) }, "decode", stream, "--format", "json")
	return lines
}

// compareCollected compares a collector's file with the output of a collector
// that nothing interrupted.
func compareCollected(t *testing.T, file, addr string, p place) {
	t.Helper()
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	stdout(t, func(want io.Reader) { compare(t, "collected file against an uninterrupted collect", f, want) },
		"collect", addr, "--pkcs12", p.pkcs12, "--start", "all", "--format", "json", "--exit-when-idle", "1s")
}

// compareJournal compares the messages in a journal that nobody has open with the
// stream in a file.
func compareJournal(t *testing.T, dir, stream string) {
	t.Helper()
	f, err := os.Open(stream)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	pr, pw := io.Pipe()
	go func() { pw.CloseWithError(readJournal(dir, pw)) }()
	defer pr.Close()
	compare(t, "journal "+dir+" against the stream", pr, f)
}

// readJournal writes the messages of a journal to w.
func readJournal(dir string, w io.Writer) (err error) {
	j, err := journal.OpenReadOnly(dir, journal.Options{})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, j.Close(context.Background())) }()
	r := j.NewReader(j.First(), journal.ReaderOptions{})
	defer r.Close()
	for {
		v, err := r.Next(context.Background())
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if _, err := w.Write(v.Payload); err != nil {
			return err
		}
	}
}

// journalEnd returns how many messages a journal holds that nobody has open.
func journalEnd(t *testing.T, dir string) uint64 {
	t.Helper()
	j, err := journal.OpenReadOnly(dir, journal.Options{})
	if errors.Is(err, fs.ErrNotExist) {
		return 0 // killed before it was created
	}
	if err != nil {
		t.Fatal(err)
	}
	defer j.Close(t.Context())
	return j.End().Seq
}

// journalBytes returns the length of a journal's segments.
func journalBytes(dir string) (total int64) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return 0 // not there yet
	}
	for _, e := range entries {
		if info, err := e.Info(); err == nil && strings.HasSuffix(e.Name(), ".seg") {
			total += info.Size()
		}
	}
	return total
}

func fileSize(path string) int64 {
	info, err := os.Stat(filepath.Clean(path))
	if err != nil {
		return 0
	}
	return info.Size()
}

// committed returns the length of the output file that its cursor vouches for.
// The cursor's file holds the output's state behind 40 bytes of its own.
func committed(t *testing.T, s sink) (length int64, ok bool) {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(s.journal(), "cursors", "output.cursor"))
	if errors.Is(err, fs.ErrNotExist) {
		return 0, false
	}
	var state struct{ Length int64 }
	if err == nil && len(b) > 40 {
		err = json.Unmarshal(b[40:], &state)
	}
	if err != nil {
		t.Fatal(err)
	}
	return state.Length, true
}
