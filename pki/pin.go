package pki

import (
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"estream/internal/durable"
)

// ErrPinMismatch says that the server shows another certificate than the pinned one.
var ErrPinMismatch = errors.New("server certificate changed")

// A Pin remembers a server's certificate in a file: the first one seen is trusted,
// any other is refused from then on. The file has mode 0600 and two lines, a
// comment and "sha256:" with the SHA-256 digest of the certificate in hexadecimal,
// as openssl x509 -fingerprint -sha256 computes it. A person may add lines with further
// digests, at most 16 in all: each is trusted, such as the certificate that the server
// will show after a rotation of its CA. A Pin may be used concurrently, also by several
// processes.
//
// The zero value pins nothing and takes every certificate: for a look at a server that
// cannot be verified.
type Pin struct {
	File string
	// Digest, if set, is what is expected, as 64 hexadecimal digits in lower case; File
	// is not used then.
	Digest string
}

const (
	pinPrefix = "sha256:"
	maxPin    = 64 << 10 // bytes of the file; ours have under 1 kB
	maxPins   = 16
)

// check compares cert with the pin, which it first writes if there is none.
func (p *Pin) check(cert *x509.Certificate, now time.Time) error {
	if *p == (Pin{}) {
		return nil
	}
	sum := sha256.Sum256(cert.Raw)
	have := hex.EncodeToString(sum[:])
	want, err := p.digests()
	if errors.Is(err, fs.ErrNotExist) {
		text := fmt.Sprintf("# %s, first seen %s\n%s%s\n", printable(cert.Subject.String()), stamp(now), pinPrefix, have)
		if err := createFile(p.File, []byte(text)); err == nil {
			return nil
		} else if !errors.Is(err, fs.ErrExist) {
			return fmt.Errorf("pin: %w", err)
		}
		// Another connection was first.
		want, err = p.digests()
	}
	if err != nil {
		return err
	}
	if !slices.Contains(want, have) {
		return fmt.Errorf("%w: %s has sha256 %s, pinned in %s is %s: either the server got a new certificate, then compare the digest there and %s, or somebody intercepts the connection",
			ErrPinMismatch, printable(cert.Subject.String()), have, p.place(), strings.Join(want, " or "), p.cure())
	}
	return nil
}

func (p *Pin) place() string {
	if p.Digest != "" {
		return "the configuration"
	}
	return p.File
}

func (p *Pin) cure() string {
	if p.Digest != "" {
		return "change the configuration"
	}
	return "delete the pin file"
}

// Fingerprint returns the pinned digest, 64 hexadecimal digits in lower case; of
// several the first. The error wraps fs.ErrNotExist when nothing is pinned yet.
func (p *Pin) Fingerprint() (string, error) {
	list, err := p.digests()
	if err != nil {
		return "", err
	}
	return list[0], nil
}

// digests returns all pinned digests, at least one.
func (p *Pin) digests() ([]string, error) {
	if p.Digest != "" {
		return []string{p.Digest}, nil
	}
	data, _, err := readFile(p.File, maxPin)
	if err != nil {
		return nil, fmt.Errorf("pin: %w", err)
	}
	var list []string
	for line := range strings.Lines(string(data)) {
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' {
			continue
		}
		digest, ok := strings.CutPrefix(line, pinPrefix)
		// Colons and capitals come from a digest pasted from openssl.
		digest = strings.ToLower(strings.ReplaceAll(digest, ":", ""))
		if b, err := hex.DecodeString(digest); !ok || err != nil || len(b) != sha256.Size || len(list) == maxPins {
			list = nil
			break
		}
		list = append(list, digest)
	}
	if len(list) == 0 {
		return nil, fmt.Errorf("pin: %s has not 1 to %d lines %q with 64 hexadecimal digits; delete it to pin the server anew", p.File, maxPins, pinPrefix)
	}
	return list, nil
}

// createFile writes data to path unless path exists, which is fs.ErrExist. The file
// appears with its whole content.
func createFile(path string, data []byte) error {
	dir := filepath.Dir(path)
	temp, err := durable.WriteTemp(disk{}, path, data, 0o600)
	if err != nil {
		return err
	}
	// A link, unlike a rename, does not replace what is there.
	err = os.Link(temp, path)
	if errors.Is(err, fs.ErrExist) {
		return errors.Join(err, os.Remove(temp))
	}
	if err != nil {
		// A file system without links. Of two first connections at the same moment
		// the later one's certificate is kept here.
		if err := (disk{}).Rename(temp, path); err != nil {
			return errors.Join(err, os.Remove(temp))
		}
		return disk{}.SyncDir(dir)
	}
	return errors.Join(os.Remove(temp), disk{}.SyncDir(dir))
}
