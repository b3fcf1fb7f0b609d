package stream

import (
	"bytes"
	"errors"
	"io"
	"testing"

	"estream/output"
)

// TestWrite: lines go through and are counted; a reader that went away is the end.
func TestWrite(t *testing.T) {
	var got bytes.Buffer
	o := New(&got, "standard output")
	if !o.Empty() {
		t.Error("not empty at first")
	}
	if err := o.Write(t.Context(), []byte("one\ntwo\n")); err != nil {
		t.Fatal(err)
	}
	if got.String() != "one\ntwo\n" || o.Empty() || o.Stats().Lines.Load() != 2 || o.Stats().Bytes.Load() != 8 {
		t.Errorf("%q, empty %t, %d lines, %d bytes", got.String(), o.Empty(), o.Stats().Lines.Load(), o.Stats().Bytes.Load())
	}
	r, w := io.Pipe()
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	if err := New(w, "x").Write(t.Context(), []byte("one\n")); !errors.Is(err, output.ErrGone) || !errors.Is(err, io.ErrClosedPipe) {
		t.Errorf("got error %v", err)
	}
}
