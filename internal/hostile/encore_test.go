package hostile

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"strings"
	"testing"
	"time"

	"estream/collect"
	"estream/estreamtest"
	"estream/layouts"
	"estream/wire"
)

// What stops eNcore 5.2.11, and the test that shows that it does not stop us. The
// tests of this package run a whole collector against a Management Center over TLS,
// with one output per format and profile.
//
//	| input from the server                        | test                                                            |
//	|----------------------------------------------|-----------------------------------------------------------------|
//	| unknown record type                          | TestInSession "unknown record type"; TestUnknown                |
//	| netmap id not 0, extended-header bit         | TestInSession "netmap id", "extended-header bit", "both"        |
//	| connection block 168                         | TestInSession "connection block 168"                            |
//	| records 18, 46, 47, 48, 53, 106              | TestInSession "record 18" and so on                             |
//	| bundle with the documented inner header      | TestBundles; session: TestReceive                               |
//	| 8-byte record header                         | TestInSession "short header, record 71" and so on               |
//	| discovery header without IPv6                | TestInSession "discovery header without IPv6"                   |
//	| list longer than its record                  | TestInSession "list longer than the record"; TestLyingLists     |
//	| packet of 1 to 14 bytes that is not UTF-8    | TestPackets "binary"                                            |
//	| packet that is valid UTF-8, in CEF           | TestPackets "text"                                              |
//	| CEF: blocked above 14; CEF2: above 2, packet | TestInSession "blocked 15", "blocked 255"; TestPackets          |
//	| impact alert that is not UTF-8               | TestInSession "impact alert that is not UTF-8"                  |
//	| close, drop, drop in a message, error        | TestReconnect; session: TestFaults, TestDrop                    |
//	| wrong length, noise, header version 9        | TestReconnect; session: TestFaults                              |
//	| a message of 0xfffffff0 bytes                | TestReconnect; session: TestFaults, TestAllocationFollowsData   |
//	| a pause inside a message                     | TestSlowMessage, TestReconnect; session: TestPauseInsideMessage |
//	| unknown message type                         | TestUnknownMessage; session: TestSkipped                        |
//	| PKCS#12                                      | pki: TestLoadFilesOfOpenSSL, TestLoadFilesOfLibrary             |

// script negotiates, runs steps, and waits until the collector has acknowledged
// so many messages, the streaming information aside; then it stays connected.
func script(acks int, steps ...estreamtest.Step) []estreamtest.Step {
	all := append([]estreamtest.Step{estreamtest.Negotiate()}, steps...)
	return append(all, estreamtest.ExpectAcks(acks+1), estreamtest.Stall(nil))
}

// TestInSession sends one odd record between two events in one session: all three
// arrive, and what cannot be decoded is counted by reason.
func TestInSession(t *testing.T) {
	type row struct {
		name    string
		message []byte
		problem *collect.ProblemKey // nil: it must be decoded
		show    string              // what the JSON line must hold
		not     string              // what no line may hold
	}
	at := uint32(1700000000)
	header := func(h wire.RecordHeader) wire.RecordHeader {
		h.ArchiveTimestamp, h.Extended = at, true
		return h
	}
	list := record(t, 39, 25, at, map[string]any{"ip_list": lie(block(11), 0x00ffffff)})
	rows := []row{
		{"unknown record type", estreamtest.Event(9999, at, []byte("what is this")), &collect.ProblemKey{Record: 9999, Reason: "unknown record type"}, `"recordType": 9999`, ""},
		{"netmap id", recordAs(t, header(wire.RecordHeader{NetmapID: 77}), 22, 0, map[string]any{"hops": uint64(211)}), nil, `"hops": 211`, ""},
		{"extended-header bit", recordAs(t, header(wire.RecordHeader{Flagged: true}), 22, 0, map[string]any{"hops": uint64(212)}), nil, `"hops": 212`, ""},
		{"both", recordAs(t, header(wire.RecordHeader{Flagged: true, NetmapID: 32767}), 22, 0, map[string]any{"hops": uint64(213)}), nil, `"hops": 213`, ""},
		{"connection block 168", record(t, 71, 168, at, map[string]any{"initiator_port": uint64(54321)}), nil, `54321`, ""},
		{"record 18", record(t, 18, 53, at, nil), nil, `"recordType": 18`, ""},
		{"record 46", record(t, 46, 55, at, map[string]any{"has_ipv6": uint64(1)}), nil, `"recordType": 46`, ""},
		{"record 47", record(t, 47, 55, at, nil), nil, `"recordType": 47`, ""},
		{"record 48", record(t, 48, 55, at, nil), nil, `"recordType": 48`, ""},
		{"record 53", record(t, 53, 53, at, nil), nil, `"recordType": 53`, ""},
		{"record 106", record(t, 106, 0, at, map[string]any{"title": "a scanned hole"}), nil, "a scanned hole", ""},
		{"discovery header without IPv6", record(t, 71, 174, at, map[string]any{"initiator_port": uint64(54322)}), nil, `54322`, ""},
		{"list longer than the record", list, &collect.ProblemKey{Record: 39, Block: 25, Reason: "block is longer than what holds it"}, `"rawRecord"`, ""},
		{"blocked 15", record(t, 400, 60, at, map[string]any{"blocked": uint64(15)}), nil, `"blocked": 15`, ""},
		{"blocked 255", record(t, 400, 60, at, map[string]any{"blocked": uint64(255)}), nil, `"blocked": 255`, ""},
		{"impact alert that is not UTF-8", record(t, 9, 153, at, map[string]any{"description": "alert \xff\xfe"}), nil, "616c65727420fffe", "\xff"},
	}
	for _, short := range []struct {
		record uint16
		block  uint32
	}{{71, 174}, {125, 80}, {400, 85}, {500, 79}, {502, 79}} {
		m := recordAs(t, wire.RecordHeader{}, short.record, short.block, nil)
		rows = append(rows, row{fmt.Sprintf("short header, record %d", short.record), m, nil, fmt.Sprintf(`"recordType": %d`, short.record), ""})
	}
	for _, r := range rows {
		t.Run(r.name, func(t *testing.T) {
			t.Parallel()
			center := estreamtest.Start(t, script(3, estreamtest.Send(event(t, 0)), estreamtest.Send(r.message), estreamtest.Send(event(t, 1)))...)
			c := startCollector(t, center)
			c.wait(3)
			c.delivered(firstEvent, firstEvent+1)
			want := map[collect.ProblemKey]uint64{}
			if r.problem != nil {
				want[*r.problem] = 1
				c.logged("record could not be decoded; the journal keeps it raw")
			}
			c.problems(want)
			for _, o := range c.outputs {
				text := o.lines.String()
				if o.json && !strings.Contains(text, r.show) {
					t.Errorf("%s: %s is not in\n%s", o.name, r.show, text)
				}
				if r.not != "" && strings.Contains(text, r.not) {
					t.Errorf("%s: %q is in\n%s", o.name, r.not, text)
				}
			}
		})
	}
}

// TestBundles sends bundles in both inner forms, single messages between them.
func TestBundles(t *testing.T) {
	pair := func(n uint64) []byte { return append(event(t, n), event(t, n+1)...) }
	center := estreamtest.Start(t, script(3, estreamtest.Bundle(1, pair(0)), estreamtest.Send(event(t, 2)), estreamtest.Bundle(0, pair(3)))...)
	c := startCollector(t, center)
	c.wait(5)
	c.delivered(firstEvent, firstEvent+1, firstEvent+2, firstEvent+3, firstEvent+4)
	c.problems(nil)
}

// TestPackets sends packets of every length up to 20 bytes, which are not text or
// are: no format may lose them.
func TestPackets(t *testing.T) {
	for name, fill := range map[string]byte{"binary": 0xfe, "text": 'A'} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var stream []byte
			const packets = 20
			for n := range packets {
				stream = append(stream, record(t, 2, 0, 1700000000, map[string]any{
					"event_id": uint64(n), "packet_data": bytes.Repeat([]byte{fill}, n),
				})...)
			}
			center := estreamtest.Start(t, script(packets+2, estreamtest.Send(event(t, 0)), estreamtest.Send(stream), estreamtest.Send(event(t, 1)))...)
			c := startCollector(t, center)
			c.wait(packets + 2)
			c.delivered(firstEvent, firstEvent+1)
			c.problems(nil)
			set := layouts.Default()
			layout, err := set.Layout(2, 0)
			if err != nil {
				t.Fatal(err)
			}
			for _, o := range c.outputs {
				want := uint64(2)
				if o.format.Writes(layout) {
					want += packets
				}
				if n := o.Stats.Lines.Load(); n != want {
					t.Errorf("%s: %d lines, want %d", o.name, n, want)
				}
			}
		})
	}
}

// TestReconnect ends a session in every way there is. What came before is kept,
// what came twice is dropped, the log names the cause, and the next session goes
// on one second before the last event.
func TestReconnect(t *testing.T) {
	second := event(t, 1)
	cut := func(n int) estreamtest.Step { return estreamtest.Send(second[:n]) }
	tooShort := bytes.Clone(second)
	binary.BigEndian.PutUint32(tooShort[4:], uint32(len(second)-8-40))
	innerLength := append(wire.AppendHeader(nil, wire.TypeMessageBundle, 24), 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 4, 0, 0, 0, 200, 1, 2, 3, 4, 5, 6, 7, 8)
	for _, r := range []struct {
		name   string
		bad    estreamtest.Step
		log    string
		broken bool // a whole message of wrong length comes in front of the fault
	}{
		{"close", estreamtest.Close(), "the server closed the connection", false},
		{"drop", estreamtest.Steps(estreamtest.ExpectAcks(2), estreamtest.Drop()), "session ended", false},
		{"drop inside a message", estreamtest.Steps(estreamtest.ExpectAcks(2), cut(30), estreamtest.Drop()), "session ended", false},
		{"close inside a message", estreamtest.Steps(cut(30), estreamtest.Close()), "unexpected EOF", false},
		{"close inside a header", estreamtest.Steps(cut(5), estreamtest.Close()), "unexpected EOF", false},
		{"error message", estreamtest.Steps(estreamtest.SendError(19, "No space"), estreamtest.Close()), "server ended the session with error 19", false},
		{"length too short", estreamtest.Steps(estreamtest.Send(tooShort), estreamtest.ExpectClose()), "found header version", true},
		{"length too long", estreamtest.Steps(estreamtest.LieLength(wire.TypeEventData, 4000, second[8:]), estreamtest.ExpectClose()), "rest of a message did not arrive", false},
		{"inner length of a bundle", estreamtest.Steps(estreamtest.Send(innerLength), estreamtest.ExpectClose()), "inner length 200", false},
		{"noise", estreamtest.Steps(estreamtest.Garbage(4000, 1), estreamtest.ExpectClose()), "found header version", false},
		{"header version 9", estreamtest.Steps(estreamtest.Send([]byte{0, 9, 0, 4, 0, 0, 0, 4, 1, 2, 3, 4}), estreamtest.ExpectClose()), "found header version 9, expected version 1", false},
		{"0xfffffff0 bytes", estreamtest.Steps(estreamtest.LieLength(wire.TypeEventData, 0xfffffff0, second[8:]), estreamtest.ExpectClose()), "event data of 4294967280 bytes", false},
		{"a pause that does not end", estreamtest.Steps(cut(30), estreamtest.ExpectClose()), "rest of a message did not arrive within 1s", false},
		{"empty event", estreamtest.Steps(estreamtest.LieLength(wire.TypeEventData, 0, nil), estreamtest.ExpectClose()), "event data without a record", false},
	} {
		t.Run(r.name, func(t *testing.T) {
			t.Parallel()
			center := estreamtest.Start(t)
			center.Next(estreamtest.Negotiate(), estreamtest.Send(event(t, 0)), r.bad)
			center.Next(append([]estreamtest.Step{estreamtest.Negotiate(), func(conn *estreamtest.Conn) error {
				if conn.Request.Start != 1699999999 {
					return fmt.Errorf("asked from %d, want 1699999999: a second before the last event", conn.Request.Start)
				}
				return nil
			}}, script(3, estreamtest.Send(event(t, 0)), estreamtest.Send(event(t, 1)), estreamtest.Send(event(t, 2)))[1:]...)...)
			c := startCollector(t, center)
			want, problems := uint64(3), map[collect.ProblemKey]uint64{}
			if r.broken {
				want++
				problems[collect.ProblemKey{Reason: "record length does not fit the message length: they must differ by 8 or 16 bytes"}] = 1
			}
			c.wait(want)
			c.delivered(firstEvent, firstEvent+1, firstEvent+2)
			c.problems(problems)
			c.logged(r.log)
			if st := c.source.Stats(); st.Sessions.Load() != 2 || st.Repeated.Load() != 1 {
				t.Errorf("%d sessions, %d repeated; want 2 and 1", st.Sessions.Load(), st.Repeated.Load())
			}
		})
	}
}

// TestSlowMessage sends a message byte by byte with a pause after each that is
// shorter than the limit while all of them are longer: no reconnection.
func TestSlowMessage(t *testing.T) {
	m := event(t, 0)
	var slow []estreamtest.Step
	for i := range 12 {
		slow = append(slow, estreamtest.Send(m[i:i+1]), estreamtest.Pause(100*time.Millisecond))
	}
	slow = append(slow, estreamtest.Send(m[12:]), estreamtest.Send(event(t, 1)))
	c := startCollector(t, estreamtest.Start(t, script(2, slow...)...))
	c.undisturbed()
}

// TestUnknownMessage sends message types that mean nothing between two events.
func TestUnknownMessage(t *testing.T) {
	c := startCollector(t, estreamtest.Start(t, script(5,
		estreamtest.Send(event(t, 0)),
		estreamtest.LieLength(1234, 3, []byte("abc")),
		estreamtest.LieLength(0xffff, 0, nil),
		estreamtest.KeepAlive(),
		estreamtest.Send(event(t, 1)))...))
	c.undisturbed()
}

// undisturbed waits for two events, which must come in one session.
func (c *collection) undisturbed() {
	c.t.Helper()
	c.wait(2)
	c.delivered(firstEvent, firstEvent+1)
	if n := c.source.Stats().Sessions.Load(); n != 1 {
		c.t.Errorf("%d sessions, want 1", n)
	}
}

// TestCorpus sends some of everything eNcore was ever seen to read, and more, in
// one session: no message may be counted as undecodable.
func TestCorpus(t *testing.T) {
	list := kinds(t, 5)
	n, stream := len(list), bytes.Join(list, nil)
	c := startCollector(t, estreamtest.Start(t, script(n, estreamtest.Send(stream))...))
	for _, o := range c.outputs {
		for o.Stats.Messages.Load() < uint64(n) {
			<-o.commits
		}
		if p := o.Stats.Problems(); len(p) > 0 || o.Stats.Trailing.Load() > 0 {
			t.Errorf("%s: %v, %d with trailing bytes", o.name, p, o.Stats.Trailing.Load())
		}
	}
	c.stop()
	if err := <-c.ended; err != nil {
		t.Error(err)
	}
}
