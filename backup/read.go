package backup

import (
	"archive/tar"
	"bufio"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path/filepath"
	"strings"
)

// Verify reads a whole backup and compares each file with its digest. The error is one
// of r, ErrNotBackup, ErrIncomplete, ErrDamaged or a *FormatError (errors.Is and As).
func Verify(ctx context.Context, r io.Reader) (*Manifest, error) {
	return read(ctx, r, func(File, io.Reader) error { return nil })
}

// read goes through a backup. take gets each file and its content, of which it may
// leave the rest; size and mode are those of the archive, which are compared with
// the manifest only at the end.
func read(ctx context.Context, r io.Reader, take func(f File, content io.Reader) error) (*Manifest, error) {
	in := bufio.NewReaderSize(r, 1<<20)
	var source io.Reader = in
	if start, err := in.Peek(2); err == nil && start[0] == 0x1f && start[1] == 0x8b {
		zip, err := gzip.NewReader(in)
		if err != nil {
			return nil, fmt.Errorf("%w: %w", ErrDamaged, err)
		}
		source = zip
	}
	a := &archive{ctx: ctx, tar: tar.NewReader(source)}
	if err := a.head(); err != nil {
		return nil, err
	}
	for {
		m, err := a.next(take)
		if m != nil || err != nil {
			return m, err
		}
	}
}

// An archive is a backup that is being read.
type archive struct {
	ctx   context.Context
	tar   *tar.Reader
	files []File
}

// head reads the first file, which says whether the rest can be understood.
func (a *archive) head() error {
	h, err := a.tar.Next()
	if err != nil || h.Name != headName {
		if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) && !errors.Is(err, tar.ErrHeader) {
			return fmt.Errorf("read backup: %w", err)
		}
		return fmt.Errorf("%w: it does not begin with %s", ErrNotBackup, headName)
	}
	var m Manifest
	if err := a.json(h, &m); err != nil {
		return err
	}
	if m.Format != format {
		return &FormatError{m.Format}
	}
	return nil
}

// json reads a file of the archive that is not part of the data.
func (a *archive) json(h *tar.Header, m *Manifest) error {
	if h.Size > maxManifest {
		return fmt.Errorf("%w: %s has %d bytes, expected at most %d", ErrDamaged, h.Name, h.Size, maxManifest)
	}
	data, err := io.ReadAll(a.tar)
	if err != nil {
		return cut(err)
	}
	if err := json.Unmarshal(data, m); err != nil {
		return fmt.Errorf("%w: %s: %w", ErrDamaged, h.Name, err)
	}
	return nil
}

// next reads one file; the manifest, when that is reached and agrees with everything
// before it.
func (a *archive) next(take func(File, io.Reader) error) (*Manifest, error) {
	h, err := a.tar.Next()
	if errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("%w: it ends after %d files, without %s", ErrIncomplete, len(a.files), manifestName)
	}
	if err != nil {
		return nil, cut(err)
	}
	if h.Name == manifestName {
		m := new(Manifest)
		if err := a.json(h, m); err != nil {
			return nil, err
		}
		return m, a.compare(m)
	}
	name, ok := strings.CutPrefix(h.Name, dataPrefix)
	if !ok || h.Typeflag != tar.TypeReg || name == "" || !filepath.IsLocal(filepath.FromSlash(name)) || strings.Contains(name, `\`) {
		return nil, fmt.Errorf("%w: found %q of type %q, expected a file below %s", ErrDamaged, h.Name, h.Typeflag, dataPrefix)
	}
	f := File{Name: name, Size: h.Size, Mode: uint32(fs.FileMode(h.Mode).Perm())}
	sum := sha256.New()
	content := io.TeeReader(&cancelled{a.ctx, a.tar}, sum)
	if err := take(f, content); err != nil {
		return nil, err
	}
	if _, err := io.Copy(io.Discard, content); err != nil {
		return nil, cut(err)
	}
	f.SHA256 = hex.EncodeToString(sum.Sum(nil))
	a.files = append(a.files, f)
	return nil, nil
}

// compare holds what was read against the manifest.
func (a *archive) compare(m *Manifest) error {
	if len(m.Files) != len(a.files) {
		return fmt.Errorf("%w: it has %d files, its manifest names %d", ErrDamaged, len(a.files), len(m.Files))
	}
	for i, want := range m.Files {
		switch got := a.files[i]; {
		case got.Name != want.Name:
			return fmt.Errorf("%w: found %s, the manifest names %s", ErrDamaged, got.Name, want.Name)
		case got != want:
			return fmt.Errorf("%w: %s has %d bytes, mode %o, SHA-256 %s; expected %d, %o, %s", ErrDamaged, got.Name, got.Size, got.Mode, got.SHA256, want.Size, want.Mode, want.SHA256)
		}
	}
	return nil
}

// cut names what an archive that ends early is.
func cut(err error) error {
	if errors.Is(err, io.ErrUnexpectedEOF) {
		return fmt.Errorf("%w: it ends in the middle of a file: %w", ErrIncomplete, err)
	}
	if errors.Is(err, tar.ErrHeader) || errors.Is(err, gzip.ErrChecksum) || errors.Is(err, gzip.ErrHeader) {
		return fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	return fmt.Errorf("read backup: %w", err)
}

// cancelled ends reading when ctx does.
type cancelled struct {
	ctx context.Context
	r   io.Reader
}

func (c *cancelled) Read(p []byte) (int, error) {
	if c.ctx.Err() != nil {
		return 0, context.Cause(c.ctx)
	}
	return c.r.Read(p)
}
