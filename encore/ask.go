package encore

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
)

// A Terminal is where questions are asked and bare messages appear.
type Terminal struct {
	In       io.Reader
	Out, Err io.Writer
	in       *bufio.Reader
}

// maxAnswer bounds what is read as one answer, in bytes.
const maxAnswer = 4096

// line reads one line without its end. An empty line at the end of input is io.EOF.
func (t *Terminal) line() (string, error) {
	if t.In == nil {
		return "", io.EOF
	}
	if t.in == nil {
		t.in = bufio.NewReaderSize(t.In, maxAnswer)
	}
	line, err := t.in.ReadSlice('\n')
	switch {
	case errors.Is(err, bufio.ErrBufferFull):
		return "", fmt.Errorf("an answer of more than %d bytes", maxAnswer)
	case err != nil && len(line) == 0:
		return "", err
	}
	return strings.TrimRight(string(line), "\r\n"), nil
}

// password asks for a password. On a terminal the answer is not shown; else it is
// the next line of standard input. After ctx has ended the terminal must not be
// used any more.
func (t *Terminal) password(ctx context.Context, prompt string) (string, error) {
	if _, err := io.WriteString(t.Err, prompt); err != nil {
		return "", err
	}
	show, err := hideInput(t.In)
	if err != nil {
		return "", err
	}
	type answer struct {
		line string
		err  error
	}
	answered := make(chan answer, 1)
	go func() { // a read from a terminal cannot be cut short
		line, err := t.line()
		answered <- answer{line, err}
	}()
	var a answer
	select {
	case a = <-answered:
	case <-ctx.Done():
		a.err = ctx.Err()
	}
	if show != nil {
		a.err = errors.Join(a.err, show())
	}
	_, err = io.WriteString(t.Err, "\n")
	return a.line, errors.Join(a.err, err)
}
