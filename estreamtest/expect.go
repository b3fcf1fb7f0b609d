package estreamtest

import (
	"cmp"
	"errors"
	"fmt"
	"slices"

	"estream/wire"
)

// ExpectFlags reads an event stream request in which all bits of set are set and
// none of clear.
func ExpectFlags(set, clear wire.RequestFlags) Step {
	return ExpectRequest(func(r wire.EventStreamRequest) error {
		if missing := set &^ r.Flags; missing != 0 {
			return fmt.Errorf("request flags %v: %v missing", r.Flags, missing)
		}
		if wrong := clear & r.Flags; wrong != 0 {
			return fmt.Errorf("request flags %v: %v not expected", r.Flags, wrong)
		}
		return nil
	})
}

// ExpectPairs reads a streaming request for service 6667 that asks for exactly
// these pairs, in any order, and repeats start and flags of the event stream
// request.
func ExpectPairs(pairs ...wire.EventPair) Step {
	sorted := func(list []wire.EventPair) []wire.EventPair {
		return slices.SortedFunc(slices.Values(list), func(a, b wire.EventPair) int {
			return cmp.Or(cmp.Compare(a.Code, b.Code), cmp.Compare(a.Version, b.Version))
		})
	}
	return func(c *Conn) error {
		return ExpectStreamingRequest(func(r wire.StreamingRequest) error {
			i := slices.IndexFunc(r.Services, func(s wire.Service) bool { return s.ID == wire.ServiceEStreamer })
			if i < 0 {
				return errors.New("streaming request does not ask for service 6667")
			}
			s := r.Services[i]
			if got, want := sorted(s.Pairs), sorted(pairs); !slices.Equal(got, want) {
				return fmt.Errorf("streaming request asks for %v, expected %v", got, want)
			}
			if s.Start != c.Request.Start || s.Flags != c.Request.Flags {
				return fmt.Errorf("streaming request has start %d and flags %v, the event stream request %d and %v", s.Start, s.Flags, c.Request.Start, c.Request.Flags)
			}
			return nil
		})(c)
	}
}

// ExpectHostRequest reads a host data request; check may be nil.
func ExpectHostRequest(check func(wire.HostDataRequest) error) Step {
	return func(c *Conn) error {
		body, err := c.expect(wire.TypeHostDataRequest)
		if err != nil {
			return err
		}
		if c.HostRequest, err = wire.ParseHostDataRequest(body); err != nil || check == nil {
			return err
		}
		return check(c.HostRequest)
	}
}

// SendHostData answers the last host data request with host profiles, which are
// whole blocks: one message for a request for one host, else one for each and an
// empty one behind the last.
func SendHostData(profiles ...[]byte) Step {
	return func(c *Conn) error {
		if !c.HostRequest.Multiple() {
			if len(profiles) != 1 {
				return fmt.Errorf("%d host profiles for a request of one", len(profiles))
			}
			return c.send(append(wire.AppendHeader(nil, wire.TypeSingleHostData, uint32(len(profiles[0]))), profiles[0]...))
		}
		var p []byte
		for _, block := range profiles {
			p = append(wire.AppendHeader(p, wire.TypeMultipleHostData, uint32(len(block))), block...)
		}
		return c.send(wire.AppendHeader(p, wire.TypeMultipleHostData, 0))
	}
}

// SendAcked sends messages one by one and waits after every window of them until
// all of these are acknowledged, as a server does that holds back what is not
// asked for. Acknowledgements that came before count: see ExpectAcks.
func SendAcked(window int, messages []byte) Step {
	return func(c *Conn) error {
		for n := 1; len(messages) > 0; n++ {
			m, rest, err := wire.NextMessage(messages)
			if err != nil {
				return fmt.Errorf("send message %d: %w", n, err)
			}
			if err := c.send(m); err != nil {
				return err
			}
			messages = rest
			switch {
			case n%window == 0:
				err = ExpectAcks(window)(c)
			case len(messages) == 0:
				err = ExpectAcks(n % window)(c)
			}
			if err != nil {
				return fmt.Errorf("message %d: %w", n, err)
			}
		}
		return nil
	}
}
