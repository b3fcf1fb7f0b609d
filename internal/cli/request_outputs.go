package cli

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"
	"strings"

	"estream/format"
	"estream/format/catalog"
	"estream/format/print"
	"estream/meta"
	"estream/output/syslog"
	"estream/request"
	alertcsv "estream/request/csv"
	"estream/request/pcap"
	"estream/request/snmp"
	alertlog "estream/request/syslog"
	"estream/wire"

	"github.com/spf13/pflag"
)

// formatPrefix chooses a format of decode where a plugin has its name.
const formatPrefix = "format:"

// isFormat reports whether -output names a format of decode.
func (r *requestRun) isFormat() bool {
	return slices.Contains(catalog.Names(), strings.TrimPrefix(r.output, formatPrefix))
}

// outputs lists what -output can be.
func (r *requestRun) outputs() string {
	var names []string
	for _, p := range request.Plugins() {
		names = append(names, p.Name)
	}
	for _, name := range catalog.Names() {
		if _, taken := request.FindPlugin(name); !taken {
			names = append(names, name)
		} else if name != "json" {
			names = append(names, formatPrefix+name)
		}
	}
	return strings.Join(names, ", ")
}

// makeOutput makes the output, and what shows host profiles.
func (r *requestRun) makeOutput(s *request.Session) (request.Output, error) {
	switch r.plugin.Name {
	case "snmp":
		return r.snmp.open(r)
	case "syslog":
		return r.syslog.open(r)
	}
	w, err := r.createOutput()
	if err != nil {
		return nil, err
	}
	if len(s.Hosts) > 0 {
		s.Host = r.hostWriter(w)
		return request.Discard{}, nil
	}
	switch r.plugin.Name {
	case "print":
		return request.NewLines(w, print.New(print.Options{Message: r.hex, Layouts: r.set})), nil
	case "csv":
		return alertcsv.New(w, r.csvComma), nil
	case "pcap":
		return pcap.New(w)
	case "pcapng":
		return pcap.NewNG(w, pcap.NGOptions{Log: r.log, Program: "estream " + version()})
	}
	var f format.Format
	if f, err = catalog.New(strings.TrimPrefix(r.output, formatPrefix), catalog.Options{Layouts: r.set}); err != nil {
		return nil, err
	}
	return request.NewLines(w, f), nil
}

// hostWriter writes host profiles: text, or one JSON object per host.
func (r *requestRun) hostWriter(w io.Writer) func(wire.HostDataRequest, []byte, *meta.Snapshot) error {
	var text []byte
	return func(h wire.HostDataRequest, block []byte, names *meta.Snapshot) (err error) {
		o := print.Options{Hex: r.hex, Layouts: r.set, Names: names}
		text = text[:0]
		switch {
		case block == nil:
			r.log.Warn("the server does not know this host", "host", h.First.String())
			return nil
		case r.plugin.Name == "json":
			text, err = print.AppendBlockJSON(text, r.set, block, o)
			if err != nil {
				r.log.Error("a host profile cannot be decoded", "host", h.First.String(), "error", err, "bytes", len(block))
				return nil
			}
			text = append(text, '\n')
		default:
			text = print.AppendBlock(text, r.set, block, o)
		}
		_, err = w.Write(text)
		return err
	}
}

// snmpFlags are the options of the output snmp.
type snmpFlags struct {
	version, community, user       string
	auth, authFile, priv, privFile string
	engine, oid, state             string
}

func (s *snmpFlags) register(f *pflag.FlagSet) {
	f.StringVar(&s.version, "snmp-version", "2c", "snmp: the `VERSION` 2c or 3")
	f.StringVar(&s.community, "snmp-community", "sf_community", "snmp: `COMMUNITY` of 2c")
	f.StringVar(&s.user, "snmp-user", "", "snmp: `NAME` of the user of 3")
	f.StringVar(&s.auth, "snmp-auth", "", "snmp: authentication `PROTOCOL` of 3: MD5, SHA, SHA-224, SHA-256, SHA-384 or SHA-512")
	f.StringVar(&s.authFile, "snmp-auth-file", "", "snmp: `FILE` whose first line is the password of that")
	f.StringVar(&s.priv, "snmp-priv", "", "snmp: encryption `PROTOCOL` of 3: DES, AES, AES-192 or AES-256")
	f.StringVar(&s.privFile, "snmp-priv-file", "", "snmp: `FILE` whose first line is the password of that")
	f.StringVar(&s.engine, "snmp-engine", "", "snmp: the engine `ID` of 3 in hex digits (default: made once, kept in --snmp-state)")
	f.StringVar(&s.oid, "snmp-oid", "", "snmp: the `OID` of the MIB (default: that of contrib/snmp/ESTREAM-ALERT-MIB.txt)")
	f.StringVar(&s.state, "snmp-state", "estreamer.snmp", "snmp: `FILE` that keeps the engine of 3 and how often it was started")
}

func (s *snmpFlags) check(plugin string) error {
	three := s.user != "" || s.auth != "" || s.authFile != "" || s.priv != "" || s.privFile != "" || s.engine != ""
	switch {
	case plugin != "snmp" && (three || s.oid != "" || s.version != "2c"):
		return usagef("the --snmp options go with -output snmp, not with %s", plugin)
	case s.version != "2c" && s.version != "3":
		return usagef("--snmp-version is %q; expected 2c or 3", s.version)
	case s.version == "2c" && three:
		return usagef("--snmp-user and what belongs to it are for --snmp-version 3")
	}
	return nil
}

func (s *snmpFlags) open(r *requestRun) (request.Output, error) {
	o := snmp.Options{
		Target: r.file, Version: s.version, User: s.user,
		AuthProtocol: s.auth, PrivProtocol: s.priv, EngineID: s.engine, Root: s.oid, Log: r.log,
	}
	if s.version == "3" {
		o.State = s.state
	} else {
		o.Community = s.community
	}
	var err error
	if o.AuthPassword, err = r.readPassword("--snmp-auth-file", s.authFile); err != nil {
		return nil, err
	}
	if o.PrivPassword, err = r.readPassword("--snmp-priv-file", s.privFile); err != nil {
		return nil, err
	}
	return snmp.New(o)
}

// syslogFlags are the options of the output syslog.
type syslogFlags struct{ facility, severity string }

func (s *syslogFlags) register(f *pflag.FlagSet) {
	f.StringVar(&s.facility, "syslog-facility", "user", "syslog: the `FACILITY` of messages, a name or number")
	f.StringVar(&s.severity, "syslog-severity", "notice", "syslog: the `SEVERITY` of messages, a name or number")
}

func (s *syslogFlags) check(plugin string) error {
	if plugin != "syslog" && (s.facility != "user" || s.severity != "notice") {
		return usagef("the --syslog options go with -output syslog, not with %s", plugin)
	}
	return nil
}

func (s *syslogFlags) open(r *requestRun) (request.Output, error) {
	target := r.file
	for _, short := range []string{"udp://", "tcp://", "tls://"} {
		if strings.HasPrefix(target, short) {
			target = "syslog+" + target
		}
	}
	return alertlog.New(alertlog.Options{
		Target: target, Header: syslog.HeaderOptions{Facility: s.facility, Severity: s.severity}, Log: r.log,
	})
}

// createOutput creates the file of -f, or returns standard output.
func (r *requestRun) createOutput() (io.Writer, error) {
	if r.file == "" {
		return r.stdout, nil
	}
	if err := parentExists("-file", r.file); err != nil {
		return nil, err
	}
	f, err := os.OpenFile(r.file, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return nil, fmt.Errorf("-file: %w", err)
	}
	r.cleanup = append(r.cleanup, func() error {
		if err := f.Close(); err != nil && !errors.Is(err, fs.ErrClosed) {
			return err
		}
		return nil
	})
	return f, nil
}
