package snmp

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"time"

	"github.com/gosnmp/gosnmp"

	"estream/internal/durable"
	"estream/output"
	"estream/output/conn"
	"estream/request/alert"
)

// DefaultCommunity is the community of the reference client.
const DefaultCommunity = "sf_community"

// Options say where traps go and as whom. Target is all that version 2c needs.
type Options struct {
	Target    string // HOST[:PORT] of the receiver; without port 162
	Version   string // "2c" or "3"; "": 2c
	Community string // of version 2c, at most 127 bytes; "": DefaultCommunity

	// Of version 3. Without a password there is no authentication, or no privacy.
	// Passwords have at least 8 characters and are never logged.
	User         string // at most 32 bytes
	AuthProtocol string // MD5, SHA, SHA-224, SHA-256, SHA-384 or SHA-512; "": SHA-256
	AuthPassword string
	// PrivProtocol is DES, AES, AES-192, AES-256, or AES-192C and AES-256C, which make their
	// keys as Cisco's devices do; "": AES, which has 128 bits.
	PrivProtocol string
	PrivPassword string
	// EngineID is 5 to 32 bytes in hex, with or without 0x. "": that of the state
	// file, which gets a random one when it is begun. Receivers have to know it.
	EngineID string
	// State is the file that counts the starts of the engine. Version 3 needs one; it
	// is made (0600) if it is missing, its directory is not.
	State string

	Root   string        // object identifier above trap and objects; "": DefaultRoot
	Alerts alert.Options // how alerts are collected; its Log is the Log below
	Log    *slog.Logger  // nil: slog.Default
}

// An Output sends traps. One goroutine uses it at a time.
type Output struct {
	*alert.Collector
	engine []byte
}

// New looks up the receiver's name, so that a wrong one is found at once, which
// takes 10 seconds at most; and with version 3 counts one more start.
func New(o Options) (*Output, error) {
	if o.Log == nil {
		o.Log = slog.Default()
	}
	o.Alerts.Log = o.Log
	address, err := conn.Address(o.Target, "162")
	if err != nil {
		return nil, fmt.Errorf("snmp: trap server: %w", err)
	}
	s := &sender{name: "snmp://" + address, start: time.Now(), id: rand.Uint32()}
	if s.layout, err = newLayout(o.Root); err != nil {
		return nil, err
	}
	s.datagrams = conn.NewDatagrams(conn.Options{Name: s.name, Address: address}, s.frame, &s.stats, o.Log)
	// No line: this only looks up the name.
	if err := s.datagrams.Write(context.Background(), nil); err != nil {
		return nil, err
	}
	if err := s.prepare(&o); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	out := &Output{Collector: alert.New(s, o.Alerts)}
	if s.engine != nil {
		out.engine = s.engine.id
		o.Log.Info("snmp: receivers have to know this engine", "engine", "0x"+hex.EncodeToString(s.engine.id), "boots", s.engine.boots, "user", o.User)
	}
	return out, nil
}

// EngineID returns the engine id that receivers have to know, in hex with 0x in
// front; "" with version 2c.
func (o *Output) EngineID() string {
	if o.engine == nil {
		return ""
	}
	return "0x" + hex.EncodeToString(o.engine)
}

// A sender makes traps and sends them.
type sender struct {
	name      string
	layout    layout
	snmp      *gosnmp.GoSNMP
	usm       *gosnmp.UsmSecurityParameters // nil with version 2c
	engine    *engine                       // likewise
	private   bool                          // traps are encrypted
	start     time.Time
	id        uint32 // of the last trap
	stats     output.Stats
	datagrams *conn.Datagrams
	packet    []byte // the trap that is being sent
}

// prepare sets up the library for the version that was chosen.
func (s *sender) prepare(o *Options) error {
	s.snmp = &gosnmp.GoSNMP{Version: gosnmp.Version2c, Community: o.Community}
	switch o.Version {
	case "", "2c":
		if o.Community == "" {
			s.snmp.Community = DefaultCommunity
		}
		if len(s.snmp.Community) > 127 { // what the library encodes
			return fmt.Errorf("snmp: the community has %d bytes, expected 127 at most", len(s.snmp.Community))
		}
		return o.refuseV3()
	case "3":
	default:
		return fmt.Errorf("snmp: version %q: expected 2c or 3", o.Version)
	}
	if o.Community != "" {
		return errors.New("snmp: the community belongs to version 2c, and the version is 3")
	}
	usm, level, err := o.security()
	if err != nil {
		return err
	}
	if o.State == "" {
		return errors.New("snmp: version 3 needs a state file: receivers refuse the traps of an engine that forgets how many times it was started")
	}
	var id []byte
	if o.EngineID != "" {
		if id, err = parseEngineID(o.EngineID); err != nil {
			return fmt.Errorf("snmp: %w", err)
		}
	}
	if s.engine, err = openEngine(durable.OS{}, o.State, id); err != nil {
		return err
	}
	usm.AuthoritativeEngineID, usm.AuthoritativeEngineBoots = string(s.engine.id), s.engine.boots
	// Once for all traps: a key costs a megabyte of hashing.
	if err := usm.InitSecurityKeys(); err != nil {
		return fmt.Errorf("snmp: keys of user %q: %w", o.User, err)
	}
	s.usm, s.private = usm, level == gosnmp.AuthPriv
	s.snmp.Version, s.snmp.SecurityModel, s.snmp.SecurityParameters = gosnmp.Version3, gosnmp.UserSecurityModel, usm
	s.snmp.ContextEngineID, s.snmp.MsgFlags = string(s.engine.id), level
	// Encoding anything makes the library check all this, and begin its salts at a random number.
	if _, err := s.snmp.SnmpEncodePacket(gosnmp.SNMPv2Trap, nil, 0, 0); err != nil {
		return fmt.Errorf("snmp: user %q: %w", o.User, err)
	}
	s.snmp.MsgFlags = level // it has set a bit that traps must not have (RFC 3412 section 6.4)
	return nil
}

// Send implements [alert.Sender].
func (s *sender) Send(ctx context.Context, a *alert.Alert) (err error) {
	if s.packet, err = s.encode(a); err != nil {
		return fmt.Errorf("%s: make trap: %w", s.name, err)
	}
	return s.datagrams.Write(ctx, line)
}

// line is what a trap is to the sender of datagrams, which frame gives its form.
var line = []byte{'\n'}

func (s *sender) frame(dst, _ []byte) []byte { return append(dst, s.packet...) }

// encode returns the bytes of the trap.
func (s *sender) encode(a *alert.Alert) ([]byte, error) {
	upTime := uint32(time.Since(s.start) / (10 * time.Millisecond)) // wraps after 497 days, as it should
	if s.usm != nil {
		s.usm.AuthoritativeEngineTime = s.engine.seconds()
	}
	p := s.snmp.MkSnmpPacket(gosnmp.SNMPv2Trap, s.layout.variables(a, upTime), 0, 0)
	s.id = (s.id + 1) & 0x7fffffff
	p.RequestID, p.MsgID = s.id, s.id
	if s.private {
		if err := s.usm.InitPacket(p); err != nil { // the next salt
			return nil, err
		}
	}
	return p.MarshalMsg()
}

// Flush implements [alert.Sender]: a datagram that was sent is out.
func (s *sender) Flush(context.Context) error { return nil }

// Lost implements [alert.Sender].
func (s *sender) Lost() uint64 { return s.stats.Lost.Load() }

// Close implements [alert.Sender].
func (s *sender) Close() error {
	err := s.datagrams.Close()
	if s.engine != nil {
		err = errors.Join(err, s.engine.close())
	}
	return err
}

func (s *sender) String() string { return s.name }
