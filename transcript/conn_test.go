package transcript

import (
	"bytes"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"os"
	"strings"
	"testing"

	"estream/layouts"
	"estream/wire"
)

// clientPipe returns the client's end of a pipe, recorded to out, and the server's.
func clientPipe(t *testing.T, out *bytes.Buffer, done func(error)) (client, server net.Conn) {
	t.Helper()
	near, far := net.Pipe()
	h := HeaderOf(Client, near)
	h.Session = 4
	w, err := NewWriter(out, layouts.Default(), h, WriterOptions{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { far.Close() })
	return ClientConn(near, w, done), far
}

// entries reads a recording to its end.
func entries(t *testing.T, recording []byte) (*Reader, []*Entry) {
	t.Helper()
	r, err := NewReader(bytes.NewReader(recording))
	if err != nil {
		t.Fatal(err)
	}
	var all []*Entry
	for {
		e, err := r.Next()
		if err == io.EOF {
			return r, all
		}
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, e)
	}
}

// From the client's end what is read is the server's, and every way to end has a
// reason in the same words as at the server's end.
func TestClientConn(t *testing.T) {
	null := wire.AppendNull(nil)
	for _, tt := range []struct {
		end    func(client, server net.Conn) error
		reason string
	}{
		{func(client, server net.Conn) error {
			server.Close()
			if _, err := client.Read(make([]byte, 1)); err != io.EOF {
				t.Errorf("got %v", err)
			}
			return client.Close()
		}, "server closed the connection"},
		{func(client, server net.Conn) error { return errors.Join(client.Close(), client.Close()) }, "client closed the connection"},
		{func(client, server net.Conn) error {
			server.Close()
			for range 2 { // what cannot go out any more is not recorded
				if _, err := client.Write(null); err == nil {
					t.Error("a write to nobody succeeded")
				}
			}
			return client.Close()
		}, "connection broke, of the last 8 bytes of the client 8 may not have gone out: io: read/write on closed pipe"},
		{func(client, server net.Conn) error {
			_, err := client.Read(make([]byte, 1))
			if !errors.Is(err, io.ErrUnexpectedEOF) {
				t.Errorf("got %v", err)
			}
			return client.Close()
		}, "connection broke: unexpected EOF"},
	} {
		var out bytes.Buffer
		ended := 0
		client, server := clientPipe(t, &out, func(err error) {
			if ended++; err != nil {
				t.Error(err)
			}
		})
		if strings.HasSuffix(tt.reason, "EOF") {
			client.(*recorded).Conn = &broken{client.(*recorded).Conn}
		} else {
			go func() {
				if _, err := io.ReadFull(server, make([]byte, 8)); err == nil {
					_, _ = server.Write(null)
				}
			}()
			if _, err := client.Write(null); err != nil {
				t.Fatal(err)
			}
			if _, err := io.ReadFull(client, make([]byte, 8)); err != nil {
				t.Fatal(err)
			}
		}
		if err := tt.end(client, server); err != nil {
			t.Errorf("%s: %v", tt.reason, err)
		}
		r, got := entries(t, out.Bytes())
		if r.Header.Side != Client || r.Header.Session != 4 || r.Header.Peer != "pipe" || r.Header.Local != "pipe" || r.End != tt.reason || r.Stopped || ended != 1 {
			t.Errorf("got %+v, end %q, told %d times; want end %q", r.Header, r.End, ended, tt.reason)
		}
		for i, from := range []Side{Client, Server, Client} {
			if i < len(got) && (got[i].From != from || got[i].Type != wire.TypeNull || !got[i].Whole || got[i].Line != i+2 || !bytes.Equal(got[i].Data, null)) {
				t.Errorf("%s: entry %d is %+v", tt.reason, i, got[i])
			}
		}
		if len(got) > 3 {
			t.Errorf("%s: %d entries", tt.reason, len(got))
		}
	}
}

// broken is a connection that breaks.
type broken struct{ net.Conn }

func (*broken) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }

// A time-out, or a connection that says "nothing here yet" by an error of that kind,
// ends no session.
func TestTimeoutIsNoEnd(t *testing.T) {
	var out bytes.Buffer
	client, server := clientPipe(t, &out, nil)
	c := client.(*recorded)
	c.Conn = &impatient{Conn: c.Conn}
	if _, err := client.Read(make([]byte, 8)); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Fatalf("got %v", err)
	}
	go func() { _, _ = server.Write(wire.AppendNull(nil)); server.Close() }()
	if _, err := io.ReadFull(client, make([]byte, 8)); err != nil {
		t.Fatal(err)
	}
	if _, err := client.Read(make([]byte, 8)); err != io.EOF {
		t.Fatalf("got %v", err)
	}
	if err := client.Close(); err != nil {
		t.Error(err)
	}
	if r, got := entries(t, out.Bytes()); r.End != "server closed the connection" || len(got) != 1 {
		t.Errorf("end %q, %d entries", r.End, len(got))
	}
}

// impatient times out once.
type impatient struct {
	net.Conn
	asked bool
}

func (c *impatient) Read(p []byte) (int, error) {
	if !c.asked {
		c.asked = true
		return 0, os.ErrDeadlineExceeded
	}
	return c.Conn.Read(p)
}

// A header says TLS where it is, also below something else, and not before it is.
func TestHeaderOf(t *testing.T) {
	near, far := net.Pipe()
	defer near.Close()
	defer far.Close()
	w, err := NewWriter(io.Discard, layouts.Default(), Header{}, WriterOptions{})
	if err != nil {
		t.Fatal(err)
	}
	below := ClientConn(tls.Client(near, &tls.Config{ServerName: "example.com"}), w, nil)
	if h := HeaderOf(Client, below); h.Side != Client || h.TLS != "" || h.Cipher != "" || h.Peer != "pipe" {
		t.Errorf("got %+v", h)
	}
}

// Recordings in a row are read one after the other, also behind one that was cut.
func TestNextSession(t *testing.T) {
	one := strings.Join(record(t, WriterOptions{}, func(w *Writer) { put(t, w, Client, wire.AppendNull(nil)) }), "\n") + "\n"
	lines := strings.SplitAfter(one, "\n")
	cut := lines[0] + lines[1]
	for text, want := range map[string]string{
		one + one + one:             "1 end, 1 end, 1 end, EOF",
		one + cut + one:             "1 end, 1 cut, 1 end, EOF",
		cut + cut:                   "1 cut, 1 cut, EOF",
		one + "noise\n" + one:       "1 end, line 4, 1 end, EOF",
		one + "noise":               "1 end, line 4, EOF",
		one + `{"format":1}` + "\n": "1 end, line 4, EOF",
		lines[0] + "noise\n" + cut:  "bad line 2, 0 cut, 1 cut, EOF",
	} {
		r, err := NewReader(strings.NewReader(text))
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for err == nil {
			n := 0
			for {
				_, err = r.Next()
				if e := (*LineError)(nil); errors.As(err, &e) {
					got = append(got, "bad line "+string(rune('0'+e.Line)))
					continue
				}
				if err != nil {
					break
				}
				n++
			}
			switch {
			case err == io.EOF:
				got = append(got, string(rune('0'+n))+" end")
			case errors.Is(err, io.ErrUnexpectedEOF):
				got = append(got, string(rune('0'+n))+" cut")
			default:
				t.Fatal(err)
			}
			for {
				err = r.NextSession()
				e := (*LineError)(nil)
				if !errors.As(err, &e) {
					break
				}
				got = append(got, "line "+string(rune('0'+e.Line)))
			}
		}
		got = append(got, err.Error())
		if s := strings.Join(got, ", "); s != want {
			t.Errorf("got %s, want %s, of\n%s", s, want, text)
		}
	}
}

// A line is believed as far as its bytes bear it out.
func TestReaderChecks(t *testing.T) {
	for line, want := range map[string]string{
		`{"n":1,"from":"server","type":0,"hex":"0001000000000001"}`:   "line 2: hex is no message, but there is a type: message cut short",
		`{"n":1,"from":"server","type":0,"hex":"000100000000000000"}`: "line 2: 1 bytes follow the message in hex, none expected",
		`{"n":1,"from":"server","type":4,"hex":"0001000000000000"}`:   "line 2: type 4, but hex is a message of type 0",
	} {
		r, err := NewReader(strings.NewReader(`{"format":"estream-session/1","side":"client"}` + "\n" + line + "\n"))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := r.Next(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %s", err, want)
		}
		if _, err := r.Next(); !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Errorf("got %v", err)
		}
	}
}

// A message that clients take is recorded as one; the meaning of a giant is left out.
func TestGiant(t *testing.T) {
	giant := append(wire.AppendHeader(nil, wire.TypeEventData, 5<<20), make([]byte, 5<<20)...)
	lines := record(t, WriterOptions{}, func(w *Writer) {
		for rest := giant; len(rest) > 0; rest = rest[min(len(rest), 1<<20):] {
			put(t, w, Server, rest[:min(len(rest), 1<<20)])
		}
		put(t, w, Server, wire.AppendNull(nil))
	})
	if want := `"type":4,"name":"event data","problem":"meaning left out: message of 5242888 bytes, it is told up to 4194304","hex":"00010004`; len(lines) != 4 || !strings.Contains(lines[1], want) {
		t.Errorf("%d lines, %.300s", len(lines), lines[1])
	}
	if _, got := entries(t, []byte(strings.Join(lines, "\n")+"\n")); !got[0].Whole || !bytes.Equal(got[0].Data, giant) {
		t.Errorf("%d bytes read back", len(got[0].Data))
	}
}

func TestLooks(t *testing.T) {
	whole := strings.Join(record(t, WriterOptions{}, func(*Writer) {}), "\n")
	for head, want := range map[string]bool{whole[:32]: true, whole[:27]: true, whole[:26]: false, "": false, `{"format":"estream-other"}`: false} {
		if Looks([]byte(head)) != want {
			t.Errorf("%q: want %v", head, want)
		}
	}
}

// Whatever a file holds, reading it ends, and entries are what their bytes say.
func FuzzReader(f *testing.F) {
	const (
		header = `{"format":"estream-session/1","session":1}` + "\n"
		entry  = `{"n":1,"from":"server","type":0,"hex":"0001000000000000"}` + "\n"
		end    = `{"at":1,"end":"x"}` + "\n"
	)
	for _, file := range []string{header + entry + end, header + entry + header + end, header + "x\n" + entry, header + end + "x\n" + header, header + entry[:20]} {
		f.Add([]byte(file))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		r, err := NewReader(bytes.NewReader(data))
		if err != nil {
			return
		}
		for range bytes.Count(data, []byte("\n")) + 2 {
			e, err := r.Next()
			var bad *LineError
			switch {
			case err == nil:
				if h, _ := wire.ParseHeader(e.Data); e.Whole && (h.Type != e.Type || int(h.Length) != len(e.Data)-wire.HeaderSize) {
					t.Errorf("entry %+v", e)
				}
			case errors.As(err, &bad):
			default:
				for range bytes.Count(data, []byte("\n")) + 2 {
					if err = r.NextSession(); !errors.As(err, &bad) {
						break
					}
				}
				if err == io.EOF {
					return
				}
				if err != nil {
					t.Fatal(err)
				}
			}
		}
		t.Fatal("reading does not end")
	})
}
