package relp

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"estream/output/conn"
)

// A session is a connection on which the server has accepted our offers.
type session struct {
	c      *conn.Conn
	window *window
	opened chan error // what the server made of our offers
}

// open connects and agrees on the commands. Both have connect.
func open(ctx context.Context, o conn.Options, w *window) (*session, error) {
	s := &session{window: w, opened: make(chan error, 1)}
	if o.Connect == 0 {
		o.Connect = conn.ConnectTimeout
	}
	limited, cancel := context.WithTimeout(ctx, o.Connect)
	defer cancel()
	c, err := conn.Dial(limited, o, s.read)
	if err != nil {
		return nil, err
	}
	s.c = c
	nr := w.put(nil)
	if err := s.c.Write(limited, appendFrame(nil, nr, "open", []byte("relp_version=0\nrelp_software=estream\ncommands=syslog"))); err != nil {
		return nil, errors.Join(err, s.c.Close())
	}
	select {
	case err = <-s.opened:
	case <-c.Done():
		select {
		case err = <-s.opened: // the answer came before the end
		default:
			err = c.Alive()
			return nil, errors.Join(fmt.Errorf("no answer to the offer of a RELP session: is this the port of a RELP server, and does it expect TLS? %w", err), c.Close())
		}
	case <-limited.Done():
		err = fmt.Errorf("no answer to the offer of a RELP session: is this the port of a RELP server, and does it expect TLS? %w", context.Cause(limited))
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("%s: %w", o.Name, err), c.Close())
	}
	return s, nil
}

// read takes the server's frames until the connection ends. Answers settle
// what waits in the window.
func (s *session) read(from io.Reader) error {
	r := newReader(from)
	for first := true; ; {
		f, err := r.next()
		if err != nil {
			return err
		}
		switch string(f.command) {
		case "rsp":
			code, text, rest, err := answer(f.data)
			if err != nil {
				return err
			}
			if first {
				// The answer to open is looked at as a whole, and counts as confirmed whatever it says.
				err := accepts(f.txnr, code, text, rest)
				if s.opened <- err; err != nil {
					return err
				}
				first, code = false, 200
			}
			if err := s.window.settle(f.txnr, code, text); err != nil {
				return err
			}
		case "serverclose":
			s.window.leave()
		default:
			return fmt.Errorf("frame of the server with the command %q: expected rsp or serverclose", f.command)
		}
	}
}

// accepts checks the answer to open: offers, one a line, as name=value[,value].
func accepts(nr, code int, text, offers []byte) error {
	if nr != 1 {
		return fmt.Errorf("answer of the server to transaction %d: expected the one to the offer of a session, 1", nr)
	}
	if code != 200 {
		return fmt.Errorf("the server refuses a RELP session: %d %.200q: its configuration may not let this machine in", code, text)
	}
	for line := range bytes.SplitSeq(offers, []byte{'\n'}) {
		name, value, _ := bytes.Cut(line, []byte{'='})
		values := bytes.Split(value, []byte{','})
		has := func(want string) bool {
			return slices.ContainsFunc(values, func(v []byte) bool { return string(bytes.TrimSpace(v)) == want })
		}
		switch string(name) {
		case "relp_version":
			if !has("0") && !has("1") {
				return fmt.Errorf("the server speaks RELP version %.40q: expected 0 or 1", value)
			}
		case "commands":
			if !has("syslog") {
				return fmt.Errorf("the server offers the RELP commands %.100q: expected syslog among them", value)
			}
		}
	}
	return nil
}

// farewell is how long a server has to confirm the end of a session.
const farewell = time.Second

// close ends the session, politely if nothing is in the way.
func (s *session) close() error {
	if waiting, _, leaving := s.window.status(); waiting == 0 && !leaving && s.c.Alive() == nil {
		ctx, cancel := context.WithTimeout(context.Background(), farewell)
		defer cancel()
		// A server that does not answer, or in its own way, is left all the same: everything is confirmed.
		if s.c.Write(ctx, appendFrame(nil, s.window.put(nil), "close", nil)) == nil {
			select {
			case <-s.c.Done():
			case <-s.window.changed:
			case <-ctx.Done():
			}
		}
	}
	return s.c.Close()
}
