package capture

import (
	"bufio"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"strings"
)

const (
	maxKeyLog  = 64 << 20 // bytes of key log, of a file and its own blocks each
	maxSecrets = 1 << 20  // secrets kept
	maxKeyLine = 1024     // bytes of a line; the longest of use has 221
	maxSecret  = 64       // bytes of a secret; those of use have 32 or 48
)

// random is the client random of a session, by which key logs know it.
type random [32]byte

// secrets are what a key log has of one session, nil where it has nothing.
type secrets struct {
	master                       []byte // TLS 1.2, 48 bytes
	clientShake, serverShake     []byte // TLS 1.3, of the hash's size
	clientTraffic, serverTraffic []byte
}

// field returns the place of the secret with a label, nil for labels that are of no
// use here.
func (s *secrets) field(label string) *[]byte {
	switch label {
	case "CLIENT_RANDOM":
		return &s.master
	case "CLIENT_HANDSHAKE_TRAFFIC_SECRET":
		return &s.clientShake
	case "SERVER_HANDSHAKE_TRAFFIC_SECRET":
		return &s.serverShake
	case "CLIENT_TRAFFIC_SECRET_0":
		return &s.clientTraffic
	case "SERVER_TRAFFIC_SECRET_0":
		return &s.serverTraffic
	}
	return nil
}

// A keyLog holds the secrets of an NSS key log: lines of a label, the client random
// and the secret, both in hex. The form is described in
// draft-ietf-tls-keylogfile and by Mozilla's NSS.
type keyLog struct {
	sessions map[random]*secrets
	fresh    []random // those that the last read added to
	count    int
	lines    uint64 // with a secret, of use or not
	bad      uint64 // lines that are neither that nor comment nor empty
	firstBad int    // the line number of the first bad one
}

// read adds the lines of r. Lines that are none are counted; errors are those of
// r, and that there is more than anyone's key log has.
func (k *keyLog) read(r io.Reader) error {
	if k.sessions == nil {
		k.sessions = map[random]*secrets{}
	}
	k.fresh = k.fresh[:0]
	limited := &io.LimitedReader{R: r, N: maxKeyLog + 1}
	lines := bufio.NewReaderSize(limited, maxKeyLine)
	for n := 1; ; n++ {
		line, err := lines.ReadSlice('\n')
		tooLong := errors.Is(err, bufio.ErrBufferFull)
		for errors.Is(err, bufio.ErrBufferFull) {
			_, err = lines.ReadSlice('\n')
		}
		if err != nil && err != io.EOF {
			return fmt.Errorf("key log: line %d: %w", n, err)
		}
		if limited.N == 0 {
			return fmt.Errorf("key log: more than %d bytes: cut it down to the lines of the session", maxKeyLog)
		}
		if tooLong || !k.line(string(line)) {
			if k.bad == 0 {
				k.firstBad = n
			}
			k.bad++
		}
		if k.count > maxSecrets {
			return fmt.Errorf("key log: more than %d secrets: cut it down to the lines of the session", maxSecrets)
		}
		if err == io.EOF {
			return nil
		}
	}
}

// line takes one line, and reports whether it is a line of a key log.
func (k *keyLog) line(line string) bool {
	line = strings.TrimRight(line, "\r\n\t ")
	if line == "" || line[0] == '#' {
		return true
	}
	label, rest, _ := strings.Cut(line, " ")
	session, digits, found := strings.Cut(rest, " ")
	secret, err := hex.DecodeString(digits)
	if !found || err != nil || len(secret) == 0 {
		return false
	}
	id, err := hex.DecodeString(session)
	if err != nil {
		return false
	}
	k.lines++
	// Labels of other purposes (EXPORTER_SECRET, RSA, ...) have ids of other sizes.
	var known secrets
	if known.field(label) == nil {
		return true
	}
	var r random
	if len(id) != len(r) || len(secret) > maxSecret {
		k.lines--
		return false
	}
	copy(r[:], id)
	s := k.sessions[r]
	if s == nil {
		s = &secrets{}
		k.sessions[r] = s
	}
	place := s.field(label)
	if *place == nil {
		k.count++
	}
	*place = secret
	k.fresh = append(k.fresh, r)
	return true
}

// complaint says that what was given as a key log is none.
func (k *keyLog) complaint() error {
	if k.lines == 0 && k.bad > 0 {
		return fmt.Errorf("key log: no secret in it, line %d is not of the form \"LABEL CLIENTRANDOM SECRET\": expected the file that a TLS program writes when SSLKEYLOGFILE names it", k.firstBad)
	}
	return nil
}
