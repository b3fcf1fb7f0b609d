package wire

import (
	"encoding/binary"
	"fmt"
	"net/netip"
	"time"
)

// Two values of EventStreamRequest.Start mean no point in time.
const (
	StartOldest uint32 = 0          // from the oldest event the server still has
	StartNow    uint32 = 0xffffffff // new events only
)

// StartText writes a start for people: "oldest", "now", or the time in UTC.
func StartText(start uint32) string {
	switch start {
	case StartOldest:
		return "oldest"
	case StartNow:
		return "now"
	}
	return time.Unix(int64(start), 0).UTC().Format(time.RFC3339)
}

// An EventStreamRequest opens every session, also when only host data is
// wanted. Its body is 8 bytes. Guide: "Event Stream Request Message".
//
//	0  uint32  start, Unix seconds of archive time, or StartOldest, StartNow
//	4  uint32  request flags
type EventStreamRequest struct {
	Start uint32
	Flags RequestFlags
}

// ParseEventStreamRequest reads the body. Only a length of exactly 8 is right.
func ParseEventStreamRequest(body []byte) (EventStreamRequest, error) {
	if len(body) != 8 {
		return EventStreamRequest{}, malformed(TypeEventStreamRequest, 0, "%d bytes found, 8 expected", len(body))
	}
	return EventStreamRequest{
		Start: binary.BigEndian.Uint32(body),
		Flags: RequestFlags(binary.BigEndian.Uint32(body[4:])),
	}, nil
}

// AppendEventStreamRequest appends the complete message, header included.
func AppendEventStreamRequest(dst []byte, r EventStreamRequest) []byte {
	dst = AppendHeader(dst, TypeEventStreamRequest, 8)
	dst = binary.BigEndian.AppendUint32(dst, r.Start)
	return binary.BigEndian.AppendUint32(dst, uint32(r.Flags))
}

// A HostDataRequest asks for the stored profiles of one host or a range. It may
// follow an event stream request at any time. The body is 40 bytes, in the
// legacy form (before 5.2) 16. Guide: "Host Data and Multiple Host Data Message
// Format".
//
//	 0  uint32  data type: 0, 2, 4, 6 one host; 1, 3, 5, 7 several
//	 4  uint32  flags: bit 0 notes, bit 1 service banners
//	 8  16 or 4 bytes  first address, IPv4 mapped into IPv6 in the long form
//	24  16 or 4 bytes  last address
type HostDataRequest struct {
	DataType uint32 // 0 to 7; the greater, the newer the blocks of the answer
	Flags    uint32 // HostNotes, HostBanners
	First    netip.Addr
	Last     netip.Addr // equal to First, or all zeros, for one host
	Legacy   bool       // 4-byte addresses
}

// The flags of a host data request.
const (
	HostNotes   uint32 = 1 << 0 // include host notes
	HostBanners uint32 = 1 << 1 // include service banners
)

// Multiple reports whether the answer consists of multiple host data messages.
func (r HostDataRequest) Multiple() bool { return r.DataType&1 != 0 }

// ParseHostDataRequest reads the body; its length, 16 or 40, decides the form
// of the addresses. IPv4 addresses come back unmapped. Data types above 7 are
// left to the caller.
func ParseHostDataRequest(body []byte) (HostDataRequest, error) {
	if len(body) != 16 && len(body) != 40 {
		return HostDataRequest{}, malformed(TypeHostDataRequest, 0, "%d bytes found, 16 or 40 expected", len(body))
	}
	n := (len(body) - 8) / 2
	first, _ := netip.AddrFromSlice(body[8 : 8+n])
	last, _ := netip.AddrFromSlice(body[8+n:])
	return HostDataRequest{
		DataType: binary.BigEndian.Uint32(body),
		Flags:    binary.BigEndian.Uint32(body[4:]),
		First:    first.Unmap(),
		Last:     last.Unmap(),
		Legacy:   n == 4,
	}, nil
}

// AppendHostDataRequest appends the complete message, header included. It fails
// when an address is missing, or is IPv6 while the legacy form is asked for.
func AppendHostDataRequest(dst []byte, r HostDataRequest) ([]byte, error) {
	if !r.First.IsValid() || !r.Last.IsValid() {
		return dst, fmt.Errorf("host data request: first address %v, last address %v: both expected", r.First, r.Last)
	}
	n := uint32(40)
	if r.Legacy {
		n = 16
	}
	at := len(dst)
	dst = AppendHeader(dst, TypeHostDataRequest, n)
	dst = binary.BigEndian.AppendUint32(dst, r.DataType)
	dst = binary.BigEndian.AppendUint32(dst, r.Flags)
	for _, a := range [2]netip.Addr{r.First, r.Last} {
		if !r.Legacy {
			b := a.As16()
			dst = append(dst, b[:]...)
			continue
		}
		if a = a.Unmap(); !a.Is4() {
			return dst[:at], fmt.Errorf("host data request: address %v: the 16-byte form carries IPv4 only", a)
		}
		b := a.As4()
		dst = append(dst, b[:]...)
	}
	return dst, nil
}
