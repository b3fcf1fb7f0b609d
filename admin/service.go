package admin

import (
	"context"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"estream/internal/mute"
	"estream/pki"
)

// A Service is the administration of one server: its settings and its registrations
// together. Store and Authority are needed; the other fields may stay empty. The
// fields are not changed once a method was called. It is safe for concurrent use.
type Service struct {
	Store     *Store
	Authority *pki.Authority
	// Reconsider is told that rights may have changed: the sessions whose Rights
	// differ from before in something they use have to end. host is empty for all.
	// It must not call the Service back while it holds a lock that Rights needs.
	Reconsider func(host string)
	// Log receives changes, refused logins, and whether the partner can be reached.
	Log *slog.Logger
	// Every is how often the partner is asked whether it has something new. What
	// changes here goes to it at once. Default: 30 s.
	Every time.Duration

	kick chan struct{} // has the replication look at once
	lost *mute.Mute    // registrations without file, in the log

	once    sync.Once
	handler http.Handler

	mu         sync.Mutex
	generation uint64 // of the settings, when they were last looked at
	revision   pki.Revision
	fault      string // the last one that was logged
	status     PartnerStatus
}

// init makes what the zero value lacks.
func (s *Service) init() {
	s.once.Do(func() {
		if s.Log == nil {
			s.Log = slog.New(slog.DiscardHandler)
		}
		if s.Every <= 0 {
			s.Every = 30 * time.Second
		}
		s.kick = make(chan struct{}, 1)
		s.lost = mute.New(time.Hour)
		s.generation = s.Store.state.Load().generation
		if rev, err := s.Authority.Revision(); err == nil {
			s.revision = rev
		} // else the first look sees a change, which harms nobody
		s.handler = newAPI(s)
	})
}

// pollEvery is how often Run looks for changes by other processes.
const pollEvery = 250 * time.Millisecond

// Run notices changes that other processes make, and exchanges registrations with the
// partner if one is configured. It blocks until ctx is done and then returns nil.
// Faults are logged and tried again.
func (s *Service) Run(ctx context.Context) error {
	s.init()
	var wg sync.WaitGroup
	defer wg.Wait()
	wg.Go(func() { s.replicate(ctx) })
	tick := time.NewTicker(pollEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
			s.look()
		}
	}
}

// String names the task in logs.
func (s *Service) String() string { return "administration " + s.Store.dir }

// look finds out whether settings or registrations have changed since the last look,
// and if so tells those who have to know.
func (s *Service) look() {
	s.init()
	if !s.changed() {
		return
	}
	if s.Reconsider != nil {
		s.Reconsider("")
	}
	select {
	case s.kick <- struct{}{}:
	default: // it will look anyway
	}
}

func (s *Service) changed() bool {
	st, err := s.Store.load()
	var rev pki.Revision
	if err == nil {
		rev, err = s.Authority.Revision()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if err != nil {
		if err.Error() != s.fault {
			s.fault = err.Error()
			s.Log.Error("settings cannot be read, those read last stay in effect", "error", err)
		}
		return false
	}
	if s.fault != "" {
		s.fault = ""
		s.Log.Info("settings can be read again")
	}
	if st.generation != s.generation {
		s.Log.Info("settings changed", "revision", st.settings.Revision, "role", st.settings.Role, "boxes", st.boxes.Names())
	}
	changed := st.generation != s.generation || !rev.Equal(s.revision)
	s.generation, s.revision = st.generation, rev
	return changed
}
