package cli

import (
	"cmp"
	"context"
	"crypto/tls"
	"net"
	"strings"
	"time"

	"estream/filter"
	"estream/request"
	"estream/session"
	"estream/wire"
)

// session makes the session from the options.
func (r *requestRun) session(ctx context.Context, server string, started bool) (*request.Session, error) {
	var err error
	if r.log, err = r.logger(); err != nil {
		return nil, err
	}
	if r.set, err = r.layouts(); err != nil {
		return nil, err
	}
	if err := r.check(); err != nil {
		return nil, err
	}
	s := &request.Session{Layouts: r.set, Count: r.count, For: r.duration, Log: r.log, Connected: r.connected}
	if s.Addr, err = r.address(ctx, server); err != nil {
		return nil, err
	}
	s.Client.Log = r.log
	if s.Client.Network = "tcp"; r.ipv6 {
		s.Client.Network = "tcp6"
	}
	if err := r.asks(s); err != nil {
		return nil, err
	}
	if s.Where, err = r.filter(); err != nil {
		return nil, err
	}
	cred, err := r.credentials()
	if err != nil {
		return nil, err
	}
	if s.Client.TLS, err = r.tls(cred); err != nil {
		return nil, err
	}
	if err := r.begin(s, started); err != nil {
		return nil, err
	}
	if r.trace != "" {
		if s.Client.Wrap, err = r.tracer(); err != nil {
			return nil, err
		}
	}
	// The output last: it truncates its file.
	s.Output, err = r.makeOutput(s)
	return s, err
}

// check looks at options that contradict each other, in the words of the SDK where it has
// the same rule.
func (r *requestRun) check() error {
	if r.json {
		if r.output != "print" && r.output != "json" {
			return usagef("--json and -output %s contradict each other", r.output)
		}
		r.output = "json"
	}
	var known bool
	if r.plugin, known = request.FindPlugin(r.output); !known {
		if !r.isFormat() {
			return hint(scriptError("Unknown output plugin '"+r.output+"' selected."), "expected %s", r.outputs())
		}
		r.plugin = request.Plugin{Name: r.output, Flags: wire.DefaultFlags}
	}
	switch {
	case r.host != "" && !r.plugin.Hosts:
		return hint(scriptError("Host querying is incompatible with this output method"), "-host goes with print and json")
	case r.host != "" && (r.pairs != "" || r.count != 0 || r.where != "" || r.domain != ""):
		return usagef("-host asks for host profiles; --pairs, --count, --where and -domain are for events")
	case r.plugin.NeedsFile != "" && r.file == "":
		return scriptError(r.plugin.NeedsFile)
	case r.hex && r.plugin.Name != "print":
		return usagef("--hex goes with print, not with %s", r.plugin.Name)
	case r.csvComma && r.plugin.Name != "csv":
		return usagef("--csv-comma goes with csv, not with %s", r.plugin.Name)
	case r.keep && !r.split:
		return usagef("--keep goes with --split")
	case r.duration < 0:
		return usagef("--for is %v; expected a duration such as 30s", r.duration)
	case r.password != "" && r.passwordFile != "":
		return usagef("-password and --password-file contradict each other")
	}
	return cmp.Or(r.snmp.check(r.plugin.Name), r.syslog.check(r.plugin.Name))
}

// address completes the server with -port.
func (r *requestRun) address(ctx context.Context, server string) (string, error) {
	if r.port != "" {
		host := strings.TrimSuffix(strings.TrimPrefix(server, "["), "]")
		if h, port, err := net.SplitHostPort(server); err == nil {
			if port != r.port {
				return "", usagef("%s and -port %s contradict each other", server, r.port)
			}
			host = h
		}
		server = net.JoinHostPort(host, r.port)
	}
	return serverAddress(ctx, server)
}

// asks sets what the session asks for: events, or hosts.
func (r *requestRun) asks(s *request.Session) (err error) {
	flags := r.plugin.Flags
	if r.host != "" {
		if s.Hosts, err = request.ParseHosts(r.host, r.hostType); err != nil {
			return &usageError{err}
		}
		flags = request.HostFlags
	}
	if r.flags != "" {
		if flags, err = request.ParseFlags(r.flags, flags); err != nil {
			return &usageError{err}
		}
	}
	if r.pairs != "" {
		if s.Client.Pairs, err = request.ParsePairs(r.pairs); err != nil {
			return &usageError{err}
		}
		flags |= wire.FlagExtendedRequest
	}
	if flags == 0 {
		return usagef("--flags are 0: a request that asks for nothing")
	}
	s.Client.Flags = flags
	return nil
}

// filter returns what --where and -domain choose.
func (r *requestRun) filter() (*filter.Filter, error) {
	var where, domain *filter.Filter
	var err error
	if r.where != "" {
		if where, err = filter.Parse(r.set, r.where); err != nil {
			return nil, filterError("--where", err)
		}
	}
	if r.domain != "" {
		value := r.domain
		if strings.Trim(value, "0123456789") != "" {
			value = `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(value) + `"`
		}
		if domain, err = filter.Parse(r.set, "domain == "+value); err != nil {
			return nil, filterError("-domain", err)
		}
		r.log.Warn("no domain request is sent, as its layout is not known: the server sends what this client may see, and other domains are left out here", "domain", r.domain)
	}
	return filter.And(where, domain), nil
}

// begin sets the start of the request, and the bookmark.
func (r *requestRun) begin(s *request.Session, started bool) error {
	now := time.Now()
	if len(s.Hosts) > 0 {
		s.Client.Start = uint32(now.Unix())
		return nil
	}
	bookmark, at, found, err := request.OpenBookmark(request.BookmarkFile, now)
	if err != nil {
		return err
	}
	s.Client.Start = at
	switch r.start {
	case "bookmark":
		if !found && !started {
			r.log.Info("no bookmark here: new events only", "hint", "-start all begins with the oldest event")
		}
	case "all":
		s.Client.Start = wire.StartOldest
	case "now":
		s.Client.Start = uint32(now.Unix()) // and not wire.StartNow, as ssl_test.pl
	default:
		if s.Client.Start, err = parseStart(r.start, "."); err != nil {
			s.Client.Start = at // what ssl_test.pl does
			r.log.Warn("-start is neither all, now, bookmark nor a time: taken for bookmark", "start", r.start)
		}
	}
	if s.Client.Flags.Has(wire.FlagArchiveTimestamp) {
		s.Bookmark = bookmark
	} else {
		r.log.Warn("without archive timestamps the bookmark stays as it is", "hint", "--flags +SEND_ARCHIVE_TIMESTAMP asks for them")
	}
	return nil
}

// connected says what the session is.
func (r *requestRun) connected(c *session.Client) {
	r.talked = true
	attrs := []any{"server", c.RemoteAddr().String()}
	if t, ok := c.TLS(); ok {
		attrs = append(attrs, "tls", tls.VersionName(t.Version), "cipher", tls.CipherSuiteName(t.CipherSuite))
	}
	r.log.Info("connected", attrs...)
}
