package session

import (
	"errors"
	"fmt"
	"time"

	"estream/wire"
)

// ErrNoService is in the error of Dial when the server's streaming information
// does not offer service 6667, and in that of Accept when the client's
// streaming request does not ask for it.
var ErrNoService = errors.New("service 6667 (eStreamer) is missing")

// ErrClosed is returned by every method after Close or End.
var ErrClosed = errors.New("session is closed")

// A ProtocolError says that the peer broke the protocol in a way that leaves
// the place of the next message unknown, or makes the request unusable. The
// session is over; a new one may succeed.
type ProtocolError struct {
	Offset   uint64 // bytes of messages received before the wrong one
	Found    string
	Expected string
	Err      error // what was wrong inside a message, or nil
}

func (e *ProtocolError) Error() string {
	s := fmt.Sprintf("byte %d of the session: found %s, expected %s", e.Offset, e.Found, e.Expected)
	if e.Err != nil {
		s += ": " + e.Err.Error()
	}
	return s
}

func (e *ProtocolError) Unwrap() error { return e.Err }

// A ServerError is an error message from the server; ReadBatch and Dial return
// it. The server closes the connection after it.
type ServerError wire.ErrorMessage

func (e *ServerError) Error() string {
	return fmt.Sprintf("server ended the session with error %d: %q", e.Code, e.Text)
}

// A ClientError is an error message from the client, by which it announces
// that it will close the connection. Server.Err and Accept return it.
type ClientError wire.ErrorMessage

func (e *ClientError) Error() string {
	return fmt.Sprintf("client ended the session with error %d: %q", e.Code, e.Text)
}

// NoSpace is the code of the error message with which a server turns down what
// exceeds a limit. It is the one code that the Guide shows, with the text "No space".
const NoSpace int32 = 19

// A RequestError says that a client asked for something that is not served. The
// client is told so in an error message.
type RequestError struct {
	Reason string
	Err    error // ErrNoService, another cause, or nil
	Code   int32 // of the error message; 0: wire.Unnumbered
}

func (e *RequestError) Error() string {
	if e.Err != nil {
		return e.Err.Error() + ": " + e.Reason
	}
	return e.Reason
}

func (e *RequestError) Unwrap() error { return e.Err }

// A TimeoutError says which of the time limits of a session passed.
type TimeoutError struct {
	What  string // what was waited for
	After time.Duration
}

func (e *TimeoutError) Error() string { return fmt.Sprintf("%s within %v", e.What, e.After) }

// Timeout makes a TimeoutError a net.Error for callers that ask.
func (e *TimeoutError) Timeout() bool { return true }

// Temporary reports false: the session is over.
func (e *TimeoutError) Temporary() bool { return false }

// A Stage is a step on the way to a running session.
type Stage string

// The stages of Dial, in order.
const (
	StageConnect     Stage = "connect"               // TCP
	StageTLS         Stage = "TLS handshake"         // both certificates
	StageRequest     Stage = "event stream request"  // first message written
	StageInformation Stage = "streaming information" // first answer read; a server that rejects the client closes here
	StageStreaming   Stage = "streaming request"     // second message written
)

// A DialError says at which stage Dial stopped.
type DialError struct {
	Stage Stage
	Addr  string
	Err   error
}

func (e *DialError) Error() string {
	return fmt.Sprintf("session with %s: %s: %v", e.Addr, e.Stage, e.Err)
}

func (e *DialError) Unwrap() error { return e.Err }
