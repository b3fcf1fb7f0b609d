package doctor

import (
	"archive/tar"
	"compress/gzip"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strings"
	"time"
)

// MaxPart is how many bytes one part of a bundle may have. Of a longer one the end is
// kept, which is the newest of a log.
const MaxPart = 16 << 20

// manifestName is the last file of every bundle.
const manifestName = "manifest.txt"

// A Part is one file of a support bundle.
type Part struct {
	Name  string // of the file: lower-case letters, digits, dot, hyphen, underscore
	About string // one sentence for the manifest
	// Read returns the content. Its error does not spoil the bundle: the manifest has
	// it in the place of the file.
	Read func() ([]byte, error)
}

// BundleOptions say what must not be in a bundle.
type BundleOptions struct {
	Now time.Time // of the archive; default: time.Now()
	// Secrets are removed wherever they stand, also in JSON, URL, base64 and
	// hexadecimal form: passwords and tokens of the configuration. Those of fewer
	// than 4 bytes are left out, they would tear holes into everything.
	Secrets []string
}

var partName = regexp.MustCompile(`^[a-z0-9][a-z0-9._-]*$`)

// Bundle writes a gzip-compressed tar archive to w: a directory named after the
// time, in it the parts in order, and manifest.txt, which says of each what it is,
// its size and its SHA-256 digest, and which could not be had. Private keys in PEM
// form, user information in URLs, and the values of what is named like a password
// or token are removed from every part, beside the secrets in o. One part is in
// memory at a time. The errors are those of w and of names that are not usable.
func Bundle(w io.Writer, o BundleOptions, parts ...Part) error {
	if o.Now.IsZero() {
		o.Now = time.Now()
	}
	seen := map[string]bool{manifestName: true}
	for _, p := range parts {
		if !partName.MatchString(p.Name) || seen[p.Name] {
			return fmt.Errorf("bundle: part %q: a name of lower-case letters, digits, '.', '-' and '_' expected, each once", p.Name)
		}
		seen[p.Name] = true
	}
	zip := gzip.NewWriter(w)
	b := &bundler{tar: tar.NewWriter(zip), now: o.Now.UTC(), hide: newRedactor(o.Secrets)}
	b.dir = "estream-support-" + b.now.Format("20060102T150405Z") + "/"
	fmt.Fprintf(&b.manifest, "estream support bundle, made %s\n\nEach file with its size in bytes and its SHA-256 digest. Secrets were removed; look through the\nfiles before you hand them on: names, addresses and events of your network may be in them.\n", stamp(b.now))
	for _, p := range parts {
		if err := b.add(p); err != nil {
			return fmt.Errorf("bundle: %s: %w", p.Name, err)
		}
	}
	if err := b.write(manifestName, []byte(b.manifest.String())); err != nil {
		return fmt.Errorf("bundle: %s: %w", manifestName, err)
	}
	if err := errors.Join(b.tar.Close(), zip.Close()); err != nil {
		return fmt.Errorf("bundle: %w", err)
	}
	return nil
}

type bundler struct {
	tar      *tar.Writer
	dir      string
	now      time.Time
	hide     *redactor
	manifest strings.Builder
}

// add writes one part and its entry in the manifest.
func (b *bundler) add(p Part) error {
	about, _ := b.hide.apply([]byte(clean(p.About)))
	data, err := p.Read()
	if err != nil {
		text, _ := b.hide.apply([]byte(clean(err.Error())))
		fmt.Fprintf(&b.manifest, "\n%s\n    not there: %s\n    %s\n", p.Name, text, about)
		return nil
	}
	cut := max(0, len(data)-MaxPart)
	data, removed := b.hide.apply(data[cut:])
	sum := sha256.Sum256(data)
	fmt.Fprintf(&b.manifest, "\n%s\n    %d bytes, sha256 %x\n    %s\n", p.Name, len(data), sum, about)
	if cut > 0 {
		fmt.Fprintf(&b.manifest, "    the first %d bytes were left out\n", cut)
	}
	if removed > 0 {
		fmt.Fprintf(&b.manifest, "    secrets removed: %d\n", removed)
	}
	return b.write(p.Name, data)
}

func (b *bundler) write(name string, data []byte) error {
	h := &tar.Header{Typeflag: tar.TypeReg, Name: b.dir + name, Size: int64(len(data)), Mode: 0o600, ModTime: b.now}
	if err := b.tar.WriteHeader(h); err != nil {
		return err
	}
	_, err := b.tar.Write(data)
	return err
}
