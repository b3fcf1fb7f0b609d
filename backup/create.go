package backup

import (
	"archive/tar"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path"
	"path/filepath"
	"time"

	"estream/internal/durable"
)

// Options say how a backup is made. The zero value of each field is its default.
type Options struct {
	FS       durable.FS // default: the machine's
	Version  string     // of the program, for the manifest
	Compress bool       // with gzip, as fast as that goes
	// Temp is where a copy of the newest part of the journal is checked, at most
	// 64 MiB unless a single batch is larger. Default: the directory for temporary files.
	Temp string
	// Progress, if not nil, is called with the bytes of the data directory that were
	// read, and how many there are. The second figure may grow.
	Progress func(done, total int64)
	Log      *slog.Logger // for what is not as it should be in the data directory
	Now      func() time.Time
}

func (o *Options) setDefaults() {
	if o.FS == nil {
		o.FS = durable.OS{}
	}
	if o.Temp == "" {
		o.Temp = os.TempDir()
	}
	if o.Progress == nil {
		o.Progress = func(int64, int64) {}
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
}

// Create writes a backup of the data directory dir to w, whether a server works there
// or not. It does not hold the server back beyond the disk bandwidth it uses.
// ErrRunning is the error if another backup of the same directory is being made. After an error what w
// has received is refused by Verify and Restore as incomplete.
func Create(ctx context.Context, dir string, w io.Writer, o Options) (_ *Manifest, err error) {
	o.setDefaults()
	unlock, err := lock(o.FS, dir)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, unlock()) }()
	return create(ctx, dir, w, o)
}

// lock makes this the only backup of dir.
func lock(fsys durable.FS, dir string) (func() error, error) {
	if _, err := fsys.Stat(dir); err != nil {
		return nil, fmt.Errorf("data directory: %w", err)
	}
	held, err := fsys.Lock(filepath.Join(dir, "backup.lock"))
	if errors.Is(err, durable.ErrLocked) {
		return nil, fmt.Errorf("%w: %w", ErrRunning, err)
	}
	if err != nil {
		return nil, fmt.Errorf("data directory: %w", err)
	}
	return held.Close, nil
}

func create(ctx context.Context, dir string, w io.Writer, o Options) (_ *Manifest, err error) {
	l, err := list(o.FS, dir)
	if err != nil {
		return nil, fmt.Errorf("data directory: %w", err)
	}
	b := &builder{ctx: ctx, dir: dir, o: o, manifest: Manifest{Format: format, Estream: o.Version, Made: o.Now().UTC().Truncate(time.Second)}}
	var zip *gzip.Writer
	if o.Compress {
		if zip, err = gzip.NewWriterLevel(w, gzip.BestSpeed); err != nil {
			return nil, err
		}
		w = zip
	}
	b.tar = tar.NewWriter(w)
	if err := b.archive(l); err != nil {
		return nil, err
	}
	if err := b.tar.Close(); err != nil {
		return nil, fmt.Errorf("write backup: %w", err)
	}
	if zip != nil {
		if err := zip.Close(); err != nil {
			return nil, fmt.Errorf("write backup: %w", err)
		}
	}
	return &b.manifest, nil
}

// A builder writes one archive.
type builder struct {
	ctx         context.Context
	dir         string
	o           Options
	tar         *tar.Writer
	manifest    Manifest
	done, total int64
	buf         [256 << 10]byte
}

// archive writes all parts in their order.
func (b *builder) archive(l *listing) error {
	head := b.manifest
	if err := b.json(headName, &head); err != nil {
		return err
	}
	for _, name := range l.before {
		if err := b.file(name); err != nil {
			return err
		}
	}
	if err := b.journal(l.segments); err != nil {
		return err
	}
	// Listed again: what the journal refers to may be newer than the first list.
	l, err := list(b.o.FS, b.dir)
	if err != nil {
		return fmt.Errorf("data directory: %w", err)
	}
	for _, name := range l.after {
		if err := b.file(name); err != nil {
			return err
		}
	}
	if err := b.registrations(); err != nil {
		return err
	}
	return b.json(manifestName, &b.manifest)
}

func (b *builder) json(name string, v any) error {
	data, err := json.MarshalIndent(v, "", " ")
	if err != nil {
		return err
	}
	err = b.tar.WriteHeader(b.header(name, int64(len(data)), 0o600))
	if err == nil {
		_, err = b.tar.Write(data)
	}
	if err != nil {
		return fmt.Errorf("write backup: %w", err)
	}
	return nil
}

func (b *builder) header(name string, size int64, mode fs.FileMode) *tar.Header {
	return &tar.Header{Typeflag: tar.TypeReg, Name: name, Size: size, Mode: int64(mode.Perm()), ModTime: b.manifest.Made, Format: tar.FormatPAX}
}

// file archives one file, which is replaced as a whole when it changes: what is open
// stays what it was. One that is gone was not needed any more.
func (b *builder) file(name string) (err error) {
	f, err := b.o.FS.OpenFile(filepath.Join(b.dir, filepath.FromSlash(name)), os.O_RDONLY, 0)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("data directory: %w", err)
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	info, err := f.Stat()
	if err != nil {
		return fmt.Errorf("data directory: %w", err)
	}
	b.total += info.Size()
	return b.copy(name, f, info.Size(), info.Mode())
}

// copy archives the first size bytes of r under a name in the data directory.
func (b *builder) copy(name string, r io.Reader, size int64, mode fs.FileMode) error {
	if err := b.tar.WriteHeader(b.header(path.Join(dataPrefix, name), size, mode)); err != nil {
		return fmt.Errorf("write backup: %w", err)
	}
	sum := sha256.New()
	for left := size; left > 0; {
		if err := b.ctx.Err(); err != nil {
			return context.Cause(b.ctx)
		}
		n, err := io.ReadFull(r, b.buf[:min(left, int64(len(b.buf)))])
		if err != nil {
			return fmt.Errorf("%s: read at %d of %d bytes: %w", filepath.Join(b.dir, filepath.FromSlash(name)), size-left+int64(n), size, err)
		}
		sum.Write(b.buf[:n])
		if _, err := b.tar.Write(b.buf[:n]); err != nil {
			return fmt.Errorf("write backup: %w", err)
		}
		left -= int64(n)
		b.done += int64(n)
		b.o.Progress(b.done, b.total)
	}
	b.manifest.Files = append(b.manifest.Files, File{Name: name, Size: size, Mode: uint32(mode.Perm()), SHA256: hex.EncodeToString(sum.Sum(nil))})
	return nil
}
