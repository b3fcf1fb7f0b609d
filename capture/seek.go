package capture

import (
	"errors"
	"fmt"
)

const (
	// minRecord is the size of the least record that is encrypted: header, type, tag.
	minRecord = recordHeader + 1 + 16
	// searchBudget is how many bytes are decrypted, for all connections together, in
	// search of places behind gaps.
	searchBudget = 1 << 30
)

// gap says that n bytes of direction d are missing: the record that has begun is lost,
// and so are an unknown number of others.
func (t *tlsStream) gap(d, n int) error {
	if t.gone(d) {
		return nil
	}
	if !t.ready {
		return t.s.fail(t.lacking())
	}
	dir := &t.dir[d]
	t.r.stats.Undecryptable += uint64(dir.in.free())
	dir.shake.reset()
	t.s.frames[d].gap()
	dir.seek = true
	dir.ahead = min(dir.ahead+n/minRecord+2, searchBudget/minRecord)
	return nil
}

// find looks for the next record of direction d: bytes that look like one and
// decrypt as one of the numbers that are possible. Nothing else passes for one.
func (t *tlsStream) find(d int) (bool, error) {
	dir := &t.dir[d]
	p := dir.in.bytes()
	at, found := 0, false
	for ; len(p)-at >= recordHeader; at++ {
		if !looksLikeTLS(p[at:]) || p[at+2] != 3 {
			continue
		}
		n := recordSize(p[at:])
		if n > len(p)-at {
			break // it may become one
		}
		if found = t.fits(dir, p[at:at+n]); found {
			break
		}
		if t.r.search < 0 {
			return false, t.s.lose(d, errors.New("too much was lost to find out where it goes on"))
		}
	}
	t.r.stats.Undecryptable += uint64(at)
	dir.in.drop(at)
	if found {
		dir.seek, dir.ahead = false, 0
	}
	return found, nil
}

// fits reports whether a record decrypts under the present keys or the next ones, and
// sets its number.
func (t *tlsStream) fits(dir *tlsDir, record []byte) bool {
	for _, o := range []*opener{dir.now, dir.next} {
		if o == nil {
			continue
		}
		for k := 0; k <= dir.ahead && t.r.search >= 0; k++ {
			t.r.search -= len(record)
			if _, _, err := o.open(t.r.plain[:0], record, o.seq+uint64(k)); err != nil {
				continue
			}
			if o == dir.next {
				dir.now, dir.next = dir.next, nil
			}
			o.seq += uint64(k)
			return true
		}
	}
	return false
}

// finish tells why a session that is over could not be read, and counts it.
func (t *tlsStream) finish() error {
	if t.s.number == 0 {
		return nil
	}
	if t.opened {
		t.r.stats.Decrypted++
	} else {
		t.r.stats.Undecrypted++
	}
	if t.s.dead {
		return nil
	}
	switch {
	case t.alert:
		return nil
	case !t.ready:
		return t.s.fail(t.lacking())
	case t.s.lost[0] || t.s.lost[1]: // which was told
	case !t.opened:
		return t.s.fail(fmt.Errorf("%s: the handshake was not finished, and neither side said why", t.version()))
	}
	for d := range t.dir {
		in := &t.dir[d].in
		if n := in.len(); n > 0 && !t.dir[d].seek && !t.gone(d) {
			if err := t.s.lose(d, fmt.Errorf("from the %s: ends in the middle of a TLS record, %d bytes of it are there", t.s.side(d), n)); err != nil {
				return err
			}
		}
	}
	return nil
}
