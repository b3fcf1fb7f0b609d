package config

import (
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"path"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
)

// A Kind is a way to write lines somewhere: the scheme of an output's URI.
type Kind string

// The kinds of destinations.
const (
	ToStdout    Kind = "stdout"
	ToFile      Kind = "file"
	ToRelFile   Kind = "relfile" // eNcore's word for a file with a relative path
	ToTCP       Kind = "tcp"
	ToTLS       Kind = "tls"
	ToUDP       Kind = "udp"
	ToSyslogUDP Kind = "syslog+udp"
	ToSyslogTCP Kind = "syslog+tcp"
	ToSyslogTLS Kind = "syslog+tls"
	ToRELP      Kind = "relp"
	ToRELPTLS   Kind = "relp+tls"
	ToHTTP      Kind = "http"
	ToHTTPS     Kind = "https"
	ToExec      Kind = "exec"
)

// kinds says how the URI of each kind looks, and which sections belong to it.
var kinds = []struct {
	kind     Kind
	example  string
	port     int // by default; 0 if it must be given
	sections []string
}{
	{ToStdout, "stdout", 0, nil},
	{ToFile, "file:/var/log/events.json", 0, []string{"file"}},
	{ToRelFile, "relfile:///data/events.{0}.json", 0, []string{"file"}},
	{ToTCP, "tcp://host:5514", 0, []string{"network"}},
	{ToTLS, "tls://host:5515", 0, []string{"network", "tls"}},
	{ToUDP, "udp://host:5514", 0, []string{"network", "udp"}},
	{ToSyslogUDP, "syslog+udp://host", 514, []string{"network", "syslog"}},
	{ToSyslogTCP, "syslog+tcp://host", 514, []string{"network", "syslog"}},
	{ToSyslogTLS, "syslog+tls://host", 6514, []string{"network", "syslog", "tls"}},
	{ToRELP, "relp://host:2514", 0, []string{"network", "syslog", "relp"}},
	{ToRELPTLS, "relp+tls://host:2515", 0, []string{"network", "syslog", "relp", "tls"}},
	{ToHTTP, "http://host/path", 80, []string{"http"}},
	{ToHTTPS, "https://host/path", 443, []string{"http", "tls"}},
	{ToExec, "exec:/usr/bin/program", 0, []string{"exec"}},
}

// A Destination is where an output writes to: the parsed form of its URI.
type Destination struct {
	Kind    Kind
	Host    string // of the network kinds: a name, or an address without brackets
	Port    int    // of the network kinds: 1 to 65535
	Path    string // ToFile, ToRelFile: the file, ToExec: the program, ToHTTP, ToHTTPS: path and query as they are sent
	Address string // of the network kinds: Host and Port as net.Dial takes them
}

// String returns the URI. There are no secrets in it.
func (d Destination) String() string {
	switch d.Kind {
	case "", ToStdout:
		return string(d.Kind)
	case ToFile, ToExec:
		return string(d.Kind) + ":" + d.Path
	case ToRelFile:
		return string(d.Kind) + ":///" + d.Path
	}
	address := strings.Replace(d.Address, "%", "%25", 1) // the zone of an IPv6 address
	if d.Kind == ToHTTP && d.Port == 80 || d.Kind == ToHTTPS && d.Port == 443 {
		address = strings.TrimSuffix(address, ":"+strconv.Itoa(d.Port))
	}
	return string(d.Kind) + "://" + address + d.Path
}

func (*Destination) what() string {
	names := make([]string, len(kinds))
	for i, k := range kinds {
		names[i] = k.example
	}
	return "a destination such as " + strings.Join(names, ", ")
}

func (d *Destination) parse(text string) error {
	scheme, rest, _ := strings.Cut(text, ":")
	var known []string
	for _, k := range kinds {
		known = append(known, string(k.kind))
		if scheme != string(k.kind) {
			continue
		}
		to := Destination{Kind: k.kind, Port: k.port}
		if err := to.parseRest(text, rest, k.example); err != nil {
			return err
		}
		*d = to
		return nil
	}
	return fmt.Errorf("found %q, expected a destination that begins with one of %s%s", clip(text), strings.Join(known, ", "), suggest(scheme, known))
}

func (d *Destination) parseRest(text, rest, example string) error {
	wrong := func(why string) error {
		return fmt.Errorf("found %q, expected the form %s%s", clip(text), example, why)
	}
	switch d.Kind {
	case ToStdout:
		if text != string(ToStdout) {
			return wrong(" alone")
		}
		return nil
	case ToFile, ToRelFile, ToExec:
		if d.Kind != ToExec {
			if after, ok := strings.CutPrefix(rest, "//"); ok {
				rest = after // file:///var/log/x and file:/var/log/x are the same
			}
			if runtime.GOOS == "windows" && len(rest) > 2 && rest[0] == '/' && rest[2] == ':' {
				rest = rest[1:] // file:///C:/x
			}
		}
		if d.Kind == ToRelFile {
			rest = strings.TrimLeft(rest, "/")
		}
		p, err := filePath(rest)
		if err == errForm {
			return wrong("; the path is missing, or it is too long or has control characters")
		} else if err != nil {
			return err
		}
		if d.Kind != ToExec && strings.HasSuffix(p, "/") {
			return wrong("; the name of the file is missing behind the directory")
		}
		d.Path = p
		return nil
	}
	return d.parseNetwork(text, wrong)
}

func (d *Destination) parseNetwork(text string, wrong func(string) error) error {
	u, err := url.Parse(text)
	if err != nil || u.Opaque != "" {
		return wrong("") // the error of package url would repeat a password
	}
	if u.User != nil {
		cure := "; this transport knows no user"
		if d.Kind == ToHTTP || d.Kind == ToHTTPS {
			cure = "; user and password have keys of their own, http.user and http.password"
		}
		return wrong(" without user and password" + cure)
	}
	d.Host = u.Hostname()
	if a, err := netip.ParseAddr(d.Host); err == nil {
		d.Host = a.String()
	} else if d.Host, err = hostName(d.Host); err != nil {
		return wrong("; the host is missing or has characters that none can have")
	}
	if port := u.Port(); port != "" {
		n, err := strconv.ParseUint(port, 10, 16)
		if err != nil || n == 0 {
			return wrong(" with a port from 1 to 65535")
		}
		d.Port = int(n)
	} else if d.Port == 0 {
		return wrong("; the port is missing, and " + string(d.Kind) + " has no port by default")
	}
	d.Address = net.JoinHostPort(d.Host, strconv.Itoa(d.Port))
	switch isHTTP := d.Kind == ToHTTP || d.Kind == ToHTTPS; {
	case u.Fragment != "":
		return wrong(" without #")
	case isHTTP:
		d.Path = u.RequestURI()
	case u.RawQuery != "" || path.Clean("/"+u.Path) != "/":
		return wrong(" with nothing behind the port")
	}
	if len(text) > maxText {
		return wrong(" in at most 4096 bytes")
	}
	return nil
}

// sections returns the sections of an output that belong to this kind.
func (k Kind) sections() []string {
	for _, known := range kinds {
		if known.kind == k {
			return known.sections
		}
	}
	return nil
}

// kindsWith lists the kinds that have a section, for messages.
func kindsWith(section string) string {
	var names []string
	for _, k := range kinds {
		for _, s := range k.sections {
			if s == section {
				names = append(names, string(k.kind))
			}
		}
	}
	return strings.Join(names, ", ")
}

// mapPath replaces the path of a file by what f makes of it. A program without a
// slash is left to the search path.
func (d *Destination) mapPath(f func(string) string) {
	switch d.Kind {
	case ToExec:
		if !strings.ContainsAny(d.Path, `/\`) {
			return
		}
	case ToFile, ToRelFile:
	default:
		return
	}
	// What relfile says of a path is no longer true of an absolute one.
	if d.Path = f(d.Path); filepath.IsAbs(d.Path) && d.Kind == ToRelFile {
		d.Kind = ToFile
	}
}
