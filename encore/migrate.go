package encore

import (
	"bytes"
	"fmt"
	"path/filepath"
	"strconv"
	"strings"

	"estream/encore/conf"
	"estream/internal/durable"
	"estream/wire"
)

// Migrate returns an estream.yaml that does what the eNcore directory dir does:
// the same server from its bookmark on, with the same key and certificate, the same
// lines in the same places. Notes say what a person has to do, and what is no more
// as it was. Nothing is changed in dir.
func Migrate(dir string) (yaml []byte, notes []string, err error) {
	dir, err = filepath.Abs(dir)
	if err != nil {
		return nil, nil, err
	}
	c, warnings, _, err := loadConf(dir, ConfName)
	if err != nil {
		return nil, nil, err
	}
	m := &migration{dir: dir, conf: c, files: FilesFor(dir, c)}
	for _, w := range warnings {
		m.note("%s", w)
	}
	if err := m.check(); err != nil {
		return nil, nil, err
	}
	m.write("# Made from %s by: estream config migrate\n", filepath.Join(dir, ConfName))
	m.write("# docs/estream.yaml explains all keys, also those that are not here.\n\n")
	m.write("version: 1\nstate: %s\n\n", quoted(filepath.Join(dir, "estream")))
	m.log()
	if err := m.source(); err != nil {
		return nil, nil, err
	}
	if err := m.outputs(); err != nil {
		return nil, nil, err
	}
	return m.buf.Bytes(), m.notes, nil
}

type migration struct {
	dir   string
	conf  *conf.Conf
	files Files
	buf   bytes.Buffer
	notes []string
}

func (m *migration) write(format string, args ...any) { fmt.Fprintf(&m.buf, format, args...) }

func (m *migration) note(format string, args ...any) {
	m.notes = append(m.notes, fmt.Sprintf(format, args...))
}

// quoted returns a YAML scalar: JSON's quotes and escapes are YAML's as well.
func quoted(s string) string { return strconv.QuoteToASCII(s) }

// check notes what has no counterpart, and refuses what cannot be migrated.
func (m *migration) check() error {
	c := m.conf
	if host := c.Server().Host; host == "" || host == conf.PlaceholderHost {
		return fmt.Errorf("%s: the host of the Management Center was never set ($.subscription.servers[0].host is %q): set it first", ConfName, host)
	}
	if !c.Enabled {
		m.note("$.enabled is false: eNcore would not start. estream run does")
	}
	for _, name := range c.Conditions {
		m.note("$.conditions: %q has no counterpart; let the service manager start and stop estream", name)
	}
	if !c.Continue {
		m.note("$.alwaysAttemptToContinue is false: eNcore ends when the connection does. estream run always connects again")
	}
	if c.Password != "" {
		m.note("$.password is not copied: put it into a file of mode 0600 and name that under password: file")
	}
	m.note("workers, batches and queues are sized by estream itself; $.workerProcesses is not copied")
	m.note("the status line of $.monitor is not written by estream run: use estream status, or its metrics")
	return nil
}

func (m *migration) log() {
	level := map[string]string{"FATAL": "error", "ERROR": "error", "WARNING": "warn", "DEBUG": "debug", "VERBOSE": "debug", "TRACE": "debug"}[m.conf.Logging.Level]
	if level == "" {
		level = "info"
	}
	m.write("log:\n  level: %s\n", level)
	if m.conf.Logging.File != "" {
		m.write("  file: %s\n", quoted(In(m.dir, "estream.log")))
	}
	m.write("\n")
}

func (m *migration) source() error {
	s := m.conf.Server()
	m.write("sources:\n  - name: %s\n    host: %s\n    port: %d\n", quoted(yamlName(s.Host)), quoted(s.Host), s.Port)
	k := &keys{durable.OS{}, &m.files}
	if k.cached() {
		if _, err := k.load(); err != nil {
			return err
		}
		m.write("    certificate: %s\n    key: %s\n", quoted(m.files.Cert), quoted(m.files.Key))
		m.note("the key in %s is not encrypted; it should be readable for the service only (chmod 600)", m.files.Key)
	} else {
		m.write("    pkcs12: %s\n", quoted(m.files.PKCS12))
		m.note("if %s has a password, put it into a file of mode 0600 and name that under password: file", m.files.PKCS12)
	}
	if s.TLS != "1.2" {
		m.write("    tls_min: %s\n", quoted(s.TLS))
	}
	start := "oldest"
	switch m.conf.Start {
	case 1:
		start = "now"
	case 2:
		mark := &bookmark{fsys: durable.OS{}, path: m.files.Bookmark}
		second, exists, err := mark.load()
		if err != nil {
			return err
		}
		if second > 0 {
			start = strconv.FormatUint(uint64(second), 10)
			m.note("the first session begins at the bookmark, %s; events of that second come once more", wire.StartText(second))
		} else if !exists {
			m.note("there is no bookmark: the first session begins with the oldest event")
		}
	}
	m.write("    start: %s # for the first session; later ones go on where the journal ends\n", start)
	m.write("    connect_timeout: %s\n", max(m.conf.ConnectTimeout, 1e9))
	m.write("    request:\n      flags: %s\n      only_used: false\n\n", flagNames(RequestFlags(&m.conf.Request)))
	return nil
}

// flagNames lists request flags in the words of the configuration.
func flagNames(f wire.RequestFlags) string {
	_, names, _ := strings.Cut(f.String(), " ")
	return quoted(names)
}

func (m *migration) outputs() error {
	list := m.conf.EnabledOutputs()
	if len(list) == 0 {
		return fmt.Errorf("%s: no output is enabled in $.handler.outputters, so there is nothing to migrate: run estream encore setup first", ConfName)
	}
	m.write("outputs:\n")
	for _, o := range list {
		if err := m.output(o); err != nil {
			return fmt.Errorf("$.handler.outputters[%d]: %w", o.Index, err)
		}
	}
	return nil
}

func (m *migration) output(o conf.Output) error {
	name, err := FormatName(&o)
	if err != nil {
		return err
	}
	d, err := parseDestination(o, m.dir, nil)
	if err != nil {
		return err
	}
	m.write("  - name: %s\n    format: %s\n", quoted(yamlName(fmt.Sprintf("%s-%d", o.Adapter, o.Index))), name)
	switch name {
	case "json", "splunk", "cef", "cef2":
		m.write("    profile: compat # eNcore's bytes; fixed mends what is wrong with them\n")
	}
	if q := &m.conf.Request; name != "raw" && q.PacketEncoding != "hex" {
		m.write("    packet_encoding: %s\n", q.PacketEncoding)
	}
	if q := &m.conf.Request; name != "raw" && !q.OriginalPacket {
		m.write("    original_packet: false\n")
	}
	switch d.Scheme {
	case "file", "relfile":
		m.write("    to: %s\n", quoted("file:"+m.path(o.URI, d.Scheme)))
		m.write("    file:\n      mode: \"0644\"\n      new_at_start: true\n")
		if o.Rotate {
			m.write("      rotate_lines: %d\n", o.MaxLogs)
		}
	case "udp":
		m.write("    to: %s\n    udp:\n      newline: true\n", quoted(fmt.Sprintf("udp://%s", hostPort(d))))
	case "tcp":
		m.write("    to: %s\n", quoted(fmt.Sprintf("tcp://%s", hostPort(d))))
	case "scp":
		path := filepath.Join(m.dir, filepath.Base("/"+d.Path))
		m.write("    to: %s # was scp to %s\n", quoted("file:"+path), quoted(d.Host))
		m.write("    file:\n      mode: \"0644\"\n      new_at_start: true\n      rotate_lines: %d\n", o.MaxLogs)
		m.note("$.handler.outputters[%d]: estream run does not copy files by scp; they are written to %s. Copy finished ones from there with a timer", o.Index, path)
	default:
		m.write("    to: stdout\n")
	}
	m.filter()
	return nil
}

func hostPort(d Destination) string {
	return (&conf.Conf{Servers: []conf.Server{{Host: d.Host, Port: d.Port}}}).Server().Addr()
}

// path returns the absolute path of a file output.
func (m *migration) path(uri, scheme string) string {
	_, rest, _ := strings.Cut(uri, "://")
	if i := strings.IndexAny(rest, "?#"); i >= 0 {
		rest = rest[:i]
	}
	path := strings.TrimPrefix(rest, "/")
	relative := scheme == "relfile"
	if inside, ok := strings.CutPrefix(path, ":"); ok {
		path, relative = strings.TrimPrefix(inside, "/"), true
	}
	if path == "" || strings.HasSuffix(path, "/") {
		path += "log{0}"
	}
	if relative {
		return filepath.Join(m.dir, filepath.FromSlash(path))
	}
	if filepath.VolumeName(filepath.FromSlash(path)) != "" {
		return filepath.FromSlash(path)
	}
	return filepath.FromSlash("/" + path)
}

// filter lists the record types that eNcore would write: estream writes all unless
// told otherwise.
func (m *migration) filter() {
	m.write("    filter: # what handler.records had written\n      types: [")
	n := 0
	for t := range 65536 {
		if !m.conf.Records.Writes(uint16(t)) {
			continue
		}
		switch {
		case n == 0:
		case n%20 == 0:
			m.write(",\n        ")
		default:
			m.write(", ")
		}
		m.write("%d", t)
		n++
	}
	m.write("]\n")
}

// yamlName makes a name of sources and outputs out of text.
func yamlName(s string) string {
	name := strings.Trim(strings.Map(func(r rune) rune {
		if plain(r) == r && r != '.' {
			return r
		}
		return '-'
	}, strings.ToLower(s)), "-")
	if name == "" {
		return "fmc"
	}
	return name
}
