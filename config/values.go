package config

import (
	"fmt"
	"io/fs"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"estream/wire"
)

// A Size is a number of bytes.
type Size int64

var sizeUnits = []struct {
	letter string
	shift  uint
}{{"T", 40}, {"G", 30}, {"M", 20}, {"K", 10}}

// String returns the size in the greatest unit that leaves no fraction, as
// "64MiB", or plain bytes.
func (s Size) String() string {
	for _, u := range sizeUnits {
		if s != 0 && s%(1<<u.shift) == 0 {
			return strconv.FormatInt(int64(s)>>u.shift, 10) + u.letter + "iB"
		}
	}
	return strconv.FormatInt(int64(s), 10)
}

func (s *Size) parse(text string) error {
	digits, shift := strings.ToUpper(text), uint(0)
	for _, u := range sizeUnits {
		if number, suffix, ok := strings.Cut(digits, u.letter); ok && (suffix == "" || suffix == "B" || suffix == "IB") {
			digits, shift = number, u.shift
			break
		}
	}
	n, err := strconv.ParseUint(digits, 10, 63)
	if err != nil || n > math.MaxInt64>>shift {
		return errForm
	}
	*s = Size(n << shift)
	return nil
}

func (*Size) what() string { return "a size in bytes or with a unit such as 512KiB, 64MiB or 10GiB" }

// formatDuration is the inverse of parseDuration.
func formatDuration(d time.Duration) string {
	if d != 0 && d%(24*time.Hour) == 0 {
		return strconv.FormatInt(int64(d/(24*time.Hour)), 10) + "d"
	}
	text := d.String()
	for _, zero := range []string{"m0s", "h0m"} {
		if strings.HasSuffix(text, zero) {
			text = text[:len(text)-2]
		}
	}
	return text
}

// A Start is where collecting begins while the journal holds nothing of a source
// yet: a second of archive time, wire.StartOldest or wire.StartNow.
type Start uint32

// String returns "oldest", "now" or the time in UTC.
func (s Start) String() string { return wire.StartText(uint32(s)) }

func (s *Start) parse(text string) error {
	switch text {
	case "oldest":
		*s = Start(wire.StartOldest)
		return nil
	case "now":
		*s = Start(wire.StartNow)
		return nil
	}
	seconds, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		t, err := time.Parse(time.RFC3339, text)
		if err != nil {
			return errForm
		}
		seconds = t.Unix()
	}
	if seconds <= 0 || seconds >= int64(wire.StartNow) {
		return errForm
	}
	*s = Start(seconds)
	return nil
}

func (*Start) what() string {
	return "now, oldest, a time such as 2026-11-21T10:00:00Z, or Unix seconds"
}

// A Fraction is a part of all events: Keep of Of, both at least 1 and without a
// common divisor.
type Fraction struct{ Keep, Of uint32 }

// String returns the fraction as "1/100".
func (f Fraction) String() string { return fmt.Sprintf("%d/%d", f.Keep, f.Of) }

func (f *Fraction) parse(text string) error {
	var keep, of uint64
	if percent, ok := strings.CutSuffix(text, "%"); ok {
		whole, part, _ := strings.Cut(strings.TrimSpace(percent), ".")
		if whole == "" || len(part) > 6 {
			return errForm
		}
		n, err := strconv.ParseUint(whole+part, 10, 32)
		if err != nil {
			return errForm
		}
		keep, of = n, 100
		for range part {
			of *= 10
		}
	} else {
		a, b, found := strings.Cut(text, "/")
		if !found {
			return errForm
		}
		var err1, err2 error
		keep, err1 = strconv.ParseUint(strings.TrimSpace(a), 10, 32)
		of, err2 = strconv.ParseUint(strings.TrimSpace(b), 10, 32)
		if err1 != nil || err2 != nil {
			return errForm
		}
	}
	if keep == 0 || keep > of {
		return errForm
	}
	divisor, rest := keep, of%keep
	for rest != 0 {
		divisor, rest = rest, divisor%rest
	}
	*f = Fraction{uint32(keep / divisor), uint32(of / divisor)}
	return nil
}

func (*Fraction) what() string { return "a part such as 1/100 or 2.5%, above 0 and at most 1/1" }

// Flags are the request flags of a session; their names are those of package wire.
type Flags wire.RequestFlags

// String returns the names of all bits that are set, separated by "|".
func (f Flags) String() string {
	_, names, _ := strings.Cut(wire.RequestFlags(f).String(), " ")
	return names
}

// flagBits lists the names of all bits, lowest first.
func flagBits() (names []string) {
	for bit := range 32 {
		names = append(names, Flags(1<<bit).String())
	}
	return names
}

func (f *Flags) parse(text string) error {
	if n, err := strconv.ParseUint(text, 0, 32); err == nil {
		if n == 0 {
			return errForm
		}
		*f = Flags(n)
		return nil
	}
	known, sum := flagBits(), Flags(0)
	for name := range strings.SplitSeq(text, "|") {
		name = strings.TrimSpace(name)
		bit := slices.Index(known, name)
		if bit < 0 {
			return fmt.Errorf("found the flag %q, expected names among %s%s", clip(name), strings.Join(known, ", "), suggest(name, known))
		}
		sum |= 1 << bit
	}
	*f = sum
	return nil
}

func (*Flags) what() string {
	return "a number such as 0x48900061, or names of request flags separated by |"
}

// A Mode is the permission bits of a file.
type Mode fs.FileMode

// String returns the mode in octal, as "0640".
func (m Mode) String() string { return fmt.Sprintf("%#04o", uint32(m)) }

func (m *Mode) parse(text string) error {
	n, err := strconv.ParseUint(strings.TrimPrefix(text, "0o"), 8, 32)
	if err != nil || len(text) < 3 || n&0o600 != 0o600 || n&^0o666 != 0 {
		return errForm
	}
	*m = Mode(n)
	return nil
}

func (*Mode) what() string {
	return "permission bits in octal such as 0640, read and write for the owner at least and no others than in 0666"
}
