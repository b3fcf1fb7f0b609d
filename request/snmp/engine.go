package snmp

import (
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"time"

	"estream/internal/durable"
)

const (
	// maxBoots is the largest value of snmpEngineBoots and snmpEngineTime. An engine
	// that has reached it may authenticate nothing any more (RFC 3414 section 2.3).
	maxBoots = 1<<31 - 1

	stateVersion = 1
	maxState     = 4096 // bytes; a state has about 80
)

// An engine is what version 3 wants to know of the sender of a trap.
type engine struct {
	id    []byte // 5 to 32 bytes
	boots uint32 // how many times it was started, from 1
	start time.Time
	lock  io.Closer
}

// state is the content of the state file.
type state struct {
	Version  int    `json:"version"`
	EngineID string `json:"engineId"` // hex
	Boots    uint32 `json:"boots"`
}

// openEngine counts one more start in the state file, which is begun if there is
// none, and keeps it locked. Without id the engine id is that of the file. The count
// goes on even if the id is another one than before: it never goes back for any id.
func openEngine(fsys durable.FS, path string, id []byte) (*engine, error) {
	lock, err := fsys.Lock(path + ".lock")
	if errors.Is(err, durable.ErrLocked) {
		return nil, fmt.Errorf("snmp: state file: %w: two senders of traps cannot be one SNMP engine: give each its own state file", err)
	}
	if err != nil {
		return nil, fmt.Errorf("snmp: state file: %w", err)
	}
	e := &engine{id: id, start: time.Now(), lock: lock}
	if err := e.count(fsys, path); err != nil {
		return nil, errors.Join(err, lock.Close())
	}
	return e, nil
}

// count reads the state and writes the next one.
func (e *engine) count(fsys durable.FS, path string) error {
	s, err := readState(fsys, path)
	if err != nil {
		return err
	}
	if s.Boots >= maxBoots-1 {
		return fmt.Errorf("snmp: state file %s: this engine was started %d times, and no more are allowed: remove the file, and give receivers the new engine id", path, s.Boots)
	}
	if e.id == nil && s.EngineID == "" {
		e.id = newEngineID()
	} else if e.id == nil {
		if e.id, err = parseEngineID(s.EngineID); err != nil {
			return fmt.Errorf("snmp: state file %s: %w", path, err)
		}
	}
	e.boots = s.Boots + 1
	data, err := json.Marshal(state{stateVersion, hex.EncodeToString(e.id), e.boots})
	if err != nil {
		return err
	}
	// Durable before the first trap: a start that is forgotten makes receivers refuse all traps of the next.
	if err := durable.ReplaceFile(fsys, path, append(data, '\n'), 0o600); err != nil {
		return fmt.Errorf("snmp: state file: %w", err)
	}
	return nil
}

// readState returns the zero state if there is no file.
func readState(fsys durable.FS, path string) (s state, err error) {
	data, err := durable.ReadFile(fsys, path, maxState)
	if errors.Is(err, fs.ErrNotExist) {
		return state{}, nil
	}
	if err != nil {
		return s, fmt.Errorf("snmp: state file: %w", err)
	}
	if err := json.Unmarshal(data, &s); err != nil {
		return s, fmt.Errorf("snmp: state file %s: %w: remove it, and give receivers the new engine id", path, err)
	}
	if s.Version != stateVersion {
		return s, fmt.Errorf("snmp: state file %s: version %d, expected %d: it is from another release", path, s.Version, stateVersion)
	}
	return s, nil
}

// newEngineID returns an engine id that nobody else has: the format for octets
// that an administrator assigns (5) under net-snmp's enterprise number, since there is
// none of our own, and 12 random bytes.
func newEngineID() []byte {
	id := make([]byte, 17)
	copy(id, []byte{0x80, 0x00, 0x1f, 0x88, 5})
	_, _ = rand.Read(id[5:]) // never fails
	return id
}

// parseEngineID reads hex digits, with or without 0x in front.
func parseEngineID(s string) ([]byte, error) {
	digits := s
	if len(s) > 2 && s[0] == '0' && (s[1] == 'x' || s[1] == 'X') {
		digits = s[2:]
	}
	id, err := hex.DecodeString(digits)
	if err != nil {
		return nil, fmt.Errorf("engine id %q: %w: expected hex digits, such as 0x80001f8805a1b2c3d4", s, err)
	}
	if len(id) < 5 || len(id) > 32 {
		return nil, fmt.Errorf("engine id %q: %d bytes, expected 5 to 32", s, len(id))
	}
	// All zeros and all ones are reserved (RFC 3411). Twelve zeros in a row are what the library takes
	// for the place of the message's digest.
	zeros, run, ones := 0, 0, 0
	for _, c := range id {
		switch c {
		case 0:
			if run++; run > zeros {
				zeros = run
			}
			continue
		case 0xff:
			ones++
		}
		run = 0
	}
	if zeros == len(id) || zeros >= 12 || ones == len(id) {
		return nil, fmt.Errorf("engine id %q: too many zeros, or nothing but ones: expected one that no other engine has", s)
	}
	return id, nil
}

// seconds returns the time since the start as snmpEngineTime.
func (e *engine) seconds() uint32 {
	return uint32(min(time.Since(e.start)/time.Second, maxBoots))
}

func (e *engine) close() error { return e.lock.Close() }
