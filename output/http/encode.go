package http

import (
	"bytes"
	"compress/gzip"
)

// An encoder makes bodies in memory that it uses again.
type encoder struct {
	array []byte
	z     *gzip.Writer
	out   bytes.Buffer
}

// encode returns a body that is valid until the next call.
func (e *encoder) encode(lines []byte, form Form, compressed bool) ([]byte, error) {
	if form == Array {
		e.array = append(e.array[:0], '[')
		for len(lines) > 0 {
			n := lineEnd(lines)
			if len(e.array) > 1 {
				e.array = append(e.array, ',')
			}
			e.array = append(e.array, bytes.TrimSuffix(lines[:n], []byte{'\n'})...)
			lines = lines[n:]
		}
		e.array = append(e.array, ']')
		lines = e.array
	}
	if !compressed {
		return lines, nil
	}
	if e.z == nil {
		z, err := gzip.NewWriterLevel(nil, gzip.BestSpeed)
		if err != nil {
			return nil, err
		}
		e.z = z
	}
	e.out.Reset()
	e.z.Reset(&e.out)
	if _, err := e.z.Write(lines); err != nil {
		return nil, err
	}
	if err := e.z.Close(); err != nil {
		return nil, err
	}
	return e.out.Bytes(), nil
}
