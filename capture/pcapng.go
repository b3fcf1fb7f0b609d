package capture

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math/bits"
	"time"
)

// The types of pcapng blocks that are read; others are skipped.
const (
	ngInterfaceBlock = 1
	ngPacketBlock    = 2 // obsolete
	ngSimpleBlock    = 3
	ngEnhancedBlock  = 6
	ngSecretsBlock   = 10

	ngSecretsTLS = 0x544c534b // the type of secrets that is an NSS key log

	ngOptionResolution = 9  // of an interface's times
	ngOptionOffset     = 14 // seconds added to them

	maxInterfaces = 4096
	maxBlock      = maxPacket + 64<<10 // bytes of a block that is read
	maxSecretsLog = 16 << 20           // bytes of a block of secrets
)

// An ngInterface is what an interface's block says of its packets.
type ngInterface struct {
	link   uint32
	snap   uint32 // 0 for none
	units  uint64 // of time in a second
	offset int64  // seconds
}

// nextNG walks the blocks to the next packet. A block is
//
//	0  uint32  type
//	4  uint32  length of the whole block, a multiple of 4
//	8  body
//	-4 uint32  the length again
func (s *source) nextNG() (packet, error) {
	for {
		if _, err := s.r.Peek(1); err != nil {
			return packet{}, err
		}
		head, err := s.r.Peek(12)
		if err != nil {
			return packet{}, cut(err)
		}
		if binary.LittleEndian.Uint32(head) == magicNG {
			if err := s.section(head[8:]); err != nil {
				return packet{}, err
			}
		}
		typ, length := s.order.Uint32(head), s.order.Uint32(head[4:])
		if length < 12 || length%4 != 0 {
			return packet{}, fmt.Errorf("offset %d: pcapng block %d of %d bytes: the file is damaged", s.at, typ, length)
		}
		p, got, err := s.block(typ, length)
		if err != nil || got {
			return p, err
		}
	}
}

// cut makes the end of the file in the middle of something what it is.
func cut(err error) error {
	if err == io.EOF {
		return io.ErrUnexpectedEOF
	}
	return err
}

// section begins a section, which may have another byte order; its interfaces are its
// own.
func (s *source) section(order []byte) error {
	s.interfaces = s.interfaces[:0]
	switch {
	case binary.LittleEndian.Uint32(order) == magicOrder:
		s.order = binary.LittleEndian
	case binary.BigEndian.Uint32(order) == magicOrder:
		s.order = binary.BigEndian
	default:
		return fmt.Errorf("offset %d: byte order %x of a pcapng section: the file is damaged", s.at+8, order)
	}
	return nil
}

// block reads the block in front, and reports whether it is a packet.
func (s *source) block(typ, length uint32) (packet, bool, error) {
	limit := uint32(maxBlock)
	switch typ {
	case magicNG, ngInterfaceBlock, ngPacketBlock, ngSimpleBlock, ngEnhancedBlock:
	case ngSecretsBlock:
		limit = maxSecretsLog
	default:
		return packet{}, false, s.skip(length)
	}
	if length > limit {
		return packet{}, false, fmt.Errorf("offset %d: pcapng block %d of %d bytes, at most %d are read: the file is damaged", s.at, typ, length, limit)
	}
	at := s.at
	whole, err := s.take(int(length))
	if err != nil {
		return packet{}, false, err
	}
	if again := s.order.Uint32(whole[length-4:]); again != length {
		return packet{}, false, fmt.Errorf("offset %d: pcapng block %d of %d bytes ends with the length %d: the file is damaged", at, typ, length, again)
	}
	var p packet
	body, got := whole[8:length-4], false
	switch typ {
	case magicNG:
		if len(body) >= 8 && s.order.Uint16(body[4:]) != 1 {
			return packet{}, false, fmt.Errorf("offset %d: pcapng version %d found, 1 expected", at, s.order.Uint16(body[4:]))
		}
	case ngInterfaceBlock:
		err = s.describe(body)
	case ngSecretsBlock:
		err = s.keys(body)
	default:
		p, err = s.packetBlock(typ, body)
		got = true
	}
	if err != nil {
		return packet{}, false, fmt.Errorf("offset %d: pcapng block %d: %w", at, typ, err)
	}
	return p, got, nil
}

var errShort = errors.New("too short: the file is damaged")

// keys hands on a key log.
func (s *source) keys(body []byte) error {
	if len(body) < 8 {
		return errShort
	}
	n := s.order.Uint32(body[4:])
	if uint64(n) > uint64(len(body)-8) {
		return errShort
	}
	if s.order.Uint32(body) != ngSecretsTLS || s.secrets == nil {
		return nil // of another protocol
	}
	return s.secrets(bytes.NewReader(body[8 : 8+n]))
}

// describe takes an interface's description: link type, 2 bytes, snap length, options.
func (s *source) describe(body []byte) error {
	if len(body) < 8 {
		return errShort
	}
	if len(s.interfaces) == maxInterfaces {
		return fmt.Errorf("more than %d interfaces", maxInterfaces)
	}
	i := ngInterface{link: uint32(s.order.Uint16(body)), snap: s.order.Uint32(body[4:]), units: 1e6}
	for o := body[8:]; len(o) >= 4; {
		code, n := s.order.Uint16(o), int(s.order.Uint16(o[2:]))
		o = o[4:]
		if code == 0 || n > len(o) {
			break
		}
		switch {
		case code == ngOptionResolution && n >= 1:
			if i.units = resolution(o[0]); i.units == 0 {
				return fmt.Errorf("resolution of time %#x, at most 2^-63 and 10^-19 are read", o[0])
			}
		case code == ngOptionOffset && n >= 8:
			i.offset = int64(s.order.Uint64(o))
		}
		o = o[min(len(o), (n+3)&^3):]
	}
	s.interfaces = append(s.interfaces, i)
	return nil
}

// resolution returns how many units of time make a second: a power of 10 or, with
// the upper bit set, of 2. It is 0 where no uint64 holds it.
func resolution(b byte) uint64 {
	if b&0x80 != 0 {
		if b&0x7f > 63 {
			return 0
		}
		return 1 << (b & 0x7f)
	}
	if b > 19 {
		return 0
	}
	units := uint64(1)
	for range b {
		units *= 10
	}
	return units
}

// packetBlock reads the packet of one of three kinds of block.
func (s *source) packetBlock(typ uint32, body []byte) (packet, error) {
	if typ == ngSimpleBlock { // length on the wire, data; no time, and the first interface
		if len(body) < 4 {
			return packet{}, errShort
		}
		i, err := s.byNumber(0)
		if err != nil {
			return packet{}, err
		}
		n := s.order.Uint32(body)
		if i.snap > 0 {
			n = min(n, i.snap)
		}
		return packet{link: i.link, data: body[4:][:min(uint64(n), uint64(len(body)-4))]}, nil
	}
	// interface, time (upper and lower half), length in the file, length on the
	// wire, data, options
	if len(body) < 20 {
		return packet{}, errShort
	}
	number := s.order.Uint32(body)
	if typ == ngPacketBlock {
		number = uint32(s.order.Uint16(body)) // and 16 bits of a drop count
	}
	i, err := s.byNumber(number)
	if err != nil {
		return packet{}, err
	}
	n := s.order.Uint32(body[12:])
	if uint64(n) > uint64(len(body)-20) {
		return packet{}, errShort
	}
	t := uint64(s.order.Uint32(body[4:]))<<32 | uint64(s.order.Uint32(body[8:]))
	return packet{time: i.time(t), link: i.link, data: body[20 : 20+n]}, nil
}

func (s *source) byNumber(n uint32) (*ngInterface, error) {
	if uint64(n) >= uint64(len(s.interfaces)) {
		return nil, fmt.Errorf("packet of interface %d, but only %d are described: the file is damaged", n, len(s.interfaces))
	}
	return &s.interfaces[n], nil
}

// time returns the time that t units are.
func (i *ngInterface) time(t uint64) time.Time {
	hi, lo := bits.Mul64(t%i.units, uint64(time.Second))
	nanos, _ := bits.Div64(hi, lo, i.units) // hi < units, as t%units is less
	sec := int64(t/i.units) + i.offset
	if sec < 0 || sec > lastSecond {
		return time.Time{} // damaged; formats of time end with the year 9999
	}
	return time.Unix(sec, int64(nanos)).UTC()
}

// lastSecond is 9999-12-31T23:59:59Z.
const lastSecond = 253402300799
