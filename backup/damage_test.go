package backup_test

import (
	"archive/tar"
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"estream/backup"
	"estream/internal/durable"
)

// made returns a small backup.
func made(t *testing.T) []byte {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "data")
	server(t, durable.OS{}, dir, 20)
	var archive bytes.Buffer
	if _, err := backup.Create(t.Context(), dir, &archive, backup.Options{Temp: t.TempDir()}); err != nil {
		t.Fatal(err)
	}
	return archive.Bytes()
}

// refused restores a damaged backup: it must be refused, and nothing be left.
func refused(t *testing.T, what string, r io.Reader, want error) {
	t.Helper()
	root := t.TempDir()
	_, err := backup.Restore(t.Context(), r, filepath.Join(root, "copy"), backup.RestoreOptions{})
	if err == nil || want != nil && !errors.Is(err, want) {
		t.Errorf("%s: %v, want %v", what, err, want)
	}
	if entries, _ := os.ReadDir(root); len(entries) > 0 {
		t.Errorf("%s: left behind: %v", what, entries)
	}
}

// TestCut: a backup that ends early, wherever that is, is refused.
func TestCut(t *testing.T) {
	data := made(t)
	// What follows the manifest is the padding and the end mark of tar.
	end := bytes.LastIndex(data, []byte("manifest.json"))
	for n := 0; n < end; n += 509 {
		_, err := backup.Verify(t.Context(), limited(data, n))
		if !errors.Is(err, backup.ErrIncomplete) && !errors.Is(err, backup.ErrNotBackup) {
			t.Errorf("cut at %d of %d: %v", n, len(data), err)
		}
	}
	refused(t, "cut", limited(data, len(data)/2), backup.ErrIncomplete)
	refused(t, "empty", limited(data, 0), backup.ErrNotBackup)
	refused(t, "text", strings.NewReader(strings.Repeat("no archive\n", 1000)), backup.ErrNotBackup)
}

// TestBits: no altered bit gets into a restored file.
func TestBits(t *testing.T) {
	data := made(t)
	root := t.TempDir()
	if _, err := backup.Restore(t.Context(), bytes.NewReader(data), filepath.Join(root, "whole"), backup.RestoreOptions{}); err != nil {
		t.Fatal(err)
	}
	want := tree(t, durable.OS{}, filepath.Join(root, "whole"))
	found := 0
	for at := 0; at < len(data); at += 997 {
		altered := bytes.Clone(data)
		altered[at] ^= 1 << (at % 8)
		dir := filepath.Join(root, "altered")
		if _, err := backup.Restore(t.Context(), bytes.NewReader(altered), dir, backup.RestoreOptions{}); err != nil {
			found++
			continue
		}
		// The times in the archive, and its padding, are nobody's content.
		if got := tree(t, durable.OS{}, dir); !maps.Equal(got, want) {
			t.Errorf("a bit at %d changed the files unnoticed", at)
		}
		if err := os.RemoveAll(dir); err != nil {
			t.Fatal(err)
		}
	}
	if found < len(data)/997/3 {
		t.Errorf("of %d altered archives %d were refused", len(data)/997, found)
	}
}

// TestHostile: names that lead out of the directory, and what is no file.
func TestHostile(t *testing.T) {
	head, err := json.Marshal(backup.Manifest{Format: 1})
	if err != nil {
		t.Fatal(err)
	}
	archive := func(entries ...*tar.Header) io.Reader {
		var b bytes.Buffer
		w := tar.NewWriter(&b)
		for i, h := range append([]*tar.Header{{Name: "estream-backup.json", Size: int64(len(head))}}, entries...) {
			if h.Typeflag == 0 {
				h.Typeflag = tar.TypeReg
			}
			h.Mode = 0o600
			if err := w.WriteHeader(h); err != nil {
				t.Fatal(err)
			}
			content := bytes.Repeat([]byte{' '}, int(h.Size))
			if i == 0 {
				content = head
			}
			if _, err := w.Write(content); err != nil {
				t.Fatal(err)
			}
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		return &b
	}
	for _, name := range []string{"data/../../x", "data//etc/x", "x", "../x", "data/a/../../../x", `data/..\x`, "/x"} {
		refused(t, name, archive(&tar.Header{Name: name, Size: 1}), backup.ErrDamaged)
	}
	refused(t, "link", archive(&tar.Header{Name: "data/link", Typeflag: tar.TypeSymlink, Linkname: "/etc"}), backup.ErrDamaged)
	refused(t, "directory", archive(&tar.Header{Name: "data/dir", Typeflag: tar.TypeDir}), backup.ErrDamaged)
	refused(t, "twice", archive(&tar.Header{Name: "data/a", Size: 1}, &tar.Header{Name: "data/a", Size: 1}), os.ErrExist)
	refused(t, "no manifest", archive(&tar.Header{Name: "data/a", Size: 1}), backup.ErrIncomplete)
	refused(t, "manifest that is none", archive(&tar.Header{Name: "manifest.json", Size: 1}), backup.ErrDamaged)
	refused(t, "giant manifest", archive(&tar.Header{Name: "manifest.json", Size: 65 << 20}), backup.ErrDamaged)
	head = []byte(`{"format": 2}`)
	var newer *backup.FormatError
	if _, err := backup.Verify(t.Context(), archive()); !errors.As(err, &newer) || newer.Found != 2 {
		t.Errorf("newer format: %v", err)
	}
}

// TestNotEmpty: a directory with something in it is left alone, an empty one is used.
func TestNotEmpty(t *testing.T) {
	data := made(t)
	dir := filepath.Join(t.TempDir(), "copy")
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	name := filepath.Join(dir, "precious")
	put(t, durable.OS{}, name, "mine")
	_, err := backup.Restore(t.Context(), bytes.NewReader(data), dir, backup.RestoreOptions{})
	if !errors.Is(err, backup.ErrNotEmpty) || len(tree(t, durable.OS{}, dir)) != 1 {
		t.Errorf("%v, files %q", err, names(tree(t, durable.OS{}, dir)))
	}
	if err := os.Remove(name); err != nil {
		t.Fatal(err)
	}
	if _, err := backup.Restore(t.Context(), bytes.NewReader(data), dir, backup.RestoreOptions{}); err != nil {
		t.Error(err)
	}
	holds(t, durable.OS{}, dir, 0, 20)
}
