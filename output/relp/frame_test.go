package relp

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"
)

// FuzzReader: frames come out as they were written, however the bytes arrive,
// and nothing makes the reader hold more than one of bounded size.
func FuzzReader(f *testing.F) {
	f.Add([]byte("1 rsp 6 200 OK\n0 serverclose 0\n"))
	f.Add([]byte("1 rsp 62 200 OK\nrelp_version=0\nrelp_software=librelp\ncommands=syslog\n"))
	f.Add(appendFrame(nil, maxTxnr, "rsp", []byte("500 no")))
	f.Add([]byte("1 rsp 16384 "))
	f.Add([]byte("007 rsp 0 \n"))
	f.Fuzz(func(t *testing.T, stream []byte) {
		whole, bytewise := newReader(bytes.NewReader(stream)), newReader(iotest.OneByteReader(bytes.NewReader(stream)))
		for {
			a, errA := whole.next()
			b, errB := bytewise.next()
			if (errA == nil) != (errB == nil) || errA != nil && errA.Error() != errB.Error() {
				t.Fatalf("%v, and byte by byte %v", errA, errB)
			}
			if errA != nil {
				return
			}
			if a.txnr != b.txnr || !bytes.Equal(a.command, b.command) || !bytes.Equal(a.data, b.data) {
				t.Fatalf("%+v, and byte by byte %+v", a, b)
			}
			if a.txnr < 0 || a.txnr > maxTxnr || len(a.command) == 0 || len(a.command) > maxCommand || cap(whole.data) > maxData {
				t.Fatalf("out of bounds: %d %q, %d bytes held", a.txnr, a.command, cap(whole.data))
			}
			again, err := newReader(bytes.NewReader(appendFrame(nil, a.txnr, string(a.command), a.data))).next()
			if err != nil || again.txnr != a.txnr || !bytes.Equal(again.command, a.command) || !bytes.Equal(again.data, a.data) {
				t.Fatalf("%+v became %+v, %v", a, again, err)
			}
			if code, text, rest, err := answer(a.data); err == nil && (code < 0 || code > 999 || len(text)+len(rest) > len(a.data)) {
				t.Fatalf("answer %q: %d %q %q", a.data, code, text, rest)
			}
		}
	})
}

// TestPrefixes: a stream that ends inside a frame is not taken for one that ended.
func TestPrefixes(t *testing.T) {
	const stream = "12 rsp 6 200 OK\n"
	for n := 1; n < len(stream); n++ {
		if f, err := newReader(strings.NewReader(stream[:n])).next(); !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Errorf("%q: %+v, %v", stream[:n], f, err)
		}
	}
	if f, err := newReader(strings.NewReader("")).next(); !errors.Is(err, io.EOF) {
		t.Errorf("empty stream: %+v, %v", f, err)
	}
}
