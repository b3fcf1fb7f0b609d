package journal

import (
	"errors"
	"estream/internal/durable"
	"fmt"
	"io/fs"
	"os"
)

// A diskReader reads one segment file after the other.
type diskReader struct {
	file durable.File
	seg  *segment
	path string
	off  int64 // offset in the file of the byte behind the reader's chunk
	have int   // bytes of the chunk that are filled
	// expect is the sequence number the next batch of the file should have.
	expect uint64
}

func (d *diskReader) close() error {
	if d.file == nil {
		return nil
	}
	err := d.file.Close()
	d.file, d.seg = nil, nil
	return err
}

// open opens the file of a segment and goes to the place its index names.
func (d *diskReader) open(r *Reader, at *location) error {
	if err := d.close(); err != nil {
		return fmt.Errorf("close journal segment %s: %w", d.path, err)
	}
	f, err := r.j.fs.OpenFile(at.path, os.O_RDONLY, 0)
	if errors.Is(err, fs.ErrNotExist) {
		return r.vanished(at)
	}
	if err != nil {
		return fmt.Errorf("open journal segment: %w", err)
	}
	d.file, d.seg, d.path = f, at.seg, at.path
	d.seek(r, at.entry)
	return nil
}

// vanished says what became of a segment whose file is not there: retention
// was faster, here or in the process that owns the journal, or somebody
// removed it.
func (r *Reader) vanished(at *location) error {
	r.j.mu.Lock()
	listed := r.j.firstSeq() <= r.pos
	r.j.mu.Unlock()
	if !listed {
		return errAgain
	}
	from := r.pos
	r.pos = at.end
	if r.j.readOnly {
		return &GoneError{From: from, To: at.end}
	}
	lost := &DamageError{File: at.path, Length: at.size, From: from, To: at.end, Err: fs.ErrNotExist}
	r.j.countDamage(lost)
	return lost
}

// seek goes to a place that the index of the segment names.
func (d *diskReader) seek(r *Reader, to place) {
	d.jump(r, to.off)
	d.expect = to.seq
}

// jump forgets what is in memory and goes on at an offset of the file.
func (d *diskReader) jump(r *Reader, off int64) {
	d.off, d.have = off, 0
	r.off, r.at = 0, noSeq
}
