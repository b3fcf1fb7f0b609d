package relp

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"strconv"
)

// A frame is what RELP sends in both directions:
//
//	TXNR SP COMMAND SP DATALEN [SP DATA] LF
//
// TXNR and DATALEN are decimal numbers of at most nine digits, COMMAND at most 32
// letters. Without data DATALEN is 0 and its blank is left out.
type frame struct {
	txnr    int
	command []byte // these two are valid until the next frame is read
	data    []byte
}

const (
	maxTxnr    = 999_999_999
	maxCommand = 32
	// maxData bounds what a server may say in one frame. An answer is a code and a
	// sentence, the longest is the list of offers.
	maxData = 16 << 10
)

func appendFrame(dst []byte, txnr int, command string, data []byte) []byte {
	dst = appendStart(dst, txnr, command, len(data))
	dst = append(dst, data...)
	return append(dst, '\n')
}

// appendStart appends everything in front of the data.
func appendStart(dst []byte, txnr int, command string, length int) []byte {
	dst = strconv.AppendInt(dst, int64(txnr), 10)
	dst = append(dst, ' ')
	dst = append(dst, command...)
	dst = append(dst, ' ')
	dst = strconv.AppendInt(dst, int64(length), 10)
	if length > 0 {
		dst = append(dst, ' ')
	}
	return dst
}

// A reader reads the frames that a server sends. It holds no more than one of
// them, of which maxData bounds the size.
type reader struct {
	br      *bufio.Reader
	data    []byte
	command [maxCommand]byte
}

func newReader(r io.Reader) *reader { return &reader{br: bufio.NewReaderSize(r, 4096)} }

// next reads one frame. The error is io.EOF if the stream ends in front of it.
func (r *reader) next() (frame, error) {
	txnr, end, err := r.number("transaction number", maxTxnr)
	if err != nil {
		return frame{}, err
	}
	if end != ' ' {
		return frame{}, fmt.Errorf("frame of the server: %q behind the transaction number: expected a blank", end)
	}
	command, err := r.word()
	if err != nil {
		return frame{}, noEOF(err)
	}
	length, end, err := r.number("data length", maxData)
	if err != nil {
		return frame{}, noEOF(err)
	}
	r.data = r.data[:0]
	if end == ' ' {
		if cap(r.data) < length {
			r.data = make([]byte, 0, maxData)
		}
		r.data = r.data[:length]
		if _, err := io.ReadFull(r.br, r.data); err != nil {
			return frame{}, noEOF(err)
		}
		if end, err = r.br.ReadByte(); err != nil {
			return frame{}, noEOF(err)
		}
	} else if length > 0 {
		return frame{}, fmt.Errorf("frame of the server: %q behind the data length %d: expected a blank", end, length)
	}
	if end != '\n' {
		return frame{}, fmt.Errorf("frame of the server: %q behind %d bytes of data: expected a line end", end, length)
	}
	return frame{txnr, command, r.data}, nil
}

// number reads digits and the byte behind them.
func (r *reader) number(what string, most int) (n int, end byte, err error) {
	for digits := 0; ; digits++ {
		b, err := r.br.ReadByte()
		if err != nil {
			if digits > 0 {
				err = noEOF(err)
			}
			return 0, 0, err
		}
		if b < '0' || b > '9' {
			if digits == 0 {
				return 0, 0, fmt.Errorf("frame of the server: %q where the %s should stand: does it speak RELP?", b, what)
			}
			return n, b, nil
		}
		if n = 10*n + int(b-'0'); n > most || digits >= 9 {
			return 0, 0, fmt.Errorf("frame of the server: %s of %d or more: expected at most %d", what, n, most)
		}
	}
}

// word reads a command and the blank behind it.
func (r *reader) word() ([]byte, error) {
	for i := 0; ; i++ {
		b, err := r.br.ReadByte()
		switch {
		case err != nil:
			return nil, err
		case b == ' ' && i > 0:
			return r.command[:i], nil
		case i == maxCommand, (b|0x20 < 'a' || b|0x20 > 'z') && (b < '0' || b > '9') && b != '_' && b != '-':
			return nil, fmt.Errorf("frame of the server: %q in position %d of the command: expected up to %d letters and a blank", b, i, maxCommand)
		}
		r.command[i] = b
	}
}

func noEOF(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}

// An answer is the data of an rsp frame: a code of three digits, a blank and a
// sentence, then the data of an answer to open in lines of its own.
func answer(data []byte) (code int, text, rest []byte, err error) {
	first, rest, _ := bytes.Cut(data, []byte{'\n'})
	digits, text, _ := bytes.Cut(first, []byte{' '})
	if len(digits) != 3 {
		return 0, nil, nil, fmt.Errorf("answer of the server begins with %.20q: expected a code of three digits", first)
	}
	for _, d := range digits {
		if d < '0' || d > '9' {
			return 0, nil, nil, fmt.Errorf("answer of the server begins with %.20q: expected a code of three digits", first)
		}
		code = 10*code + int(d-'0')
	}
	return code, text, rest, nil
}
