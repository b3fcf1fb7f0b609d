package cli

import (
	"cmp"
	"fmt"
	"os"
	"strings"
	"sync/atomic"
	"time"

	"estream/internal/serverstatus"
	"estream/pki"
	"estream/service"
	"estream/source"
)

// A serverView is a server as the commands that ask after it see it.
type serverView struct {
	service  *service.Service
	flags    *serveFlags
	started  time.Time
	ready    <-chan struct{} // closed when clients can connect
	stopping <-chan struct{}
	journal  atomic.Pointer[source.Journal] // once it is open

	revision atomic.Pointer[revision] // as of the last reload
}

// A revision tells whether settings or registrations have changed.
type revision struct {
	settings uint64
	clients  pki.Revision
}

func closed(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}

func (v *serverView) status() *serverstatus.Status {
	s := serverstatus.New(os.Getpid(), v.started, version())
	s.Ready, s.Draining, s.Data = closed(v.ready), closed(v.stopping), v.flags.data
	srv := v.service.Server
	s.Listen, _ = srv.Listening() // they were opened before the service began
	if j := v.journal.Load(); j != nil {
		s.AddServer(srv.Server, j.End())
		s.AddJournal(j.Journal, v.service.Journal)
	}
	if st, ok := v.service.Status(); ok {
		for i := range st.Sources {
			s.AddSources(v.source(&st.Sources[i]))
		}
	}
	if settings, err := srv.Admin.Store.Settings(); err == nil {
		s.Role, s.Boxes = settings.Role, srv.Admin.Store.Boxes().Names()
	} else {
		s.Problems = append(s.Problems, err.Error())
	}
	s.AddAuthority(srv.Authority)
	if m, ok := v.service.MapStats(); ok {
		s.NetworkMap = &serverstatus.NetworkMap{Hosts: m.Hosts, Evicted: m.Evicted}
	}
	return s
}

func (v *serverView) source(s *service.SourceStatus) serverstatus.Source {
	kind, _, _ := strings.Cut(s.Server, " ")
	failure := s.LastError
	if s.Connected {
		failure = "" // what it recovered from is no problem any more
	}
	return serverstatus.Source{
		Name: s.Name, Kind: kind, Device: cmp.Or(s.Device, s.Name), Received: s.Received, Journaled: s.Journaled, Unchecked: s.Unchecked,
		LastEvent: s.LastEvent, Ended: s.Ended, Error: failure, Detail: s.Detail,
	}
}

// reload takes settings and registrations that other processes have changed at once,
// which happens within half a second anyway, and says what is different.
func (v *serverView) reload() (changed []string, err error) {
	srv := v.service.Server
	now := revision{}
	settings, err := srv.Admin.Store.Settings()
	if err == nil {
		now.settings = settings.Revision
		now.clients, err = srv.Authority.Revision()
	}
	if err != nil {
		return nil, err
	}
	if old := v.revision.Swap(&now); old != nil {
		if old.settings != now.settings {
			changed = append(changed, fmt.Sprintf("settings (revision %d)", now.settings))
		}
		if !old.clients.Equal(now.clients) {
			changed = append(changed, "registrations")
		}
	}
	srv.Reconsider("")
	return changed, nil
}
