package service

import (
	"slices"
	"time"
)

// ServerStatus describes the eStreamer service. Counts are those since it was started,
// which a change of its configuration does anew.
type ServerStatus struct {
	Listen   []string       `json:"listen"`          // addresses; none while they cannot be opened
	Error    string         `json:"error,omitempty"` // why they cannot
	Clients  []ClientStatus `json:"clients"`
	Accepted uint64         `json:"accepted"` // connections
	Refused  uint64         `json:"refused"`  // of these, by certificate, registration or host check
	Failed   uint64         `json:"failed"`   // of these, before they streamed
	Busy     uint64         `json:"busy"`     // of these, by a limit
	Sent     uint64         `json:"sent"`     // messages
	Bytes    uint64         `json:"bytes"`    // of them
}

// ClientStatus describes a client that is connected.
type ClientStatus struct {
	Session uint64    `json:"session"`
	Host    string    `json:"host"` // that it is registered for
	Remote  string    `json:"remote"`
	Since   time.Time `json:"since"`
	Sent    uint64    `json:"sent"`    // messages
	Bytes   uint64    `json:"bytes"`   // of everything sent
	Waiting int       `json:"waiting"` // not acknowledged
	Behind  uint64    `json:"behind"`  // messages in the journal behind its position
}

// Listening returns the addresses on which clients can connect, none before they are
// open, and why they cannot be opened, if so. It is safe for concurrent use.
func (s *Server) Listening() ([]string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.open), s.closed
}

func (s *Server) status(end uint64) *ServerStatus {
	st := s.Stats()
	v := &ServerStatus{
		Listen: []string{}, Clients: []ClientStatus{}, Accepted: st.Accepted.Load(), Refused: st.Refused.Load(), Failed: st.Failed.Load(),
		Busy: st.Busy.Load(), Sent: st.Sent.Load(), Bytes: st.Bytes.Load(),
	}
	open, err := s.Listening()
	v.Listen = append(v.Listen, open...)
	if err != nil {
		v.Error = err.Error()
	}
	for _, c := range s.Sessions() {
		client := ClientStatus{
			Session: c.Number, Host: c.Client.Host, Remote: c.Remote.String(), Since: c.Since, Sent: c.Sent, Bytes: c.Bytes, Waiting: c.Waiting,
		}
		if at := c.Position.Seq; at != 0 && at < end {
			client.Behind = end - at
		}
		v.Clients = append(v.Clients, client)
	}
	return v
}
