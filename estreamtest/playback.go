package estreamtest

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"estream/transcript"
	"estream/wire"
)

// Playback makes a script of a recorded session (package
// estream/transcript): what the server sent is sent again, as it was, and
// where the client spoke the same is expected: a request of the same type, or as
// many null messages. Times do not count. At the end the server closes in an
// orderly way where it did so in the recording, and waits for the client to close
// where that did.
//
// A client that acknowledges otherwise than the recorded one does not fit; make a
// script of the parts then ([Send] with Entry.Data).
func Playback(recording io.Reader) ([]Step, error) {
	r, err := transcript.NewReader(recording)
	if err != nil {
		return nil, err
	}
	var script []Step
	var sent []byte
	acks := 0
	flush := func() {
		if len(sent) > 0 {
			script = append(script, Send(sent))
		}
		if acks > 0 {
			script = append(script, ExpectAcks(acks))
		}
		sent, acks = nil, 0
	}
	for {
		e, err := r.Next()
		switch {
		case errors.Is(err, io.EOF):
			flush()
			if strings.HasPrefix(r.End, "client closed") {
				return append(script, ExpectClose()), nil
			}
			if strings.HasPrefix(r.End, "server closed") {
				return append(script, Close()), nil
			}
			return script, nil
		case err != nil:
			return nil, err
		case e.From == transcript.Server:
			if acks > 0 {
				flush()
			}
			sent = append(sent, e.Data...)
		case !e.Whole:
			return nil, fmt.Errorf("recorded session: entry %d: the client sent bytes that are no message: %s", e.N, e.Problem)
		case e.Type == wire.TypeNull:
			if len(sent) > 0 {
				flush()
			}
			acks++
		default:
			flush()
			script = append(script, expectType(e.Type))
		}
	}
}

// expectType reads a message of type t, whatever it asks for.
func expectType(t wire.MessageType) Step {
	switch t {
	case wire.TypeEventStreamRequest:
		return ExpectRequest(nil)
	case wire.TypeStreamingRequest:
		return ExpectStreamingRequest(nil)
	case wire.TypeHostDataRequest:
		return ExpectHostRequest(nil)
	}
	return func(c *Conn) error {
		_, err := c.expect(t)
		return err
	}
}
