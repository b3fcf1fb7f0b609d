package file

import (
	"bufio"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
)

// compress replaces a file by its compressed form: that gets its name when all
// of it is on the device, and the file goes when the name is. A crash leaves the
// file, or both, and then it is done again.
func (k *keeper) compress(e entry) error {
	src, err := k.opt.FS.OpenFile(e.Name, os.O_RDONLY, 0)
	if errors.Is(err, fs.ErrNotExist) {
		return k.settle(e)
	}
	if err != nil {
		return fmt.Errorf("compress: %w", err)
	}
	part := e.Name + partSuffix
	err = k.copyTo(part, e, src)
	if err = errors.Join(err, src.Close()); err != nil {
		return errors.Join(fmt.Errorf("compress: %w", err), k.discard(part))
	}
	if err := k.opt.FS.Rename(part, e.Name+gzSuffix); err != nil {
		return errors.Join(fmt.Errorf("compress: %w", err), k.discard(part))
	}
	if err := k.opt.FS.SyncDir(filepath.Dir(e.Name)); err != nil {
		return fmt.Errorf("compress: %w", err)
	}
	if err := k.discard(e.Name); err != nil {
		return fmt.Errorf("compress: %w", err)
	}
	k.Compressed.Add(1)
	return k.settle(e)
}

// settle writes down that a file is compressed, or forgets one that somebody took
// away or that nobody will delete.
func (k *keeper) settle(e entry) error {
	done, err := k.opt.exists(e.Name + gzSuffix)
	if err != nil {
		return fmt.Errorf("compress: %w", err)
	}
	return k.ledger.update(func(d *ledgerData) {
		if done && k.opt.deletes() {
			e.Gz = true
			d.put(e)
			return
		}
		d.drop(e.Seq)
	})
}

func (k *keeper) discard(name string) error {
	if err := k.opt.FS.Remove(name); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// copyTo compresses src into the file name and syncs it.
func (k *keeper) copyTo(name string, e entry, src io.Reader) error {
	f, err := k.opt.FS.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, k.opt.Mode)
	if err != nil {
		return err
	}
	c := compressors.Get().(*compressor)
	defer compressors.Put(c)
	c.out.Reset(f)
	c.z.Reset(c.out)
	c.z.ModTime = e.Time
	if base := filepath.Base(e.Name); latin1(base) {
		c.z.Name = base
	}
	for err == nil {
		var n int
		n, err = src.Read(c.block)
		if n > 0 {
			if _, werr := c.z.Write(c.block[:n]); werr != nil {
				err = werr
			}
		}
		if k.ctx.Err() != nil {
			err = k.ctx.Err()
		}
	}
	if errors.Is(err, io.EOF) {
		err = nil
	}
	if err == nil {
		err = c.z.Close()
	}
	if err == nil {
		err = c.out.Flush()
	}
	if err == nil {
		err = f.Sync()
	}
	c.out.Reset(nil) // the file is not kept
	return errors.Join(err, f.Close())
}

// A compressor is the memory, a good megabyte, that compression needs.
type compressor struct {
	z     *gzip.Writer
	out   *bufio.Writer
	block []byte
}

var compressors = sync.Pool{New: func() any {
	z, err := gzip.NewWriterLevel(nil, gzip.BestSpeed) // it has to keep up with the events
	if err != nil {
		panic(err) // the level is valid
	}
	return &compressor{z: z, out: bufio.NewWriterSize(nil, 64<<10), block: make([]byte, copyBlock)}
}}

// latin1 reports whether a name can stand in the header of a gzip file.
func latin1(s string) bool {
	for _, r := range s {
		if r == 0 || r > 0xff {
			return false
		}
	}
	return true
}
