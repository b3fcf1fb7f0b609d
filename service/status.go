package service

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"estream/journal"
	"estream/output"
)

// Status is what a running Service can say about itself. It is what `estream
// status --json` prints; names stay, new ones may come.
type Status struct {
	At      time.Time      `json:"at"`
	Sources []SourceStatus `json:"sources"`
	Groups  []GroupStatus  `json:"groups,omitempty"`
	Journal JournalStatus  `json:"journal"`
	Outputs []OutputStatus `json:"outputs"`
	Server  *ServerStatus  `json:"server,omitempty"` // nil: there is none
}

// SourceStatus describes a source. Counts are those since the start of the program.
type SourceStatus struct {
	Name         string    `json:"name"`
	Server       string    `json:"server"`              // or what it reads
	Sensor       bool      `json:"sensor,omitempty"`    // it is no server
	Detail       any       `json:"detail,omitempty"`    // counts of its own: lines by kind, what the sensor counts itself
	Device       string    `json:"device,omitempty"`    // of a sensor
	Unchecked    uint64    `json:"unchecked,omitempty"` // of a sensor's events: not captured, their event type is switched off
	Connected    bool      `json:"connected"`
	Ended        bool      `json:"ended,omitempty"` // a recorded stream, to its end
	Sessions     uint64    `json:"sessions"`
	Received     uint64    `json:"received"`  // events and metadata
	Repeated     uint64    `json:"repeated"`  // of these the journal held already
	Journaled    uint64    `json:"journaled"` // of these were new
	LastReceived time.Time `json:"last_received,omitzero"`
	LastEvent    time.Time `json:"last_event,omitzero"` // archive time of the newest event in the journal
	LastError    string    `json:"last_error,omitempty"`
}

// GroupStatus describes sources that count as one.
type GroupStatus struct {
	Name       string   `json:"name"`
	Members    []string `json:"members"`
	Repeated   uint64   `json:"repeated"`
	Remembered uint64   `json:"remembered"` // events in the window
}

// JournalStatus describes the journal.
type JournalStatus struct {
	Bytes      int64   `json:"bytes"`
	Segments   int     `json:"segments"`
	Messages   uint64  `json:"messages"`
	Pending    int64   `json:"pending_bytes"` // received, not yet durable
	Deleted    uint64  `json:"deleted"`       // by retention
	Damaged    uint64  `json:"damaged"`       // messages in damaged regions
	Syncs      uint64  `json:"syncs"`
	Stall      string  `json:"stall,omitempty"` // why nothing can be written at present
	StalledFor float64 `json:"stalled_seconds,omitempty"`
	HeldBy     string  `json:"held_by,omitempty"` // the output that is furthest behind
	HeldBytes  int64   `json:"held_bytes"`        // kept above the limit because of it
}

// OutputStatus describes an output.
type OutputStatus struct {
	Name        string          `json:"name"`
	Destination string          `json:"destination"`
	Guarantee   string          `json:"guarantee,omitempty"`
	Works       bool            `json:"works"`
	Error       string          `json:"error,omitempty"`
	Waiting     uint64          `json:"waiting"` // messages in the journal behind its position
	Behind      float64         `json:"behind_seconds"`
	Messages    uint64          `json:"messages"` // the sum of the next seven
	Lines       uint64          `json:"lines"`
	Raw         uint64          `json:"raw"` // lines of undecodable records
	Silent      uint64          `json:"silent"`
	Filtered    uint64          `json:"filtered"`
	Shed        uint64          `json:"shed"`
	Unwritten   uint64          `json:"unwritten"`
	Lost        uint64          `json:"lost"` // gone from the journal before they were written; not in Messages
	Bytes       uint64          `json:"bytes"`
	Retries     uint64          `json:"retries"`
	Transport   *TransportStats `json:"transport,omitempty"`
	Undecodable []ProblemCount  `json:"undecodable,omitempty"`
}

// TransportStats are the counts of a destination; see output.Stats.
type TransportStats struct {
	Lines     uint64 `json:"lines"`
	Bytes     uint64 `json:"bytes"`
	Truncated uint64 `json:"truncated"`
	Rejected  uint64 `json:"rejected"`
	Lost      uint64 `json:"lost"`
	Connects  uint64 `json:"connects"`
	Connected bool   `json:"connected"`
}

// ProblemCount says how many records could not be decoded for one reason.
type ProblemCount struct {
	Record  uint16 `json:"record"`
	Block   uint32 `json:"block"`
	Reason  string `json:"reason"`
	Records uint64 `json:"records"`
}

// Status describes the Service as it is now; false when it does not run.
func (c *Service) Status() (Status, bool) {
	c.mu.Lock()
	r := c.running
	c.mu.Unlock()
	if r == nil {
		return Status{}, false
	}
	now := time.Now()
	s := Status{At: now}
	j := r.journal.Stats()
	s.Journal = journalStatus(j)
	r.mu.Lock()
	defer r.mu.Unlock()
	groups := map[string]bool{}
	for src := range r.sources {
		s.Sources = append(s.Sources, r.sourceStatus(src))
		if src.Feed != nil {
			continue
		}
		if g := src.Group; g != nil && !groups[g.Name] {
			groups[g.Name] = true
			s.Groups = append(s.Groups, GroupStatus{Name: g.Name, Members: g.Members, Repeated: g.Stats().Repeated.Load(), Remembered: g.Stats().Remembered.Load()})
		}
	}
	for o := range r.outputs {
		s.Outputs = append(s.Outputs, o.status(j.End.Seq, now))
	}
	if r.server != nil {
		s.Server = r.server.status(j.End.Seq)
	}
	slices.SortFunc(s.Sources, func(a, b SourceStatus) int { return strings.Compare(a.Name, b.Name) })
	slices.SortFunc(s.Groups, func(a, b GroupStatus) int { return strings.Compare(a.Name, b.Name) })
	slices.SortFunc(s.Outputs, func(a, b OutputStatus) int { return strings.Compare(a.Name, b.Name) })
	return s, true
}

func journalStatus(j journal.Stats) JournalStatus {
	s := JournalStatus{
		Bytes: j.Bytes, Segments: j.Segments, Messages: j.End.Seq - j.First.Seq, Pending: j.PendingBytes, Deleted: j.DeletedMessages,
		Damaged: j.DamagedMessages, Syncs: j.Syncs, StalledFor: j.StalledFor.Seconds(), HeldBy: j.PinnedBy, HeldBytes: j.PinnedBytes,
	}
	if j.Stall != nil {
		s.Stall = j.Stall.Error()
	}
	return s
}

func (r *collection) sourceStatus(src *Source) SourceStatus {
	if src.Feed != nil {
		return r.feedStatus(src)
	}
	st := src.Stats()
	s := SourceStatus{
		Name: src.Name, Server: src.Addr, Connected: st.Connected.Load(), Sessions: st.Sessions.Load(),
		Received: st.Received.Load(), Repeated: st.Repeated.Load(), Journaled: st.Journaled.Load(),
	}
	s.last(st.LastReceived.Load(), r.journal.MaxArchive(src.Number), st.LastError.Load())
	return s
}

// last fills in what came last: messages (Unix nanoseconds), the newest event (archive
// time), an error.
func (s *SourceStatus) last(received int64, event uint32, failure *string) {
	if received != 0 {
		s.LastReceived = time.Unix(0, received)
	}
	if event != 0 {
		s.LastEvent = time.Unix(int64(event), 0)
	}
	if failure != nil {
		s.LastError = *failure
	}
}

func (r *collection) feedStatus(src *Source) SourceStatus {
	st := &src.Feed.stats
	n := st.journaled.Load()
	s := SourceStatus{Name: src.Name, Sensor: true, Server: src.Feed.Name, Connected: st.works.Load(), Ended: st.ended.Load(), Journaled: n, Unchecked: st.unchecked.Load()}
	s.Received = n + s.Unchecked
	if f := src.Feed.Detail; f != nil {
		s.Detail = f()
	}
	if d := src.Feed.Device; d != nil {
		s.Device = d.DeviceName()
	}
	s.last(st.last.Load(), r.journal.MaxArchive(src.number), st.err.Load())
	return s
}

func (o *Output) status(end uint64, now time.Time) OutputStatus {
	c := &o.Stats
	s := OutputStatus{
		Name: o.Name, Messages: c.Messages.Load(), Lines: c.Lines.Load(), Raw: c.Raw.Load(), Silent: c.Silent.Load(), Filtered: c.Filtered.Load(),
		Shed: c.Shed.Load(), Unwritten: c.Unwritten.Load(), Lost: o.Lost(), Bytes: c.Bytes.Load(), Retries: c.Retries.Load(),
	}
	if at := c.Committed.Load(); at < end {
		s.Waiting = end - at
		if arrival := c.Arrival.Load(); arrival != 0 {
			s.Behind = now.Sub(time.Unix(0, arrival)).Seconds()
		}
	}
	out, err := o.Destination()
	if err == nil {
		err = c.LastError()
	}
	if s.Works = out != nil && err == nil; err != nil {
		s.Error = err.Error()
	}
	if out != nil {
		s.Destination = out.String()
		if g, ok := out.(interface{ Guarantee() output.Guarantee }); ok {
			s.Guarantee = g.Guarantee().String()
		}
		if counter, ok := out.(output.Counter); ok {
			t := counter.Stats()
			s.Transport = &TransportStats{
				Lines: t.Lines.Load(), Bytes: t.Bytes.Load(), Truncated: t.Truncated.Load(), Rejected: t.Rejected.Load(),
				Lost: t.Lost.Load(), Connects: t.Connects.Load(), Connected: t.Connected.Load(),
			}
		}
	}
	for k, n := range c.Problems() {
		s.Undecodable = append(s.Undecodable, ProblemCount{k.Record, k.Block, k.Reason, n})
	}
	slices.SortFunc(s.Undecodable, func(a, b ProblemCount) int {
		return cmp.Or(cmp.Compare(a.Record, b.Record), cmp.Compare(a.Block, b.Block), strings.Compare(a.Reason, b.Reason))
	})
	return s
}
