package encore

import (
	"path/filepath"
	"strconv"

	"estream/encore/conf"
)

// ConfName is the usual name of the configuration.
const ConfName = "estreamer.conf"

// Files are the paths that belong to one server in one working directory. Their
// names hold host and port as they stand in the configuration, so another host is
// another set of files. All are absolute if the directory is.
type Files struct {
	Stem     string // what the names of all others begin with: DIR/HOST-PORT_
	Key      string // private key, PEM
	Cert     string // client certificate, PEM
	Bookmark string
	Status   string
	PID      string
	Cache    string // eNcore's; never read
	State    string // directory of estream: journal, positions, pin
	PKCS12   string
}

// FilesFor returns the paths for the server of a configuration.
func FilesFor(dir string, c *conf.Conf) Files {
	s := c.Server()
	// A host name with a slash would lead elsewhere.
	stem := filepath.Join(dir, filepath.Base("/"+s.Host)+"-"+strconv.Itoa(s.Port)+"_")
	return Files{
		Stem:     stem,
		Key:      stem + "pkcs.key",
		Cert:     stem + "pkcs.cert",
		Bookmark: stem + "bookmark.dat",
		Status:   stem + "status.dat",
		PID:      stem + "proc.pid",
		Cache:    stem + "cache.dat",
		State:    stem + "estream",
		PKCS12:   In(dir, s.PKCS12),
	}
}

// In returns path as it is meant in a working directory.
func In(dir, path string) string {
	if filepath.IsAbs(path) {
		return filepath.Clean(path)
	}
	return filepath.Join(dir, path)
}

func (f *Files) journal() string { return filepath.Join(f.State, "journal") }
func (f *Files) marks() string   { return filepath.Join(f.State, "bookmarks") }
func (f *Files) lock() string    { return filepath.Join(f.State, "running") }
func (f *Files) request() string { return filepath.Join(f.State, "stop") }
func (f *Files) pin() string     { return filepath.Join(f.State, "server.pin") }
func (f *Files) ca() string      { return filepath.Join(f.State, "ca.pem") }
