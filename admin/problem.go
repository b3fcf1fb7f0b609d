package admin

import (
	"errors"
	"fmt"

	"estream/pki"
)

// A Kind sorts problems by what a program may do about them.
type Kind int

// Kinds of problems.
const (
	Invalid  Kind = iota // what was asked for cannot be right
	NotFound             // it concerns something that is not there
	Conflict             // it contradicts what is there
	Stale                // it was meant for another revision of the settings
)

// A Problem is a request that was refused, in the words of its author: what is wrong,
// what would have been right, and what to do now. The texts are lower case without
// full stop; Expected and Do may be empty.
type Problem struct {
	Kind     Kind
	What     string
	Expected string
	Do       string
	Err      error // the cause, for errors.Is; its text is part of What
}

// Error implements error with what was found and what was expected.
func (p *Problem) Error() string {
	if p.Expected == "" {
		return p.What
	}
	return p.What + "; expected " + p.Expected
}

// Unwrap returns the cause.
func (p *Problem) Unwrap() error { return p.Err }

func invalid(what, expected, do string) *Problem {
	return &Problem{Kind: Invalid, What: what, Expected: expected, Do: do}
}

func notFound(do, format string, args ...any) *Problem {
	return &Problem{Kind: NotFound, What: fmt.Sprintf(format, args...), Do: do}
}

func conflict(do, format string, args ...any) *Problem {
	return &Problem{Kind: Conflict, What: fmt.Sprintf(format, args...), Do: do}
}

// clientProblem makes an error of the registry into a problem, where an
// administrator can do something about it.
func clientProblem(err error, host string) error {
	p := &Problem{Err: err, What: fmt.Sprint(err)}
	switch {
	case errors.Is(err, pki.ErrHost):
		p.Kind = Invalid
	case errors.Is(err, pki.ErrUnresolved):
		p.Kind = Conflict
		p.Do = "correct the name or its DNS entry, register the address instead, or allow a name without address"
	case errors.Is(err, pki.ErrRegistered):
		p.Kind, p.What = Conflict, fmt.Sprintf("client %s is registered already", host)
		p.Do = "if its PKCS#12 file is lost, download it again; to replace its certificate, remove the client and add it again"
	case errors.Is(err, pki.ErrNotRegistered):
		p.Kind, p.Do = NotFound, "look for the host in the list of clients"
	default:
		return err
	}
	return p
}
