package transcript

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"io"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"estream/internal/recordtest"
	"estream/layouts"
	"estream/server/fault"
	"estream/session"
	"estream/wire"
)

var update = flag.Bool("update", false, "write the example sessions in testdata anew")

func addr(s string) netip.Addr { return netip.MustParseAddr(s) }

// An example is one recorded session: what the server sends, and the client's side
// of the conversation.
type example struct {
	name, note string
	faults     []string
	config     session.ServerConfig
	serve      func(t *testing.T, s *session.Server)
	talk       func(t *testing.T, c *talker)
}

// events are the records of the examples: what a device is called, a connection
// that it saw, an intrusion event with its packet.
func events(t *testing.T) (device, connection, intrusion, packet []byte) {
	set := layouts.Default()
	message := func(second uint32, record uint16, block uint32, f recordtest.Fields) []byte {
		h := recordtest.Header
		h.ArchiveTimestamp = second
		return recordtest.MessageAs(t, set, h, record, block, f)
	}
	ip := func(last byte) []byte { return []byte{10: 0xff, 11: 0xff, 12: 198, 13: 51, 14: 100, 15: last} }
	device = message(1700000000, 123, 0, recordtest.Fields{"id": 3, "name": "sensor-1.example"})
	connection = message(1700000001, 71, 174, recordtest.Fields{
		"header.device_id": 3, "header.has_ipv6": 1, "device_id": 3, "initiator_ip_address": ip(7), "responder_ip_address": ip(80),
		"initiator_port": 51234, "responder_port": 443, "protocol": 6, "first_packet_timestamp": 1699999990, "last_packet_timestamp": 1700000000,
		"client_url": "https://www.example.com/",
	})
	intrusion = message(1700000002, 400, 85, recordtest.Fields{
		"device_id": 3, "event_id": 1001, "event_second": 1700000001, "generator_id": 1, "rule_id": 2019401, "rule_revision": 4,
		"source_ip_address": ip(7), "destination_ip_address": ip(80), "http_hostname": "www.example.com",
	})
	packet = message(1700000002, 2, 0, recordtest.Fields{
		"device_id": 3, "event_id": 1001, "event_second": 1700000001, "packet_second": 1700000001, "link_type": 1, "packet_data": "\x02\x00\x00\x00\x00\x01\x02\x00\x00\x00\x00\x02\x08\x00",
	})
	return device, connection, intrusion, packet
}

// profile is a host profile of 4.9: block 92. A record that may carry any block is
// built around it and taken off again; its layouts are not to be those of others.
func profile(t *testing.T) []byte {
	m := recordtest.Message(t, wire.NewLayouts(layouts.Default().Source()), 10, 92, recordtest.Fields{
		"ip_address": []byte{10, 0, 0, 7}, "hops": 1, "host_last_seen": 1700000000, "netbios": "DESKTOP-7",
		"network_protocols": []byte{0, 0, 0, 11, 0, 0, 0, 18, 0, 0, 0, 4, 0, 0, 0, 10, 8, 0},
	})
	const headers = wire.HeaderSize + 16 + 40
	return m[headers:]
}

func examples() []example {
	return []example{
		{
			name: "extended", note: "extended request, bundles, a keep-alive; flags and event types as eNcore asks for them",
			config: session.ServerConfig{BundleMessages: 3, ConnectionID: 1, KeepAlive: 30 * time.Second},
			serve: func(t *testing.T, s *session.Server) {
				device, connection, intrusion, packet := events(t)
				send(t, s, 3, device, connection, intrusion)
				send(t, s, 1, packet)
			},
			talk: func(t *testing.T, c *talker) {
				c.say(wire.AppendEventStreamRequest(nil, wire.EventStreamRequest{Start: 1700000000, Flags: wire.DefaultFlags}))
				c.hear(wire.TypeStreamingInformation)
				c.say(wire.AppendStreamingRequest(nil, wire.StreamingRequest{Services: []wire.Service{
					{ID: wire.ServiceEStreamer, Flags: wire.DefaultFlags, Start: 1700000000, Pairs: wire.DefaultPairs()},
				}}, wire.LengthInclusive))
				for range 2 {
					c.hear(wire.TypeMessageBundle)
					c.say(wire.AppendNull(nil))
				}
				c.hear(wire.TypeNull)
				c.say(wire.AppendNull(nil))
			},
		},
		{
			name: "flags-and-hosts", note: "event stream request of the 4.9 generation, single messages, then a host request",
			config: session.ServerConfig{Window: 1, KeepAlive: session.Off, HostRequests: 1},
			serve: func(t *testing.T, s *session.Server) {
				device, _, _, _ := events(t)
				send(t, s, 1, device)
				send(t, s, 1, recordtest.Message(t, layouts.Default(), 104, 0, recordtest.Fields{
					"device_id": 3, "event_id": 1001, "event_second": 1700000001, "generator_id": 1, "rule_id": 2019401, "rule_revision": 4,
					"source_ip_address": []byte{198, 51, 100, 7}, "destination_ip_address": []byte{198, 51, 100, 80}, "ip_protocol_id": 6,
				}))
				<-s.HostRequests()
				for _, block := range [][]byte{profile(t), nil} {
					if err := s.SendHostData(t.Context(), wire.TypeMultipleHostData, block); err != nil {
						t.Error(err)
					}
				}
			},
			talk: func(t *testing.T, c *talker) {
				c.say(wire.AppendEventStreamRequest(nil, wire.EventStreamRequest{Flags: wire.FlagMetadataV4 | wire.FlagIntrusionImpact | wire.FlagArchiveTimestamp}))
				for range 2 {
					c.hear(wire.TypeEventData)
					c.say(wire.AppendNull(nil))
				}
				r, err := wire.AppendHostDataRequest(nil, hostRequest())
				if err != nil {
					t.Fatal(err)
				}
				c.say(r)
				c.hear(wire.TypeMultipleHostData)
				c.hear(wire.TypeMultipleHostData)
				c.say(wire.AppendErrorMessage(nil, wire.ErrorMessage{Code: wire.Unnumbered, Text: "that was all I wanted"}))
			},
		},
		{
			name: "faults", note: "a server with --fault unknown:after=1 and --fault bundle:open,after=2,for=5s",
			faults: []string{"unknown:after=1", "bundle:open,after=2,for=5s"},
			config: session.ServerConfig{BundleMessages: 1, ConnectionID: 1, KeepAlive: session.Off},
			serve: func(t *testing.T, s *session.Server) {
				device, connection, intrusion, _ := events(t)
				send(t, s, 1, device)
				send(t, s, 1, connection)
				var ended *fault.EndError
				if err := s.Send(t.Context(), intrusion, 1); !errors.As(err, &ended) {
					t.Errorf("got %v, want the end by a fault", err)
				}
			},
			talk: func(t *testing.T, c *talker) {
				c.say(wire.AppendEventStreamRequest(nil, wire.EventStreamRequest{Flags: wire.DefaultFlags}))
				c.hear(wire.TypeStreamingInformation)
				c.say(wire.AppendStreamingRequest(nil, wire.StreamingRequest{Services: []wire.Service{
					{ID: wire.ServiceEStreamer, Flags: wire.DefaultFlags, Pairs: []wire.EventPair{{Version: 17, Code: wire.CodeConnection}, {Version: 11, Code: wire.CodeIntrusion}}},
				}}, wire.LengthExclusive))
				for range 2 {
					c.hear(wire.TypeMessageBundle)
					c.say(wire.AppendNull(nil))
				}
				c.hearEnd(wire.TypeMessageBundle)
			},
		},
	}
}

func send(t *testing.T, s *session.Server, count int, messages ...[]byte) {
	if err := s.Send(t.Context(), bytes.Join(messages, nil), count); err != nil {
		t.Error(err)
	}
}

// A talker is a client that waits a little before it says something.
type talker struct {
	*testing.T
	net.Conn
}

func (c *talker) say(p []byte) {
	time.Sleep(1234 * time.Microsecond)
	if _, err := c.Write(p); err != nil {
		c.Error(err)
	}
}

func (c *talker) hear(want wire.MessageType) {
	c.Helper()
	header := make([]byte, wire.HeaderSize)
	_, err := io.ReadFull(c.Conn, header)
	h, _ := wire.ParseHeader(header)
	if err == nil {
		_, err = io.CopyN(io.Discard, c.Conn, int64(h.Length))
	}
	if err != nil || h.Type != want {
		c.Errorf("got %v, %v, want %v", h.Type, err, want)
	}
}

// hearEnd reads a message that never becomes whole.
func (c *talker) hearEnd(want wire.MessageType) {
	p, err := io.ReadAll(c.Conn)
	if h, _ := wire.ParseHeader(p); err != nil || h.Type != want || int(h.Length) <= len(p)-wire.HeaderSize {
		c.Errorf("got %v of %d bytes in %d, %v", h.Type, h.Length, len(p), err)
	}
}

// record runs a session of an example over a pipe, in the time of the bubble.
func (e *example) record(t *testing.T) []byte {
	var out bytes.Buffer
	w, err := NewWriter(&out, layouts.Default(), Header{
		Session: 1, Client: "198.51.100.99", Peer: "198.51.100.99:50000", Local: "198.51.100.1:8302", TLS: "TLS 1.3", Cipher: "TLS_AES_128_GCM_SHA256", Note: e.note,
	}, WriterOptions{})
	if err != nil {
		t.Fatal(err)
	}
	plan, err := fault.NewPlan(e.faults, nil)
	if err != nil {
		t.Fatal(err)
	}
	near, far := net.Pipe()
	var failed error
	conn := plan.Wrap(1, "198.51.100.99", Conn(far, w, func(err error) { failed = err }))
	done := make(chan struct{})
	go func() {
		defer close(done)
		s, err := session.Accept(t.Context(), conn, e.config)
		if err != nil {
			t.Error(err)
			return
		}
		e.serve(t, s)
		<-s.Context().Done() // the client leaves, or a fault has ended it
		if err := s.End(context.WithoutCancel(t.Context()), nil); err != nil {
			t.Error(err)
		}
	}()
	e.talk(t, &talker{t, near})
	time.Sleep(time.Millisecond)
	near.Close()
	<-done
	if failed != nil {
		t.Error(failed)
	}
	return out.Bytes()
}

// The example sessions are what a session of that kind is recorded as, to the byte.
func TestExamples(t *testing.T) {
	for _, e := range examples() {
		synctest.Test(t, func(t *testing.T) {
			got := e.record(t)
			name := filepath.Join("testdata", e.name+".jsonl")
			if *update {
				if err := os.WriteFile(name, got, 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(got, want) {
				t.Errorf("%s: run the test with -update if this is right; got\n%s", name, got)
			}
			check(t, name, got)
		})
	}
}

// check reads an example back: numbers count up, times never go back, meanings are
// there, and the messages of each side follow each other without a gap.
func check(t *testing.T, name string, recording []byte) {
	r, err := NewReader(bytes.NewReader(recording))
	if err != nil {
		t.Fatal(err)
	}
	var last Entry
	for n := 1; ; n++ {
		e, err := r.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if e.N != n || e.At < last.At {
			t.Errorf("%s: entry %d at %v after entry %d at %v", name, e.N, e.At, last.N, last.At)
		}
		if e.Whole && (e.Meaning == nil || !json.Valid(e.Meaning)) {
			t.Errorf("%s: entry %d, %s: meaning %s", name, e.N, e.Name, e.Meaning)
		}
		last = *e
	}
	if r.End == "" || last.N < 6 {
		t.Errorf("%s: %d entries, end %q", name, last.N, r.End)
	}
}
