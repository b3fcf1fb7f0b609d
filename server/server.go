// Package server is the eStreamer service: it admits clients and streams them what the
// journal holds, each from a position of its own, in the versions that it asked for.
//
// # Guarantees
//
// A client is heard only after its certificate, registration and host were checked. It
// is sent durable events only, in journal order, so that a crash of the server never
// takes back what a client has seen. Before the first event that refers to it comes the
// metadata that explains it, each statement once per session. Every session has a reader
// of its own: a slow client holds back nobody else. Revoking a client, or changing its
// rights, ends its sessions at once. What exceeds [Limits] is closed and counted.
//
// # Which form a record has
//
// Package versions knows it. Records at or below the version asked for go out byte for
// byte as the journal has them, but for the record header; newer ones are encoded down.
// A batch of which everything goes out as it is is not copied.
//
// # How a session ends
//
// Without a word when the client is not admitted, when the server shuts down, when the
// client left, or when sending failed. With an error message when the client broke the
// protocol, when its request cannot be served, when a limit stops it, or when a time-out
// of the protocol passed.
package server

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"estream/internal/mute"
	"estream/pki"
	"estream/server/access"
	"estream/server/versions"
	"estream/session"
	"estream/source"
	"estream/wire"
)

// A Server serves one journal. Its exported fields are not changed after Serve began.
// Functions among them may be called by many goroutines at a time.
type Server struct {
	Authority *pki.Authority
	Journal   *source.Journal
	NoHost    bool // admit registered clients from any address
	// AsIs sends every record of the journal as it is, whatever a request asks for;
	// only the start time and the client's rights count.
	AsIs    bool
	Session session.ServerConfig
	Limits  Limits
	Log     *slog.Logger
	// Trace is told what happens to connections. Optional.
	Trace *Trace

	// Rights says what a client may have, as of now. It is asked when a session starts
	// and by Reconsider. nil: everything.
	Rights func(client pki.Client) access.Rights
	// DomainOf returns the domain into which a managed device was put, by its name or
	// the text of its UUID; false for none. Optional.
	DomainOf func(device string) (domain string, ok bool)
	// SourceDomain returns the domain of a source's devices that are in none of their
	// own, by the number of the source in the journal. nil: the global one.
	SourceDomain func(source uint32) string
	// Identify returns further names of a device, beside that in the source's metadata:
	// such as its UUID. Optional.
	Identify func(source, device uint32) []string
	// Hosts answers a host data request: it yields whole messages of type single or
	// multiple host data, of which the last of a multiple answer is empty. It stops at
	// yield's error and returns it; an error of its own ends the session, and the client
	// is told. nil: host data is not served.
	Hosts func(ctx context.Context, r wire.HostDataRequest, rights access.Rights, yield func(message []byte) error) error

	// Highest is the highest version that is served of an event type, by its code; a
	// code that is missing is not served at all. nil: everything, in the newest version.
	Highest map[uint16]uint16
	// FlagVersions is the version of its event type that a single request flag asks for,
	// where it is to be another one than in the table of package versions: no document at
	// hand tells what all releases took bits 2, 5 and 6 for. Optional.
	FlagVersions map[wire.RequestFlags]uint16
	// FlagsCompete serves the highest of the versions that flags and event pairs ask for,
	// together. Otherwise flags do not count for event types that pairs name. Documents
	// have examples of both.
	FlagsCompete bool
	// Serves reports whether records of a type are ever sent. nil: all are.
	Serves func(record uint16) bool
	// Wrap may put something between a session and the connection of its client: number
	// is that of Trace, conn what messages are read from and written to. Closing the
	// result ends the session. Optional; for tests and recordings.
	Wrap func(number uint64, client pki.Client, conn net.Conn) net.Conn

	once       sync.Once
	opened     sync.Once
	trace      *Trace // Trace, or one that does nothing
	converters *versions.Converters
	statements *statements
	preambles  *preambles
	gate       gate
	busy       *mute.Mute
	number     atomic.Uint64 // of the last connection
	drain      drain

	mu       sync.Mutex
	sessions map[uint64]*live // those admitted, by number

	stats    Stats
	refusals refusalLog
}

// Stats counts what a server did. Its fields may be read at any time.
type Stats struct {
	Accepted      atomic.Uint64 // connections
	Refused       atomic.Uint64 // by certificate, registration or host check
	Failed        atomic.Uint64 // sessions that ended before they streamed
	Busy          atomic.Uint64 // closed because of Limits, or while draining
	Sessions      atomic.Int64  // running now
	Sent          atomic.Uint64 // messages, to all clients together
	Bytes         atomic.Uint64 // of them
	HostRequests  atomic.Uint64 // answered
	Inexpressible atomic.Uint64 // events left out: IPv6 addresses in a version that has none
	Unservable    atomic.Uint64 // events left out: no layout in the version asked for, or malformed
	reasons       [256]atomic.Uint64
}

// RefusedBy returns how many connections were refused for each reason. Reasons that did
// not occur are left out.
func (s *Stats) RefusedBy() map[pki.Reason]uint64 {
	by := map[pki.Reason]uint64{}
	for r := range s.reasons {
		if n := s.reasons[r].Load(); n > 0 {
			by[pki.Reason(r)] = n
		}
	}
	return by
}

// Stats returns the counters.
func (s *Server) Stats() *Stats { return &s.stats }

// init makes what the exported fields imply.
func (s *Server) init() {
	s.once.Do(func() {
		s.trace = &Trace{}
		if s.Trace != nil {
			s.trace = s.Trace
		}
		if s.Log == nil {
			s.Log = slog.New(slog.DiscardHandler)
		}
		s.gate.limits = s.Limits
		s.gate.limits.setDefaults()
		s.busy = mute.New(10 * time.Second)
		s.drain.init()
		s.sessions = map[uint64]*live{}
	})
}

func (s *Server) reading() reading { return reading{s.Highest, s.FlagVersions, s.FlagsCompete} }

// open makes what the journal implies, which is there at the latest when somebody is to
// be served.
func (s *Server) open() {
	s.opened.Do(func() {
		if s.Journal == nil {
			return // a server that admits nobody
		}
		s.converters = versions.NewConverters(versions.Default(), s.Journal.Set)
		s.statements = newStatements(s.Journal.Set)
		s.preambles = newPreambles(s.Journal)
	})
}

// Serve accepts clients on ln until ctx ends; then it closes ln, ends all sessions that
// came from it and returns nil. After Drain it returns nil once they have ended by
// themselves. Another error is one of the listener. Several listeners may be served at a
// time, IPv4 and IPv6 alike.
func (s *Server) Serve(ctx context.Context, ln net.Listener) error {
	s.init()
	s.open()
	ctx, cancel := context.WithCancel(ctx)
	var wg sync.WaitGroup
	defer cancel()
	defer wg.Wait()
	// What ends the sessions when ctx does; a drain lets them end by themselves.
	accepting, stop := context.WithCancel(ctx)
	defer stop()
	defer context.AfterFunc(s.drain.begun, stop)()
	defer context.AfterFunc(accepting, func() { _ = ln.Close() })()
	for pause := 5 * time.Millisecond; ; {
		conn, err := ln.Accept()
		if err != nil {
			if accepting.Err() != nil {
				return nil
			}
			if errors.Is(err, net.ErrClosed) {
				cancel()
				return fmt.Errorf("accept: %w", err)
			}
			// Out of file descriptors, for example: what is served goes on.
			s.Log.Error("accept failed", "error", err, "retry", pause)
			select {
			case <-time.After(pause):
			case <-accepting.Done():
				return nil
			}
			pause = min(2*pause, time.Second)
			continue
		}
		pause = 5 * time.Millisecond
		s.stats.Accepted.Add(1)
		remote := remoteOf(conn)
		if accepting.Err() != nil {
			s.stats.Busy.Add(1)
			_ = conn.Close()
			continue
		}
		if what, limit := s.gate.enter(remote.Addr(), time.Now()); what != "" {
			s.turnAway(conn, what, limit)
			continue
		}
		s.drain.enter()
		wg.Go(func() {
			defer s.drain.leave()
			defer s.gate.leave()
			s.serve(ctx, conn, remote)
		})
	}
}

func (s *Server) turnAway(conn net.Conn, what string, limit int) {
	s.stats.Busy.Add(1)
	if held, ok := s.busy.Held(); ok {
		s.Log.Warn("connection closed: too many "+what, "limit", limit, "peer", conn.RemoteAddr().String(), "others", held)
	}
	_ = conn.Close()
}

// remoteOf returns the peer's address, an IPv4 one as such; the zero value where it is
// not TCP.
func remoteOf(conn net.Conn) netip.AddrPort {
	tcp, ok := conn.RemoteAddr().(*net.TCPAddr)
	if !ok {
		return netip.AddrPort{}
	}
	ap := tcp.AddrPort()
	return netip.AddrPortFrom(ap.Addr().Unmap(), ap.Port())
}
