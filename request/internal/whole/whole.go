// Package whole writes files that are made of pieces: lines, packets, blocks. What it
// hands to the file are whole pieces only, so that a process that is killed between two
// writes leaves a file that can be read to its end.
package whole

import (
	"fmt"
	"io"
)

// full is how many bytes are gathered before they are written without a Flush.
const full = 64 << 10

// A Buffer gathers pieces for a writer. It is not safe for concurrent use.
type Buffer struct {
	w   io.Writer
	buf []byte
}

// New returns an empty buffer in front of w, which it never closes.
func New(w io.Writer) *Buffer { return &Buffer{w: w} }

// Room returns the slice to which the next piece is to be appended; [Buffer.Keep] takes
// it back. If much has gathered, that is written first. An error means that it could not
// be, and that there is no room: what a failing writer makes us hold stays bounded.
func (b *Buffer) Room() ([]byte, error) {
	if len(b.buf) >= full {
		if err := b.Flush(); err != nil {
			return nil, err
		}
	}
	return b.buf, nil
}

// Keep takes what Room returned, with whole pieces appended.
func (b *Buffer) Keep(p []byte) { b.buf = p }

// Flush writes everything in one call. After an error it goes on, when called again,
// behind the last byte that the writer took, so that nothing is lost or written twice.
func (b *Buffer) Flush() error {
	if len(b.buf) == 0 {
		return nil
	}
	n, err := b.w.Write(b.buf)
	if n < len(b.buf) && err == nil {
		err = io.ErrShortWrite
	}
	left := copy(b.buf, b.buf[n:])
	b.buf = b.buf[:left]
	if err != nil {
		return fmt.Errorf("write output: %w (%d bytes left to write)", err, left)
	}
	return nil
}
