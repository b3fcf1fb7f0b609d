package server

import (
	"net/netip"
	"slices"
	"time"

	"estream/journal"
	"estream/pki"
	"estream/server/access"
	"estream/session"
)

// SessionInfo is what can be seen of a connection from outside.
type SessionInfo struct {
	Number   uint64 // as in Trace
	Client   pki.Client
	Remote   netip.AddrPort
	Since    time.Time        // when it was admitted
	LastSent time.Time        // zero before
	Request  session.Request  // the zero value before it is complete
	Sent     uint64           // messages
	Bytes    uint64           // of everything sent, without TLS
	Waiting  int              // messages, or bundles, that the client has not acknowledged
	Position journal.Position // of the next message in the journal; the zero value before streaming
}

// Sessions lists the connections that were admitted, in the order of their numbers.
func (s *Server) Sessions() []SessionInfo {
	s.init()
	s.mu.Lock()
	defer s.mu.Unlock()
	list := make([]SessionInfo, 0, len(s.sessions))
	for _, l := range s.sessions {
		i := SessionInfo{Number: l.number, Client: l.client, Remote: l.remote, Since: l.since, Sent: l.sent.Load(), Position: journal.Position{Seq: l.position.Load()}}
		if sess := l.sess.Load(); sess != nil {
			st := sess.Stats()
			i.Request, i.Waiting, i.Bytes, i.LastSent = sess.Request(), st.Waiting, st.Bytes, st.LastSent
		}
		list = append(list, i)
	}
	slices.SortFunc(list, func(a, b SessionInfo) int { return int(int64(a.Number) - int64(b.Number)) })
	return list
}

// Reconsider asks for the rights of a client's live sessions again and ends those for
// which something has changed that they use, as a request can only be changed by a new
// session. host is that of the registration; "" is every client.
func (s *Server) Reconsider(host string) {
	s.init()
	if s.Rights == nil {
		return
	}
	s.mu.Lock()
	var list []*live
	for _, l := range s.sessions {
		if host == "" || host == l.client.Host {
			list = append(list, l)
		}
	}
	s.mu.Unlock()
	for _, l := range list {
		used := s.uses(l)
		then, now := l.rights, s.Rights(l.client)
		then.Boxes, now.Boxes = then.Boxes&used, now.Boxes&used
		if !now.Equal(&then) {
			l.cancel(errRights)
		}
	}
}

// uses returns the boxes that matter to a session: those of the event types that it
// asked for, and that on which host data depends. Before its request is complete all do.
func (s *Server) uses(l *live) (used access.Boxes) {
	sess := l.sess.Load()
	if sess == nil || s.AsIs || s.Journal == nil {
		return access.AllBoxes
	}
	if s.Hosts != nil {
		used = access.Discovery
	}
	for e := range newPlan(s.converters.Table, sess.Request(), s.reading()).asked {
		for box := access.Boxes(1); box <= access.AllBoxes; box <<= 1 {
			if slices.ContainsFunc(e.Categories, func(c string) bool { return c != "metadata" && box.Has(c) }) {
				used |= box
			}
		}
	}
	return used
}
