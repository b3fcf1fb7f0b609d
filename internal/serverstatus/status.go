// Package serverstatus is what a running server says about itself: the answer of its
// control socket, and its form for people.
package serverstatus

import (
	"net/netip"
	"time"
)

// A Status is a server at one moment. As JSON it is what `estream manage status --json`
// prints; names stay, new ones may come. Counts are since the start of the program.
type Status struct {
	At      time.Time `json:"at"`
	Started time.Time `json:"started"`
	PID     int       `json:"pid"`
	// Ready is false until clients can connect, Draining true from the request to stop
	// until the process ends.
	Ready    bool     `json:"ready"`
	Draining bool     `json:"draining,omitempty"`
	Versions Versions `json:"versions"`

	Data      string   `json:"data"` // directory
	Role      string   `json:"role,omitempty"`
	Listen    []string `json:"listen"`
	HostCheck bool     `json:"host_check"`
	Boxes     []string `json:"boxes,omitempty"` // event types that are captured and sent

	Connections  Connections   `json:"connections"`
	Clients      []Client      `json:"clients"` // live sessions, by number
	Sources      []Source      `json:"sources"`
	Journal      Journal       `json:"journal"`
	Certificates []Certificate `json:"certificates,omitempty"`
	Registered   int           `json:"registered"` // clients that may connect
	NetworkMap   *NetworkMap   `json:"network_map,omitempty"`
	Problems     []string      `json:"problems,omitempty"` // one sentence each
}

// Versions says what runs.
type Versions struct {
	Estream string `json:"estream"`
	Go      string `json:"go"`
	System  string `json:"system"` // operating system and architecture
	Records int    `json:"records,omitempty"`
	Blocks  int    `json:"blocks,omitempty"` // of the layouts that are known
}

// Connections counts what came to the listeners.
type Connections struct {
	Accepted uint64            `json:"accepted"`
	Sessions int64             `json:"sessions"` // running
	Refused  map[string]uint64 `json:"refused"`  // by the word for the reason, see pki.Reason
	Failed   uint64            `json:"failed"`   // before they streamed
	Busy     uint64            `json:"busy"`     // closed because of a limit
	Messages uint64            `json:"messages"` // sent, to all clients together
	Bytes    uint64            `json:"bytes"`
}

// A Client is a live session. Its number stands in the log where a Management Center
// has the process id of a child.
type Client struct {
	Session  uint64         `json:"session"`
	Host     string         `json:"host"` // registered name or address
	Remote   netip.AddrPort `json:"remote"`
	Since    time.Time      `json:"since"`
	Request  string         `json:"request,omitempty"`
	Messages uint64         `json:"messages"`
	Bytes    uint64         `json:"bytes"`
	Waiting  int            `json:"waiting"` // sent and not acknowledged
	Behind   uint64         `json:"behind"`  // messages of the journal it has not got to
	LastSent time.Time      `json:"last_sent,omitzero"`
}

// A Source is where events come from.
type Source struct {
	Name      string    `json:"name"`
	Kind      string    `json:"kind"`   // unified2, eve, snort3, fmc, replay, synth
	Device    string    `json:"device"` // name of the managed device
	Received  uint64    `json:"received"`
	Journaled uint64    `json:"journaled"`
	Unchecked uint64    `json:"unchecked,omitempty"` // not captured: their event type is switched off
	LastEvent time.Time `json:"last_event,omitzero"`
	Ended     bool      `json:"ended,omitempty"`  // read to its end
	Detail    any       `json:"detail,omitempty"` // counts of its own: lines by kind, what the sensor counts itself
	Error     string    `json:"error,omitempty"`
}

// A Journal is the archive of captured events.
type Journal struct {
	Bytes       int64     `json:"bytes"`
	Segments    int       `json:"segments"`
	First       uint64    `json:"first"`
	End         uint64    `json:"end"`
	Durable     uint64    `json:"durable"`
	Oldest      time.Time `json:"oldest,omitzero"` // archive time
	Newest      time.Time `json:"newest,omitzero"`
	RetainBytes int64     `json:"retain_bytes,omitempty"`
	RetainAge   float64   `json:"retain_age_seconds,omitempty"`
	Deleted     uint64    `json:"deleted"` // messages, by retention
	Damaged     uint64    `json:"damaged"`
	Stall       string    `json:"stall,omitempty"` // why nothing can be written at present
}

// A Certificate says how long one is valid.
type Certificate struct {
	Name     string    `json:"name"`
	NotAfter time.Time `json:"not_after"`
}

// A NetworkMap is counted only.
type NetworkMap struct {
	Hosts   int    `json:"hosts"`
	Evicted uint64 `json:"evicted,omitempty"` // the oldest, because there was no room
}
