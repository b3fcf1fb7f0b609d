package journal

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

	"estream/internal/durable"
)

// recoverLast takes in the newest segment and cuts its torn tail. proof is a
// sequence number below which everything is known to have been durable; the
// segment's own batches may prove more.
func (j *Journal) recoverLast(f *found, proof uint64) error {
	var bad damages
	_, err := j.scan(f, noSeq, f.size, true, func(it item) bool {
		if it.bad != nil {
			bad.add(f, &it)
		} else {
			proof = max(proof, it.header.durable)
		}
		return true
	})
	if err != nil {
		return err
	}
	size, ended := f.size, true
	for i, d := range bad {
		if d.From >= proof {
			// Nobody was told that this is durable, nor anything behind it.
			if size, err = d.Offset, j.cutTail(f, d, i == len(bad)-1 && d.To == noSeq); err != nil {
				return err
			}
			bad = bad[:i]
			break
		}
		if d.To == noSeq {
			bad[i].To, ended = proof, false // durable batches were there, and the file does not end cleanly
		}
	}
	if f.header != nil {
		j.takeSources(f.header)
	}
	f.end = f.first
	unproven := size
	end, err := j.scan(f, noSeq, size, false, func(it item) bool {
		if it.bad == nil {
			j.takeBatch(f, &it, true)
			if it.header.seq >= proof && !it.header.snapshot() {
				unproven = min(unproven, it.off)
			}
		}
		return true
	})
	if err != nil {
		return err
	}
	if proof <= f.first {
		unproven = 0
	}
	f.segment.size, f.durable = end, end
	if err := j.report(f, bad); err != nil {
		return err
	}
	j.accept(f)
	if len(bad) > 0 {
		j.next = max(j.next, bad[len(bad)-1].To)
	}
	if j.readOnly {
		return nil
	}
	if err := j.settle(f, size, unproven); err != nil {
		return err
	}
	if !ended || f.header == nil || end != size {
		return j.closeActive() // nothing can be appended to it
	}
	return nil
}

// cutTail reports a torn tail and, when it is more than an unfinished batch or
// zeros, keeps a copy of it. The caller cuts it off.
func (j *Journal) cutTail(f *found, d DamageError, final bool) error {
	cut := f.size - d.Offset
	if j.readOnly {
		return nil
	}
	j.counters.cut += uint64(cut)
	simple := final && d.Err == errShort
	if !simple {
		var err error
		if simple, err = j.zeros(f.path, d.Offset); err != nil {
			return err
		}
	}
	if simple {
		j.log.Warn("journal ends with an unfinished batch, which is cut off", "file", f.path, "offset", d.Offset, "bytes", cut)
		return nil
	}
	aside, err := j.setAside(f, d.Offset, cut)
	if err != nil {
		return err
	}
	j.log.Warn("journal ends with batches that were not durable, which are cut off and set aside",
		"file", f.path, "offset", d.Offset, "bytes", cut, "as", aside, "error", d.Err)
	return nil
}

// settle makes the newest segment, cut to size, the one that is appended to
// and makes it durable: truncate, write, fsync. What is from unproven on is
// written once more, because the last process may have ended over a failed
// fsync, after which the kernel takes bytes for written that are not.
func (j *Journal) settle(f *found, size, unproven int64) error {
	file, err := j.fs.OpenFile(f.path, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	j.open, j.active = f.segment, f.segment
	f.file, f.written, f.linked = file, size, true
	if size < f.size {
		if err := file.Truncate(size); err != nil {
			return fmt.Errorf("cut torn tail of %s: %w", f.path, err)
		}
	}
	if err := copyRange(file, unproven, file, unproven, size-unproven); err != nil {
		return fmt.Errorf("rewrite end of %s: %w", f.path, err)
	}
	if err := file.Sync(); err != nil {
		return fmt.Errorf("sync %s: %w", f.path, err)
	}
	return nil
}

// copyRange copies n bytes between files, or onto themselves.
func copyRange(dst io.WriterAt, to int64, src io.ReaderAt, from, n int64) error {
	buf := make([]byte, min(n, windowBytes))
	for n > 0 {
		b := buf[:min(n, int64(len(buf)))]
		if k, err := src.ReadAt(b, from); k < len(b) {
			return errors.Join(io.ErrUnexpectedEOF, err)
		}
		if _, err := dst.WriteAt(b, to); err != nil {
			return err
		}
		from, to, n = from+int64(len(b)), to+int64(len(b)), n-int64(len(b))
	}
	return nil
}

// damages are the damaged regions of a segment. However many there are, they
// take little memory: beyond maxDamages the last one grows to cover the rest.
type damages []DamageError

const maxDamages = 16

func (d *damages) add(f *found, it *item) {
	if n := len(*d); n == maxDamages {
		last := &(*d)[n-1]
		last.Length = it.off + it.length - last.Offset
		last.To = it.to
		return
	}
	*d = append(*d, DamageError{File: f.path, Offset: it.off, Length: it.length, From: it.from, To: it.to, Err: it.bad})
}

// report logs what is damaged in a segment and keeps copies of it.
func (j *Journal) report(f *found, list damages) error {
	if f.bad != nil {
		j.counters.damaged++
		j.log.Error("journal segment is damaged, its batches are kept", "file", f.path, "error", f.bad)
	}
	for i := range list {
		d := &list[i]
		j.counters.damaged++
		j.counters.damagedMessages += d.Lost()
		if d.Length == 0 || j.readOnly {
			j.log.Error("journal is damaged", "error", d)
			continue
		}
		aside, err := j.setAside(f, d.Offset, d.Length)
		if err != nil {
			return err
		}
		j.log.Error("journal is damaged, the damaged bytes are set aside", "error", d, "as", aside)
	}
	return nil
}

// setAside copies a part of a segment to a file beside it and returns its
// path. A copy that is there already is kept. The copy is synced before the
// original may be cut.
func (j *Journal) setAside(f *found, off, n int64) (path string, err error) {
	path, there, err := j.asidePath(f.path, off, n)
	if err == nil && !there {
		err = j.copyAside(f.path, path, off, n)
	}
	if err != nil {
		return "", fmt.Errorf("set %d damaged bytes of %s aside: %w", n, f.path, err)
	}
	return path, nil
}

// asidePath returns the name for a copy of n bytes of a segment at off: one
// that is free, or that of a copy of that length made by an earlier Open.
func (j *Journal) asidePath(segment string, off, n int64) (path string, there bool, err error) {
	path = fmt.Sprintf("%s.%d%s", segment, off, damagedSuffix)
	for i := 2; ; i++ {
		fi, err := j.fs.Stat(path)
		if errors.Is(err, fs.ErrNotExist) {
			return path, false, nil
		}
		if err != nil || fi.Size() == n {
			return path, err == nil, err
		}
		path = fmt.Sprintf("%s.%d-%d%s", segment, off, i, damagedSuffix)
	}
}

func (j *Journal) copyAside(from, to string, off, n int64) (err error) {
	closing := func(f durable.File) { err = errors.Join(err, f.Close()) }
	src, err := j.fs.OpenFile(from, os.O_RDONLY, 0)
	if err != nil {
		return err
	}
	defer closing(src)
	dst, err := j.fs.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	defer closing(dst)
	if err := copyRange(dst, 0, src, off, n); err != nil {
		return err
	}
	return errors.Join(dst.Sync(), j.syncDir())
}
