package pki

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io"
	"net/netip"
	"os"
	"strings"
	"time"
)

// A Client is one registration. Its slices belong to the registry: do not alter them.
type Client struct {
	// Host is the name or address from which the client connects, as ParseHost
	// returns it.
	Host string `json:"host"`
	// CN is the common name in its certificate, the same as Host.
	CN string `json:"cn"`
	// Serial is the certificate's serial number in hexadecimal, 32 digits.
	Serial string `json:"serial"`
	// Created and NotAfter are the time of the registration and the end of the
	// certificate's validity, in UTC and whole seconds.
	Created  time.Time `json:"created"`
	NotAfter time.Time `json:"not_after"`
	// Revoked is the time when the registration was removed; zero while it holds.
	Revoked time.Time `json:"revoked,omitzero"`
	// Also are addresses, besides those of Host, from which the client may come, such
	// as those of a gateway that translates addresses. 0.0.0.0/0 and ::/0 together
	// mean any.
	Also []netip.Prefix `json:"also,omitempty"`
	// Domain, Devices and NetmapID are kept here for package admin, so that they go
	// where the registration goes; nothing in this package depends on them.
	Domain   string   `json:"domain,omitempty"`
	Devices  []string `json:"devices,omitempty"`
	NetmapID bool     `json:"netmap_id,omitempty"`
	// Updated is when one of the four fields above was changed last, in microseconds;
	// zero if never.
	Updated time.Time `json:"updated,omitzero"`
	// Issuer is the serial number of the CA that issued the certificate, 32
	// hexadecimal digits; "" while the directory has had one only.
	Issuer string `json:"issuer,omitempty"`

	// via is the prefix of Also that admitted a session; set by Admit alone.
	via netip.Prefix
}

// Versions of clients.json. Version 2 has what follows revoked. It is written when
// something of that is needed, so that the release before can read the file as long as
// nothing is used that it lacks.
const (
	plainVersion    = 1
	registryVersion = 2
)

// Bounds of a registration's lists, and of the texts in them in bytes.
const (
	maxAlso    = 64
	maxDevices = 1024
	maxText    = 256
)

// maxRegistry bounds clients.json: some 50,000 registrations, each of about 300
// bytes.
const maxRegistry = 16 << 20

type registryJSON struct {
	Version int      `json:"version"`
	Clients []Client `json:"clients"`
}

// A registry is one state of clients.json. It is not altered once read, except for seen.
type registry struct {
	clients  []Client // in order of registration
	bySerial map[string]int
	byHost   map[string]int    // registrations that hold
	sum      [sha256.Size]byte // of the file
	seen     seen              // under Authority.mu
}

// readRegistry reads and checks clients.json.
func readRegistry(path string) (*registry, error) {
	data, seen, err := readSeen(path, maxRegistry)
	if err != nil {
		return nil, err
	}
	return newRegistry(path, data, seen)
}

func newRegistry(path string, data []byte, seen seen) (*registry, error) {
	clients, err := parseRegistry(data)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	r := &registry{
		clients:  clients,
		bySerial: make(map[string]int, len(clients)),
		byHost:   make(map[string]int, len(clients)),
		sum:      sha256.Sum256(data),
		seen:     seen,
	}
	for i, c := range clients {
		if err := r.index(i, c); err != nil {
			return nil, fmt.Errorf("%s: client %d: %w; restore the file from a backup", path, i+1, err)
		}
	}
	return r, nil
}

// parseVersion reads the version alone: a newer file may have fields this program
// lacks.
func parseVersion(data []byte) (int, error) {
	var file struct {
		Version int `json:"version"`
	}
	if err := json.Unmarshal(data, &file); err != nil {
		return 0, fmt.Errorf("%w; restore the file from a backup", err)
	}
	return file.Version, nil
}

func parseRegistry(data []byte) ([]Client, error) {
	version, err := parseVersion(data)
	if err != nil {
		return nil, err
	}
	if version < plainVersion || version > registryVersion {
		return nil, fmt.Errorf("version %d, this program reads version %d to %d; use the release that wrote it", version, plainVersion, registryVersion)
	}
	var file registryJSON
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.DisallowUnknownFields() // a misspelt "revoked" must not admit anybody
	if err := dec.Decode(&file); err != nil {
		return nil, err
	}
	if _, err := dec.Token(); err != io.EOF {
		return nil, fmt.Errorf("something follows the registrations at byte %d", dec.InputOffset())
	}
	return file.Clients, nil
}

func (r *registry) index(i int, c Client) error {
	host, err := ParseHost(c.Host)
	switch {
	case err != nil:
		return err
	case host != c.Host:
		return fmt.Errorf("host %q, expected it to be written %q", c.Host, host)
	case c.CN == "":
		return fmt.Errorf("host %s has no common name", host)
	case len(c.Serial) != 32 || strings.Trim(c.Serial, "0123456789abcdef") != "":
		return fmt.Errorf("host %s has serial %q, expected 32 lower case hexadecimal digits", host, c.Serial)
	}
	if err := c.checkLists(); err != nil {
		return fmt.Errorf("host %s has %w", host, err)
	}
	if _, twice := r.bySerial[c.Serial]; twice {
		return fmt.Errorf("serial %s is there twice", c.Serial)
	}
	r.bySerial[c.Serial] = i
	if c.Revoked.IsZero() {
		if _, twice := r.byHost[host]; twice {
			return fmt.Errorf("host %s is registered twice", host)
		}
		r.byHost[host] = i
	}
	return nil
}

// checkLists checks what a registration holds beside names and times.
func (c *Client) checkLists() error {
	switch {
	case len(c.Also) > maxAlso:
		return fmt.Errorf("%d further addresses, at most %d are possible; give prefixes", len(c.Also), maxAlso)
	case len(c.Devices) > maxDevices:
		return fmt.Errorf("%d devices, at most %d are possible", len(c.Devices), maxDevices)
	case len(c.Domain) > maxText:
		return fmt.Errorf("a domain of %d bytes, at most %d are possible", len(c.Domain), maxText)
	}
	for _, p := range c.Also {
		if !p.IsValid() || p != p.Masked() || p.Addr().Is4In6() {
			return fmt.Errorf("the further address %q, expected a prefix such as 192.0.2.0/24", p)
		}
	}
	for _, d := range c.Devices {
		if len(d) > maxText {
			return fmt.Errorf("a device of %d bytes, at most %d are possible", len(d), maxText)
		}
	}
	return nil
}

// plain reports whether version 1 of clients.json can hold c.
func (c *Client) plain() bool {
	return len(c.Also) == 0 && c.Domain == "" && len(c.Devices) == 0 && !c.NetmapID && c.Updated.IsZero() && c.Issuer == ""
}

// registered reports whether a registration with this serial holds.
func (r *registry) registered(serial string) bool {
	i, ok := r.bySerial[serial]
	return ok && r.clients[i].Revoked.IsZero()
}

func writeRegistry(path string, clients []Client) error {
	if clients == nil {
		clients = []Client{}
	}
	version := plainVersion
	for _, c := range clients {
		if !c.plain() {
			version = registryVersion
		}
	}
	data, err := json.MarshalIndent(registryJSON{version, clients}, "", "  ")
	if err != nil {
		return err
	}
	if len(data) >= maxRegistry {
		return fmt.Errorf("%s: %d registrations need %d bytes, at most %d are possible", path, len(clients), len(data), maxRegistry)
	}
	return writeFile(path, append(data, '\n'), 0o600)
}

// registry returns the registrations as they are on disk now. That costs a stat
// while the file does not change.
func (a *Authority) registry() (*registry, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	info, err := os.Stat(a.path(registryFile))
	if err != nil {
		return nil, err
	}
	if a.reg.seen.current(info) {
		return a.reg, nil
	}
	data, seen, err := readSeen(a.path(registryFile), maxRegistry)
	if err != nil {
		return nil, err
	}
	if sha256.Sum256(data) == a.reg.sum { // written shortly before it was read the last time
		a.reg.seen = seen
		return a.reg, nil
	}
	reg, err := newRegistry(a.path(registryFile), data, seen)
	if err != nil {
		return nil, err
	}
	a.reg = reg
	a.endRevoked()
	return reg, nil
}
