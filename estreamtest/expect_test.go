package estreamtest_test

import (
	"bytes"
	"context"
	"io"
	"net"
	"net/netip"
	"strings"
	"testing"
	"time"

	"estream/estreamtest"
	"estream/wire"
)

func hostRequest(t *testing.T, dataType uint32) []byte {
	a := netip.MustParseAddr("192.0.2.1")
	p, err := wire.AppendHostDataRequest(nil, wire.HostDataRequest{DataType: dataType, First: a, Last: a})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// Each expectation passes with the client that it describes, and says what is wrong
// with another.
func TestExpectations(t *testing.T) {
	request := wire.AppendEventStreamRequest(nil, wire.EventStreamRequest{Start: 5, Flags: wire.FlagIntrusion | wire.FlagExtendedRequest})
	streaming := func(s wire.Service) []byte {
		return wire.AppendStreamingRequest(nil, wire.StreamingRequest{Services: []wire.Service{s}}, wire.LengthExclusive)
	}
	service := wire.Service{ID: wire.ServiceEStreamer, Start: 5, Flags: wire.FlagIntrusion | wire.FlagExtendedRequest, Pairs: []wire.EventPair{{Version: 9, Code: 12}, {Version: 4, Code: 21}}}
	other, late := service, service
	other.ID, late.Start = wire.Service5000, 6
	read := estreamtest.ExpectRequest(nil)
	pairs := []estreamtest.Step{read, estreamtest.ExpectPairs(wire.EventPair{Version: 4, Code: 21}, wire.EventPair{Version: 9, Code: 12})}
	host := func(steps ...estreamtest.Step) []estreamtest.Step {
		return append([]estreamtest.Step{read, estreamtest.ExpectHostRequest(nil)}, steps...)
	}
	two := estreamtest.Events(2, 100)
	for _, tt := range []struct {
		name   string
		client []byte
		steps  []estreamtest.Step
		want   string // part of the error; "" for none
		sent   []byte
	}{
		{"flags", request, []estreamtest.Step{estreamtest.ExpectFlags(wire.FlagIntrusion, wire.FlagPackets)}, "", nil},
		{"flag missing", request, []estreamtest.Step{estreamtest.ExpectFlags(wire.FlagPackets, 0)}, "0x00000001 packets missing", nil},
		{"flag too many", request, []estreamtest.Step{estreamtest.ExpectFlags(0, wire.FlagIntrusion)}, "0x00000004 intrusion not expected", nil},
		{"pairs", append(request, streaming(service)...), pairs, "", nil},
		{"other pairs", append(request, streaming(service)...), []estreamtest.Step{read, estreamtest.ExpectPairs(wire.EventPair{Version: 9, Code: 12})}, "asks for [12v9 21v4], expected [12v9]", nil},
		{"other service", append(request, streaming(other)...), pairs, "does not ask for service 6667", nil},
		{"other start", append(request, streaming(late)...), pairs, "streaming request has start 6", nil},
		{"one host", append(request, hostRequest(t, 6)...), host(estreamtest.SendHostData([]byte("profile"))), "", []byte("\x00\x01\x00\x06\x00\x00\x00\x07profile")},
		{"two for one", append(request, hostRequest(t, 6)...), host(estreamtest.SendHostData(nil, nil)), "2 host profiles for a request of one", nil},
		{"hosts", append(request, hostRequest(t, 7)...), host(estreamtest.SendHostData([]byte("a"), []byte("b"))), "", []byte("\x00\x01\x00\x07\x00\x00\x00\x01a\x00\x01\x00\x07\x00\x00\x00\x01b\x00\x01\x00\x07\x00\x00\x00\x00")},
		{"host refused", append(request, hostRequest(t, 7)...), []estreamtest.Step{read, estreamtest.ExpectHostRequest(func(r wire.HostDataRequest) error { return io.ErrNoProgress })}, io.ErrNoProgress.Error(), nil},
		{"no host request", request, host(), "host data request: a message expected", nil},
		{"acknowledged", wire.AppendNull(wire.AppendNull(bytes.Clone(request))), []estreamtest.Step{read, estreamtest.SendAcked(10, two)}, "", two},
		{"not acknowledged", wire.AppendNull(bytes.Clone(request)), []estreamtest.Step{read, estreamtest.SendAcked(1, two)}, "message 2: 1 acknowledgements expected, 0 acknowledgements", two},
		{"no messages", request, []estreamtest.Step{read, estreamtest.SendAcked(1, two[:10])}, "send message 1: message cut short", nil},
	} {
		near, far := net.Pipe()
		received := make(chan []byte)
		go func() {
			near.Write(tt.client)
			if tt.sent == nil {
				near.Close()
			}
			near.SetReadDeadline(time.Now().Add(time.Minute))
			p := make([]byte, len(tt.sent))
			n, _ := io.ReadFull(near, p)
			near.Close()
			received <- p[:n]
		}()
		err := estreamtest.Run(context.WithoutCancel(t.Context()), far, time.Minute, tt.steps...)
		if tt.want == "" && err != nil || tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)) {
			t.Errorf("%s: got %v, want %q", tt.name, err, tt.want)
		}
		if got := <-received; !bytes.Equal(got, tt.sent) {
			t.Errorf("%s: sent %x, want %x", tt.name, got, tt.sent)
		}
	}
}
