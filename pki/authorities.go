package pki

import (
	"bytes"
	"crypto"
	"crypto/x509"
	"errors"
	"fmt"
	"time"
)

// An issuer is one CA of the directory: the current one, or one that it followed.
type issuer struct {
	cert  *x509.Certificate
	key   crypto.Signer // nil once retired, and while the password is wanting
	entry pemEntry      // as it stands in ca.pem
	// link certifies the key of this CA under the one that followed it, and is valid
	// as long as certificates of this one are accepted. Nil for the current CA.
	link  *x509.Certificate
	roots *x509.CertPool // cert alone
}

// serial identifies an issuer in registrations.
func (i *issuer) serial() string { return formatSerial(i.cert.SerialNumber) }

// accepted reports whether certificates of this CA let a client in.
func (i *issuer) accepted(now time.Time) bool {
	return i.link == nil || !now.After(i.link.NotAfter)
}

// end is the last moment at which certificates of this CA are accepted.
func (i *issuer) end() time.Time {
	if i.link != nil && i.link.NotAfter.Before(i.cert.NotAfter) {
		return i.link.NotAfter
	}
	return i.cert.NotAfter
}

// chain is what the server sends beside a certificate of this CA. With the link a
// client that knows only the next CA gets there, too. Without a link the CA goes
// along: a client that lacks it can see who issued the certificate.
func (i *issuer) chain() []byte {
	if i.link != nil {
		return i.link.Raw
	}
	return i.cert.Raw
}

// authorities are the CAs of a directory as of one reading of ca.pem: the current
// one, then the earlier ones, the latest first. They are not altered once read, except
// for seen.
type authorities struct {
	issuers   []*issuer
	encrypted bool // as they are on disk
	locked    bool // a key is nil for want of the password
	text      []byte
	seen      seen // under Authority.casMu
}

// maxPEM bounds files with keys and certificates, in bytes; ca.pem has up to 25 kB.
const maxPEM = 1 << 20

// maxRetired is how many retired CAs are remembered, so that a client with a
// certificate of theirs is told what happened to it.
const maxRetired = 4

func (s *authorities) current() *issuer { return s.issuers[0] }

// previous returns the CA before the current one while it is accepted, else nil.
func (s *authorities) previous(now time.Time) *issuer {
	if len(s.issuers) > 1 && s.issuers[1].accepted(now) {
		return s.issuers[1]
	}
	return nil
}

// presented returns the CA whose server certificate is shown: the oldest that is
// accepted, since its clients know no other and those of later ones follow the link.
func (s *authorities) presented(now time.Time) *issuer {
	if p := s.previous(now); p != nil {
		return p
	}
	return s.current()
}

// signerOf returns the CA whose name stands in leaf as its issuer. Of several with
// one name it prefers the one that signed leaf.
func (s *authorities) signerOf(leaf *x509.Certificate) *issuer {
	var found *issuer
	for _, i := range s.issuers {
		if bytes.Equal(leaf.RawIssuer, i.cert.RawSubject) && (found == nil || leaf.CheckSignatureFrom(i.cert) == nil) {
			found = i
		}
	}
	return found
}

// bySerial returns the issuer of a registration; "" stands for the only one there
// was before the first rotation.
func (s *authorities) bySerial(serial string) *issuer {
	for _, i := range s.issuers {
		if i.serial() == serial {
			return i
		}
	}
	if serial == "" && len(s.issuers) == 1 {
		return s.issuers[0]
	}
	return nil
}

// readAuthorities reads ca.pem. Keys that known holds are taken from there, so that a
// running server needs the password only for those it has not seen before. What
// lacks its key for want of a password is returned together with the error.
func readAuthorities(path string, password *keyPassword, known *authorities) (*authorities, error) {
	text, seen, err := readSeen(path, maxPEM)
	if err != nil {
		return nil, err
	}
	s, err := parseAuthorities(text, password, known)
	if s != nil {
		s.seen = seen
	}
	if err != nil {
		err = fmt.Errorf("%s: %w", path, err)
	}
	return s, err
}

// parseAuthorities is readAuthorities for the text of the file.
func parseAuthorities(text []byte, password *keyPassword, known *authorities) (*authorities, error) {
	entries, err := parsePEM(text)
	if err != nil {
		return nil, err
	}
	s := &authorities{text: text}
	var locked error
	for n, e := range entries {
		i, err := newIssuer(e, password, known)
		switch {
		case errors.Is(err, ErrKeyPassword):
			s.locked, locked = true, err
		case err != nil:
			return nil, err
		case n > 0 && i.link == nil:
			return nil, fmt.Errorf("the certificate of %s is not followed by the one that limits it", printable(i.cert.Subject.CommonName))
		}
		s.issuers = append(s.issuers, i)
		s.encrypted = s.encrypted || e.key != nil && e.key.Type == pemEncryptedKey
	}
	if current := s.current(); current.link != nil || current.entry.key == nil {
		return nil, errors.New("it does not begin with the private key and the certificate of the current CA")
	}
	return s, locked
}

func newIssuer(e pemEntry, password *keyPassword, known *authorities) (*issuer, error) {
	if !e.cert.IsCA {
		return nil, errors.New("the certificate is not a CA's")
	}
	i := &issuer{cert: e.cert, entry: e, link: e.link, roots: x509.NewCertPool()}
	i.roots.AddCert(e.cert)
	if e.key == nil {
		return i, nil
	}
	if known != nil {
		for _, k := range known.issuers {
			if k.key != nil && k.cert.Equal(i.cert) {
				i.key = k.key
				return i, nil
			}
		}
	}
	var err error
	i.key, err = openKey(e.key, password, e.cert)
	return i, err
}

// sealingPassword returns the password under which new keys are to be written, "" for
// none. It is tried on the current CA's: a server that was started with an earlier one
// must not write keys that the others cannot read.
func (s *authorities) sealingPassword(password *keyPassword) (string, error) {
	block := s.current().entry.key
	if !s.encrypted || block.Type != pemEncryptedKey {
		return "", nil
	}
	text, err := password.get()
	if err == nil {
		_, err = openKey(block, password, s.current().cert)
	}
	return text, err
}

// entries returns what ca.pem holds for s.
func (s *authorities) entries() []pemEntry {
	out := make([]pemEntry, len(s.issuers))
	for n, i := range s.issuers {
		out[n] = i.entry
	}
	return out
}

// publicPEM returns the certificates that a client may need to verify the server.
func (s *authorities) publicPEM(now time.Time) []byte {
	out := certPEM(s.current().cert)
	if p := s.previous(now); p != nil {
		out = append(out, certPEM(p.cert)...)
	}
	return out
}
