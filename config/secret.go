package config

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
)

// A Secret says where a password, a token or the like is kept. It is read when
// it is needed, so that a new one takes effect with the next reload, and it is
// in no configuration that anybody prints. The zero value is no secret.
//
// Whatever prints a Secret prints "***": even the place can tell too much in a log.
// Only [Config.Show] writes the place, as the file has it.
type Secret struct {
	File       string `key:"file" text:"path" class:"path"`
	Env        string `key:"env" text:"variable" class:"ref"`
	Credential string `key:"credential" text:"credential" class:"ref"`
}

// maxSecret bounds what is read as a secret, in bytes.
const maxSecret = 64 << 10

// IsZero reports whether no secret is configured.
func (s Secret) IsZero() bool { return s == Secret{} }

// Resolve reads the secret: the first line of the file, which may end in CR LF,
// the variable of the environment, or the first line of the systemd credential,
// a file in the directory that $CREDENTIALS_DIRECTORY names. An empty secret is an
// error, as is one of more than 64 KiB. No error holds any part of it.
func (s Secret) Resolve() (string, error) {
	switch {
	case s.File != "":
		return readSecret(s.File)
	case s.Env != "":
		value, ok := os.LookupEnv(s.Env)
		if !ok || value == "" {
			return "", fmt.Errorf("environment variable %s is not set; set it, or name another with env", s.Env)
		}
		return value, nil
	case s.Credential != "":
		dir := os.Getenv("CREDENTIALS_DIRECTORY")
		if dir == "" {
			return "", fmt.Errorf("credential %s: $CREDENTIALS_DIRECTORY is not set, so this process has no systemd credentials; add LoadCredential=%s:PATH to the unit, or use file", s.Credential, s.Credential)
		}
		return readSecret(filepath.Join(dir, s.Credential))
	}
	return "", errors.New("no secret is configured")
}

func readSecret(name string) (string, error) {
	f, err := os.Open(name)
	if err != nil {
		return "", err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxSecret+1))
	if err != nil {
		return "", err
	}
	line, _, _ := bytes.Cut(data, []byte("\n"))
	line = bytes.TrimSuffix(line, []byte("\r"))
	switch {
	case len(line) > maxSecret:
		return "", fmt.Errorf("%s: its first line has more than %d bytes, which is no secret", name, maxSecret)
	case len(line) == 0:
		return "", fmt.Errorf("%s: its first line is empty; expected the secret there", name)
	}
	return string(line), nil
}

const hidden = "***"

// String returns "***".
func (s Secret) String() string { return hidden }

// Format writes "***" for every verb.
func (s Secret) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, hidden) } // fmt reports no errors either

// LogValue implements slog.LogValuer.
func (s Secret) LogValue() slog.Value { return slog.StringValue(hidden) }

// MarshalText makes encoders of JSON and the like write "***".
func (s Secret) MarshalText() ([]byte, error) { return []byte(hidden), nil }

// MarshalYAML makes encoders of YAML write "***".
func (s Secret) MarshalYAML() (any, error) { return hidden, nil }

// sources returns the names of the keys that are set.
func (s Secret) sources() (set []string) {
	for _, k := range []struct{ key, value string }{{"file", s.File}, {"env", s.Env}, {"credential", s.Credential}} {
		if k.value != "" {
			set = append(set, k.key)
		}
	}
	return set
}

// withoutSecrets returns text with "***" in place of what may be a secret in a URI:
// all between the "//" and the last "@", as a password may hold any character, and
// all behind a "?".
func withoutSecrets(text string) string {
	scheme, rest, found := strings.Cut(text, "://")
	if !found {
		return text
	}
	if at := strings.LastIndexByte(rest, '@'); at >= 0 {
		rest = hidden + rest[at:]
	}
	if path, _, query := strings.Cut(rest, "?"); query {
		rest = path + "?" + hidden
	}
	return scheme + "://" + rest
}
