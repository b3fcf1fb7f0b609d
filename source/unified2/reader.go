package unified2

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// readSize is how much a Reader asks for at once.
const readSize = 64 << 10

// A Reader splits one file or stream into records. It allocates nothing per
// record, holds at most MaxRecordLength plus 8 bytes, and is not safe for
// concurrent use.
type Reader struct {
	name       string
	at         io.ReaderAt // nil for a stream
	stream     io.Reader   // nil for a file
	buf        []byte
	start, end int   // unread part of buf
	off        int64 // offset of buf[start] in the file
	failed     error // an ErrLength: there is no way past it
}

// NewReader returns a reader for a stream. name appears in errors.
func NewReader(r io.Reader, name string) *Reader {
	return &Reader{name: name, stream: r, buf: make([]byte, readSize)}
}

// NewReaderAt returns a reader for a file from offset off, which must be the
// start of a record. name appears in errors.
func NewReaderAt(r io.ReaderAt, name string, off int64) *Reader {
	return &Reader{name: name, at: r, off: off, buf: make([]byte, readSize)}
}

// Offset returns the offset of the record that Next returns next.
func (r *Reader) Offset() int64 { return r.off }

// Next returns the next record, which borrows the reader's buffer until the
// following call.
//
// At the end it returns io.EOF behind a whole record and a *RecordError
// wrapping ErrTorn inside one. Both are final only if nobody writes to the
// file any more: a later call tries again, and reads the incomplete record anew
// from a file (not from a stream), since network file systems may show zeros
// first where data arrives later. Eight zero bytes count as not written yet.
// A *RecordError wrapping ErrLength is returned by all later calls as well.
func (r *Reader) Next() (Record, error) {
	if r.failed != nil {
		return Record{}, r.failed
	}
	if r.end-r.start < headerSize {
		if err := r.fill(headerSize); err != nil {
			return Record{}, r.short(err, 0, headerSize, "header")
		}
	}
	typ := Type(binary.BigEndian.Uint32(r.buf[r.start:]))
	length := binary.BigEndian.Uint32(r.buf[r.start+4:])
	if typ == 0 && length == 0 {
		return Record{}, r.short(io.EOF, 0, headerSize, "header (zeros found)")
	}
	if length > MaxRecordLength {
		r.failed = &RecordError{File: r.name, Offset: r.off, Type: typ, Need: uint64(length), Have: MaxRecordLength, Err: ErrLength}
		return Record{}, r.failed
	}
	size := headerSize + int(length)
	if r.end-r.start < size {
		if err := r.fill(size); err != nil {
			return Record{}, r.short(err, typ, size, "record")
		}
	}
	rec := Record{Type: typ, Offset: r.off, Raw: r.buf[r.start : r.start+size : r.start+size]}
	r.start += size
	r.off += int64(size)
	return rec, nil
}

// short turns the end of the input into the error that Next returns, and
// forgets the incomplete record of a file, so that it is read again.
func (r *Reader) short(err error, typ Type, need int, what string) error {
	have := r.end - r.start
	if r.at != nil {
		r.end = r.start
	}
	switch {
	case !errors.Is(err, io.EOF):
		return err
	case have == 0:
		return io.EOF
	default:
		return &RecordError{File: r.name, Offset: r.off, Type: typ, Need: uint64(need), Have: uint64(have), What: what, Err: ErrTorn}
	}
}

// fill reads until need bytes are unread.
func (r *Reader) fill(need int) error {
	if len(r.buf)-r.start < need {
		buf := r.buf
		if len(buf) < need {
			buf = make([]byte, headerSize+MaxRecordLength)
		}
		r.end = copy(buf, r.buf[r.start:r.end])
		r.start, r.buf = 0, buf
	}
	for idle := 0; r.end-r.start < need; {
		n, err := r.read(r.buf[r.end:])
		r.end += n
		switch {
		case r.end-r.start >= need:
		case err != nil:
			return err
		case n > 0:
			idle = 0
		default:
			if idle++; idle == 100 {
				return fmt.Errorf("read %s: %w", r.name, io.ErrNoProgress)
			}
		}
	}
	return nil
}

func (r *Reader) read(p []byte) (n int, err error) {
	if r.at != nil {
		n, err = r.at.ReadAt(p, r.off+int64(r.end-r.start))
	} else {
		n, err = r.stream.Read(p)
	}
	if err != nil && !errors.Is(err, io.EOF) {
		err = fmt.Errorf("read %s: %w", r.name, err)
	}
	return n, err
}
