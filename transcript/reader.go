package transcript

import (
	"bufio"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"estream/wire"
)

// An Entry is one line of a recording: a message, or bytes that are none.
type Entry struct {
	Line    int // of the file, from 1
	N       int
	At      time.Duration // since the header's Began
	From    Side
	Type    wire.MessageType // of a message
	Name    string           // of a message's type
	Problem string           // why Data is no whole message, or why its meaning is not known
	Whole   bool             // Data is one whole message
	Meaning json.RawMessage  // nil where nothing is known
	Data    []byte
}

// A LineError says that a line is none of a recording. Reader.Next goes on behind it.
type LineError struct {
	Line int // of the file, from 1
	Err  error
}

// Error implements error.
func (e *LineError) Error() string {
	return fmt.Sprintf("recorded session: line %d: %v", e.Line, e.Err)
}

// Unwrap returns Err.
func (e *LineError) Unwrap() error { return e.Err }

// A CutError says that a recording ends without the line that says how the session
// ended: it is still being written, or what wrote it was killed. It is an
// io.ErrUnexpectedEOF.
type CutError struct {
	Line   int  // of the file, from 1: where that line, or a whole one, was to be
	Inside bool // there is a part of a line
}

// Error implements error.
func (e *CutError) Error() string {
	what := "the recording ends without the line that says how the session ended"
	if e.Inside {
		what = "the recording ends in the middle of this line"
	}
	return fmt.Sprintf("recorded session: line %d: %s: %v", e.Line, what, io.ErrUnexpectedEOF)
}

// Unwrap returns io.ErrUnexpectedEOF.
func (e *CutError) Unwrap() error { return io.ErrUnexpectedEOF }

// A Reader reads a recording, or several that stand one after the other in a file.
type Reader struct {
	lines *bufio.Reader
	line  int
	ahead []byte // the next line, if it was read already

	// Header is the first line.
	Header Header
	// End is the last line's reason, once Next has returned io.EOF: how the session
	// ended, or, if Stopped, why recording stopped before.
	End     string
	Stopped bool
}

// MaxLine is the greatest line that is read, in bytes.
const MaxLine = 256 << 20

// NewReader reads the header.
func NewReader(r io.Reader) (*Reader, error) {
	d := &Reader{lines: bufio.NewReader(r)}
	if err := d.header(); err != nil {
		if err == io.EOF {
			err = fmt.Errorf("the file is empty: %w", io.ErrUnexpectedEOF)
		}
		return nil, fmt.Errorf("recorded session: header: %w", err)
	}
	return d, nil
}

// NextSession goes on with the recording that follows in the same file, once Next
// has returned io.EOF or a *CutError. It returns io.EOF when there is none,
// and a *LineError for a line that begins no recording; it may be called again then.
func (d *Reader) NextSession() error {
	line, err := d.next()
	switch {
	case err == io.EOF:
		return err
	case err == errInside || err == nil && !isHeader(line):
		return &LineError{d.line, errors.New("it follows the end of a recording and begins no other")}
	case err != nil:
		return fmt.Errorf("recorded session: line %d: %w", d.line, err)
	}
	d.ahead = line
	d.line--
	if err := d.header(); err != nil {
		return &LineError{d.line, fmt.Errorf("header: %w", err)}
	}
	return nil
}

func (d *Reader) header() error {
	line, err := d.next()
	if err != nil {
		return err
	}
	var h Header
	if err := json.Unmarshal(line, &h); err != nil {
		return err
	}
	if h.Format != Format {
		return fmt.Errorf("format %q found, %q expected", h.Format, Format)
	}
	if h.Side == "" {
		h.Side = Server
	}
	d.Header, d.End, d.Stopped = h, "", false
	return nil
}

// Next returns the next entry, and io.EOF behind the last line. A recording that
// was cut, as by a crash, ends with a *CutError. After a *LineError the next call goes
// on behind that line. Other errors are those of the file.
func (d *Reader) Next() (*Entry, error) {
	if d.End != "" {
		return nil, io.EOF
	}
	line, err := d.next()
	switch {
	case err == io.EOF || err == errInside:
		return nil, &CutError{d.line, err == errInside}
	case err != nil:
		return nil, fmt.Errorf("recorded session: line %d: %w", d.line, err)
	case isHeader(line): // of the next recording
		d.ahead = line
		d.line--
		return nil, &CutError{Line: d.line + 1}
	}
	e, err := d.entry(line)
	if err != nil && err != io.EOF {
		return nil, &LineError{d.line, err}
	}
	return e, err
}

// entry takes a line apart. What the line says of its bytes is believed as far as they
// bear it out.
func (d *Reader) entry(line []byte) (*Entry, error) {
	var l struct {
		N       int             `json:"n"`
		At      float64         `json:"at"`
		From    Side            `json:"from"`
		Type    *uint16         `json:"type"`
		Name    string          `json:"name"`
		Problem string          `json:"problem"`
		Meaning json.RawMessage `json:"meaning"`
		Hex     string          `json:"hex"`
		End     string          `json:"end"`
		Stopped string          `json:"stopped"`
	}
	if err := json.Unmarshal(line, &l); err != nil {
		return nil, err
	}
	if d.End = l.End + l.Stopped; d.End != "" {
		d.Stopped = l.Stopped != ""
		return nil, io.EOF
	}
	if l.From != Client && l.From != Server {
		return nil, fmt.Errorf("from %q: %q or %q expected", l.From, Client, Server)
	}
	e := &Entry{
		Line: d.line, N: l.N, At: time.Duration(l.At * float64(time.Second)), From: l.From,
		Name: l.Name, Problem: l.Problem, Meaning: l.Meaning,
	}
	var err error
	if e.Data, err = hex.DecodeString(l.Hex); err != nil {
		return nil, fmt.Errorf("hex: %w", err)
	}
	if l.Type == nil {
		return e, nil
	}
	e.Type = wire.MessageType(*l.Type)
	m, rest, err := wire.NextMessage(e.Data)
	h, _ := wire.ParseHeader(m)
	switch {
	case err != nil:
		return nil, fmt.Errorf("hex is no message, but there is a type: %w", err)
	case len(rest) > 0:
		return nil, fmt.Errorf("%d bytes follow the message in hex, none expected", len(rest))
	case h.Type != e.Type:
		return nil, fmt.Errorf("type %d, but hex is a message of type %d", e.Type, h.Type)
	}
	e.Whole = true
	return e, nil
}

// next returns the next whole line.
func (d *Reader) next() ([]byte, error) {
	if line := d.ahead; line != nil {
		d.ahead = nil
		d.line++
		return line, nil
	}
	var line []byte
	for {
		part, err := d.lines.ReadSlice('\n')
		line = append(line, part...)
		switch {
		case err == nil:
			d.line++
			return line, nil
		case len(line) > MaxLine:
			return nil, fmt.Errorf("longer than %d bytes", MaxLine)
		case errors.Is(err, bufio.ErrBufferFull):
		case errors.Is(err, io.EOF) && len(line) > 0:
			d.line++
			return nil, errInside
		default:
			d.line++
			return nil, err
		}
	}
}

var errInside = fmt.Errorf("the file ends in the middle of this line: %w", io.ErrUnexpectedEOF)

// beginning is how a header begins as a Writer writes it.
const beginning = `{"format":`

func isHeader(line []byte) bool {
	return len(line) >= len(beginning) && string(line[:len(beginning)]) == beginning
}

// Looks reports whether a file that begins with head, 32 bytes or more, is a recording.
func Looks(head []byte) bool {
	const begins = beginning + `"estream-session/`
	return len(head) >= len(begins) && string(head[:len(begins)]) == begins
}
