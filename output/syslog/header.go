package syslog

import (
	"fmt"
	"log/slog"
	"os"
	"strconv"
	"time"
)

// A Format is what stands in front of each line.
type Format int

const (
	RFC5424  Format = iota // <PRI>1 2026-01-02T03:04:05.678901Z host app proc msgid -
	RFC3164                // <PRI>Jan  2 03:04:05 host app[proc]:
	NoHeader               // nothing: the line begins with <PRI> itself
)

var formats = []string{"rfc5424", "rfc3164", "none"}

func (f Format) String() string { return nameOf(formats, int(f)) }

// ParseFormat returns the format named rfc5424, rfc3164 or none.
func ParseFormat(name string) (Format, error) {
	i, err := indexOf("syslog format", formats, name)
	return Format(i), err
}

// HeaderOptions say what a header holds. Texts are printable ASCII without
// blanks, "-" stands for nothing (RFC 5424 section 6.2).
type HeaderOptions struct {
	Format   Format
	Facility string // name or number; "": local0
	Severity string // name or number; "": info
	Hostname string // at most 255 bytes; "": this machine's name
	AppName  string // at most 48 bytes, with RFC 3164 at most 32 and neither ":" nor "["; "": estream
	ProcID   string // at most 128 bytes; "": "-"
	MsgID    string // at most 32 bytes; "": "-". RFC 3164 has no place for it
}

// A Header makes the headers of one output. It may be used concurrently.
type Header struct {
	format        Format
	before, after []byte // the timestamp
}

// NewHeader checks o. log, which may be nil, is told when this machine's name
// cannot be used.
func NewHeader(o HeaderOptions, log *slog.Logger) (*Header, error) {
	if o.Format == NoHeader {
		return &Header{format: NoHeader}, nil
	}
	if o.Format != RFC5424 && o.Format != RFC3164 {
		return nil, fmt.Errorf("syslog format %d: expected RFC5424, RFC3164 or NoHeader", int(o.Format))
	}
	priority, err := priority(o.Facility, o.Severity)
	if err != nil {
		return nil, err
	}
	if o.Hostname == "" {
		o.Hostname = hostname(o.Format, log)
	}
	if o.AppName == "" {
		o.AppName = "estream"
	}
	for _, p := range []*string{&o.ProcID, &o.MsgID} {
		if *p == "" {
			*p = "-"
		}
	}
	tag := 48
	if o.Format == RFC3164 {
		tag = 32
	}
	for _, f := range []struct {
		name, value string
		most        int
	}{{"host name", o.Hostname, 255}, {"application name", o.AppName, tag}, {"process id", o.ProcID, 128}, {"message id", o.MsgID, 32}} {
		if err := check(f.name, f.value, f.most); err != nil {
			return nil, err
		}
	}
	h := &Header{format: o.Format}
	if o.Format == RFC5424 {
		h.before = fmt.Appendf(nil, "<%d>1 ", priority)
		h.after = fmt.Appendf(nil, " %s %s %s %s - ", o.Hostname, o.AppName, o.ProcID, o.MsgID)
		return h, nil
	}
	for i, c := range []byte(o.AppName) {
		if c == ':' || c == '[' {
			return nil, fmt.Errorf("syslog application name %q: %q at position %d ends a tag of RFC 3164: leave it out", o.AppName, c, i)
		}
	}
	h.before = fmt.Appendf(nil, "<%d>", priority)
	h.after = fmt.Appendf(nil, " %s %s", o.Hostname, o.AppName)
	if o.ProcID != "-" {
		h.after = fmt.Appendf(h.after, "[%s]", o.ProcID)
	}
	h.after = append(h.after, ": "...)
	return h, nil
}

// Append appends the header of a line sent at now: in UTC with microseconds
// (RFC 5424), or in local time with seconds (RFC 3164).
func (h *Header) Append(dst []byte, now time.Time) []byte {
	if h.format == NoHeader {
		return dst
	}
	dst = append(dst, h.before...)
	if h.format == RFC5424 {
		dst = now.UTC().AppendFormat(dst, "2006-01-02T15:04:05.000000Z")
	} else {
		dst = now.Local().AppendFormat(dst, time.Stamp)
	}
	return append(dst, h.after...)
}

func check(name, value string, most int) error {
	if len(value) > most {
		return fmt.Errorf("syslog %s of %d bytes: expected at most %d: %.60q", name, len(value), most, value)
	}
	for i, c := range []byte(value) {
		if c < 33 || c > 126 {
			return fmt.Errorf("syslog %s %q: byte %#02x at position %d: expected printable ASCII without blanks", name, value, c, i)
		}
	}
	return nil
}

// hostname returns this machine's name, or a stand-in that receivers know.
func hostname(f Format, log *slog.Logger) string {
	name, err := os.Hostname()
	if err == nil {
		if err = check("host name", name, 255); err == nil && name != "" {
			return name
		}
	}
	instead := "-"
	if f == RFC3164 {
		instead = "localhost" // there is no sign for "none" there
	}
	if log != nil {
		log.Warn("output: this machine's name cannot stand in a syslog header: configure one", "instead", instead, "error", err)
	}
	return instead
}

// Facilities by number. Codes 12 to 15 have several names in use.
var facilities = []string{
	"kern", "user", "mail", "daemon", "auth", "syslog", "lpr", "news", "uucp", "cron", "authpriv", "ftp",
	"ntp", "audit", "alert", "clock", "local0", "local1", "local2", "local3", "local4", "local5", "local6", "local7",
}

// Severities by number.
var severities = []string{"emerg", "alert", "crit", "err", "warning", "notice", "info", "debug"}

var severityAliases = map[string]string{"panic": "emerg", "error": "err", "warn": "warning", "emergency": "emerg", "critical": "crit", "informational": "info"}

func priority(facility, severity string) (int, error) {
	if facility == "" {
		facility = "local0"
	}
	if severity == "" {
		severity = "info"
	}
	f, err := indexOf("syslog facility", facilities, facility)
	if err != nil {
		return 0, err
	}
	if name, ok := severityAliases[severity]; ok {
		severity = name
	}
	s, err := indexOf("syslog severity", severities, severity)
	if err != nil {
		return 0, err
	}
	return f*8 + s, nil
}

// indexOf accepts a name or its number.
func indexOf(what string, names []string, s string) (int, error) {
	for i, name := range names {
		if s == name || s == strconv.Itoa(i) {
			return i, nil
		}
	}
	return 0, fmt.Errorf("%s %q: expected a number from 0 to %d or one of %v", what, s, len(names)-1, names)
}

func nameOf(names []string, i int) string {
	if i >= 0 && i < len(names) {
		return names[i]
	}
	return "unknown " + strconv.Itoa(i)
}
