package hosts

import (
	"encoding/hex"
	"fmt"
	"net"
	"time"
)

// A Second is a point in time in Unix seconds; 0 is unknown. As text it is RFC
// 3339 in UTC.
type Second uint32

// Time returns the point in time; the zero time for 0.
func (s Second) Time() time.Time {
	if s == 0 {
		return time.Time{}
	}
	return time.Unix(int64(s), 0).UTC()
}

// String returns the time in RFC 3339, "" for 0.
func (s Second) String() string {
	if s == 0 {
		return ""
	}
	return s.Time().Format(time.RFC3339)
}

// MarshalText implements [encoding.TextMarshaler].
func (s Second) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText implements [encoding.TextUnmarshaler].
func (s *Second) UnmarshalText(text []byte) error {
	if len(text) == 0 {
		*s = 0
		return nil
	}
	t, err := time.Parse(time.RFC3339, string(text))
	if err != nil {
		return err
	}
	if u := t.Unix(); u < 0 || u > 1<<32-1 {
		return fmt.Errorf("time %s does not fit 32 bits of seconds", text)
	}
	*s = Second(t.Unix())
	return nil
}

// A UUID is printed in the usual form, a MAC with colons, Bytes as quoted text.
type (
	UUID  [16]byte
	MAC   [6]byte
	Bytes string // what a server sent; as JSON a string in which invalid UTF-8 is replaced
)

func (u UUID) String() string {
	return fmt.Sprintf("%x-%x-%x-%x-%x", u[:4], u[4:6], u[6:8], u[8:10], u[10:])
}

// MarshalText implements [encoding.TextMarshaler].
func (u UUID) MarshalText() ([]byte, error) { return []byte(u.String()), nil }

// UnmarshalText implements [encoding.TextUnmarshaler].
func (u *UUID) UnmarshalText(text []byte) error {
	if len(text) == 36 && text[8] == '-' && text[13] == '-' && text[18] == '-' && text[23] == '-' {
		digits := append(append(append(append(append([]byte(nil), text[:8]...), text[9:13]...), text[14:18]...), text[19:23]...), text[24:]...)
		if _, err := hex.Decode(u[:], digits); err == nil {
			return nil
		}
	}
	return fmt.Errorf("UUID %q: expected 32 hexadecimal digits in five groups", text)
}

func (m MAC) String() string { return net.HardwareAddr(m[:]).String() }

// MarshalText implements [encoding.TextMarshaler].
func (m MAC) MarshalText() ([]byte, error) { return []byte(m.String()), nil }

// UnmarshalText implements [encoding.TextUnmarshaler].
func (m *MAC) UnmarshalText(text []byte) error {
	a, err := net.ParseMAC(string(text))
	if err != nil || len(a) != len(m) {
		return fmt.Errorf("MAC address %q: expected six pairs of hexadecimal digits", text)
	}
	*m = MAC(a)
	return nil
}
