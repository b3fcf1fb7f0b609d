package assemble

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"slices"
	"strconv"

	nethttp "net/http"

	"estream/config"
	"estream/format"
	"estream/format/catalog"
	"estream/internal/durable"
	"estream/meta"
	"estream/output"
	"estream/output/deadletter"
	"estream/output/exec"
	"estream/output/file"
	"estream/output/http"
	"estream/output/relp"
	"estream/output/syslog"
	"estream/output/tcp"
	"estream/output/udp"
	"estream/service"
)

// An Opener opens a destination with the state of its last commit.
type Opener func(saved []byte) (output.Output, error)

func outputKey(i int) string { return fmt.Sprintf("outputs[%d]", i) }

func addrPort(a netip.Addr) netip.AddrPort { return netip.AddrPortFrom(a, 0) }

func (b *Builder) makeOutput(c *config.Config, i int) (*service.Output, error) {
	o, key := &c.Outputs[i], outputKey(i)
	choice, err := b.choice(c, o, key)
	if err != nil {
		return nil, err
	}
	f, err := b.format(o)
	if err != nil {
		return nil, err
	}
	made := &service.Output{
		Name: o.Name, Format: f, Choice: choice, Sources: members(c, o.Filter.Sources), Workers: o.Workers, Commit: o.CommitInterval,
	}
	if o.WhenFull.Policy == config.PolicyDrop {
		made.BacklogBytes, made.BacklogAge = int64(o.WhenFull.BacklogSize), o.WhenFull.BacklogAge
	}
	dead := &deadletter.Output{File: b.dead, Name: o.Name, Format: string(o.Format), Position: made.Stats.Committed.Load}
	if made.Open, err = b.Destination(o, f, dead.Reject); err != nil {
		return nil, err
	}
	return made, nil
}

// members returns the names of the sources that a list of sources and groups means.
func members(c *config.Config, list []string) []string {
	var all []string
	for _, name := range list {
		i := slices.IndexFunc(c.Groups, func(g config.Group) bool { return g.Name == name })
		if i >= 0 {
			all = append(all, c.Groups[i].Members...)
		} else {
			all = append(all, name)
		}
	}
	return all
}

var packets = map[config.PacketEncoding]meta.PacketEncoding{"hex": meta.PacketHex, "ascii": meta.PacketASCII, "utf-8": meta.PacketUTF8}

func (b *Builder) format(o *config.Output) (format.Format, error) {
	opt := catalog.Options{
		Hostname: o.Hostname, Version: o.DeviceVersion, Layouts: b.Layouts,
		Packets: meta.Packets{Encoding: packets[o.PacketEncoding], OmitOriginal: !o.OriginalPacket},
	}
	if o.Profile != "" {
		var err error
		if opt.Profile, err = meta.ParseProfile(string(o.Profile)); err != nil {
			return nil, err
		}
	}
	if o.Prefix != nil {
		opt.Prefix = []byte(*o.Prefix)
	}
	if o.Mapping != "" {
		var err error
		if opt.Mapping, err = os.ReadFile(o.Mapping); err != nil {
			return nil, fmt.Errorf("mapping: %w", err)
		}
	}
	f, err := catalog.New(string(o.Format), opt)
	if err != nil && o.Mapping != "" {
		return nil, fmt.Errorf("mapping %s: %w", o.Mapping, err)
	}
	return f, err
}

// Destination returns how the destination of an output is opened. reject takes what
// it refuses for good.
func (b *Builder) Destination(o *config.Output, f format.Format, reject output.Reject) (Opener, error) {
	log := b.Log.With("output", o.Name)
	var client *tls.Config
	if o.TLS != nil {
		var err error
		if client, err = clientTLS(o.TLS, o.To.Host); err != nil {
			return nil, fmt.Errorf("tls: %w", err)
		}
		for _, pair := range client.Certificates {
			b.certificates["certificate of output "+o.Name] = pair.Leaf
		}
	}
	address := net.JoinHostPort(o.To.Host, strconv.Itoa(o.To.Port))
	line := int(o.MaxLine)
	switch o.To.Kind {
	case config.ToStdout:
		if b.Stdout == nil {
			return nil, errors.New("standard output cannot be used here")
		}
		return b.Stdout, nil
	case config.ToFile, config.ToRelFile:
		opt := fileOptions(o, f)
		opt.Log = log
		return func(saved []byte) (output.Output, error) { return file.OpenWith(opt, saved) }, nil
	case config.ToTCP, config.ToTLS:
		opt := tcp.Options{Address: address, TLS: client, MaxLine: line, Log: log, Connect: o.Network.ConnectTimeout, Stall: o.Network.StallTimeout}
		return opener(tcp.Open, opt), nil
	case config.ToUDP:
		opt := udp.Options{Address: address, MaxLine: line, Newline: o.UDP.Newline, Log: log, Connect: o.Network.ConnectTimeout}
		return opener(udp.Open, opt), nil
	case config.ToSyslogUDP, config.ToSyslogTCP, config.ToSyslogTLS:
		header, err := headerOptions(o.Syslog)
		if err != nil {
			return nil, err
		}
		opt := syslog.Options{
			Transport: map[config.Kind]syslog.Transport{config.ToSyslogUDP: syslog.UDP, config.ToSyslogTCP: syslog.TCP, config.ToSyslogTLS: syslog.TLS}[o.To.Kind],
			Address:   address, TLS: client, Header: header, MaxLine: line, Log: log, Connect: o.Network.ConnectTimeout, Stall: o.Network.StallTimeout,
		}
		if o.Syslog.Framing != "" {
			if opt.Framing, err = syslog.ParseFraming(string(o.Syslog.Framing)); err != nil {
				return nil, err
			}
		}
		return opener(syslog.Open, opt), nil
	case config.ToRELP, config.ToRELPTLS:
		header, err := headerOptions(o.Syslog)
		if err != nil {
			return nil, err
		}
		opt := relp.Options{
			Address: address, TLS: client, Header: header, Window: o.Relp.Window, MaxLine: line, Log: log, Reject: reject,
			Connect: o.Network.ConnectTimeout, Stall: o.Network.StallTimeout,
		}
		return opener(relp.Open, opt), nil
	case config.ToHTTP, config.ToHTTPS:
		opt, err := httpOptions(o)
		if err != nil {
			return nil, err
		}
		opt.TLS, opt.MaxLine, opt.Log, opt.Reject = client, line, log, reject
		return opener(http.Open, opt), nil
	case config.ToExec:
		pace := b.pace[o.Name]
		if pace == nil {
			pace = new(exec.Backoff)
			b.pace[o.Name] = pace
		}
		opt := exec.Options{Argv: append([]string{o.To.Path}, o.Exec.Args...), MaxLine: line, Backoff: pace, Log: log}
		return opener(exec.Open, opt), nil
	}
	return nil, fmt.Errorf("destination %s is of a kind that nothing is known about", o.To)
}

// Guarantee returns what a kind of destination promises on delivery.
func Guarantee(kind config.Kind) output.Guarantee {
	switch kind {
	case config.ToFile, config.ToRelFile:
		return output.ExactlyOnce
	case config.ToRELP, config.ToRELPTLS, config.ToHTTP, config.ToHTTPS:
		return output.AtLeastOnce
	case config.ToUDP, config.ToSyslogUDP:
		return output.AtMostOnce
	}
	return output.AtLeastOnceSent
}

// opener makes an Opener of a destination that keeps no state.
func opener[O any, D output.Output](open func(O) (D, error), o O) Opener {
	return func([]byte) (output.Output, error) {
		d, err := open(o)
		if err != nil {
			return nil, err
		}
		return d, nil
	}
}

var namings = map[config.Naming]file.Naming{"renamed": file.Renamed, "stamped": file.Stamped, "encore": file.Encore}

func fileOptions(o *config.Output, f format.Format) file.Options {
	r := o.File
	opt := file.Options{
		FS: durable.OS{}, Path: o.To.Path, Naming: namings[r.Naming], Mode: os.FileMode(r.Mode), MakeDirs: r.MakeDirs,
		MaxBytes: int64(r.RotateSize), MaxLines: int64(r.RotateLines), MaxAge: r.RotateAge, NewAtStart: r.NewAtStart,
		Compress: r.Compress == "gzip", KeepFiles: r.Keep, KeepAge: r.KeepAge, KeepBytes: int64(r.KeepSize),
	}
	if h, ok := f.(format.Headed); ok {
		opt.Header = []byte(h.Header() + "\n")
	}
	return opt
}

func headerOptions(s *config.Syslog) (syslog.HeaderOptions, error) {
	form, err := syslog.ParseFormat(string(s.Header))
	if err != nil {
		return syslog.HeaderOptions{}, err
	}
	return syslog.HeaderOptions{
		Format: form, Facility: s.Facility, Severity: string(s.Severity), Hostname: s.Hostname, AppName: s.AppName, ProcID: s.ProcID, MsgID: s.MsgID,
	}, nil
}

func httpOptions(o *config.Output) (http.Options, error) {
	h := o.HTTP
	opt := http.Options{
		URL: o.To.String(), Gzip: h.Compress == "gzip", Header: nethttp.Header{}, User: h.User,
		MaxBytes: int(h.BatchSize), MaxLines: h.BatchLines, Timeout: h.Timeout,
	}
	if h.Body == "array" {
		opt.Form = http.Array
	}
	for name, value := range h.Headers {
		opt.Header.Set(name, value)
	}
	for name, secret := range h.SecretHeaders {
		value, err := secret.Resolve()
		if err != nil {
			return opt, fmt.Errorf("secret header %s: %w", name, err)
		}
		opt.Header.Set(name, value)
	}
	for _, s := range []struct {
		secret config.Secret
		to     *string
		name   string
	}{{h.Password, &opt.Password, "password"}, {h.Token, &opt.Token, "token"}} {
		if s.secret.IsZero() {
			continue
		}
		var err error
		if *s.to, err = s.secret.Resolve(); err != nil {
			return opt, fmt.Errorf("%s: %w", s.name, err)
		}
	}
	return opt, nil
}

// clientTLS returns how the server of a destination is verified.
func clientTLS(t *config.ClientTLS, host string) (*tls.Config, error) {
	cfg := &tls.Config{MinVersion: tlsVersions[t.Min], ServerName: t.ServerName, InsecureSkipVerify: t.Insecure}
	if cfg.ServerName == "" {
		cfg.ServerName = host
	}
	if t.CA != "" {
		text, err := readFile(t.CA)
		if err != nil {
			return nil, err
		}
		cfg.RootCAs = x509.NewCertPool()
		if !cfg.RootCAs.AppendCertsFromPEM(text) {
			return nil, fmt.Errorf("%s holds no certificate in PEM form", t.CA)
		}
	}
	if t.Certificate != "" {
		pair, err := tls.LoadX509KeyPair(t.Certificate, t.Key)
		if err != nil {
			return nil, err
		}
		cfg.Certificates = []tls.Certificate{pair}
	}
	return cfg, nil
}
