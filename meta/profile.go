package meta

import (
	"fmt"
	"strings"
)

// A Profile says how closely a format follows eNcore, see docs/encore-differences.md.
type Profile uint8

const (
	Compat Profile = iota // eNcore 5.2.11 byte for byte, its quirks included
	Fixed                 // compat, with what content cannot use mended
	Strict                // what the format's own standard asks for; every defect mended
)

var profileNames = [...]string{"compat", "fixed", "strict"}

func (p Profile) String() string {
	if int(p) < len(profileNames) {
		return profileNames[p]
	}
	return fmt.Sprintf("Profile(%d)", uint8(p))
}

// ParseProfile returns the profile of that name.
func ParseProfile(name string) (Profile, error) {
	for p, n := range profileNames {
		if n == name {
			return Profile(p), nil
		}
	}
	return 0, fmt.Errorf("profile is %q; expected compat, fixed or strict", name)
}

// profiles is a set of profiles, written as their names separated by spaces. The
// empty set stands for all.
type profiles uint8

func (s profiles) has(p Profile) bool { return s == 0 || s>>p&1 == 1 }

// UnmarshalText implements encoding.TextUnmarshaler.
func (s *profiles) UnmarshalText(text []byte) error {
	for name := range strings.FieldsSeq(string(text)) {
		p, err := ParseProfile(name)
		if err != nil {
			return err
		}
		*s |= 1 << p
	}
	return nil
}
