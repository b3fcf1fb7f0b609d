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

// A Reader reads a recording.
type Reader struct {
	lines *bufio.Reader
	line  int

	// Header is the first line.
	Header Header
	// End is the last line's reason, once Next has returned io.EOF: how the session
	// ended, or why recording stopped before.
	End string
}

// MaxLine is the greatest line that is read, in bytes.
const MaxLine = 256 << 20

// NewReader reads the header.
func NewReader(r io.Reader) (*Reader, error) {
	d := &Reader{lines: bufio.NewReader(r)}
	line, err := d.next()
	if err != nil {
		return nil, fmt.Errorf("recorded session: header: %w", noEOF(err))
	}
	if err := json.Unmarshal(line, &d.Header); err != nil {
		return nil, fmt.Errorf("recorded session: header: %w", err)
	}
	if d.Header.Format != Format {
		return nil, fmt.Errorf("recorded session: format %q found, %q expected", d.Header.Format, Format)
	}
	return d, nil
}

// Next returns the next entry, and io.EOF behind the last line. A recording that
// was cut, as by a crash of the server, ends with io.ErrUnexpectedEOF, wrapped.
func (d *Reader) Next() (*Entry, error) {
	if d.End != "" {
		return nil, io.EOF
	}
	e, err := d.entry()
	if err != nil && err != io.EOF {
		return nil, fmt.Errorf("recorded session: line %d: %w", d.line, err)
	}
	return e, err
}

func (d *Reader) entry() (*Entry, error) {
	line, err := d.next()
	if err != nil {
		return nil, noEOF(err)
	}
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
		return nil, io.EOF
	}
	if l.From != Client && l.From != Server {
		return nil, fmt.Errorf("from %q: %q or %q expected", l.From, Client, Server)
	}
	e := &Entry{N: l.N, At: time.Duration(l.At * float64(time.Second)), From: l.From, Name: l.Name, Problem: l.Problem, Meaning: l.Meaning}
	if l.Type != nil {
		e.Type, e.Whole = wire.MessageType(*l.Type), true
	}
	if e.Data, err = hex.DecodeString(l.Hex); err != nil {
		return nil, fmt.Errorf("hex: %w", err)
	}
	return e, nil
}

// next returns the next whole line.
func (d *Reader) next() ([]byte, error) {
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
			return nil, fmt.Errorf("cut in its middle: %w", io.ErrUnexpectedEOF)
		default:
			d.line++
			return nil, err
		}
	}
}

// noEOF turns the end of the file where a line has to be into an error.
func noEOF(err error) error {
	if err == io.EOF {
		return fmt.Errorf("the file ends without the line that says how the session ended: %w", io.ErrUnexpectedEOF)
	}
	return err
}
