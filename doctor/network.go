package doctor

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"time"
)

// resolve looks the server's name up.
func (d *diagnosis) resolve(ctx context.Context, s *Step) {
	if addr, err := netip.ParseAddr(d.host); err == nil {
		s.Tried, s.Found = "read the address", "it is an address, no look-up needed"
		d.addrs = []netip.Addr{addr}
		return
	}
	s.Tried = "look up " + d.host
	ctx, cancel := context.WithTimeout(ctx, d.Timeout)
	defer cancel()
	addrs, err := d.Resolver.LookupNetIP(ctx, d.lookupNetwork(), d.host)
	var dns *net.DNSError
	switch {
	case err == nil && len(addrs) > 0:
	case err == nil:
		d.fail(s, Failed, NameUnresolved, "the name has no address")
		return
	case errors.As(err, &dns) && dns.IsNotFound:
		d.fail(s, Failed, NameUnresolved, err.Error())
		return
	case errors.As(err, &dns) || ctx.Err() != nil:
		d.fail(s, Failed, ResolverDown, err.Error())
		return
	default: // no DNS error: the name was not even asked for, such as one without address in tcp6
		d.fail(s, Failed, NameUnresolved, err.Error())
		return
	}
	for _, a := range addrs[:min(len(addrs), maxAddresses)] {
		d.addrs = append(d.addrs, a.Unmap())
	}
	s.Found = join(d.addrs)
	if more := len(addrs) - len(d.addrs); more > 0 {
		s.Found += fmt.Sprintf(", and %d more that are not tried", more)
	}
}

func join(addrs []netip.Addr) string {
	texts := make([]string, len(addrs))
	for i, a := range addrs {
		texts[i] = a.String()
	}
	return strings.Join(texts, ", ")
}

// connect tries the addresses one after the other and keeps the first connection.
func (d *diagnosis) connect(ctx context.Context, s *Step) {
	s.Tried = fmt.Sprintf("connect to TCP port %s of %s", d.port, join(d.addrs))
	var worst Cause
	var found []string
	for i, addr := range d.addrs {
		conn, err := d.dial(ctx, addr)
		if err == nil {
			d.tcp, d.addrs = conn, d.addrs[i:] // later connections go to the one that works
			d.words["local"] = hostOf(conn.LocalAddr()).String()
			text := fmt.Sprintf("connected to %s from %s", conn.RemoteAddr(), conn.LocalAddr())
			if worst != "" {
				// The collector loses this time at every connection.
				d.fail(s, Warning, worst, text+"; before that "+strings.Join(found, "; "))
				return
			}
			s.Found = text
			return
		}
		cause, text := dialCause(err)
		if worst == "" {
			worst = cause
		}
		found = append(found, fmt.Sprintf("%s: %s", addr, text))
		if ctx.Err() != nil {
			break
		}
	}
	d.fail(s, Failed, worst, strings.Join(found, "; "))
}

// dial opens one TCP connection within the time limit.
func (d *diagnosis) dial(ctx context.Context, addr netip.Addr) (net.Conn, error) {
	dialer := net.Dialer{Timeout: d.Timeout}
	return dialer.DialContext(ctx, d.Network, net.JoinHostPort(addr.String(), d.port))
}

// dialCause names the reason why a TCP connection did not come about.
func dialCause(err error) (Cause, string) {
	var timeout net.Error
	switch {
	case isRefused(err):
		return PortClosed, "the connection was refused: the machine is there, and nobody listens on the port"
	case isUnreachable(err):
		return NoRoute, "no route, or a router or firewall rejects: " + err.Error()
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &timeout) && timeout.Timeout():
		return PortFiltered, "no answer at all: a firewall drops the packets, or the machine is not there"
	}
	return ConnectFailed, err.Error()
}

// hostOf returns the address of a connection's end without port, zone and mapping.
func hostOf(a net.Addr) netip.Addr {
	if tcp, ok := a.(*net.TCPAddr); ok {
		return tcp.AddrPort().Addr().Unmap().WithZone("")
	}
	return netip.Addr{}
}

// DialCheck returns a check for an OutputCheck: whether TCP connections to addr,
// host:port, come about. Its error says why not in the words of the port step.
func DialCheck(addr string) func(context.Context) error {
	return func(ctx context.Context) error {
		conn, err := new(net.Dialer).DialContext(ctx, "tcp", addr)
		if err == nil {
			return conn.Close()
		}
		if _, dns := errors.AsType[*net.DNSError](err); dns {
			return err
		}
		cause, text := dialCause(err)
		return fmt.Errorf("%s: %s (%s): %w", addr, text, cause, err)
	}
}

// output runs the check of one destination.
func (d *diagnosis) output(ctx context.Context, s *Step, o OutputCheck) {
	s.Tried = "reach the destination of output " + o.Name
	limited, cancel := context.WithTimeout(ctx, d.Timeout)
	defer cancel()
	began := time.Now()
	if err := o.Check(limited); err != nil {
		d.fail(s, Failed, OutputBad, err.Error())
		return
	}
	s.Found = "reached within " + time.Since(began).Round(time.Millisecond).String()
}
