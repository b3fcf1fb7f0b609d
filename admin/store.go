package admin

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"path/filepath"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"estream/internal/durable"
	"estream/pki"
	"estream/server/access"
)

// Names below the data directory.
const (
	settingsDir  = "admin"
	settingsFile = "settings.json"
	lockFile     = "lock"
)

// Options of a Store. The zero value is what a server wants.
type Options struct {
	// FS is the file system. Default: [pki.FS], whose files root creates for the
	// owner of the directory.
	FS durable.FS
	// Now tells the time of changes. Default: time.Now.
	Now func() time.Time
	// Log receives faults of the settings, each once, and that settings were changed
	// by somebody else. Default: nothing is logged.
	Log *slog.Logger
}

// A Store is the settings of one data directory. It is safe for concurrent use, by
// several processes as well, and holds no resources that would have to be closed.
type Store struct {
	dir, path string
	fs        durable.FS
	now       func() time.Time
	log       *slog.Logger

	state atomic.Pointer[state] // never nil

	mu sync.Mutex // serializes readers of the file
}

// A state is the settings as they were read once, with what is looked up often. It
// is not altered.
type state struct {
	settings   *Settings
	generation uint64 // grows with each content that differs from the one before
	boxes      access.Boxes
	domainOf   map[string]string // by device
	data       []byte            // of the file
	info       fs.FileInfo       // nil: there was no file
	read       time.Time
}

// Open reads the settings of a data directory. Nothing is created: without a file the
// defaults are in effect. A file that cannot be read is an error.
func Open(data string, opts Options) (*Store, error) {
	if data == "" {
		return nil, errors.New("open settings: no data directory given")
	}
	s := &Store{dir: filepath.Join(data, settingsDir), fs: opts.FS, now: opts.Now, log: opts.Log}
	s.path = filepath.Join(s.dir, settingsFile)
	if s.fs == nil {
		s.fs = pki.FS()
	}
	if s.now == nil {
		s.now = time.Now
	}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	st, err := s.load()
	if err != nil {
		return nil, fmt.Errorf("open settings: %w", err)
	}
	if st.info != nil && runtime.GOOS != "windows" && st.info.Mode().Perm()&0o077 != 0 {
		s.log.Warn("the settings can be read by other users", "file", s.path, "hint", "chmod 600")
	}
	return s, nil
}

// Settings returns the settings as they are on disk now. They are shared: do not
// alter them.
func (s *Store) Settings() (*Settings, error) {
	st, err := s.load()
	if err != nil {
		return nil, err
	}
	return st.settings, nil
}

// Boxes returns the event types that are captured and may be sent: those checked,
// cut to what the role offers. It costs an atomic load: changes of other processes
// show once [Service.Run] has noticed them.
func (s *Store) Boxes() access.Boxes { return s.state.Load().boxes }

// DomainOf returns the domain that a managed device, given by name or UUID, was
// assigned to; false when it was assigned to none. It costs no more than Boxes.
func (s *Store) DomainOf(device string) (domain string, ok bool) {
	domain, ok = s.state.Load().domainOf[deviceName(device)]
	return domain, ok
}

// settled is the age at which a file's time can be trusted to tell a later change
// apart: file systems count in steps of up to two seconds.
const settled = 3 * time.Second

// current reports whether the file that info describes is the one that was read.
func (st *state) current(info fs.FileInfo) bool {
	return st.info != nil && sameFile(st.info, info) && st.info.ModTime().Equal(info.ModTime()) &&
		st.info.Size() == info.Size() && st.read.Sub(info.ModTime()) > settled
}

// load returns the state that is on disk now. That costs a stat while the file does
// not change. After an error the last state stays in effect.
func (s *Store) load() (*state, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	last := s.state.Load()
	info, err := s.fs.Stat(s.path)
	switch {
	case errors.Is(err, fs.ErrNotExist) && (last == nil || last.info == nil):
		if last == nil {
			return s.take(nil, defaults(), nil, time.Time{})
		}
		return last, nil
	case errors.Is(err, fs.ErrNotExist):
		return nil, fmt.Errorf("%w; restore it from a backup", err)
	case err != nil:
		return nil, err
	case last != nil && last.current(info):
		return last, nil
	}
	read := time.Now() // of the clock that stamps files
	data, err := durable.ReadFile(s.fs, s.path, maxSettings)
	if err != nil {
		return nil, err
	}
	if last != nil && last.info != nil && bytes.Equal(data, last.data) {
		again := *last
		again.info, again.read = info, read
		s.state.Store(&again)
		return &again, nil
	}
	set, err := parseSettings(data)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", s.path, err)
	}
	return s.take(data, set, info, read)
}

// take makes settings the ones in effect. The caller holds s.mu.
func (s *Store) take(data []byte, set *Settings, info fs.FileInfo, read time.Time) (*state, error) {
	r, err := role(set.Role)
	if err != nil {
		return nil, err
	}
	boxes, err := access.ParseBoxes(set.Boxes)
	if err != nil {
		return nil, err
	}
	st := &state{settings: set, boxes: boxes & r.Boxes(), domainOf: make(map[string]string, len(set.Devices)), data: data, info: info, read: read}
	for _, d := range set.Devices {
		if d.Domain != "" {
			st.domainOf[d.Device] = d.Domain
		}
	}
	if last := s.state.Load(); last != nil {
		st.generation = last.generation + 1
	}
	s.state.Store(st)
	return st, nil
}

// Update has change alter a copy of the settings as they are on disk now, and writes
// it; nothing else is written between the two. An error of change calls it off. When
// Update returns nil, the settings have reached the disk and are in effect here.
func (s *Store) Update(ctx context.Context, change func(*Settings) error) (err error) {
	if err := durable.MkdirAll(s.fs, s.dir, 0o700); err != nil {
		return err
	}
	lock, err := s.lock(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, lock.Close()) }()
	// Left by a crash: whoever wrote them held the lock.
	if err := durable.RemoveTemps(s.fs, s.dir); err != nil {
		return err
	}
	now, err := s.load()
	if err != nil {
		return err
	}
	next, err := now.settings.clone()
	if err != nil {
		return err
	}
	if err := change(next); err != nil {
		return err
	}
	next.forget(s.now())
	next.Version, next.Revision = settingsVersion, now.settings.Revision+1
	if err := next.check(); err != nil {
		return err
	}
	data, err := next.encode()
	if err != nil {
		return err
	}
	if err := durable.ReplaceFile(s.fs, s.path, data, 0o600); err != nil {
		return err
	}
	if _, err := s.load(); err != nil {
		return fmt.Errorf("the change is made, but cannot be read back: %w", err)
	}
	return nil
}
