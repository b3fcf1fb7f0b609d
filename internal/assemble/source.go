package assemble

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"estream/config"
	"estream/filter"
	"estream/format"
	"estream/pki"
	"estream/service"
	"estream/session"
	"estream/source/fmc"
	"estream/wire"
)

func sourceKey(i int) string { return fmt.Sprintf("sources[%d]", i) }

// maxSecretFile is the largest certificate or key file that is read, in bytes.
const maxSecretFile = 1 << 20

func (b *Builder) makeSource(c *config.Config, i int, outputs []*service.Output) (*service.Source, error) {
	s := &c.Sources[i]
	cred, err := Credentials(s)
	if err != nil {
		return nil, err
	}
	b.certificates["certificate of source "+s.Name] = cred.Leaf
	for _, ca := range cred.CACertificates {
		b.certificates["CA "+ca.Subject.CommonName+" of source "+s.Name] = ca
	}
	cfg, err := ClientTLS(c, s, cred)
	if err != nil {
		return nil, err
	}
	flags, pairs := b.Request(c, s, outputs)
	return &service.Source{Name: s.Name, Source: &fmc.Source{
		Addr: Address(s), TLS: cfg, Start: uint32(s.Start), Margin: uint32(s.Margin / time.Second), Persist: true,
		Session: session.ClientConfig{
			Network: Network(s), DialContext: Dialer(s), Flags: flags, Pairs: pairs,
			HandshakeTimeout: s.ConnectTimeout, IdleTimeout: s.IdleTimeout,
		},
	}}, nil
}

// Address returns host and port of a source.
func Address(s *config.Source) string { return net.JoinHostPort(s.Host, strconv.Itoa(s.Port)) }

// Network returns the network of a source, as package net names it.
func Network(s *config.Source) string {
	switch s.AddressFamily {
	case "ipv4":
		return "tcp4"
	case "ipv6":
		return "tcp6"
	}
	return "tcp"
}

// Dialer dials from the address that a source is set to.
func Dialer(s *config.Source) func(ctx context.Context, network, addr string) (net.Conn, error) {
	d := &net.Dialer{}
	if s.LocalAddress.IsValid() {
		d.LocalAddr = net.TCPAddrFromAddrPort(addrPort(s.LocalAddress))
	}
	return d.DialContext
}

// Credentials reads the certificate and key of a source.
func Credentials(s *config.Source) (*pki.Credentials, error) {
	if s.PKCS12 == "" {
		cert, err := readFile(s.Certificate)
		if err != nil {
			return nil, err
		}
		key, err := readFile(s.Key)
		if err != nil {
			return nil, err
		}
		cred, err := pki.LoadPEM(cert, key)
		if err != nil {
			return nil, fmt.Errorf("%s and %s: %w", s.Certificate, s.Key, err)
		}
		return cred, nil
	}
	data, err := readFile(s.PKCS12)
	if err != nil {
		return nil, err
	}
	password := "" // many files have none
	if !s.Password.IsZero() {
		if password, err = s.Password.Resolve(); err != nil {
			return nil, fmt.Errorf("password: %w", err)
		}
	}
	cred, err := pki.LoadPKCS12(data, password)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", s.PKCS12, err)
	}
	return cred, nil
}

func readFile(name string) ([]byte, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxSecretFile+1))
	if err != nil {
		return nil, err
	}
	if len(data) > maxSecretFile {
		return nil, fmt.Errorf("%s has more than %d bytes", name, maxSecretFile)
	}
	return data, nil
}

var tlsVersions = map[config.TLSVersion]uint16{"1.0": tls.VersionTLS10, "1.1": tls.VersionTLS11, "1.2": tls.VersionTLS12, "1.3": tls.VersionTLS13}

// Verification returns how the server of a source is verified.
func Verification(c *config.Config, s *config.Source) pki.ClientOptions {
	o := pki.ClientOptions{Pin: &pki.Pin{File: filepath.Join(c.State, "pin-"+s.Name)}}
	if digest, ok := strings.CutPrefix(s.Pin, "sha256:"); ok {
		o.PinOnly, o.Pin = true, &pki.Pin{Digest: digest}
	} else if s.Pin == "first-use" {
		o.PinOnly = true
	}
	return o
}

// ClientTLS returns the TLS configuration of a source.
func ClientTLS(c *config.Config, s *config.Source, cred *pki.Credentials) (*tls.Config, error) {
	cfg, err := pki.ClientTLSConfig(cred, Verification(c, s))
	if err != nil {
		return nil, err
	}
	cfg.MinVersion = tlsVersions[s.TLSMin]
	return cfg, nil
}

// classes are the event types of a request with the record categories that they
// bring.
var classes = []struct {
	code       uint16
	categories []string
}{
	{wire.CodeIntrusion, []string{"intrusion", "packet", "extra_data"}},
	{wire.CodeCorrelation, []string{"correlation"}},
	{wire.CodeDiscovery, []string{"discovery", "ioc"}},
	{wire.CodeConnection, []string{"connection"}},
	{wire.CodeUser, []string{"user", "vpn"}},
	{wire.CodeMalware, []string{"malware"}},
	{wire.CodeFile, []string{"file"}},
	{wire.CodeImpactAlert, []string{"impact"}},
}

// Request returns the flags and event types that a source asks for: what is
// configured, less what no output can use.
func (b *Builder) Request(c *config.Config, s *config.Source, outputs []*service.Output) (wire.RequestFlags, []wire.EventPair) {
	flags, pairs := wire.RequestFlags(s.Request.Flags), s.Request.Versions.Pairs()
	if !s.Request.OnlyUsed || c.Server != nil { // its clients may ask for anything
		return flags, pairs
	}
	used := b.used(s.Name, outputs)
	var asked []wire.EventPair
	for _, p := range pairs {
		if p.Code == wire.CodeMetadata || used[p.Code] {
			asked = append(asked, p)
		}
	}
	if !b.takes(s.Name, outputs, "packet") {
		flags &^= wire.FlagPackets
	}
	return flags, asked
}

func (b *Builder) used(source string, outputs []*service.Output) map[uint16]bool {
	used := map[uint16]bool{}
	for _, class := range classes {
		for _, category := range class.categories {
			used[class.code] = used[class.code] || b.takes(source, outputs, category)
		}
	}
	return used
}

// takes reports whether an output may write records of a category from a source.
func (b *Builder) takes(source string, outputs []*service.Output, category string) bool {
	for _, o := range outputs {
		if from(o, source) && b.chooses(o.Choice, category) {
			return true
		}
	}
	return false
}

func from(o *service.Output, source string) bool {
	if len(o.Sources) == 0 {
		return true
	}
	for _, name := range o.Sources {
		if name == source {
			return true
		}
	}
	return false
}

func (b *Builder) chooses(c format.Choice, category string) bool {
	if c.Where == nil {
		return true
	}
	both, err := b.parser.Parse("category == " + strconv.Quote(category))
	if err != nil {
		return true
	}
	both = filter.And(both, c.Where)
	for typ := range 1 << 16 {
		if !both.Skips(&wire.RecordHeader{Type: uint16(typ), Extended: true, Size: 16, ArchiveTimestamp: 1}) {
			return true
		}
	}
	return false
}
