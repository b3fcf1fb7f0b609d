package capture

import (
	"bytes"
	"crypto/tls"
	"encoding/binary"
	"errors"
	"fmt"
)

const (
	recordHeader = 5
	maxRecord    = 1<<14 + 2048 // bytes of a record's body, of TLS 1.2

	recordCCS       = 20 // change cipher spec
	recordAlert     = 21
	recordHandshake = 22
	recordData      = 23

	maxWaiting = 1 << 20 // bytes of a direction that wait for a hello or a secret
)

// looksLikeTLS reports whether p begins with the header of a TLS record: type,
// version, length.
func looksLikeTLS(p []byte) bool {
	return len(p) >= recordHeader && p[0] >= recordCCS && p[0] <= recordData && p[1] == 3 && p[2] <= 4 &&
		recordSize(p) > recordHeader && recordSize(p) <= recordHeader+maxRecord
}

// recordSize is the size of the record at the start of p, header included.
func recordSize(p []byte) int { return recordHeader + int(binary.BigEndian.Uint16(p[3:])) }

// A tlsStream decrypts a connection. Of its handshake only the hellos count: the rest is in the
// key log.
type tlsStream struct {
	s       *stream
	r       *reader
	client  clientHello
	server  serverHello
	hello   bool // client is there
	answer  bool // server is there, and suite is its
	retried bool // the server asked for another hello
	suite   suite
	origin  random // whose master secret it is in TLS 1.2: its own, or that of the session that is resumed
	ready   bool   // the openers are there
	waits   bool   // for secrets that the file may still bring
	opened  bool   // some record was decrypted
	unread  bool   // it has been counted among those whose secrets are missing
	alert   bool   // the handshake ended with an alert
	dir     [2]tlsDir

	// While waits is set: what both sides say, in order, as pieces of late.
	late   buffer
	pieces []latePiece
}

// A latePiece is n bytes of direction d.
type latePiece struct{ d, n int }

// free drops what is held, and what was waited for.
func (t *tlsStream) free() {
	for d := range t.dir {
		t.dir[d].in.free()
		t.dir[d].shake.body.free()
	}
	t.late.free()
	if t.waits {
		delete(t.r.waiting, t.client.random)
	}
}

// A tlsDir is one direction. Its openers are those of now, nil before anything is encrypted,
// and of behind the next change of keys.
type tlsDir struct {
	in        buffer // the beginning of a record, or those that wait
	shake     shaker
	now, next *opener
	seek      bool // find the place of the next record
	ahead     int  // how many records may be missing there
}

func newTLSStream(s *stream) *tlsStream {
	t := &tlsStream{s: s, r: s.f.r}
	t.late.r = t.r
	for d := range t.dir {
		t.dir[d].in.r, t.dir[d].shake.body.r = t.r, t.r
	}
	return t
}

// errWait says that a record has to wait for the other direction, or for secrets.
var errWait = errors.New("wait")

// feed takes bytes of direction d.
func (t *tlsStream) feed(d int, p []byte) error {
	if t.waits {
		t.pieces = append(t.pieces, latePiece{d, len(p)})
		if !t.late.add(p) || t.late.len() > maxWaiting || len(t.pieces) > maxWaiting/16 {
			return t.s.fail(t.lacking())
		}
		return nil
	}
	in := &t.dir[d].in
	if !in.add(p) {
		return t.s.lose(d, errHeld)
	}
	if err := t.run(); err != nil {
		return err
	}
	if in.len() > maxWaiting {
		return t.s.fail(t.lacking())
	}
	return nil
}

// secretsCame goes on with what waited for secrets, if all that are needed are there.
func (t *tlsStream) secretsCame() error {
	t.waits = false
	if err := t.keys(); errors.Is(err, errWait) {
		return nil
	} else if err != nil {
		return err
	}
	late, pieces := bytes.Clone(t.late.bytes()), t.pieces
	t.pieces = nil
	t.late.free()
	if err := t.run(); err != nil {
		return err
	}
	for _, p := range pieces {
		if err := t.s.data(p.d, late[:p.n]); err != nil {
			return err
		}
		late = late[p.n:]
	}
	return nil
}

// run handles the records that are there. A hello in one direction may be what the
// other has waited for.
func (t *tlsStream) run() error {
	for again := true; again; {
		again = false
		for d := range t.dir {
			moved, err := t.records(d)
			if err != nil {
				return err
			}
			again = again || moved
		}
	}
	return nil
}

// gone reports whether direction d gives nothing more.
func (t *tlsStream) gone(d int) bool {
	return t.s.dead || t.s.lost[d] || t.s.f.state == rejected || t.s.f.state == over
}

// records handles the records of direction d, and reports whether there were any.
func (t *tlsStream) records(d int) (moved bool, err error) {
	dir := &t.dir[d]
	for !t.gone(d) {
		if dir.seek {
			if found, err := t.find(d); !found {
				return moved, err
			}
		}
		p := dir.in.bytes()
		if len(p) < recordHeader {
			return moved, nil
		}
		if !looksLikeTLS(p) && !(p[0] == recordData && recordSize(p) == recordHeader) {
			return moved, t.s.lose(d, fmt.Errorf("from the %s: TLS record begins with % x, no header of one: the capture is damaged", t.s.side(d), p[:recordHeader]))
		}
		n := recordSize(p)
		if len(p) < n {
			return moved, nil
		}
		switch err := t.record(d, p[:n]); {
		case errors.Is(err, errWait):
			return moved, nil
		case err != nil:
			return moved, err
		}
		if t.gone(d) {
			return moved, nil
		}
		dir.in.drop(n)
		moved = true
	}
	return moved, nil
}

// record handles one record. It returns errWait for one that is to come again.
func (t *tlsStream) record(d int, p []byte) error {
	dir := &t.dir[d]
	if dir.now == nil {
		done, err := t.clear(d, p)
		if done || err != nil {
			return err
		}
	}
	if t.server.version == tls13 {
		switch p[0] {
		case recordCCS:
			return nil // means nothing, for the sake of boxes in between
		case recordAlert:
			return t.alerted(d, p[recordHeader:])
		}
	}
	typ, content, err := dir.now.open(t.r.plain[:0], p, dir.now.seq)
	if err != nil {
		return t.unopened(d, p)
	}
	dir.now.seq++
	t.opened = true
	return t.content(d, typ, content)
}

// unopened handles a record that does not decrypt.
func (t *tlsStream) unopened(d int, p []byte) error {
	dir := &t.dir[d]
	// Without the secret of the handshake, its end is where the next one fits; early
	// data has keys of its own.
	if shaking := t.server.version == tls13 && dir.next != nil; shaking {
		typ, content, err := dir.next.open(t.r.plain[:0], p, 0)
		switch {
		case err == nil:
			dir.now, dir.next = dir.next, nil
			dir.now.seq = 1
			t.opened = true
			return t.content(d, typ, content)
		case dir.now.secret == nil, t.client.early && d == t.s.client && dir.now.seq == 0:
			t.r.stats.Undecryptable += uint64(len(p))
			return nil
		}
	}
	t.r.stats.Undecryptable += uint64(len(p))
	return t.s.lose(d, fmt.Errorf("%s: record %d of the %s does not decrypt with the secret of the key log: the capture is damaged, or the key log is of another session",
		t.version(), dir.now.seq, t.s.side(d)))
}

// clear handles a record in front of the keys. It reports whether that was all: an
// encrypted one remains to be opened.
func (t *tlsStream) clear(d int, p []byte) (done bool, err error) {
	dir := &t.dir[d]
	body := p[recordHeader:]
	switch p[0] {
	case recordHandshake:
		if t.s.client < 0 || !t.hello && !t.answer {
			t.role(d, body[0])
		}
		if d != t.s.client && !t.hello {
			return true, errWait
		}
		return true, t.handshake(d, body)
	case recordAlert:
		return true, t.alerted(d, body)
	}
	switch {
	case !t.hello && !t.answer && !t.s.f.half[d].syn:
		return true, t.s.fail(errors.New("the capture begins in the middle of a TLS session, whose handshake is missing: start the capture before the client connects"))
	case !t.answer && t.retried && p[0] == recordCCS:
		return true, nil // TLS 1.3, where it means nothing
	case !t.answer:
		return true, errWait
	}
	if err := t.keys(); err != nil || t.s.dead {
		return true, err
	}
	if p[0] == recordCCS {
		if t.server.version == tls12 {
			dir.now, dir.next = dir.next, nil
		}
		return true, nil
	}
	if dir.now == nil {
		return true, t.s.lose(d, fmt.Errorf("%s: data of the %s in front of the keys: the capture is damaged", t.version(), t.s.side(d)))
	}
	return false, nil
}

// content takes the content of a record that was encrypted.
func (t *tlsStream) content(d int, typ byte, p []byte) error {
	switch typ {
	case recordData:
		if len(p) == 0 {
			return nil
		}
		return t.s.plaintext(d, p)
	case recordHandshake:
		return t.handshake(d, p)
	case recordAlert:
		return t.alerted(d, p)
	case recordCCS:
		// The keys of a new handshake within a session of TLS 1.2.
		if dir := &t.dir[d]; dir.next != nil {
			dir.now, dir.next = dir.next, nil
		}
	}
	return nil
}

// alerted tells of an alert that ended the session. The usual end is one, too.
func (t *tlsStream) alerted(d int, p []byte) error {
	if len(p) != 2 || p[1] == 0 || p[1] == 90 { // close notify; user cancelled
		return nil
	}
	if t.server.version != tls13 && p[0] == 1 {
		return nil // a warning, as of a name that the server does not know
	}
	t.alert = true
	if t.s.number == 0 {
		return nil
	}
	return t.s.tell(t.s.side(d), nil, fmt.Errorf("the %s ended the session: %w (alert %d)", t.s.side(d), tls.AlertError(p[1]), p[1]))
}
