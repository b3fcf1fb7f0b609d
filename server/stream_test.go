package server

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"strings"
	"testing"

	"estream/internal/recordtest"
	"estream/layouts"
	"estream/pki"
	"estream/server/access"
	"estream/session"
	"estream/wire"
)

// at is a record header with an archive time.
func at(second uint32) wire.RecordHeader {
	return wire.RecordHeader{Extended: true, ArchiveTimestamp: second}
}

// connection is an event that can be told from others by its time.
func connection(t testing.TB, second uint32) []byte {
	return recordtest.MessageAs(t, layouts.Default(), at(second), 71, 174, recordtest.Fields{
		"first_packet_timestamp": int(second), "initiator_ip_address": ipv4(1), "responder_ip_address": ipv4(2), "user_id": 5,
	})
}

// event is a connection event of a device.
func deviceEvent(t testing.TB, device int, second uint32) []byte {
	return recordtest.MessageAs(t, layouts.Default(), at(second), 71, 174, recordtest.Fields{"header.device_id": device, "device_id": device, "first_packet_timestamp": int(second)})
}

func user(t testing.TB, id int, name string) []byte {
	return recordtest.MessageAs(t, layouts.Default(), at(1), 98, 57, recordtest.Fields{"id": id, "username": name})
}

func device(t testing.TB, id int, name string) []byte {
	return recordtest.MessageAs(t, layouts.Default(), at(1), 123, 0, recordtest.Fields{"id": id, "name": name})
}

var everything = session.ClientConfig{Flags: wire.DefaultFlags, Pairs: wire.DefaultPairs()}

// TestArticle: the bytes of a session that a support article prints are answered with
// the 48 bytes of its answer, and with bundles behind.
func TestArticle(t *testing.T) {
	b := newBench(t)
	conn, done := b.begin(access.All())
	read := func(n int) []byte {
		p := make([]byte, n)
		if _, err := io.ReadFull(conn, p); err != nil {
			t.Fatal(err)
		}
		return p
	}
	if _, err := conn.Write(recordtest.Unhex(t, "00010002000000080000000048900061")); err != nil {
		t.Fatal(err)
	}
	want := recordtest.Unhex(t, "0001080300000030 000013890000000800000000000000000000138800000008000000000000000000001a0b000000080000000000000000")
	if got := read(8 + 48); !bytes.Equal(got, want) {
		t.Errorf("streaming information\n got %x\nwant %x", got, want)
	}
	if _, err := conn.Write(recordtest.Unhex(t, "000108010000003800001a0b0000003848900061000000000009000c000400150009001f000b003d000e00470004005b000700650006006f0002008300000000")); err != nil {
		t.Fatal(err)
	}
	event := recordtest.MessageAs(t, layouts.Default(), at(7), 112, 156, nil)
	b.put(1, event)
	if got := read(len(event)); !bytes.Equal(got, event) {
		t.Errorf("event\n got %x\nwant %x", got, event)
	}
	conn.Close()
	if err := <-done; err != nil {
		t.Error(err)
	}
	for _, part := range []string{"flag bit 6 (intrusion events version 2) is overruled by event pair 12v9", "client closed the session"} {
		if !strings.Contains(b.log.String(), part) {
			t.Errorf("log lacks %q:\n%s", part, b.log)
		}
	}
}

// TestStartTimes: 0 is everything kept, 0xffffffff only what is new, anything else from
// that second on; names come in any case.
func TestStartTimes(t *testing.T) {
	b := newBench(t)
	b.put(1, device(t, 3, "sensor"), connection(t, 100), connection(t, 200))
	b.put(1, connection(t, 300), connection(t, 250))
	for _, c := range []struct {
		start uint32
		want  []string
	}{
		{wire.StartOldest, []string{"100", "200", "300", "250"}},
		{1, []string{"100", "200", "300", "250"}},
		{200, []string{"200", "300", "250"}},
		{201, []string{"300", "250"}},
		{300, []string{"300"}},
		{301, nil},
		{wire.StartNow, nil},
	} {
		cfg := everything
		cfg.Start = c.start
		cl := b.client(access.All(), cfg)
		cl.read(1 + len(c.want))
		if got := cl.fields(71, "first_packet_timestamp"); !slices.Equal(got, c.want) || cl.types()[0] != 123 {
			t.Errorf("start %d: %v, types %v; want %v after a name", c.start, got, cl.types(), c.want)
		}
		if err := cl.end(); err != nil {
			t.Errorf("start %d: %v", c.start, err)
		}
	}
	cfg := everything
	cfg.Start = wire.StartNow
	cl := b.client(access.All(), cfg)
	cl.read(1) // the name: the session's start has been taken
	b.put(1, connection(t, 400))
	cl.read(2)
	if got := cl.fields(71, "first_packet_timestamp"); !slices.Equal(got, []string{"400"}) {
		t.Errorf("start now: %v", got)
	}
	cl.end()
}

// TestNamesOnce: metadata comes before the first event that refers to it, once per
// session, wherever the session starts: in the first segment of the journal, in the
// middle, at the end. What changes is told again.
func TestNamesOnce(t *testing.T) {
	b := newBench(t)
	var names []string
	for i := range 40 { // some segments of 64 KiB
		name := fmt.Sprintf("user%d", i/4)
		names = append(names, name)
		batch := [][]byte{user(t, 5, name), user(t, 6, "constant"), connection(t, uint32(100+i))}
		for range 10 {
			batch = append(batch, connection(t, uint32(100+i)), user(t, 5, name))
		}
		b.put(1, batch...)
	}
	want := slices.Compact(slices.Clone(names))
	for start, first := range map[uint32]int{wire.StartOldest: 0, 110: 2, 120: 5, 139: 9} {
		cfg := everything
		cfg.Start = start
		cl := b.client(access.All(), cfg)
		for len(cl.fields(71, "first_packet_timestamp")) == 0 || cl.fields(71, "first_packet_timestamp")[len(cl.fields(71, "user_id"))-1] != "139" {
			if err := cl.next(); err != nil {
				t.Fatal(err)
			}
		}
		last, told := "", map[string]int{}
		for _, m := range cl.got {
			switch h, _ := wire.PeekRecord(m); h.Type {
			case 98:
				told[field(t, m, "username")]++
				if field(t, m, "id") == "5" {
					last = field(t, m, "username")
				}
			case 71:
				var second int
				fmt.Sscan(field(t, m, "first_packet_timestamp"), &second)
				if last != names[second-100] {
					t.Fatalf("start %d: event of second %d comes while user 5 is %q, want %q", start, second, last, names[second-100])
				}
			}
		}
		for _, name := range append(slices.Clone(want[first:]), "constant") {
			if told[name] != 1 {
				t.Errorf("start %d: %s is told %d times", start, name, told[name])
			}
		}
		if err := cl.end(); err != nil {
			t.Error(err)
		}
	}
}

// TestRivals: two sources that give one number different names. The client has the name
// that the source of the next event means.
func TestRivals(t *testing.T) {
	b := newBench(t)
	b.put(1, user(t, 5, "one"), user(t, 6, "same"), connection(t, 100))
	b.put(2, user(t, 5, "two"), user(t, 6, "same"), connection(t, 101))
	b.put(1, connection(t, 102), connection(t, 103))
	b.put(2, connection(t, 104))
	b.put(1, user(t, 5, "new"), connection(t, 105))
	b.put(2, connection(t, 106))
	b.put(1, connection(t, 107))
	b.put(3, user(t, 6, "same"), connection(t, 108))
	b.put(1, user(t, 6, "other"), connection(t, 109))
	b.put(3, connection(t, 110))
	b.put(2, connection(t, 111))
	events := func(cl *client) (list []string) {
		for _, m := range cl.got {
			switch h, _ := wire.PeekRecord(m); h.Type {
			case 98:
				list = append(list, field(t, m, "username"))
			case 71:
				list = append(list, field(t, m, "first_packet_timestamp"))
			}
		}
		return list
	}
	for start, want := range map[uint32][]string{
		wire.StartOldest: {"one", "same", "100", "two", "101", "one", "102", "103", "two", "104", "one", "new", "105", "two", "106", "new", "107", "108", "other", "109", "same", "110", "two", "111"},
		104:              {"one", "same", "two", "104", "one", "new", "105", "two", "106", "new", "107", "108", "other", "109", "same", "110", "two", "111"},
	} {
		cfg := everything
		cfg.Start = start
		cl := b.client(access.All(), cfg)
		cl.read(len(want))
		if got := events(cl); !slices.Equal(got, want) {
			t.Errorf("start %d:\n got %v\nwant %v", start, got, want)
		}
		cl.end()
	}
}

// TestDomains: a client gets the events of its domain's devices and of the devices
// chosen for it, and no names of sources that are nothing to it.
func TestDomains(t *testing.T) {
	b := newBench(t)
	b.SourceDomain = func(source uint32) string {
		return map[uint32]string{2: "Berlin", 3: `Berlin \ Mitte`, 4: "Paris"}[source]
	}
	b.DomainOf = func(device string) (string, bool) { return "Berlin", device == "moved" || device == "late" }
	b.Identify = func(source, device uint32) []string {
		if device == 21 {
			return []string{"uuid-of-21"}
		}
		return nil
	}
	b.put(1, device(t, 11, "global"), deviceEvent(t, 11, 100), user(t, 1, "global user"))
	b.put(2, device(t, 21, "b1"), device(t, 22, "b2"), deviceEvent(t, 21, 101), deviceEvent(t, 22, 102), user(t, 2, "berlin user"))
	b.put(3, device(t, 31, "m1"), deviceEvent(t, 31, 103))
	b.put(4, device(t, 41, "p1"), device(t, 42, "moved"), user(t, 4, "paris user"), deviceEvent(t, 41, 104), deviceEvent(t, 42, 105))
	b.put(5, recordtest.MessageAs(t, layouts.Default(), at(1), 350, 0, recordtest.Fields{"id": 7, "name": "Berlin"}), deviceEvent(t, 51, 106))
	netmap := deviceEvent(t, 51, 107)
	netmap[wire.HeaderSize+1] = 7
	b.put(5, netmap)
	b.put(6, user(t, 6, "late user"), deviceEvent(t, 61, 108))
	b.put(6, device(t, 61, "late"), deviceEvent(t, 61, 109))
	b.put(2, deviceEvent(t, 21, 999)) // the last one, for everybody but one
	for _, c := range []struct {
		rights access.Rights
		last   string
		events string
		users  string
	}{
		{access.Rights{Boxes: access.AllBoxes}, "999", "100 101 102 103 104 105 106 107 108 109 999", "global user,berlin user,paris user,late user"},
		{access.Rights{Boxes: access.AllBoxes, Domain: "Berlin"}, "999", "101 102 103 105 107 109 999", "berlin user,paris user,late user"},
		{access.Rights{Boxes: access.AllBoxes, Domain: "Paris"}, "104", "104", "paris user"},
		{access.Rights{Boxes: access.AllBoxes, Devices: []string{"uuid-of-21", "m1"}}, "999", "101 103 999", "global user,berlin user,paris user,late user"},
		{access.Rights{Boxes: access.AllBoxes, Domain: "Berlin", Devices: []string{"b1", "p1"}}, "999", "101 999", "berlin user"},
	} {
		for _, start := range []uint32{wire.StartOldest, 1} {
			cfg := everything
			cfg.Start = start
			cl := b.client(c.rights, cfg)
			for !slices.Contains(cl.fields(71, "first_packet_timestamp"), c.last) {
				if err := cl.next(); err != nil {
					t.Fatal(err)
				}
			}
			if got := strings.Join(cl.fields(71, "first_packet_timestamp"), " "); got != c.events {
				t.Errorf("%+v: events %s, want %s", c.rights, got, c.events)
			}
			if got := strings.Join(cl.fields(98, "username"), ","); got != c.users {
				t.Errorf("%+v: names of users %s, want %s", c.rights, got, c.users)
			}
			cl.end()
		}
	}
}

// TestVisible: of a network map a client sees the hosts that its devices spoke of.
func TestVisible(t *testing.T) {
	b := newBench(t)
	b.init()
	b.SourceDomain = func(source uint32) string { return map[uint32]string{2: "Berlin"}[source] }
	b.put(1, device(t, 11, "a"))
	b.put(2, device(t, 21, "b"))
	all := access.All()
	if b.Visible(all) != nil {
		t.Error("a client with every right is restricted")
	}
	for _, c := range []struct {
		rights access.Rights
		want   [3]bool
	}{
		{access.Rights{Domain: "Berlin"}, [3]bool{false, true, false}},
		{access.Rights{Devices: []string{"a"}}, [3]bool{true, false, false}},
		{access.Rights{Devices: []string{}}, [3]bool{false, false, false}},
	} {
		see := b.Visible(c.rights)
		if got := [3]bool{see(0, 0, 11), see(0, 0, 21), see(0, 0, 99)}; got != c.want {
			t.Errorf("%+v: %v, want %v", c.rights, got, c.want)
		}
	}
}

// TestOldClient: a session gets events in the version it asked for, among them such as
// cannot be said in it; that is logged once.
func TestOldClient(t *testing.T) {
	b := newBench(t)
	six := recordtest.MessageAs(t, layouts.Default(), at(5), 71, 174, recordtest.Fields{"initiator_ip_address": bytes.Repeat([]byte{0x20}, 16)})
	b.put(1, connection(t, 100), six, six, connection(t, 101))
	cl := b.client(access.All(), session.ClientConfig{Flags: wire.FlagConnectionV4, Pairs: nil})
	cl.read(2)
	if got := cl.fields(71, "first_packet_timestamp"); !slices.Equal(got, []string{"100", "101"}) {
		t.Errorf("events %v", got)
	}
	if r, err := wire.NewDecoder(layouts.Default(), nil).Decode(cl.got[0]); err != nil || r.Block != 56 || r.Extended {
		t.Errorf("block %d, %v", r.Block, err)
	}
	cl.end()
	if n := strings.Count(b.log.String(), "cannot be expressed in version 4 of connection events"); n != 1 || b.Stats().Inexpressible.Load() != 2 {
		t.Errorf("%d lines, %d counted:\n%s", n, b.Stats().Inexpressible.Load(), b.log)
	}
}

// hostAnswer answers with the last byte of each address in the range.
func hostAnswer(_ context.Context, r wire.HostDataRequest, _ access.Rights, yield func([]byte) error) error {
	if r.Flags == 99 {
		return errors.New("the map is closed")
	}
	for a := r.First; ; a = a.Next() {
		typ := wire.TypeSingleHostData
		if r.Multiple() {
			typ = wire.TypeMultipleHostData
		}
		p := a.As4()
		if err := yield(append(wire.AppendHeader(nil, typ, 1), p[3])); err != nil {
			return err
		}
		if a == r.Last || !r.Multiple() {
			break
		}
	}
	if r.Multiple() {
		return yield(wire.AppendHeader(nil, wire.TypeMultipleHostData, 0))
	}
	return nil
}

// TestHostRequests: host data comes between events, and without events for clients that
// want none.
func TestHostRequests(t *testing.T) {
	b := newBench(t)
	b.Hosts = hostAnswer
	request := func(typ uint32) []byte {
		first, last := ipv4(1), ipv4(3)
		p := wire.AppendHeader(nil, wire.TypeHostDataRequest, 40)
		p = append(p, 0, 0, 0, byte(typ), 0, 0, 0, 3)
		return append(append(p, first...), last...)
	}
	b.put(1, connection(t, 100))
	for _, flags := range []wire.RequestFlags{wire.FlagConnectionV5, wire.FlagConnectionV5 | wire.FlagNoEvents} {
		conn, done := b.begin(access.All())
		var got []string
		write := func(p []byte) {
			if _, err := conn.Write(p); err != nil {
				t.Fatal(err)
			}
		}
		read := func() {
			head := make([]byte, wire.HeaderSize)
			if _, err := io.ReadFull(conn, head); err != nil {
				t.Fatal(err)
			}
			h, _ := wire.ParseHeader(head)
			body := make([]byte, h.Length)
			if _, err := io.ReadFull(conn, body); err != nil {
				t.Fatal(err)
			}
			if h.Type == wire.TypeEventData {
				body = nil
			}
			got = append(got, fmt.Sprint(uint16(h.Type), body))
		}
		want := []string{"6 [1]", "7 [1]", "7 [2]", "7 [3]", "7 []"}
		write(wire.AppendEventStreamRequest(nil, wire.EventStreamRequest{Flags: flags}))
		if flags == wire.FlagConnectionV5 {
			want = slices.Concat([]string{"4 []"}, want, []string{"4 []"})
			read()
		}
		write(request(6))
		write(request(7))
		for len(got) < len(want) {
			if len(got) == 6 {
				b.put(1, connection(t, 101))
			}
			read()
		}
		if !slices.Equal(got, want) {
			t.Errorf("flags %v: messages %q, want %q", flags, got, want)
		}
		conn.Close()
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
	if n := b.Stats().HostRequests.Load(); n != 4 {
		t.Errorf("%d requests counted, want 4", n)
	}
}

// TestRefusedRequests: what cannot be served ends the session with an error message that
// says why, whatever the session was doing.
func TestRefusedRequests(t *testing.T) {
	host := func(typ, flags byte) []byte {
		return slices.Concat(wire.AppendHeader(nil, wire.TypeHostDataRequest, 16), []byte{0, 0, 0, typ, 0, 0, 0, flags, 10, 0, 0, 1, 10, 0, 0, 1})
	}
	for _, c := range []struct {
		name   string
		hosts  bool
		rights access.Rights
		send   []byte
		code   int32
		text   string
	}{
		{"no host data", false, access.All(), host(6, 0), wire.Unnumbered, "host data is not served here"},
		{"no host data for a device", true, access.Rights{Boxes: access.Device.Boxes()}, host(6, 0), wire.Unnumbered, "host data is not served here"},
		{"unknown kind", true, access.All(), host(8, 0), wire.Unnumbered, "host data type 8 is not known, 0 to 7 expected"},
		{"the map fails", true, access.All(), host(6, 99), wire.Unnumbered, "host data cannot be given"},
		{"another request", true, access.All(), wire.AppendEventStreamRequest(nil, wire.EventStreamRequest{}), wire.Unnumbered, "another request needs another session"},
		{"noise", true, access.All(), []byte("GET / HTTP/1.1\r\n\r\n"), wire.Unnumbered, "header version"},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := newBench(t)
			if c.hosts {
				b.Hosts = hostAnswer
			}
			conn, done := b.begin(c.rights)
			cfg := everything
			cl, err := session.NewClient(t.Context(), conn, cfg)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := conn.Write(c.send); err != nil {
				t.Fatal(err)
			}
			_, err = cl.ReadBatch(t.Context())
			var said *session.ServerError
			if !errors.As(err, &said) || said.Code != c.code || !strings.Contains(said.Text, c.text) {
				t.Errorf("the client is told %v, want code %d and %q", err, c.code, c.text)
			}
			conn.Close()
			if err := <-done; err == nil {
				t.Error("the server takes it for a session that ended well")
			}
		})
	}
}

// TestDrain: who is connected gets everything that was durable, and is waited for; the
// rest stays for the next server.
func TestDrain(t *testing.T) {
	b := newBench(t)
	for i := range 50 {
		b.put(1, connection(t, uint32(100+i)))
	}
	idle := b.client(access.All(), everything)
	idle.read(50)
	busy := b.client(access.All(), everything)
	drained := make(chan error, 1)
	go func() { drained <- b.Drain(t.Context()) }()
	<-b.drain.begun.Done()
	busy.read(50)
	for _, cl := range []*client{idle, busy} {
		if err := cl.next(); !errors.Is(err, io.EOF) {
			t.Errorf("after draining: %v, want the end without a word", err)
		}
		if err := <-cl.done; !errors.Is(err, errDraining) {
			t.Errorf("session ended with %v", err)
		}
		if len(cl.got) != 50 {
			t.Errorf("%d events", len(cl.got))
		}
	}
	if err := <-drained; err != nil {
		t.Error(err)
	}
}

// TestLeavesWhileDraining: a session whose client leaves at the moment in which the server
// begins to drain ends. Bug: it took the end of its context for that of its wait, for ever.
func TestLeavesWhileDraining(t *testing.T) {
	b := newBench(t)
	b.put(1, connection(t, 100))
	idle := b.client(access.All(), everything)
	idle.read(1)
	b.mu.Lock()
	b.drain.begin()
	for _, l := range b.sessions {
		l.cancel(context.Canceled)
	}
	b.mu.Unlock()
	if err := <-idle.done; !errors.Is(err, context.Canceled) {
		t.Errorf("session ended with %v", err)
	}
}

// TestDrainInTime: a client that takes nothing does not hold up a shutdown for longer
// than was allowed.
func TestDrainInTime(t *testing.T) {
	b := newBench(t)
	b.put(1, connection(t, 100))
	conn, done := b.begin(access.All())
	go func() {
		_, _ = conn.Write(wire.AppendEventStreamRequest(nil, wire.EventStreamRequest{Flags: wire.FlagConnectionV5}))
	}()
	for len(b.Sessions()) == 0 || b.Sessions()[0].Request.Flags == 0 {
		// The request is on its way.
	}
	ctx, cancel := context.WithCancel(t.Context())
	drained := make(chan error, 1)
	go func() { drained <- b.Drain(ctx) }()
	<-b.drain.begun.Done()
	cancel()
	if err := <-drained; err == nil || !strings.Contains(err.Error(), "1 sessions had not taken everything") {
		t.Errorf("drain: %v", err)
	}
	if err := <-done; !errors.Is(err, errCut) {
		t.Errorf("session ended with %v", err)
	}
}

// TestReconsider: a change of rights ends the sessions that it concerns, and no others.
func TestReconsider(t *testing.T) {
	b := newBench(t)
	rights := access.All()
	b.Rights = func(pki.Client) access.Rights { return rights }
	b.put(1, connection(t, 100))
	cl := b.client(rights, session.ClientConfig{Flags: wire.FlagConnectionV5})
	cl.read(1)
	b.Reconsider("")
	b.Reconsider("client")
	b.put(1, connection(t, 101))
	cl.read(2)
	if list := b.Sessions(); len(list) != 1 || list[0].Client.Host != "client" || list[0].Sent == 0 || list[0].Bytes == 0 || list[0].LastSent.IsZero() {
		t.Errorf("sessions: %+v", list)
	}
	rights.Boxes &^= access.ImpactFlagAlerts // which is not asked for
	b.Reconsider("client")
	rights.Domain = "Berlin"
	b.Reconsider("another")
	b.put(1, connection(t, 102))
	cl.read(3)
	b.Reconsider("client")
	if err := cl.next(); !errors.Is(err, io.EOF) {
		t.Errorf("after the change: %v, want the end without a word", err)
	}
	if err := <-cl.done; !errors.Is(err, errRights) {
		t.Errorf("session ended with %v", err)
	}
	if list := b.Sessions(); len(list) != 0 {
		t.Errorf("sessions: %+v", list)
	}
}

// TestPerClient: one client has so many sessions and no more.
func TestPerClient(t *testing.T) {
	b := newBench(t)
	b.Limits.SessionsPerClient = 2
	b.init()
	first, second, third := &live{number: 1}, &live{number: 2}, &live{number: 3}
	if !b.add(first) || !b.add(second) || b.add(third) {
		t.Error("the limit of 2 sessions does not hold")
	}
	other := &live{number: 4}
	other.client.Serial = "other"
	if !b.add(other) {
		t.Error("another client is turned away")
	}
	b.remove(first)
	if !b.add(third) {
		t.Error("a session that ended still counts")
	}
	near, far := net.Pipe()
	go turnDown(near, "No space: "+errTooMany.Error())
	got, err := io.ReadAll(far)
	if want := wire.AppendErrorMessage(nil, wire.ErrorMessage{Code: 19, Text: "No space: the client has too many sessions"}); err != nil || !bytes.Equal(got, want) {
		t.Errorf("the client is told %q, %v", got, err)
	}
}
