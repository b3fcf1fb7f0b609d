package transcript

import (
	"encoding/json"
	"errors"
	"fmt"
	"strconv"

	"estream/wire"
)

// message appends type, name and meaning of a whole message.
func (w *Writer) message(dst []byte, from Side, m []byte) []byte {
	h, _ := wire.ParseHeader(m)
	dst = append(dst, `"type":`...)
	dst = strconv.AppendUint(dst, uint64(h.Type), 10)
	dst = append(dst, `,"name":"`+h.Type.String()+`"`...)
	if len(m) > maxMeaning {
		return appendString(append(dst, `,"problem":`...), fmt.Appendf(nil, "meaning left out: message of %d bytes, it is told up to %d", len(m), maxMeaning))
	}
	body := m[wire.HeaderSize:]
	var (
		meaning any
		err     error
	)
	switch h.Type {
	case wire.TypeNull:
		meaning = map[Side]map[string]string{Client: {"use": "acknowledgement"}, Server: {"use": "keep-alive"}}[from]
	case wire.TypeError:
		var e wire.ErrorMessage
		e, err = wire.ParseErrorMessage(body)
		meaning = errorMeaning{e.Code, e.Text}
	case wire.TypeEventStreamRequest:
		var r wire.EventStreamRequest
		r, err = wire.ParseEventStreamRequest(body)
		meaning = requestMeaning{r.Start, wire.StartText(r.Start), flagsOf(r.Flags)}
	case wire.TypeStreamingInformation:
		var s wire.StreamingInformation
		s, err = wire.ParseStreamingInformation(body)
		meaning = servicesOf(s.Services)
	case wire.TypeStreamingRequest:
		var s wire.StreamingRequest
		s, err = wire.ParseStreamingRequest(body)
		meaning = servicesOf(s.Services)
	case wire.TypeHostDataRequest:
		var r wire.HostDataRequest
		r, err = wire.ParseHostDataRequest(body)
		meaning = hostMeaning{r.DataType, r.Multiple(), r.Flags, r.Flags&wire.HostNotes != 0, r.Flags&wire.HostBanners != 0, r.First.String(), r.Last.String()}
	case wire.TypeEventData:
		return w.record(append(dst, `,"meaning":{`...), m, '}')
	case wire.TypeMessageBundle:
		return w.bundle(dst, body)
	case wire.TypeSingleHostData, wire.TypeMultipleHostData:
		return w.hostData(dst, m)
	default:
		return dst
	}
	if err == nil {
		var text []byte
		if text, err = json.Marshal(meaning); err == nil {
			return append(append(dst, `,"meaning":`...), text...)
		}
	}
	return appendString(append(dst, `,"problem":`...), []byte(err.Error()))
}

type errorMeaning struct {
	Code int32  `json:"code"`
	Text string `json:"text"`
}

type requestMeaning struct {
	Start uint32 `json:"start"`
	From  string `json:"start_text"`
	flagsMeaning
}

type flagsMeaning struct {
	Flags string `json:"flags"` // hex
	Bits  []int  `json:"bits"`
}

func flagsOf(f wire.RequestFlags) flagsMeaning {
	m := flagsMeaning{Flags: fmt.Sprintf("0x%08x", uint32(f)), Bits: []int{}}
	for bit := range 32 {
		if f>>bit&1 == 1 {
			m.Bits = append(m.Bits, bit)
		}
	}
	return m
}

type servicesMeaning struct {
	Services []serviceMeaning `json:"services"`
}

type serviceMeaning struct {
	ID    uint32 `json:"id"`
	Start uint32 `json:"start"`
	flagsMeaning
	Pairs []pairMeaning `json:"pairs,omitempty"`
}

type pairMeaning struct {
	Version uint16 `json:"version"`
	Code    uint16 `json:"event_type"`
	Name    string `json:"name,omitempty"`
}

// eventNames are the event types of an extended request.
var eventNames = map[uint16]string{
	wire.CodeIntrusion: "intrusion", wire.CodeMetadata: "metadata", wire.CodeCorrelation: "correlation", wire.CodeDiscovery: "discovery",
	wire.CodeConnection: "connection", wire.CodeUser: "user", wire.CodeMalware: "malware", wire.CodeFile: "file", wire.CodeImpactAlert: "impact alert",
}

func servicesOf(list []wire.Service) servicesMeaning {
	m := servicesMeaning{Services: []serviceMeaning{}}
	for _, s := range list {
		sm := serviceMeaning{ID: s.ID, Start: s.Start, flagsMeaning: flagsOf(s.Flags)}
		for _, p := range s.Pairs {
			sm.Pairs = append(sm.Pairs, pairMeaning{p.Version, p.Code, eventNames[p.Code]})
		}
		m.Services = append(m.Services, sm)
	}
	return m
}

type hostMeaning struct {
	DataType uint32 `json:"data_type"`
	Multiple bool   `json:"multiple"`
	Flags    uint32 `json:"flags"`
	Notes    bool   `json:"notes"`
	Banners  bool   `json:"banners"`
	First    string `json:"first"`
	Last     string `json:"last"`
}

// bundle appends the meaning of a bundle: each message with the place, in the
// bytes of the whole message, where its inner header begins.
func (w *Writer) bundle(dst, body []byte) []byte {
	b, err := wire.ParseBundle(body)
	if err != nil {
		return appendString(append(dst, `,"problem":`...), []byte(err.Error()))
	}
	dst = append(dst, `,"meaning":{"connection_id":`...)
	dst = strconv.AppendUint(dst, uint64(b.ConnectionID), 10)
	dst = append(dst, `,"sequence":`...)
	dst = strconv.AppendUint(dst, uint64(b.Sequence), 10)
	dst = append(dst, `,"messages":[`...)
	for rest, first := b.Messages, true; len(rest) > 0; first = false {
		at := wire.HeaderSize + len(body) - len(rest)
		h, m, next, err := wire.NextBundled(rest)
		if err != nil {
			dst = append(dst, `],"problem":`...)
			return append(appendString(dst, fmt.Appendf(nil, "offset %d: %v", at, err)), '}')
		}
		if !first {
			dst = append(dst, ',')
		}
		dst = append(dst, `{"offset":`...)
		dst = strconv.AppendInt(dst, int64(at), 10)
		dst = append(dst, `,"version":`...)
		dst = strconv.AppendUint(dst, uint64(h.Version), 10)
		dst = append(dst, `,"type":`...)
		dst = strconv.AppendUint(dst, uint64(h.Type), 10)
		if h.Type == wire.TypeEventData {
			dst = w.record(append(dst, ','), m, '}')
		} else {
			dst = append(dst, '}')
		}
		rest = next
	}
	return append(dst, ']', '}')
}

// hostData appends the meaning of a host profile, which has no record header.
func (w *Writer) hostData(dst, m []byte) []byte {
	if len(m) == wire.HeaderSize {
		return append(dst, `,"meaning":{"use":"end of the answer"}`...)
	}
	// The block is read as the only field of a structure of its series.
	whole := &wire.View{
		Layout: &wire.Layout{Fields: []wire.Field{{Name: "host profile", Kind: wire.KindBlock}}, Block: &wire.BlockDef{Series: 1}},
		Data:   m, Slots: []wire.Slot{wire.Slot(wire.HeaderSize<<32 | uint64(len(m)-wire.HeaderSize))},
	}
	at := len(dst)
	dst = append(dst, `,"meaning":`...)
	dst, err := w.elements(dst, whole, 0)
	if err == nil && string(dst[len(dst)-4:]) == "null" {
		err = fmt.Errorf("a data block expected, %d bytes found", len(m)-wire.HeaderSize)
	}
	if err == nil {
		return dst
	}
	return appendString(append(dst[:at], `,"problem":`...), []byte(problemOf(err)))
}

// problemOf writes an error of decoding for people.
func problemOf(err error) string {
	if errors.Is(err, wire.ErrUnknownRecord) || errors.Is(err, wire.ErrUnknownBlock) {
		return "no layout is known: " + err.Error()
	}
	return err.Error()
}
