package pki

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"
	"time"
)

// A Client is one registration.
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
}

// registryVersion is the version of clients.json.
const registryVersion = 1

// maxRegistry bounds clients.json: some 60,000 registrations, each of about 250
// bytes.
const maxRegistry = 16 << 20

type registryJSON struct {
	Version int      `json:"version"`
	Clients []Client `json:"clients"`
}

// A registry is one state of clients.json. It is not altered once read.
type registry struct {
	clients  []Client // in order of registration
	bySerial map[string]int
	byHost   map[string]int // registrations that hold
	info     fs.FileInfo
	read     time.Time
}

// readRegistry reads and checks clients.json.
func readRegistry(path string) (*registry, error) {
	read := time.Now()
	data, info, err := readFile(path, maxRegistry)
	if err != nil {
		return nil, err
	}
	clients, err := parseRegistry(data)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	r := &registry{
		clients:  clients,
		bySerial: make(map[string]int, len(clients)),
		byHost:   make(map[string]int, len(clients)),
		info:     info,
		read:     read,
	}
	for i, c := range clients {
		if err := r.index(i, c); err != nil {
			return nil, fmt.Errorf("%s: client %d: %w; restore the file from a backup", path, i+1, err)
		}
	}
	return r, nil
}

func parseRegistry(data []byte) ([]Client, error) {
	// The version alone first: a newer file may have fields this program lacks.
	var version struct {
		Version int `json:"version"`
	}
	if err := json.Unmarshal(data, &version); err != nil {
		return nil, fmt.Errorf("%w; restore the file from a backup", err)
	}
	if version.Version != registryVersion {
		return nil, fmt.Errorf("version %d, this program reads version %d; use the release that wrote it", version.Version, registryVersion)
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

// registered reports whether a registration with this serial holds.
func (r *registry) registered(serial string) bool {
	i, ok := r.bySerial[serial]
	return ok && r.clients[i].Revoked.IsZero()
}

// settled is the age at which a file's time can be trusted to tell a later change
// apart: file systems count in steps of up to two seconds.
const settled = 3 * time.Second

// current reports whether the file that info describes is the one that was read. A
// file that was changed shortly before it was read counts as changed: the next
// write could have given it the same time, size and inode.
func (r *registry) current(info fs.FileInfo) bool {
	return os.SameFile(r.info, info) && r.info.ModTime().Equal(info.ModTime()) &&
		r.info.Size() == info.Size() && r.read.Sub(info.ModTime()) > settled
}

func writeRegistry(path string, clients []Client) error {
	if clients == nil {
		clients = []Client{}
	}
	data, err := json.MarshalIndent(registryJSON{registryVersion, clients}, "", "  ")
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
	if a.reg.current(info) {
		return a.reg, nil
	}
	reg, err := readRegistry(a.path(registryFile))
	if err != nil {
		return nil, err
	}
	a.reg = reg
	a.endRevoked()
	return reg, nil
}
