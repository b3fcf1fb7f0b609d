package compatlog

import (
	"log/slog"
	"net/netip"
	"slices"

	"estream/pki"
	"estream/server"
	"estream/session"
	"estream/wire"
)

// exitFailure is the status with which a child ends whose client has gone or failed:
// exit code 20 in the upper byte, as wait(2) has it.
const exitFailure = 20 << 8

// Trace returns what a [server.Server] calls.
func (l *Log) Trace() *server.Trace {
	return &server.Trace{
		Accepted: l.accepted, Refused: l.refused, Admitted: l.admitted, Request: l.request, Published: l.published,
		StreamRequest: l.streamRequest, Overruled: l.overruled, Streaming: l.streaming, Opened: l.opened,
		HostRequest: l.hostRequest, Failed: l.failed, Ended: l.ended,
	}
}

func family(a netip.Addr) string {
	if a.Unmap().Is4() {
		return "IPv4"
	}
	return "IPv6"
}

// accepted begins the table entry and the lines of a connection.
func (l *Log) accepted(n uint64, remote netip.AddrPort) {
	pc := caller()
	remote = netip.AddrPortFrom(remote.Addr().Unmap(), remote.Port())
	l.mu.Lock()
	defer l.mu.Unlock()
	s := &connection{remote: remote, label: remote.Addr().String(), muted: !l.mayList()}
	l.connections[n] = s
	if s.muted {
		l.quiet.connections++
		return
	}
	l.reportQuiet()
	l.begin(pc, n, s)
}

// begin writes the lines with which a connection begins.
func (l *Log) begin(pc uintptr, n uint64, s *connection) {
	host := s.remote.Addr()
	l.parent(pc, slog.LevelInfo, connectionHandler, "Accepted %s connection from %s:%d/tcp", family(host), bracketed(host), s.remote.Port())
	l.parent(pc, slog.LevelInfo, connectionHandler, "Added %s to host table", host)
	l.parent(pc, slog.LevelInfo, connectionHandler, "Added %s(%d) to host table", host, n)
	l.parent(pc, slog.LevelDebug, connectionHandler, "Created new estreamer child with src %s : pid %d", host, n)
}

// bracketed writes an address in front of a port.
func bracketed(a netip.Addr) string {
	if a.Is6() {
		return "[" + a.String() + "]"
	}
	return a.String()
}

// mayList reports whether a new connection is listed: a peer must not be able to
// write as much into the log as it can open connections.
func (l *Log) mayList() bool {
	now := l.opt.Now()
	l.tokens = min(SessionBurst, l.tokens+max(0, now.Sub(l.filled).Seconds())*sessionRate)
	l.filled = now
	if l.tokens < 1 {
		return false
	}
	l.tokens--
	return true
}

// reportQuiet logs how many connections were not listed.
func (l *Log) reportQuiet() {
	q, now := &l.quiet, l.opt.Now()
	if q.connections == 0 || now.Sub(q.since) < quietReport {
		return
	}
	level := slog.LevelInfo
	if q.refused > 0 {
		level = slog.LevelError
	}
	l.parent(0, level, sfestreamer, "%d connections in quick succession are not listed here, of which %d were refused", q.connections, q.refused)
	*q = quiet{since: now}
}

// with calls f for a session that is listed.
func (l *Log) with(n uint64, f func(s *connection)) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if s := l.connections[n]; s != nil && !s.muted {
		f(s)
	}
}

// found lists what a name resolved to; an address resolves to itself without a word.
func (l *Log) found(pc uintptr, n uint64, s *connection, host string, addrs []netip.Addr) {
	if _, err := netip.ParseAddr(host); err == nil {
		return
	}
	for _, a := range addrs {
		l.child(pc, n, s, slog.LevelInfo, sfUtil, "Found %s address %s for %s", family(a), a.Unmap(), name(host))
	}
}

// admitted writes the host check that was passed.
func (l *Log) admitted(n uint64, client pki.Client, addrs []netip.Addr, checked bool) {
	pc := caller()
	l.mu.Lock()
	defer l.mu.Unlock()
	s := l.connections[n]
	if s == nil {
		return
	}
	s.label = name(client.CN)
	if s.muted { // one of ours among many that are not
		s.muted = false
		l.quiet.connections--
		l.begin(pc, n, s)
	}
	if !checked {
		return
	}
	remote := s.remote.Addr()
	l.found(pc, n, s, client.Host, addrs)
	// Not of a client that may come from an address which is not its host's (NAT).
	if own, err := netip.ParseAddr(client.Host); err == nil && own.Unmap() == remote || slices.Contains(addrs, remote) {
		l.child(pc, n, s, slog.LevelInfo, connectionHandler, "Resolved CN %s to %s", name(client.CN), remote)
	}
	l.child(pc, n, s, slog.LevelInfo, connectionHandler, "Matched Certificate CN:%s to %s (%s)", name(client.CN), remote, family(remote))
}

func (l *Log) request(n uint64, length int, start uint32, flags wire.RequestFlags) {
	pc := caller()
	l.with(n, func(s *connection) {
		l.child(pc, n, s, slog.LevelInfo, sfestreamer, "Got EVENT_STREAM_REQUEST length %d", length)
	})
}

func (l *Log) published(n uint64, services []wire.Service, size int) {
	pc := caller()
	l.with(n, func(s *connection) {
		l.child(pc, n, s, slog.LevelInfo, sfestreamer, "Publishing service INFO total data size %d", size)
		for _, v := range services {
			// Its flags and start are all that a service has in this message.
			l.child(pc, n, s, slog.LevelInfo, sfestreamer, "Publishing service id:%d - length size %d", v.ID, 8+4*len(v.Pairs))
		}
	})
}

// streamRequest is called for each service of one request.
func (l *Log) streamRequest(n uint64, length int, v wire.Service) {
	pc := caller()
	l.with(n, func(s *connection) {
		if !s.requested {
			l.child(pc, n, s, slog.LevelInfo, sfestreamer, "Got UEC_STREAM_REQUEST length %d", length)
		}
		s.requested = true
		l.child(pc, n, s, slog.LevelInfo, connectionHandler, "requested service [%d] timestamp [%d]", v.ID, v.Start)
		for _, p := range v.Pairs {
			l.child(pc, n, s, slog.LevelInfo, connectionHandler, "Got Event type %d, version %d", p.Code, p.Version)
		}
	})
}

func (l *Log) overruled(n uint64, what string) {
	pc := caller()
	l.with(n, func(s *connection) { l.child(pc, n, s, slog.LevelInfo, connectionHandler, "%s", what) })
}

// streaming writes the request as it is served.
func (l *Log) streaming(n uint64, r session.Request) {
	pc := caller()
	l.with(n, func(s *connection) {
		l.child(pc, n, s, slog.LevelInfo, sfestreamer, "%s", summary(r.Start, r.Flags, r.Pairs))
	})
}

// archive is where a Management Center has its files. Those that the line names are
// not there: in debug mode another line has the part of the journal that is read.
const archive = "/var/sf/archive/netmap_0/unified2."

func (l *Log) opened(n uint64, service, start uint32, segment string, stamp uint32) {
	pc := caller()
	l.with(n, func(s *connection) {
		l.child(pc, n, s, slog.LevelInfo, connectionHandler, "creating iterator for service [%d] prefix [unified2.] timestamp [%d]", service, start)
		l.child(pc, n, s, slog.LevelInfo, unified2Iterator, "Opened %s%d", archive, stamp)
		l.child(pc, n, s, slog.LevelDebug, unified2Iterator, "reading %s", segment)
	})
}

func (l *Log) hostRequest(n uint64, r wire.HostDataRequest) {
	pc := caller()
	l.with(n, func(s *connection) {
		l.child(pc, n, s, slog.LevelInfo, sfestreamer, "Got HOST_DATA_REQUEST type %d, flags %d, from %s to %s", r.DataType, r.Flags, r.First, r.Last)
	})
}

func (l *Log) failed(n uint64, err error) {
	pc := caller()
	l.with(n, func(s *connection) {
		s.failed = true
		l.child(pc, n, s, slog.LevelError, sfestreamer, "session ended: %v", err)
	})
}

// ended takes a connection out of the table.
func (l *Log) ended(n uint64, err error) {
	pc := caller()
	l.mu.Lock()
	defer l.mu.Unlock()
	s := l.connections[n]
	delete(l.connections, n)
	if s == nil || s.muted {
		return
	}
	// The child of a refused client exits with 0, and here also one that the server
	// ends for a reason of its own, such as a revocation.
	status := 0
	if !s.refused && (err == nil || s.failed) {
		status = exitFailure
	}
	l.parent(pc, slog.LevelInfo, connectionHandler, "Child with pid %d exited with status %d", n, status)
	l.parent(pc, slog.LevelInfo, connectionHandler, "Removed host entry for pid: %d", n)
}
