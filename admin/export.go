package admin

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"time"

	"estream/pki"
)

// An exported file is JSON: an envelope that says how it is encrypted, and in it, with
// AES-256 in GCM mode under a key derived from a password, the content below. The
// envelope's own fields are authenticated, too.
type envelope struct {
	Format     string `json:"format"`
	Version    int    `json:"version"`
	KDF        string `json:"kdf"`
	Iterations int    `json:"iterations"`
	Salt       []byte `json:"salt"`
	Cipher     string `json:"cipher"`
	Nonce      []byte `json:"nonce"`
	Data       []byte `json:"data,omitempty"`
}

const (
	exportFormat  = "estream registrations"
	exportVersion = 1
	exportKDF     = "PBKDF2-HMAC-SHA256"
	exportCipher  = "AES-256-GCM"

	// MaxExport bounds an exported file, in bytes: about 10,000 clients.
	MaxExport = 64 << 20
)

// An Export is the content of an exported file, decrypted.
type Export struct {
	Created time.Time `json:"created"`
	// CAs are the SHA-256 of the certificates of the CAs that the server accepts.
	CAs []string `json:"cas"`
	// Authority are these CAs with their keys, if they were exported, too.
	Authority     []byte           `json:"authority,omitempty"`
	Registrations []pki.Registered `json:"registrations"`
	Domains       []Domain         `json:"domains,omitempty"`
	Devices       []Device         `json:"devices,omitempty"`

	password string // it protects the keys in Authority as well
}

// Export returns all registrations with their PKCS#12 files and settings, the domains
// and the assignment of devices, encrypted under a password. With authority the CA and
// its private key are part of it: whoever has such a file and its password can issue
// certificates that this server's clients and partners trust.
func (s *Service) Export(password string, authority bool) ([]byte, error) {
	if err := checkPassword("password", password); err != nil {
		return nil, err
	}
	t, err := s.trust()
	if err != nil {
		return nil, err
	}
	set, err := s.Store.Settings()
	if err != nil {
		return nil, err
	}
	e := &Export{
		Created: s.Store.now().UTC().Truncate(time.Second), CAs: t.prints,
		Domains: set.Domains, Devices: set.Devices,
	}
	if e.Registrations, err = s.Authority.Registrations(); err != nil {
		return nil, err
	}
	if authority {
		if e.Authority, err = s.Authority.ExportCA(password); err != nil {
			return nil, err
		}
	}
	plain, err := json.Marshal(e)
	if err != nil {
		return nil, err
	}
	data, err := seal(plain, password)
	if err != nil {
		return nil, err
	}
	if len(data) > MaxExport {
		return nil, conflict("remove clients that are not needed any more", "the file would have %d bytes, at most %d are possible", len(data), MaxExport)
	}
	return data, nil
}

// ParseExport decrypts an exported file. It needs memory for some copies of the file
// and, for the key, at most a few seconds.
func ParseExport(data []byte, password string) (*Export, error) {
	const do = "give a file that estream admin export wrote"
	if len(data) > MaxExport {
		return nil, invalid(fmt.Sprintf("a file of %d bytes", len(data)), fmt.Sprintf("at most %d", MaxExport), do)
	}
	var env envelope
	if err := json.Unmarshal(data, &env); err != nil {
		return nil, &Problem{Kind: Invalid, What: "not an exported file: " + err.Error(), Do: do, Err: err}
	}
	if env.Format != exportFormat {
		return nil, invalid(fmt.Sprintf("format %q", env.Format), fmt.Sprintf("%q", exportFormat), do)
	}
	if env.Version != exportVersion || env.KDF != exportKDF || env.Cipher != exportCipher {
		return nil, invalid(fmt.Sprintf("an exported file of version %d with %q and %q", env.Version, env.KDF, env.Cipher),
			fmt.Sprintf("version %d with %q and %q", exportVersion, exportKDF, exportCipher), "import it with the release that wrote it")
	}
	plain, err := unseal(env, password)
	if err != nil {
		return nil, err
	}
	e := &Export{password: password}
	if err := json.Unmarshal(plain, e); err != nil {
		return nil, fmt.Errorf("content of the exported file: %w", err)
	}
	return e, nil
}

// HasAuthority reports whether the CA with its keys is part of the file.
func (e *Export) HasAuthority() bool { return len(e.Authority) > 0 }

// Install makes a certificate directory that does not exist yet (or has no
// registration) one of the exported CA. Open and Import have to follow.
func (e *Export) Install(ctx context.Context, dir string, opts pki.Options) error {
	if !e.HasAuthority() {
		return conflict("export again with the CA", "the file does not contain the CA, and %s has none", dir)
	}
	return pki.ImportCA(ctx, dir, e.Authority, e.password, opts)
}

// Import joins what an exported file has with what is here, and returns the
// registrations that are new or have changed. Importing a file again changes nothing.
func (s *Service) Import(ctx context.Context, e *Export) ([]pki.Client, error) {
	t, err := s.trust()
	if err != nil {
		return nil, err
	}
	if err := t.shares(e.CAs); err != nil {
		return nil, err
	}
	// Domains first: a client must not be there without its domain.
	if err := s.Store.Join(ctx, e.Domains, e.Devices); err != nil {
		return nil, err
	}
	changed, err := s.Authority.Merge(ctx, e.Registrations)
	if err != nil {
		return nil, err
	}
	s.look()
	return changed, nil
}

func seal(plain []byte, password string) ([]byte, error) {
	random := make([]byte, saltSize+12)
	if _, err := rand.Read(random); err != nil {
		return nil, err
	}
	env := envelope{
		Format: exportFormat, Version: exportVersion, KDF: exportKDF, Iterations: iterations,
		Salt: random[:saltSize], Cipher: exportCipher, Nonce: random[saltSize:],
	}
	aead, header, err := env.open(password)
	if err != nil {
		return nil, err
	}
	env.Data = aead.Seal(nil, env.Nonce, plain, header)
	return json.Marshal(env)
}

func unseal(env envelope, password string) ([]byte, error) {
	if len(env.Salt) != saltSize || len(env.Nonce) != 12 || env.Iterations < minIterations || env.Iterations > maxIterations {
		return nil, invalid(fmt.Sprintf("an exported file with a salt of %d bytes, a nonce of %d bytes and %d iterations", len(env.Salt), len(env.Nonce), env.Iterations),
			fmt.Sprintf("%d, 12, and %d to %d", saltSize, minIterations, maxIterations), "the file is damaged: export again")
	}
	data := env.Data
	env.Data = nil
	aead, header, err := env.open(password)
	if err != nil {
		return nil, err
	}
	plain, err := aead.Open(nil, env.Nonce, data, header)
	if err != nil {
		return nil, &Problem{Kind: Invalid, What: "the exported file cannot be decrypted: the password is another one, or the file is damaged", Do: "give the password of the export", Err: err}
	}
	return plain, nil
}

// open returns the cipher of an envelope, and its fields in the form in which they
// are authenticated.
func (env envelope) open(password string) (cipher.AEAD, []byte, error) {
	key, err := derive(password, env.Salt, env.Iterations)
	if err != nil {
		return nil, nil, err
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, nil, err
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		return nil, nil, err
	}
	env.Data = nil
	header, err := json.Marshal(env)
	return aead, header, err
}
