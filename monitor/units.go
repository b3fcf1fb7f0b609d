package monitor

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
	"unicode"
)

// Age writes a duration in its two greatest units, as "3m12s" or "2d4h".
func Age(d time.Duration) string {
	if d < 0 {
		return "-" + Age(-max(d, -math.MaxInt64))
	}
	day, s := 24*time.Hour, int64(d/time.Second)
	switch {
	case d < time.Minute:
		return fmt.Sprintf("%ds", s)
	case d < time.Hour:
		return pair(s/60, "m", s%60, "s")
	case d < day:
		return pair(s/3600, "h", s/60%60, "m")
	}
	return pair(s/86400, "d", s/3600%24, "h")
}

func pair(a int64, unit string, b int64, smaller string) string {
	if b == 0 {
		return strconv.FormatInt(a, 10) + unit
	}
	return fmt.Sprintf("%d%s%d%s", a, unit, b, smaller)
}

// Bytes writes a size with three digits and a unit, as "1.21 GiB".
func Bytes(n uint64) string {
	if n < 1024 {
		return fmt.Sprintf("%d B", n)
	}
	value, unit := float64(n), 0
	for value >= 1023.5 && unit < 6 {
		value /= 1024
		unit++
	}
	decimals := 0
	if value < 9.995 {
		decimals = 2
	} else if value < 99.95 {
		decimals = 1
	}
	return fmt.Sprintf("%.*f %ciB", decimals, value, " KMGTPE"[unit])
}

// number writes n with its digits in groups of three.
func number(n uint64) string {
	s := strconv.FormatUint(n, 10)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// count writes a number of things.
func count(n uint64, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return number(n) + " " + thing + "s"
}

func fraction(n, of int) string { return fmt.Sprintf("%d/%d", n, of) }

// perSecond rounds a rate for people.
func perSecond(rate float64) float64 {
	if rate < 10 {
		return math.Round(rate*10) / 10
	}
	return math.Round(rate)
}

// clip makes text that may come from a peer fit for a line: no control
// characters, and not too long.
func clip(s string) string {
	const most = 300
	var b strings.Builder
	for _, r := range s {
		if !unicode.IsPrint(r) {
			r = ' '
		}
		if b.Len() >= most {
			b.WriteString("...")
			break
		}
		b.WriteRune(r)
	}
	return strings.Join(strings.Fields(b.String()), " ")
}
