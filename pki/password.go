package pki

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"unicode/utf8"
)

// maxPassword bounds a password, in bytes of UTF-8. OpenSSL's own tools stop at 1024.
const maxPassword = 1024

// ReadPassword returns the first line of the file at path, without the end of line
// (LF or CR LF). It may be empty. Warnings are for the operator: a file that other
// users can read, or one with nothing in it.
func ReadPassword(path string) (password string, warnings []string, err error) {
	f, err := os.Open(path)
	if err != nil {
		return "", nil, fmt.Errorf("read password: %w", err)
	}
	defer f.Close() // opened for reading: closing cannot lose anything
	info, err := f.Stat()
	if err != nil {
		return "", nil, fmt.Errorf("read password: %w", err)
	}
	if info.Mode().IsRegular() && openToOthers(info) {
		warnings = append(warnings, fmt.Sprintf("password file %s can be read by other users (mode %#o); chmod 600 it", path, info.Mode().Perm()))
	}
	// Room for the longest password and its end of line.
	line, err := io.ReadAll(io.LimitReader(f, maxPassword+2))
	if err != nil {
		return "", nil, fmt.Errorf("read password: %w", err)
	}
	if len(line) == 0 {
		warnings = append(warnings, fmt.Sprintf("password file %s is empty, an empty password is used", path))
	}
	if end := bytes.IndexByte(line, '\n'); end >= 0 {
		line = line[:end]
	}
	line = bytes.TrimSuffix(line, []byte{'\r'})
	switch {
	case len(line) > maxPassword:
		return "", nil, fmt.Errorf("read password: the first line of %s is longer than %d bytes", path, maxPassword)
	case !utf8.Valid(line):
		return "", nil, fmt.Errorf("read password: the first line of %s is not UTF-8", path)
	case bytes.IndexByte(line, 0) >= 0:
		return "", nil, errors.New("read password: " + path + " is not a text file: it has a zero byte in its first line")
	}
	return string(line), warnings, nil
}

// checkPassword refuses what PKCS#12 cannot carry: passwords are UCS-2 there.
func checkPassword(password string) error {
	if len(password) > maxPassword {
		return fmt.Errorf("password of %d bytes, at most %d are possible", len(password), maxPassword)
	}
	for _, r := range password {
		switch {
		case r == '\uFFFD':
			return errors.New("password is not valid UTF-8")
		case r > 0xFFFF:
			return errors.New("password has a character outside the Basic Multilingual Plane, which PKCS#12 cannot carry; use another")
		case r < ' ' || r == 0x7F:
			return errors.New("password has a control character, which nobody can type; use another")
		}
	}
	return nil
}
