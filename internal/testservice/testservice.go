// Package testservice turns a server into one that client developers test against:
// with faults, as an older Management Center, with its sessions recorded. It is what
// --fault, --impersonate and --record of "estream serve" do.
package testservice

import (
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"time"

	"estream/pki"
	"estream/server"
	"estream/server/fault"
	"estream/server/release"
	"estream/transcript"
	"estream/wire"
)

// Options are what the command line says. The zero value asks for nothing.
type Options struct {
	Faults  []string // see package fault
	Release string   // see package release
	Record  string   // a directory; made if missing, in a directory that exists
	Layouts *wire.Layouts
	Log     *slog.Logger
}

// A Service is Options understood.
type Service struct {
	faults  *fault.Plan
	release *release.Release
	record  *transcript.Dir
	log     *slog.Logger
}

// New checks options, all of them before anything is made.
func New(o Options) (*Service, error) {
	s := &Service{log: o.Log}
	var errs []error
	if len(o.Faults) > 0 {
		plan, err := fault.NewPlan(o.Faults, o.Log)
		s.faults = plan
		errs = append(errs, err)
	}
	if o.Release != "" {
		r, err := release.Parse(o.Release)
		s.release = r
		errs = append(errs, err)
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	if o.Record != "" {
		if err := os.Mkdir(o.Record, 0o700); err != nil && !errors.Is(err, os.ErrExist) {
			return nil, fmt.Errorf("directory for recorded sessions: %w", err)
		}
		if info, err := os.Stat(o.Record); err != nil || !info.IsDir() {
			return nil, errors.Join(err, fmt.Errorf("%s: expected a directory for recorded sessions", o.Record))
		}
		s.record = &transcript.Dir{Path: o.Record, Layouts: o.Layouts, Log: o.Log}
	}
	return s, nil
}

// Apply changes a server that does not run yet, and the certificate that the
// authority shows. It says so in the log: nobody should run such a server without
// knowing.
func (s *Service) Apply(core *server.Server, authority *pki.Authority) error {
	if s.release != nil && core.AsIs {
		return fmt.Errorf("a server cannot send a stream as it is and as release %s did: replay it so that requests are obeyed", s.release.Name)
	}
	if s.release != nil {
		core.Session.Services = s.release.Services
		core.Highest, core.Serves = s.release.Highest, s.release.Serves
		s.log.Warn("test service: this server pretends to be an older one", "release", s.release.Name, "serves", s.release.String(), "services", s.release.Services)
	}
	if s.faults != nil {
		s.log.Warn("test service: this server misbehaves on purpose", "faults", s.faults.String())
		if d, ok := s.faults.Certificate(); ok {
			if err := authority.ShowCertificate(time.Now().Add(d)); err != nil {
				return fmt.Errorf("certificate for a fault: %w", err)
			}
		}
	}
	if s.record != nil {
		s.log.Warn("test service: sessions are recorded in clear text", "directory", s.record.Path)
	}
	if s.faults != nil || s.record != nil {
		core.Wrap = s.wrap
	}
	return nil
}

// wrap puts the recording below the faults: it shows what the client gets.
func (s *Service) wrap(number uint64, client pki.Client, conn net.Conn) net.Conn {
	if s.record != nil {
		conn = s.record.Wrap(number, client.Host, conn)
	}
	if s.faults != nil {
		conn = s.faults.Wrap(number, client.Host, conn)
	}
	return conn
}
