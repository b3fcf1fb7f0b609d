package server

import (
	"context"
	"fmt"

	"estream/session"
	"estream/wire"
)

// maxHostRequests is how many host data requests of a session may wait for those before
// them.
const maxHostRequests = 16

// maxHostDataType is the highest kind of answer a client can ask for.
const maxHostDataType = 7

// answer answers host data requests until the session ends, beside the events.
func (s *sender) answer(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case r := <-s.sess.HostRequests():
			if err := s.answerOne(ctx, r); err != nil {
				s.fail(err)
				return
			}
		}
	}
}

func (s *sender) answerOne(ctx context.Context, r wire.HostDataRequest) error {
	if r.DataType > maxHostDataType {
		return &session.RequestError{Reason: fmt.Sprintf("host data type %d is not known, 0 to %d expected", r.DataType, maxHostDataType)}
	}
	if f := s.trace.HostRequest; f != nil {
		f(s.live.number, r)
	}
	if s.Trace == nil {
		s.log.Debug("host data request", "type", r.DataType, "first", r.First.String(), "last", r.Last.String(), "flags", r.Flags)
	}
	var sending error
	err := s.Hosts(ctx, r, s.live.rights, func(message []byte) error {
		h, ok := wire.ParseHeader(message)
		if !ok || int(h.Length) != len(message)-wire.HeaderSize {
			return fmt.Errorf("host data: %d bytes are no whole message", len(message))
		}
		sending = s.sess.SendHostData(ctx, h.Type, message[wire.HeaderSize:])
		return sending
	})
	switch {
	case sending != nil:
		return sending
	case err != nil:
		return &session.RequestError{Reason: "host data cannot be given", Err: err}
	}
	s.stats.HostRequests.Add(1)
	return nil
}
