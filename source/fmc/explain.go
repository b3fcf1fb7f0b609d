package fmc

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"

	"estream/pki"
	"estream/session"
)

// A cause says whether trying again can help.
type cause int

const (
	passing cause = iota // network trouble, a server that restarts
	refused              // the server closed before it sent anything
	final                // no retry can help
)

func classify(err error) cause {
	var (
		dial   *session.DialError
		verify *tls.CertificateVerificationError
	)
	_, alerted := pki.RemoteAlert(err)
	switch {
	case errors.As(err, &verify), errors.Is(err, pki.ErrServerCertificate), errors.Is(err, session.ErrNoService):
		return final
	case alerted:
		return refused
	case errors.As(err, &dial) && (dial.Stage == session.StageConnect || errors.Is(err, context.DeadlineExceeded)):
		return passing
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), isReset(err):
		return refused
	}
	return passing
}

// An Explained error carries what to do about it.
type Explained struct {
	Err  error
	Hint string
}

func (e *Explained) Error() string { return e.Err.Error() }
func (e *Explained) Unwrap() error { return e.Err }

// Explain adds a cure to an error of a session that has one: it is an Explained then.
func Explain(err error) error {
	var (
		verify *tls.CertificateVerificationError
		dial   *session.DialError
	)
	switch {
	case errors.As(err, &verify), errors.Is(err, pki.ErrServerCertificate):
		return &Explained{err, "the server's certificate was not issued by the authority in the PKCS#12 file: fetch the file from this very server"}
	case classify(err) == refused:
		return &Explained{fmt.Errorf("the server closed the connection without serving us: %w", err),
			"the certificate may be revoked, not registered there, or issued for another address than the one the server sees; register this host there again and fetch the new PKCS#12 file"}
	case errors.As(err, &dial) && dial.Stage == session.StageConnect:
		return &Explained{err, "check the address, that the server listens on TCP 8302, and firewalls in between"}
	}
	return err
}
