package transcript

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"estream/internal/recordtest"
	"estream/layouts"
	"estream/synth"
	"estream/wire"
)

// record returns the recording of what feed does, line by line.
func record(t testing.TB, o WriterOptions, feed func(w *Writer)) []string {
	t.Helper()
	if o.Now == nil {
		now := time.Unix(1700000000, 0)
		o.Now = func() time.Time { now = now.Add(time.Millisecond); return now }
	}
	var out bytes.Buffer
	w, err := NewWriter(&out, layouts.Default(), Header{Session: 3, Client: "192.0.2.1"}, o)
	if err != nil {
		t.Fatal(err)
	}
	feed(w)
	if err := w.End("client closed the connection"); err != nil {
		t.Fatal(err)
	}
	return strings.Split(strings.TrimSuffix(out.String(), "\n"), "\n")
}

func put(t testing.TB, w *Writer, from Side, p []byte) {
	t.Helper()
	if err := w.Bytes(from, p); err != nil {
		t.Fatal(err)
	}
}

// Whatever the cuts, a message is one line; the lines say what stands in it.
func TestMessages(t *testing.T) {
	host := recordtest.Unhex(t, "0001 0007 00000000")
	unknown := wire.AppendHeader(nil, 4711, 2)
	unknown = append(unknown, 1, 2)
	legacy, err := wire.AppendHostDataRequest(nil, hostRequest())
	if err != nil {
		t.Fatal(err)
	}
	for _, size := range []int{1, 3, 1000} {
		got := record(t, WriterOptions{}, func(w *Writer) {
			feed := func(from Side, p []byte) {
				for len(p) > 0 {
					n := min(size, len(p))
					put(t, w, from, p[:n])
					p = p[n:]
				}
			}
			feed(Client, wire.AppendNull(wire.AppendEventStreamRequest(nil, wire.EventStreamRequest{Start: wire.StartNow, Flags: wire.DefaultFlags})))
			feed(Server, wire.AppendNull(wire.AppendErrorMessage(nil, wire.ErrorMessage{Code: -1, Text: `no "space" <left>`})))
			feed(Client, legacy)
			feed(Server, append(host, unknown...))
		})
		for i, want := range []string{
			`{"format":"estream-session/1","session":3,"client":"192.0.2.1","began":"2023-11-14T22:13:20.001Z"}`,
			`"from":"client","bytes":16,"type":2,"name":"event stream request","meaning":{"start":4294967295,"start_text":"now","flags":"0x48900061","bits":[0,5,6,20,23,27,30]},"hex":"0001000200000008ffffffff48900061"}`,
			`"from":"client","bytes":8,"type":0,"name":"null","meaning":{"use":"acknowledgement"},"hex":"0001000000000000"}`,
			`"from":"server","bytes":31,"type":1,"name":"error","meaning":{"code":-1,"text":"no \"space\" \u003cleft\u003e"},"hex":"0001`,
			`"from":"server","bytes":8,"type":0,"name":"null","meaning":{"use":"keep-alive"},`,
			`"from":"client","bytes":24,"type":5,"name":"host data request","meaning":{"data_type":5,"multiple":true,"flags":3,"notes":true,"banners":true,"first":"10.0.0.1","last":"10.0.0.9"},`,
			`"from":"server","bytes":8,"type":7,"name":"multiple host data","meaning":{"use":"end of the answer"},`,
			`"from":"server","bytes":10,"type":4711,"name":"message type 4711","hex":"0001126700000002`,
			`"end":"client closed the connection","client":{"messages":3,"bytes":48},"server":{"messages":4,"bytes":57}}`,
		} {
			if i >= len(got) || !strings.Contains(got[i], want) || i > 0 && i < 8 && !strings.HasPrefix(got[i], fmt.Sprintf(`{"n":%d,"at":0.0`, i)) {
				t.Fatalf("pieces of %d bytes, line %d: want %s in\n%s", size, i+1, want, strings.Join(got, "\n"))
			}
		}
	}
}

func hostRequest() wire.HostDataRequest {
	return wire.HostDataRequest{DataType: 5, Flags: 3, First: addr("10.0.0.1"), Last: addr("10.0.0.9"), Legacy: true}
}

// Records say what their fields hold; lists and nested blocks are there.
func TestRecords(t *testing.T) {
	set := layouts.Default()
	connection := recordtest.Message(t, set, 71, 174, recordtest.Fields{"client_url": "http://example.com/<a>", "initiator_port": 443, "responder_ip_address": []byte{10: 0xff, 11: 0xff, 12: 10, 13: 1, 14: 2, 15: 3}})
	bad := bytes.Clone(connection)
	bad = bad[:len(bad)-1]
	bad[7]--
	bad[15]--
	bundle, err := wire.AppendBundle(nil, 7, 9, 0, bytes.Join([][]byte{connection, wire.AppendNull(nil)}, nil))
	if err != nil {
		t.Fatal(err)
	}
	got := record(t, WriterOptions{}, func(w *Writer) {
		put(t, w, Server, connection)
		put(t, w, Server, bad)
		put(t, w, Server, bundle)
		put(t, w, Server, wire.AppendHeader(nil, wire.TypeMessageBundle, 0))
		put(t, w, Server, append(wire.AppendHeader(nil, wire.TypeMessageBundle, 12), make([]byte, 12)...))
		put(t, w, Server, append(wire.AppendHeader(nil, wire.TypeEventData, 3), 1, 2, 3))
		put(t, w, Server, append(wire.AppendHeader(nil, wire.TypeEventData, 8), 0, 1, 0x27, 0x0f, 0, 0, 0, 0))
		put(t, w, Server, append(wire.AppendHeader(nil, wire.TypeSingleHostData, 10), 0, 0, 0, 200, 0, 0, 0, 10, 1, 2))
		put(t, w, Server, append(wire.AppendHeader(nil, wire.TypeSingleHostData, 10), 0, 0, 0, 200, 0, 0, 0, 80, 1, 2))
		put(t, w, Server, append(wire.AppendHeader(nil, wire.TypeSingleHostData, 8), 0, 0, 0, 200, 0, 0, 0, 8))
		put(t, w, Server, append(wire.AppendHeader(nil, wire.TypeSingleHostData, 3), 1, 2, 3))
	})
	event := `"record":71,"record_name":"Connection Statistics","netmap_id":0,"extended_header":true,"archive_time":`
	for i, want := range [][]string{
		1: {`"meaning":{` + event, `"block":174,"discovery":{"device_id":0,`, `"fields":{"device_id":0,`, `"client_url":"http://example.com/\u003ca\u003e"`, `"responder_ip_address":"10.1.2.3"`, `"initiator_port":443`,
			`"ingress_zone":"00000000-0000-0000-0000-000000000000"`},
		2:  {event, `"block":174,"problem":"record 71: block 174: `},
		3:  {`"meaning":{"connection_id":7,"sequence":9,"messages":[{"offset":16,"version":0,"type":4,` + event, fmt.Sprintf(`},{"offset":%d,"version":0,"type":0}]}`, 16+len(connection))},
		4:  {`"name":"message bundle","problem":"message bundle: `},
		5:  {`"meaning":{"connection_id":0,"sequence":0,"messages":[],"problem":"offset 16: `},
		6:  {`"type":4,"name":"event data","meaning":{"problem":"record 0: `},
		7:  {`"meaning":{"record":9999,"netmap_id":1,"extended_header":false,"problem":"no layout is known: `},
		8:  {`"name":"single host data","meaning":{"block":200,"hex":"0102"}`},
		9:  {`"name":"single host data","problem":"`},
		10: {`"problem":"a data block expected, 8 bytes found"`},
		11: {`"name":"single host data","problem":"`},
	} {
		for _, w := range want {
			if !strings.Contains(got[i], w) {
				t.Errorf("line %d: want %s in\n%s", i+1, w, got[i])
			}
		}
	}
	for i, line := range got {
		if !json.Valid([]byte(line)) {
			t.Errorf("line %d is no JSON: %s", i+1, line)
		}
	}
}

// A stream of every kind of record that synth makes: valid JSON throughout, and
// not one record without its fields.
func TestStream(t *testing.T) {
	g, err := synth.New(layouts.Default(), synth.Options{Seed: 4})
	if err != nil {
		t.Fatal(err)
	}
	var stream []byte
	n := g.Metadata() + 500
	for range n {
		stream = g.Append(stream)
	}
	lines := record(t, WriterOptions{}, func(w *Writer) { put(t, w, Server, stream) })
	if len(lines) != n+2 {
		t.Fatalf("%d lines, want %d", len(lines), n+2)
	}
	for _, line := range lines[1 : n+1] {
		var l struct {
			Meaning struct {
				Record  int            `json:"record"`
				Fields  map[string]any `json:"fields"`
				Problem string         `json:"problem"`
			} `json:"meaning"`
		}
		if err := json.Unmarshal([]byte(line), &l); err != nil || l.Meaning.Record == 0 || l.Meaning.Fields == nil || l.Meaning.Problem != "" {
			t.Fatalf("%v in %s", err, line)
		}
	}
}

// Bytes that are no message are kept, with the reason; from then on all are.
func TestNoMessages(t *testing.T) {
	null := wire.AppendNull(nil)
	for name, tt := range map[string]struct {
		p    []byte
		want []string
	}{
		"version":  {append(bytes.Clone(null), 0, 9, 0, 0, 0, 0, 0, 0, 1), []string{`"type":0`, `"bytes":9,"problem":"not a message: header version 9, expected 1","hex":"000900000000000001"`}},
		"too long": {[]byte{0, 1, 0, 4, 0xff, 0xff, 0xff, 0xf0, 5}, []string{`"bytes":9,"problem":"message of 4294967288 bytes announced, limit is`}},
		"long":     {[]byte{0, 1, 0, 4, 1, 0, 0, 1, 5}, []string{`"bytes":9,"problem":"message of 16777225 bytes announced, at most 16777224 are recorded as one"`}},
		"cut":      {append(bytes.Clone(null), null[:7]...), []string{`"type":0`, `"bytes":7,"problem":"message cut short: 8 bytes expected, 7 there","hex":"00010000000000"`}},
		"large":    {append([]byte{9, 9}, make([]byte, maxPiece)...), []string{`"bytes":16384,"problem":"not a message`, `"bytes":2,"problem":"not a message`}},
	} {
		got := record(t, WriterOptions{}, func(w *Writer) { put(t, w, Server, tt.p) })
		if len(got) != len(tt.want)+2 {
			t.Errorf("%s: %d lines, want %d", name, len(got), len(tt.want)+2)
			continue
		}
		for i, want := range tt.want {
			if !strings.Contains(got[i+1], want) {
				t.Errorf("%s: want %s in %s", name, want, got[i+1])
			}
		}
	}
	got := record(t, WriterOptions{}, func(w *Writer) {
		put(t, w, Client, []byte{0, 9, 0, 0, 0, 0, 0, 0})
		put(t, w, Client, null)
		put(t, w, Server, null) // the other side is another matter
	})
	if !strings.Contains(got[2], `"problem":"nobody can tell where`) || !strings.Contains(got[3], `"type":0`) {
		t.Errorf("got %s", strings.Join(got, "\n"))
	}
}

// A recording that has reached its limit ends with a line that says so.
func TestLimit(t *testing.T) {
	const limit = 1000
	null := wire.AppendNull(nil)
	lines := record(t, WriterOptions{MaxBytes: limit}, func(w *Writer) {
		for range 100 {
			put(t, w, Client, null)
		}
	})
	last := lines[len(lines)-1]
	if n := len(strings.Join(lines, "\n")) - len(last); n > limit || n < limit/2 || !strings.Contains(last, `"stopped":"the recording has reached 1000 bytes; the session goes on"`) {
		t.Errorf("%d bytes, last line %s", n, last)
	}
	r, err := NewReader(strings.NewReader(strings.Join(lines, "\n") + "\n"))
	if err != nil {
		t.Fatal(err)
	}
	for err == nil {
		_, err = r.Next()
	}
	if err != io.EOF || !strings.Contains(r.End, "has reached") {
		t.Errorf("got %v, %q", err, r.End)
	}
}

// An error of the file is that of every later call, and nothing is written any more.
func TestWriteError(t *testing.T) {
	full := errors.New("no space left")
	n := 0
	out := writerFunc(func(p []byte) (int, error) {
		if n++; n == 3 {
			return 0, full
		}
		return len(p), nil
	})
	w, err := NewWriter(out, layouts.Default(), Header{}, WriterOptions{})
	if err != nil {
		t.Fatal(err)
	}
	put(t, w, Client, wire.AppendNull(nil))
	for range 2 {
		if err := w.Bytes(Server, wire.AppendNull(nil)); !errors.Is(err, full) {
			t.Errorf("got %v", err)
		}
	}
	if err := w.End(""); !errors.Is(err, full) || n != 3 {
		t.Errorf("got %v after %d writes", err, n)
	}
	if _, err := NewWriter(writerFunc(func([]byte) (int, error) { return 0, full }), layouts.Default(), Header{}, WriterOptions{}); !errors.Is(err, full) {
		t.Errorf("got %v", err)
	}
}

type writerFunc func([]byte) (int, error)

func (f writerFunc) Write(p []byte) (int, error) { return f(p) }

// Every cut of a recording is noticed, and the entries before it are read.
func TestCutRecording(t *testing.T) {
	whole := strings.Join(record(t, WriterOptions{}, func(w *Writer) {
		put(t, w, Client, wire.AppendNull(nil))
		put(t, w, Server, wire.AppendNull(nil))
	}), "\n") + "\n"
	for cut := range len(whole) {
		r, err := NewReader(strings.NewReader(whole[:cut]))
		for err == nil {
			_, err = r.Next()
		}
		if !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Fatalf("cut at %d: got %v", cut, err)
		}
	}
	for text, want := range map[string]string{
		`{"format":"other/1"}` + "\n": `format "other/1" found, "estream-session/1" expected`,
		"nonsense\n":                  "header: invalid character",
		`{"format":"estream-session/1"}` + "\n" + `{"n":1,"from":"me"}` + "\n":                 `line 2: from "me": "client" or "server" expected`,
		`{"format":"estream-session/1"}` + "\n" + `{"n":1,"from":"client","hex":"0"}` + "\n":   "line 2: hex: ",
		`{"format":"estream-session/1"}` + "\n" + `{"n":1,"from":"client","hex":"00"}]` + "\n": "line 2: invalid character",
	} {
		r, err := NewReader(strings.NewReader(text))
		for err == nil {
			_, err = r.Next()
		}
		if !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q", err, want)
		}
	}
}

// Whatever comes, the lines are JSON, and their bytes are those that came.
func FuzzRecord(f *testing.F) {
	f.Add([]byte("\x00\x01\x00\x00\x00\x00\x00\x00\x00\x09"), uint8(3))
	set := layouts.Default()
	message := recordtest.Message(f, set, 400, 85, recordtest.Fields{"http_uri": "/x\xff"})
	f.Add(message, uint8(100))
	bundle, err := wire.AppendBundle(nil, 1, 1, 0, message)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(bundle, uint8(255))
	f.Add(append(wire.AppendHeader(nil, wire.TypeMultipleHostData, 16), "\x00\x00\x00\x8c\x00\x00\x00\x10abcdefgh"...), uint8(1))
	f.Add(wire.AppendStreamingRequest(nil, wire.StreamingRequest{Services: []wire.Service{{ID: 6667, Pairs: wire.DefaultPairs()}}}, wire.LengthInclusive), uint8(9))
	f.Fuzz(func(t *testing.T, p []byte, size uint8) {
		text := strings.Join(record(t, WriterOptions{}, func(w *Writer) {
			for rest := p; len(rest) > 0; {
				n := min(max(int(size), 1), len(rest))
				put(t, w, Server, rest[:n])
				rest = rest[n:]
			}
		}), "\n") + "\n"
		r, err := NewReader(strings.NewReader(text))
		if err != nil {
			t.Fatal(err)
		}
		var got []byte
		for {
			e, err := r.Next()
			if err == io.EOF {
				break
			}
			if err != nil {
				t.Fatalf("%v in\n%s", err, text)
			}
			if e.Meaning != nil && !json.Valid(e.Meaning) {
				t.Errorf("meaning %s", e.Meaning)
			}
			got = append(got, e.Data...)
		}
		if !bytes.Equal(got, p) {
			t.Errorf("got %x, want %x", got, p)
		}
	})
}
