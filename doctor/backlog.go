package doctor

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

const (
	// The kernel's queue is looked at so often, so far apart; the smallest counts,
	// because a busy connection always has something in it for a moment.
	queueLooks = 3
	queueEvery = 200 * time.Millisecond

	maxNamed = 10 // outputs or silent devices that are named
)

// backlog looks for what waits in the service: in the kernel, in events that come
// late, at the outputs; and for what has gone quiet.
func (d *diagnosis) backlog(ctx context.Context, s *Step) {
	s.Tried = "look for events that wait, and for devices and categories that are quiet"
	var late, fine []string
	add := func(bad bool, text string) {
		if bad {
			late = append(late, text)
		} else {
			fine = append(fine, text)
		}
	}
	if n, err := d.queue(ctx); err == nil {
		add(n >= QueueLimit, bytesText(uint64(n))+" wait in the kernel to be received")
	} else if !errors.Is(err, errors.ErrUnsupported) {
		add(false, "the receive queue cannot be read: "+err.Error())
	}
	if st := d.Status; !st.LastReceived.IsZero() {
		add(false, "the last event came "+span(d.Now().Sub(st.LastReceived))+" ago")
		if !st.LastArchive.IsZero() {
			// Age at arrival: a quiet network makes no event old.
			age := st.LastReceived.Sub(st.LastArchive)
			if e := d.clock; e.hasTLS {
				age += e.tls // what the clocks differ by is no delay
			}
			add(age > LagLimit, "it was "+span(max(age, 0))+" old when it came")
		}
	}
	for _, o := range d.Status.Outputs[:min(len(d.Status.Outputs), maxNamed)] {
		text := fmt.Sprintf("output %s is %s behind", o.Name, span(o.Lag))
		if o.Err != "" {
			text += " (" + o.Err + ")"
		}
		add(o.Lag > LagLimit, text)
	}
	switch quiet := d.Status.Silent; {
	case len(late) > 0:
		d.fail(s, Failed, Behind, strings.Join(late, "; "))
	case len(quiet) > 0:
		text := "quiet: " + strings.Join(quiet[:min(len(quiet), maxNamed)], ", ")
		if more := len(quiet) - maxNamed; more > 0 {
			text += fmt.Sprintf(" and %d more", more)
		}
		d.fail(s, Warning, Quiet, text)
	default:
		s.Found = "nothing waits: " + strings.Join(fine, "; ")
	}
}

// queue returns how many bytes wait to be received from the server. The doctor's
// own session has been read empty, or is closed.
func (d *diagnosis) queue(ctx context.Context) (int, error) {
	if d.Status.ReceiveQueue > 0 {
		return d.Status.ReceiveQueue, nil
	}
	if len(d.addrs) == 0 {
		return 0, errors.ErrUnsupported // nothing to tell the connection by
	}
	port, err := strconv.ParseUint(d.port, 10, 16)
	if err != nil {
		return 0, errors.ErrUnsupported // a service name; the table has numbers
	}
	d.disconnect() // ours must not be counted
	least := 0
	for look := range queueLooks {
		if look > 0 {
			select {
			case <-time.After(queueEvery):
			case <-ctx.Done():
				return 0, context.Cause(ctx)
			}
		}
		sockets, err := Sockets()
		if err != nil {
			return 0, err
		}
		most := 0
		for _, k := range sockets {
			if k.Remote.Port() == uint16(port) && k.Established && slices.Contains(d.addrs, k.Remote.Addr()) {
				most = max(most, k.Receive)
			}
		}
		if look == 0 || most < least {
			least = most
		}
		if least == 0 {
			break
		}
	}
	return least, nil
}
