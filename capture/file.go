package capture

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"time"
)

const (
	magicMicro = 0xa1b2c3d4 // classic pcap, times in microseconds
	magicNano  = 0xa1b23c4d // the same in nanoseconds
	magicNG    = 0x0a0d0d0a // pcapng's section header, the same in both byte orders
	magicOrder = 0x1a2b3c4d // pcapng's byte order, 8 bytes further

	// maxPacket is the greatest packet that is read, in bytes. The greatest snap
	// length of tcpdump and dumpcap is 256 KiB, of USB captures 128 MiB.
	maxPacket = 4 << 20
)

// Looks reports whether head, the first 8 bytes of a file or more, begins a
// capture that Read can read. Of a file in gzip it needs some 64 bytes.
func Looks(head []byte) bool {
	if len(head) > 2 && head[0] == 0x1f && head[1] == 0x8b {
		z, err := gzip.NewReader(bytes.NewReader(head))
		if err != nil {
			return false
		}
		inner := make([]byte, 12)
		n, _ := io.ReadFull(z, inner) // head is expected to end too early
		return n >= 4 && looks(inner[:n])
	}
	return looks(head)
}

func looks(head []byte) bool {
	if len(head) < 4 {
		return false
	}
	order := byteOrder(head)
	if order == nil {
		return false
	}
	// The beginning of pcapng is four control characters: look further where possible.
	if order.Uint32(head) == magicNG && len(head) >= 12 {
		o := binary.LittleEndian.Uint32(head[8:])
		return o == magicOrder || o == 0x4d3c2b1a
	}
	return true
}

// byteOrder returns that of a capture's first 4 bytes, nil if it is none. For
// pcapng the section header says it later.
func byteOrder(head []byte) binary.ByteOrder {
	for _, o := range []binary.ByteOrder{binary.LittleEndian, binary.BigEndian} {
		switch o.Uint32(head) {
		case magicMicro, magicNano, magicNG:
			return o
		}
	}
	return nil
}

// A packet is one of a file. Its data is valid until the next is read.
type packet struct {
	time time.Time
	link uint32 // link type
	data []byte // as captured; the headers in it say how long it was
}

// A source reads a file's packets.
type source struct {
	r     *bufio.Reader
	order binary.ByteOrder
	buf   []byte
	at    uint64 // offset in the file, after gzip, of what is read next

	// Classic pcap.
	link    uint32
	unit    time.Duration // of the fraction of a second
	swapped bool          // the two lengths stand the other way around

	// pcapng.
	ng         bool
	interfaces []ngInterface
	secrets    func(keyLog io.Reader) error
}

// open reads the beginning of a capture.
func open(r io.Reader) (*source, error) {
	s := &source{r: bufio.NewReaderSize(r, 64<<10)}
	head, err := s.r.Peek(4)
	if len(head) >= 2 && head[0] == 0x1f && head[1] == 0x8b {
		z, failed := gzip.NewReader(s.r)
		if failed != nil {
			return nil, fmt.Errorf("capture: gzip: %w", failed)
		}
		s.r = bufio.NewReaderSize(z, 64<<10)
		head, err = s.r.Peek(4)
	}
	switch {
	case len(head) == 0 && err == io.EOF:
		return nil, errors.New("capture: the file is empty")
	case err != nil && err != io.EOF:
		return nil, fmt.Errorf("capture: %w", err)
	case len(head) < 4 || byteOrder(head) == nil:
		return nil, fmt.Errorf("capture: the file begins with %x: neither pcap nor pcapng", head)
	}
	s.order = byteOrder(head)
	if s.order.Uint32(head) == magicNG {
		s.ng = true
		return s, nil
	}
	return s, s.fileHeader()
}

// fileHeader reads the 24 bytes that begin a classic pcap:
//
//	 0  uint32  magic, which tells byte order and unit of time
//	 4  uint16  major version, 2
//	 6  uint16  minor version, 4
//	 8  8 bytes time zone and accuracy, always 0
//	16  uint32  snap length
//	20  uint32  link type in the lower 16 bits
func (s *source) fileHeader() error {
	p, err := s.take(24)
	if err != nil {
		return fmt.Errorf("capture: header: %w", err)
	}
	s.unit = time.Microsecond
	if s.order.Uint32(p) == magicNano {
		s.unit = time.Nanosecond
	}
	if major := s.order.Uint16(p[4:]); major != 2 {
		return fmt.Errorf("capture: pcap version %d found, 2 expected", major)
	}
	s.swapped = s.order.Uint16(p[6:]) < 3
	s.link = s.order.Uint32(p[20:]) & 0xffff
	return nil
}

// next returns the next packet, io.EOF at the end of the file, and
// io.ErrUnexpectedEOF, wrapped, if it ends elsewhere.
func (s *source) next() (packet, error) {
	if s.ng {
		return s.nextNG()
	}
	if _, err := s.r.Peek(1); err != nil {
		return packet{}, err
	}
	// seconds, fraction, length in the file, length on the wire
	p, err := s.take(16)
	if err != nil {
		return packet{}, err
	}
	sec, fraction := s.order.Uint32(p), s.order.Uint32(p[4:])
	size, onWire := s.order.Uint32(p[8:]), s.order.Uint32(p[12:])
	if s.swapped {
		size = min(size, onWire)
	}
	if size > maxPacket {
		return packet{}, fmt.Errorf("offset %d: packet of %d bytes, at most %d are read: the file is damaged", s.at-16, size, maxPacket)
	}
	data, err := s.take(int(size))
	if err != nil {
		return packet{}, err
	}
	t := time.Unix(int64(sec), int64(fraction)*int64(s.unit)).UTC()
	return packet{time: t, link: s.link, data: data}, nil
}

// take returns the next n bytes, valid until the next call. The buffer grows as the bytes
// come, so that a length in a short file costs nothing.
func (s *source) take(n int) ([]byte, error) {
	s.buf = s.buf[:0]
	for len(s.buf) < n {
		from := len(s.buf)
		s.buf = append(s.buf, make([]byte, min(n-from, 64<<10))...)
		m, err := io.ReadFull(s.r, s.buf[from:])
		s.at += uint64(m)
		if err == io.EOF {
			err = io.ErrUnexpectedEOF
		}
		if err != nil {
			return nil, fmt.Errorf("offset %d: %d bytes expected, %d there: %w", s.at-uint64(from+m), n, from+m, err)
		}
	}
	return s.buf, nil
}

// skip reads over n bytes.
func (s *source) skip(n uint32) error {
	m, err := io.CopyN(io.Discard, s.r, int64(n))
	s.at += uint64(m)
	if err == io.EOF {
		err = io.ErrUnexpectedEOF
	}
	return err
}
