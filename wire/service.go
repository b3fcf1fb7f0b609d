package wire

import (
	"encoding/binary"
)

// The services real servers publish. Only ServiceEStreamer streams events; what
// the others do is not documented, and clients ignore them.
const (
	Service5000      uint32 = 5000
	Service5001      uint32 = 5001
	ServiceEStreamer uint32 = 6667
)

// A Service is one entry of streaming information or of a streaming request.
//
//	 0  uint32  service id
//	 4  uint32  length, see LengthForm
//	 8  uint32  request flags, 0 from a server
//	12  uint32  start, 0 from a server
//	16  pairs   absent from a server; from a client one per event type, zero pair last
type Service struct {
	ID    uint32
	Flags RequestFlags // the client repeats those of its event stream request
	Start uint32       // likewise
	Pairs []EventPair  // without the closing zero pair
}

// A LengthForm says what the length field of a Service counts when it is
// written. Readers accept both forms. The Guide's field table includes the
// first eight bytes, its examples and all servers exclude them; eNcore includes
// them, and servers accept that.
type LengthForm uint8

const (
	LengthInclusive LengthForm = iota // the whole entry: 16 + 4n; eNcore's form
	LengthExclusive                   // what follows the length field: 8 + 4n; the servers' form
)

// StreamingInformation is the server's answer to FlagExtendedRequest.
type StreamingInformation struct{ Services []Service }

// ParseStreamingInformation reads the body; both length forms are understood.
func ParseStreamingInformation(body []byte) (StreamingInformation, error) {
	s, err := parseServices(TypeStreamingInformation, body)
	return StreamingInformation{s}, err
}

// AppendStreamingInformation appends the complete message, header included, in
// the exclusive length form, which every known client understands. Three
// services without pairs make a body of 48 bytes.
func AppendStreamingInformation(dst []byte, m StreamingInformation) []byte {
	return appendServices(dst, TypeStreamingInformation, m.Services, LengthExclusive)
}

// A StreamingRequest is the client's answer to StreamingInformation; in
// practice it has one entry, for ServiceEStreamer.
type StreamingRequest struct{ Services []Service }

// ParseStreamingRequest reads the body. Both length forms are understood; with
// one service in the body its length is not trusted at all, because released
// clients fill it in differently.
func ParseStreamingRequest(body []byte) (StreamingRequest, error) {
	s, err := parseServices(TypeStreamingRequest, body)
	return StreamingRequest{s}, err
}

// AppendStreamingRequest appends the complete message, header included. A
// service without pairs gets no closing zero pair either. Readers try the
// exclusive form first, so several services should be written in that form.
func AppendStreamingRequest(dst []byte, m StreamingRequest, form LengthForm) []byte {
	return appendServices(dst, TypeStreamingRequest, m.Services, form)
}

const serviceSize = 16 // fixed part of a Service on the wire

func serviceLength(s *Service) int {
	if len(s.Pairs) == 0 {
		return serviceSize
	}
	return serviceSize + 4*len(s.Pairs) + 4
}

func appendServices(dst []byte, t MessageType, services []Service, form LengthForm) []byte {
	total := 0
	for i := range services {
		total += serviceLength(&services[i])
	}
	dst = AppendHeader(dst, t, uint32(total))
	for i := range services {
		s := &services[i]
		n := serviceLength(s)
		if form == LengthExclusive {
			n -= 8
		}
		dst = binary.BigEndian.AppendUint32(dst, s.ID)
		dst = binary.BigEndian.AppendUint32(dst, uint32(n))
		dst = binary.BigEndian.AppendUint32(dst, uint32(s.Flags))
		dst = binary.BigEndian.AppendUint32(dst, s.Start)
		for _, p := range s.Pairs {
			dst = binary.BigEndian.AppendUint32(dst, uint32(p.Version)<<16|uint32(p.Code))
		}
		if len(s.Pairs) > 0 {
			dst = binary.BigEndian.AppendUint32(dst, 0)
		}
	}
	return dst
}

// parseServices tries the readings of the length field in the order of their
// likelihood and takes the first under which every entry fits.
func parseServices(t MessageType, body []byte) ([]Service, error) {
	if len(body) < serviceSize {
		return nil, malformed(t, 0, "%d bytes found, at least %d expected for one service", len(body), serviceSize)
	}
	services, err := walkServices(t, body, 8)
	if err == nil {
		return services, nil
	}
	if services, err := walkServices(t, body, 0); err == nil {
		return services, nil
	}
	// A single entry ends where the body ends, whatever its length says.
	if s, err := parseService(t, body, 0, len(body)); err == nil {
		return []Service{s}, nil
	}
	return nil, err
}

// walkServices splits body by the length fields, to each of which extra bytes
// are added.
func walkServices(t MessageType, body []byte, extra uint64) ([]Service, error) {
	var services []Service
	for off := 0; off < len(body); {
		rest := len(body) - off
		if rest < serviceSize {
			return nil, malformed(t, off, "%d bytes left, %d expected for a service", rest, serviceSize)
		}
		n := uint64(binary.BigEndian.Uint32(body[off+4:])) + extra
		if n < serviceSize || n > uint64(rest) {
			return nil, malformed(t, off+4, "service length %d, but %d bytes follow it", n-extra, rest-8)
		}
		s, err := parseService(t, body, off, off+int(n))
		if err != nil {
			return nil, err
		}
		services = append(services, s)
		off += int(n)
	}
	return services, nil
}

// parseService reads the entry body[off:end], which has at least 16 bytes.
func parseService(t MessageType, body []byte, off, end int) (Service, error) {
	s := Service{
		ID:    binary.BigEndian.Uint32(body[off:]),
		Flags: RequestFlags(binary.BigEndian.Uint32(body[off+8:])),
		Start: binary.BigEndian.Uint32(body[off+12:]),
	}
	at := off + serviceSize
	if (end-at)%4 != 0 {
		return Service{}, malformed(t, at, "event pairs of %d bytes, a multiple of 4 expected", end-at)
	}
	for ; at < end; at += 4 {
		w := binary.BigEndian.Uint32(body[at:])
		if w != 0 {
			s.Pairs = append(s.Pairs, EventPair{Version: uint16(w >> 16), Code: uint16(w)})
			continue
		}
		// Pairs behind the terminator would be wishes that nobody grants.
		if at += 4; at < end {
			return Service{}, malformed(t, at, "%d bytes behind the closing zero pair of service %d", end-at, s.ID)
		}
		break
	}
	return s, nil
}
