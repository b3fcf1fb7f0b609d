package doctor

import (
	"cmp"
	"context"
	"net"
	"strings"
	"time"

	"estream/pki"
	"estream/session"
	"estream/wire"
)

// Limits and thresholds of a diagnosis.
const (
	DefaultTimeout   = 10 * time.Second
	DefaultEventWait = 10 * time.Second

	// ClockLimit is how far two clocks may be apart.
	ClockLimit = 5 * time.Minute
	// ExpiryWarning is how long before its end a certificate is worth a warning.
	ExpiryWarning = 30 * 24 * time.Hour
	// LagLimit is how old the events that come in, or the first one that an output has
	// not taken, may be.
	LagLimit = 5 * time.Minute
	// QueueLimit is how many bytes may wait in the kernel's receive queue, seen three times
	// in a row. A queue that a reader empties is far below; one that nobody reads
	// grows to 128 KiB and more.
	QueueLimit = 64 << 10

	maxAddresses = 8 // of one name that are tried
)

// A Target says what to examine. Parts that are left zero are left out: without
// Addr nothing is connected to, without StateDir no directory is written. It is not
// changed by Diagnose.
type Target struct {
	Name string // in the report; Addr by default

	// Addr is the server as for session.Address: host, host:port, IPv4 or IPv6.
	Addr    string
	Network string // "tcp" (default), "tcp4" or "tcp6"

	// PKCS12 is the path of the client's file, Password its password. Credentials,
	// if set, are taken instead: those of eNcore's key and certificate files.
	PKCS12      string
	Password    string
	Credentials *pki.Credentials
	// Verify says how the server's certificate is checked. Its Now is not used.
	Verify pki.ClientOptions
	// Lenient makes faults of the server's certificate warnings: for collectors
	// that do not insist on it, as eNcore does not.
	Lenient bool
	// MinTLS and MaxTLS are the versions that the collector allows, as in tls.Config;
	// 0 are TLS 1.2 and the newest.
	MinTLS, MaxTLS uint16

	Flags wire.RequestFlags // as in session.ClientConfig
	Pairs []wire.EventPair  // as in session.ClientConfig

	StateDir string // the journal's and the cursors' directory
	// NeedFree is how many bytes the state directory should have free, such as what the
	// journal may still grow by. 5 % of the file system are asked for in any case.
	NeedFree uint64

	Outputs []OutputCheck
	Status  *Status // of the running service, where there is one

	Timeout   time.Duration // of each step that waits for somebody; DefaultTimeout
	EventWait time.Duration // how long an event may take to come, at most twice; DefaultEventWait

	Now      func() time.Time // default: time.Now
	Resolver pki.Resolver     // default: net.DefaultResolver

	// OnStep, if set, is called with each step as soon as it is done, by the
	// goroutine that called Diagnose.
	OnStep func(Step)
}

// An OutputCheck tries a destination without delivering anything to it.
type OutputCheck struct {
	Name string
	// Check returns nil if the destination would take a line. It obeys ctx, which
	// ends after Target.Timeout. Secrets must not be in its error.
	Check func(ctx context.Context) error
}

// A Status is what the running service knows about itself. Zero times are unknown.
type Status struct {
	LastReceived time.Time // arrival of the last event
	LastArchive  time.Time // archive time of that event
	// ReceiveQueue is how many bytes wait in the kernel for the collector to read
	// them. 0 has the doctor look itself, where the system can tell (Linux).
	ReceiveQueue int
	Outputs      []OutputStatus
	Silent       []string // devices, categories and sources that used to send and are quiet
}

// An OutputStatus says how far an output is behind.
type OutputStatus struct {
	Name string
	Lag  time.Duration // age of the oldest event that the destination has not taken, 0 if there is none
	Err  string        // why it waits, if it does
}

// setDefaults fills in what is zero; t is a copy.
func (t *Target) setDefaults() {
	t.Name = cmp.Or(t.Name, t.Addr, "this machine")
	t.Network = cmp.Or(t.Network, "tcp")
	t.Timeout = cmp.Or(t.Timeout, DefaultTimeout)
	t.EventWait = cmp.Or(t.EventWait, DefaultEventWait)
	t.Flags = cmp.Or(t.Flags, wire.DefaultFlags)
	if t.Now == nil {
		t.Now = time.Now
	}
	if t.Resolver == nil {
		t.Resolver = net.DefaultResolver
	}
	t.Verify.Now = t.Now
}

// lookupNetwork is the network of a look-up that yields addresses Network can use.
func (t *Target) lookupNetwork() string { return strings.Replace(t.Network, "tcp", "ip", 1) }

// request returns the configuration of a session that begins at start.
func (t *Target) request(start uint32) session.ClientConfig {
	return session.ClientConfig{Flags: t.Flags, Pairs: t.Pairs, Start: start, HandshakeTimeout: t.Timeout, WriteTimeout: t.Timeout}
}
