package admin

import (
	"fmt"
	"net/url"
	"strings"
	"unicode"
	"unicode/utf8"

	"estream/server/access"
)

// Bounds of the settings. They keep settings.json and what is derived from it small,
// and are far above what anybody needs.
const (
	maxDomains = 1024
	maxDevices = 65536
	maxUsers   = 1024
	maxTokens  = 1024
	maxName    = 255 // bytes of a domain or device
)

// check returns what is wrong with settings that come from a file or are about to
// become one.
func (s *Settings) check() error {
	if _, err := role(s.Role); err != nil {
		return err
	}
	if _, err := access.ParseBoxes(s.Boxes); err != nil {
		return fmt.Errorf("events: %w", err)
	}
	if err := s.checkDomains(); err != nil {
		return err
	}
	if err := s.checkUsers(); err != nil {
		return err
	}
	if err := s.checkTokens(); err != nil {
		return err
	}
	if s.Partner != nil {
		return s.Partner.check()
	}
	return nil
}

func tooMany(what string, have, most int) error {
	if have <= most {
		return nil
	}
	return conflict("remove what is not needed any more", "%d %s, at most %d are possible", have, what, most)
}

// once reports names that appear twice.
type once map[string]bool

func (o once) add(what, name string) error {
	if o[name] {
		return invalid(fmt.Sprintf("%s %q is there twice", what, name), "each one once", "remove one of the two")
	}
	o[name] = true
	return nil
}

func (s *Settings) checkDomains() error {
	if err := tooMany("domains", len(s.Domains), maxDomains); err != nil {
		return err
	}
	if err := tooMany("managed devices", len(s.Devices), maxDevices); err != nil {
		return err
	}
	seen := once{}
	for _, d := range s.Domains {
		if err := checkName("domain", d.Name); err != nil {
			return err
		}
		if err := seen.add("domain", fold(d.Name)); err != nil {
			return err
		}
	}
	clear(seen)
	for _, d := range s.Devices {
		if err := checkName("managed device", d.Device); err != nil {
			return err
		}
		if err := seen.add("managed device", d.Device); err != nil {
			return err
		}
	}
	return nil
}

func (s *Settings) checkUsers() error {
	if err := tooMany("users", len(s.Users), maxUsers); err != nil {
		return err
	}
	seen := once{}
	for i := range s.Users {
		u := &s.Users[i]
		if err := seen.add("user", u.Name); err != nil {
			return err
		}
		if err := u.check(); err != nil {
			return err
		}
	}
	return nil
}

func (s *Settings) checkTokens() error {
	if err := tooMany("tokens", len(s.Tokens), maxTokens); err != nil {
		return err
	}
	seen := once{}
	for i := range s.Tokens {
		t := &s.Tokens[i]
		if err := seen.add("token", t.ID); err != nil {
			return err
		}
		if err := t.check(); err != nil {
			return err
		}
	}
	return nil
}

// checkName accepts what can be a domain's or a device's name on the wire and in a
// line of a table.
func checkName(what, name string) error {
	expected := fmt.Sprintf("1 to %d bytes of printable characters without blanks at the ends", maxName)
	switch {
	case !utf8.ValidString(name),
		strings.ContainsFunc(name, func(r rune) bool { return !unicode.IsPrint(r) }),
		strings.TrimSpace(name) != name:
		return invalid(fmt.Sprintf("%s %q", what, name), expected, "give the name as the server's events have it")
	case name == "" || len(name) > maxName:
		return invalid(fmt.Sprintf("%s of %d bytes", what, len(name)), expected, "give the name as the server's events have it")
	}
	return nil
}

// fold makes names that differ in case only the same.
func fold(name string) string { return strings.ToLower(name) }

// check returns what is wrong with a partner.
func (p *Partner) check() error {
	u, err := url.Parse(p.URL)
	const expected = "https://HOST or https://HOST:PORT"
	const do = "give the address on which the partner's HTTP API listens"
	switch {
	case err != nil:
		return &Problem{Kind: Invalid, What: "partner: " + err.Error(), Expected: expected, Do: do, Err: err}
	case u.Scheme != "https", u.Hostname() == "", u.User != nil, u.RawQuery != "", u.Fragment != "", u.Path != "" && u.Path != "/":
		// Not printed as it is: a password may be part of it.
		return invalid("partner "+u.Redacted(), expected, do)
	}
	if _, _, err := splitToken(p.Token); err != nil {
		return fmt.Errorf("partner: %w", err)
	}
	return nil
}
