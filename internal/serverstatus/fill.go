package serverstatus

import (
	"context"
	"fmt"
	"runtime"
	"time"

	"estream/journal"
	"estream/pki"
	"estream/server"
)

// New returns a status with what does not depend on the server's parts. started is when
// the program did, version is its own.
func New(pid int, started time.Time, version string) *Status {
	return &Status{
		At: time.Now().UTC(), Started: started.UTC(), PID: pid,
		Versions: Versions{Estream: version, Go: runtime.Version(), System: runtime.GOOS + "/" + runtime.GOARCH},
	}
}

// AddServer fills in connections and clients. end is where the journal ends.
func (s *Status) AddServer(core *server.Server, end journal.Position) {
	st := core.Stats()
	s.HostCheck = !core.NoHost
	s.Connections = Connections{
		Accepted: st.Accepted.Load(), Sessions: st.Sessions.Load(), Refused: map[string]uint64{}, Failed: st.Failed.Load(), Busy: st.Busy.Load(),
		Messages: st.Sent.Load(), Bytes: st.Bytes.Load(),
	}
	for r, n := range st.RefusedBy() {
		s.Connections.Refused[r.String()] = n
	}
	for _, i := range core.Sessions() {
		c := Client{
			Session: i.Number, Host: i.Client.Host, Remote: i.Remote, Since: i.Since.UTC(), LastSent: i.LastSent.UTC(),
			Messages: i.Sent, Bytes: i.Bytes, Waiting: i.Waiting,
		}
		if !i.LastSent.IsZero() || i.Position.Seq > 0 {
			c.Request = i.Request.Flags.String()
			c.Behind = end.Seq - min(end.Seq, i.Position.Seq)
			if len(i.Request.Pairs) > 0 {
				c.Request += fmt.Sprint(" ", i.Request.Pairs)
			}
		}
		s.Clients = append(s.Clients, c)
	}
}

// AddJournal fills in what the journal holds. opt are the options it was opened with.
func (s *Status) AddJournal(j *journal.Journal, opt journal.Options) {
	st := j.Stats()
	s.Journal = Journal{
		Bytes: st.Bytes, Segments: st.Segments, First: st.First.Seq, End: st.End.Seq, Durable: st.Durable.Seq,
		RetainBytes: opt.RetainBytes, RetainAge: opt.RetainAge.Seconds(), Deleted: st.DeletedMessages, Damaged: st.DamagedMessages,
	}
	if st.Stall != nil {
		s.Journal.Stall = st.Stall.Error()
		s.Problems = append(s.Problems, fmt.Sprintf("nothing can be written to the journal for %v: %v", st.StalledFor.Round(time.Second), st.Stall))
	}
	r := j.NewReader(st.First, journal.ReaderOptions{NoWait: true})
	defer r.Close()
	if v, err := r.Next(context.Background()); err == nil && v.MinArchive > 0 { // an empty journal has no oldest batch
		s.Journal.Oldest = time.Unix(int64(v.MinArchive), 0).UTC()
	}
}

// AddSources fills in the sources, and the time of the newest event of any of them.
func (s *Status) AddSources(list ...Source) {
	s.Sources = append(s.Sources, list...)
	for _, v := range list {
		if v.LastEvent.After(s.Journal.Newest) {
			s.Journal.Newest = v.LastEvent.UTC()
		}
		if v.Error != "" {
			s.Problems = append(s.Problems, fmt.Sprintf("source %s: %s", v.Name, v.Error))
		}
	}
}

// soon is how long before its end a certificate is a problem.
const soon = 30 * 24 * time.Hour

// AddAuthority fills in registrations and certificates.
func (s *Status) AddAuthority(a *pki.Authority) {
	list, err := a.List()
	if err != nil {
		s.Problems = append(s.Problems, err.Error())
	}
	for _, c := range list {
		if c.Revoked.IsZero() {
			s.Registered++
		}
	}
	const ever = 100 * 365 * 24 * time.Hour
	certs, err := a.Expiring(ever)
	if err != nil && len(certs) == 0 {
		s.Problems = append(s.Problems, err.Error())
	}
	for _, c := range certs {
		if c.Kind != pki.ExpiryClient {
			s.Certificates = append(s.Certificates, Certificate{Name: c.Kind, NotAfter: c.NotAfter})
		}
		switch left := c.NotAfter.Sub(s.At); {
		case left <= 0:
			s.Problems = append(s.Problems, fmt.Sprintf("the certificate of %s %s has expired", c.Kind, c.Name))
		case left < soon:
			s.Problems = append(s.Problems, fmt.Sprintf("the certificate of %s %s expires in %d days", c.Kind, c.Name, int(left.Hours()/24)))
		}
	}
}
