package fault

import (
	"errors"
	"log/slog"
	"net"
	"strings"
	"sync"
	"time"

	"estream/layouts"
	"estream/wire"
)

// A Plan applies faults to the sessions of one server. It is safe for concurrent
// use.
type Plan struct {
	specs   []*Spec
	layouts *wire.Layouts
	log     *slog.Logger

	mu      sync.Mutex
	strikes map[*Spec]uint64
}

// ErrHelp is returned by NewPlan when one of the faults is "help": somebody wants to
// see [Help].
var ErrHelp error = helpError{}

type helpError struct{}

func (helpError) Error() string { return "the faults are\n" + Help() }

// NewPlan parses faults. Errors of all of them are reported together. Strikes are
// logged to log, which may be nil.
func NewPlan(texts []string, log *slog.Logger) (*Plan, error) {
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	p := &Plan{layouts: layouts.Default(), log: log, strikes: map[*Spec]uint64{}}
	var errs []error
	certificates := 0
	for _, text := range texts {
		if text == "help" {
			return nil, ErrHelp
		}
		s, err := Parse(text)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		if s.Kind == "cert" {
			certificates++
		}
		p.specs = append(p.specs, s)
	}
	if certificates > 1 {
		errs = append(errs, errors.New("cert is given twice: a server has one certificate"))
	}
	return p, errors.Join(errs...)
}

// Certificate returns for how long the server's certificate is to live, and false
// where no fault asks for another one. A negative time means that it has expired
// so long ago.
func (p *Plan) Certificate() (time.Duration, bool) {
	for _, s := range p.specs {
		if s.Kind == "cert" {
			return s.Expires, true
		}
	}
	return 0, false
}

// Strikes returns how often each fault has struck so far, in the order in which
// they were given. A suppressed keep-alive counts once per session.
func (p *Plan) Strikes() []uint64 {
	p.mu.Lock()
	defer p.mu.Unlock()
	var n []uint64
	for _, s := range p.specs {
		n = append(n, p.strikes[s])
	}
	return n
}

// Wrap returns conn as session number of the named client is to see it: the
// faults that concern it change what is written. conn carries messages, so it is
// the connection above TLS. Where no fault concerns the session the result is
// conn.
//
// The result takes one Write at a time, beside Reads, as a session makes them.
// Write holds back the beginning of a message until it is whole; messages that
// are not struck go out as they are.
func (p *Plan) Wrap(number uint64, client string, conn net.Conn) net.Conn {
	c := &faulty{Conn: conn, plan: p, log: p.log.With("session", number, "client", client), limited: make(chan struct{}), left: make(chan struct{})}
	for _, s := range p.specs {
		if s.Kind == "cert" || s.Session != 0 && s.Session != number || s.Client != "" && s.Client != client {
			continue
		}
		c.faults = append(c.faults, &pending{Spec: s, next: s.After})
	}
	if len(c.faults) == 0 {
		return conn
	}
	return c
}

// strike takes one of the strikes that a fault has, if one is left.
func (p *Plan) strike(s *Spec) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if s.Times != 0 && p.strikes[s] == s.Times {
		return false
	}
	p.strikes[s]++
	return true
}

// String returns the faults as they were given.
func (p *Plan) String() string {
	var b strings.Builder
	for i, s := range p.specs {
		if i > 0 {
			b.WriteByte(' ')
		}
		b.WriteString(s.text)
	}
	return b.String()
}
