package assemble

import (
	"fmt"
	"net"
	"net/netip"
	"path/filepath"

	"estream/admin"
	"estream/config"
	"estream/hosts"
	"estream/pki"
	"estream/server"
	"estream/service"
	"estream/session"
)

// PKI is the directory of a server's certificates and registrations below its state.
const PKI = "pki"

// makeServer makes the eStreamer server, with a certificate authority if there is none
// yet. It returns nil if none is configured, and where nothing may be written.
func (b *Builder) makeServer(c *config.Config) (*service.Server, error) {
	s := c.Server
	if s == nil || b.Check {
		return nil, nil
	}
	opt := pki.Options{Logger: b.Log}
	if !s.CAPassword.IsZero() {
		opt.Password = s.CAPassword.Resolve
	}
	authority, err := pki.Open(filepath.Join(c.State, PKI), opt)
	if err != nil {
		return nil, fmt.Errorf("certificates: %w", err)
	}
	store, err := admin.Open(c.State, admin.Options{Log: b.Log})
	if err != nil {
		return nil, fmt.Errorf("administration: %w", err)
	}
	srv := &server.Server{
		Authority: authority, NoHost: !s.HostCheck, Log: b.Log, Trace: b.Trace, FlagsCompete: s.Compete,
		Limits:  server.Limits{Sessions: s.MaxSessions},
		Session: session.ServerConfig{BundleMessages: s.Bundle, KeepAlive: s.KeepAlive},
	}
	return &service.Server{
		Server: srv, Addresses: s.Listen, AdminAddress: s.Admin,
		Admin: &admin.Service{Store: store, Authority: authority, Log: b.Log},
	}, nil
}

// private are the networks in which sensors discover hosts unless told otherwise.
var private = []string{"10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "169.254.0.0/16", "fc00::/7", "fe80::/10"}

// PrivateNetworks are where sensors discover hosts unless told otherwise.
func PrivateNetworks() (list []netip.Prefix) {
	for _, text := range private {
		list = append(list, netip.MustParsePrefix(text))
	}
	return list
}

// MapOptions returns what the network map is made with.
func MapOptions(n *config.NetworkMap) (opt hosts.Options, err error) {
	opt.MaxHosts = n.MaxHosts
	if n.Networks == nil {
		opt.Networks = PrivateNetworks()
	}
	for _, text := range n.Networks {
		p, err := netip.ParsePrefix(text)
		if err != nil {
			return opt, fmt.Errorf("network_map.networks: %w", err)
		}
		opt.Networks = append(opt.Networks, p)
	}
	return opt, nil
}

// listening reports the addresses that cannot be listened on.
func listening(c *config.Config, note func(key string, err error)) {
	if c.Server == nil {
		return
	}
	try := func(key, address string) {
		if address == "" {
			return
		}
		if _, err := net.ResolveTCPAddr("tcp", address); err != nil {
			note(key, err)
		}
	}
	for i, address := range c.Server.Listen {
		try(fmt.Sprintf("server.listen[%d]", i), address)
	}
	try("server.admin", c.Server.Admin)
}
