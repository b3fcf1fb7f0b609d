package collect

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"estream/wire"
)

// A frame is what the first bytes of a message tell.
type frame struct {
	size int // of the message in bytes, header included
	typ  wire.MessageType
}

// badFrame says that no message starts here, and why.
type badFrame struct{ reason string }

func (e *badFrame) Error() string { return e.reason }

func badf(format string, args ...any) error { return &badFrame{fmt.Sprintf(format, args...)} }

// frame looks at the message that starts at the next byte. A lying length is
// told from a good one by what else has to fit, before it swallows the messages
// behind it. The error is io.EOF, a *badFrame, or that of the reader.
func (w *WireInput) frame() (frame, error) {
	p, err := w.r.Peek(24)
	if len(p) == 0 {
		return frame{}, err
	}
	if len(p) < 24 && !errors.Is(err, io.EOF) {
		return frame{}, err
	}
	h, ok := wire.ParseHeader(p)
	if !ok {
		return frame{}, badf("%d bytes at the end of the input, a message has at least %d", len(p), wire.HeaderSize)
	}
	size := uint64(h.Length) + wire.HeaderSize
	switch {
	case h.Version != wire.HeaderVersion:
		return frame{}, badf("header version %d found, %d expected", h.Version, wire.HeaderVersion)
	case !known(h.Type):
		return frame{}, badf("message type %d found, which does not exist", uint16(h.Type))
	case size > maxFileMessage:
		return frame{}, badf("message of %d bytes announced, at most %d expected", size, maxFileMessage)
	case w.end >= 0 && size > uint64(w.end-w.offset):
		return frame{}, badf("message of %d bytes cut short: the input ends after %d", size, w.end-w.offset)
	case len(p) < 24 && size > uint64(len(p)):
		return frame{}, badf("message of %d bytes cut short: the input ends after %d", size, len(p))
	}
	f := frame{size: int(size), typ: h.Type}
	switch h.Type {
	case wire.TypeEventData:
		return f, checkEvent(h, p)
	case wire.TypeMessageBundle:
		return f, checkBundle(h, p)
	}
	return f, w.checkOther(f)
}

// checkEvent compares the length of the message with that of its record. p holds
// 16 bytes if the message has so many.
func checkEvent(h wire.Header, p []byte) error {
	if h.Length < 8 {
		return badf("event data of %d bytes found, at least 8 expected for its record header", h.Length)
	}
	if rec := binary.BigEndian.Uint32(p[12:]); uint64(rec)+8 != uint64(h.Length) && uint64(rec)+16 != uint64(h.Length) {
		return badf("record length %d does not fit the message length %d: they must differ by 8 or 16", rec, h.Length)
	}
	return nil
}

// checkBundle looks at the header of the first message inside.
func checkBundle(h wire.Header, p []byte) error {
	switch {
	case h.Length < wire.BundleHeaderSize:
		return badf("bundle of %d bytes found, at least %d expected for its header", h.Length, wire.BundleHeaderSize)
	case h.Length == wire.BundleHeaderSize:
		return nil
	case h.Length < wire.BundleHeaderSize+wire.HeaderSize:
		return badf("bundle of %d bytes found, which is no room for a message", h.Length)
	}
	inner, _ := wire.ParseHeader(p[wire.HeaderSize+wire.BundleHeaderSize:])
	if inner.Version > 1 || !known(inner.Type) || uint64(inner.Length) > uint64(h.Length-wire.BundleHeaderSize-wire.HeaderSize) {
		return badf("bundle of %d bytes begins with version %d, type %d, length %d, which is no message that fits", h.Length, inner.Version, uint16(inner.Type), inner.Length)
	}
	return nil
}

// checkOther looks for the header behind a message whose inside tells nothing.
// What is too long for the buffer is believed.
func (w *WireInput) checkOther(f frame) error {
	if f.typ == wire.TypeNull && f.size > wire.HeaderSize {
		return badf("null message with %d bytes of data found, none expected", f.size-wire.HeaderSize)
	}
	if f.size+2 > w.r.Size() {
		return nil
	}
	p, err := w.r.Peek(f.size + 2)
	switch {
	case len(p) == f.size+2 && binary.BigEndian.Uint16(p[f.size:]) == wire.HeaderVersion:
		return nil
	case len(p) == f.size+2:
		return badf("message of %d bytes and type %d found, with no other message behind it", f.size, uint16(f.typ))
	case !errors.Is(err, io.EOF):
		return err
	case len(p) < f.size:
		return badf("message of %d bytes cut short: the input ends after %d", f.size, len(p))
	}
	return nil
}

func known(t wire.MessageType) bool {
	switch t {
	case wire.TypeNull, wire.TypeError, wire.TypeEventStreamRequest, wire.TypeEventData, wire.TypeHostDataRequest, wire.TypeSingleHostData,
		wire.TypeMultipleHostData, wire.TypeStreamingRequest, wire.TypeStreamingInformation, wire.TypeMessageBundle:
		return true
	}
	return false
}
