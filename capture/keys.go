package capture

import (
	"bytes"
	"crypto/tls"
	"errors"
	"fmt"
)

// role learns who is the client from the type of a handshake message.
func (t *tlsStream) role(d int, typ byte) {
	switch typ {
	case shakeClientHello:
		t.s.client = d
	case shakeServerHello:
		t.s.client = 1 - d
	}
}

// handshake takes handshake bytes, decrypted if they were encrypted.
func (t *tlsStream) handshake(d int, p []byte) error {
	dir := &t.dir[d]
	err := dir.shake.feed(p, func(typ byte, body []byte) error {
		switch typ {
		case shakeClientHello:
			if d != t.s.client {
				return errHello
			}
			h, err := parseClientHello(body)
			if !t.hello || h.random != t.client.random {
				// A new handshake within the session waits for a new answer; the second
				// hello that a server asked for does not.
				t.answer, t.ready = false, false
			}
			t.client, t.hello = h, err == nil
			return err
		case shakeServerHello:
			if d == t.s.client {
				return errHello
			}
			return t.answered(body)
		case shakeNewTicket:
			if !t.answer || t.server.version != tls12 {
				return nil
			}
			ticket, err := parseTicket(body)
			t.r.resume.remember(ticket, t.origin)
			return err
		case shakeFinished:
			if t.answer && t.server.version == tls13 && dir.next != nil {
				dir.now, dir.next = dir.next, nil
			}
		case shakeKeyUpdate:
			if t.server.version == tls13 && dir.now != nil && dir.next == nil {
				next, err := dir.now.update(t.suite)
				if err != nil {
					return err
				}
				dir.now = next
			}
		}
		return nil
	})
	if errors.Is(err, errHello) {
		return t.s.fail(fmt.Errorf("the TLS handshake of the %s is malformed", t.s.side(d)))
	}
	return err
}

// answered takes a ServerHello.
func (t *tlsStream) answered(body []byte) error {
	h, err := parseServerHello(body)
	if err != nil {
		return err
	}
	if h.random == retryRandom {
		t.retried = true
		return nil // another ClientHello follows, with the same random
	}
	t.server, t.answer, t.ready = h, true, false
	var known bool
	t.suite, known = suites[h.suite]
	switch {
	case h.version != tls12 && h.version != tls13:
		return t.s.fail(fmt.Errorf("%s is not read, TLS 1.2 and 1.3 are", t.version()))
	case !known || (h.version == tls13) != (h.suite>>8 == 0x13):
		return t.s.fail(fmt.Errorf("%s with %s: this cipher suite is not read; AES-GCM, ChaCha20 and, in TLS 1.2, AES-CBC are", t.version(), tls.CipherSuiteName(h.suite)))
	case h.compressed:
		return t.s.fail(fmt.Errorf("%s with compression is not read", t.version()))
	}
	if err := t.keys(); !errors.Is(err, errWait) {
		return err
	}
	return nil // what is encrypted waits
}

// keys makes the keys of both directions, or waits for the secrets, or ends the session.
func (t *tlsStream) keys() error {
	if t.ready || t.s.f.state == rejected || t.s.dead {
		return nil
	}
	known := t.r.keys.sessions[t.client.random]
	if known == nil {
		known = &secrets{}
	}
	t.origin = t.client.random
	if t.server.version == tls12 && known.master == nil {
		t.origin, known = t.resumed()
	}
	var err error
	client, server := &t.dir[t.s.client], &t.dir[1-t.s.client]
	switch {
	case t.server.version == tls12 && known.master != nil:
		client.next, server.next, err = newOpeners12(t.suite, known.master, t.client.random, t.server.random, t.server.etm)
	case t.server.version == tls13 && known.clientTraffic != nil && known.serverTraffic != nil:
		err = errors.Join(client.keys13(t.suite, known.clientShake, known.clientTraffic), server.keys13(t.suite, known.serverShake, known.serverTraffic))
	case t.r.moreKeys && t.s.matched:
		if !t.waits {
			t.waits = true
			t.r.waiting[t.client.random] = append(t.r.waiting[t.client.random], t)
		}
		return errWait
	default:
		return t.s.fail(t.lacking())
	}
	if err != nil {
		return t.s.fail(err)
	}
	t.ready = true
	if t.server.version == tls12 {
		t.r.resume.remember(t.server.session, t.origin)
	}
	return nil
}

// resumed returns the secrets of the session that this one goes on with. Some programs
// log them for the first one only.
func (t *tlsStream) resumed() (random, *secrets) {
	// The server says yes with the client's session number.
	if len(t.server.session) > 0 && bytes.Equal(t.server.session, t.client.session) {
		for _, name := range [][]byte{t.client.ticket, t.client.session} {
			if origin, ok := t.r.resume.origin(name); ok {
				if known := t.r.keys.sessions[origin]; known != nil {
					return origin, known
				}
			}
		}
	}
	return t.client.random, &secrets{}
}

// keys13 makes the keys of a direction. Without the secret of the handshake, a
// wrong one stands in, and nothing opens until the handshake is over.
func (d *tlsDir) keys13(s suite, shake, traffic []byte) (err error) {
	known := shake != nil
	if !known {
		shake = make([]byte, s.hash.Size())
	}
	if d.now, err = newOpener13(s, shake); err != nil {
		return err
	}
	if !known {
		d.now.secret = nil
	}
	d.next, err = newOpener13(s, traffic)
	return err
}

// version names the session's version of TLS.
func (t *tlsStream) version() string { return tls.VersionName(t.server.version) }

// lacking says what the session cannot be read without.
func (t *tlsStream) lacking() error {
	switch {
	case !t.hello:
		return errors.New("the client's part of the TLS handshake is missing: start the capture before the client connects, and capture both directions")
	case !t.answer:
		return errors.New("the server's part of the TLS handshake is missing: capture both directions")
	}
	if !t.s.matched && !t.unread {
		t.unread = true
		t.r.unread.flows++
		t.r.unread.port = t.s.serverPort()
	}
	return fmt.Errorf("%s, no secret for this session in the key log (client random %x): record with SSLKEYLOGFILE (estream request --keylog) and give the file with --keys", t.version(), t.client.random[:8])
}
