package relp

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"estream/output"
)

// TestHostile: whatever a server says, it ends the session with an error that
// says what was wrong, and what was sent is not taken for confirmed.
func TestHostile(t *testing.T) {
	for says, want := range map[string]string{
		"2 rsp 99999999 200 OK\n":                "data length of 99999 or more: expected at most 16384",
		"2 rsp 00000000000000 200 OK\n":          "data length",
		"9999999999 rsp 6 200 OK\n":              "transaction number",
		"3 rsp 6 200 OK\n":                       "transaction 3: expected one of 2 to 2",
		"1 rsp 6 200 OK\n":                       "transaction 1: expected one of 2 to 2",
		"0 rsp 6 200 OK\n":                       "transaction 0: expected one of 2 to 2",
		"HTTP/1.1 400 Bad Request\r\n":           "does it speak RELP?",
		"2 rsp 6 200 OK!\n":                      `'!' behind 6 bytes of data`,
		"2 rsp 6200 OK\n":                        "unexpected EOF",
		"2 rsp \n":                               `where the data length should stand`,
		"2 rsp 6\n":                              `behind the data length 6`,
		"2 rsp 2 OK\n":                           "expected a code of three digits",
		"2 rsp 0\n":                              "expected a code of three digits",
		"2 syslog 0\n":                           `command "syslog": expected rsp or serverclose`,
		"2 " + strings.Repeat("x", 100) + " 0\n": "position 32 of the command",
		"2\n":                                    "expected a blank",
		strings.Repeat("0 serverclose 0\n", 1000) + "2 rsp ": "unexpected EOF",
		"": "closed the connection",
	} {
		l := listen(t)
		go func() {
			p := l.accept()
			p.open()
			if _, command, _ := p.next(); command != "syslog" {
				t.Errorf("the client sent %q", command)
			}
			p.say("%s", says)
			_ = p.Close()
		}()
		out := opened(t, Options{Address: l.l.Addr().String()})
		write(t, out, "one")
		if _, err := out.Commit(t.Context()); !errors.Is(err, output.ErrUncommitted) || !strings.Contains(err.Error(), want) {
			t.Errorf("server says %.50q: got %v, expected %q", says, err, want)
		}
	}
}

// TestHostileOpen: a session that does not come to be takes no lines.
func TestHostileOpen(t *testing.T) {
	for says, want := range map[string]string{
		"1 rsp 10 500 go off\n":                    `refuses a RELP session: 500 "go off"`,
		"1 rsp 28 200 OK\nrelp_version=7,8,9xyz\n": "speaks RELP version",
		"1 rsp 22 200 OK\ncommands=eventl\n":       `expected syslog among them`,
		"2 rsp 6 200 OK\n":                         "transaction 2: expected the one to the offer of a session",
		"220 mail.example ESMTP\r\n":               "frame of the server",
		"":                                         "is this the port of a RELP server",
		"0 serverclose 0\n":                        "is this the port of a RELP server",
	} {
		l := listen(t)
		go func() {
			p := l.accept()
			p.next()
			p.say("%s", says)
			_ = p.Close()
		}()
		out := opened(t, Options{Address: l.l.Addr().String()})
		err := out.Write(t.Context(), []byte("one\n"))
		if err == nil || errors.Is(err, output.ErrUncommitted) || !strings.Contains(err.Error(), want) {
			t.Errorf("server says %.50q: got %v, expected %q", says, err, want)
		}
		commit(t, out) // nothing was taken
	}
}

// TestSilent: a server that does not answer ends the wait, for lines and for the
// session.
func TestSilent(t *testing.T) {
	l := listen(t)
	go func() {
		l.accept().open()
		l.accept()
	}()
	o := Options{Address: l.l.Addr().String(), Stall: 200 * time.Millisecond, Connect: 200 * time.Millisecond}
	out := opened(t, o)
	write(t, out, "one")
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := out.Commit(ended); !errors.Is(err, context.Canceled) || errors.Is(err, output.ErrUncommitted) {
		t.Errorf("commit without time: %v", err) // another one can succeed
	}
	if _, err := out.Commit(t.Context()); !errors.Is(err, output.ErrUncommitted) || !errors.Is(err, errStalled) {
		t.Errorf("commit: %v", err)
	}
	out = opened(t, o)
	if err := out.Write(t.Context(), []byte("one\n")); !errors.Is(err, context.DeadlineExceeded) || errors.Is(err, output.ErrUncommitted) {
		t.Errorf("write without a session: %v", err)
	}
}
