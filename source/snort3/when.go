package snort3

import (
	"fmt"
	"time"
)

// A clock turns the times in lines into Unix time. Snort writes the local time of
// its machine, usually without the year.
type clock struct {
	zone *time.Location

	day  [3]int // year, month, day of the last line, and the second at which it began
	base int64
}

// stamp is a time as it stands in a line.
type stamp struct {
	year, month, day     int // year 0: not in the line
	hour, minute, second int
	micro                uint32
}

// parse reads "12/31-23:59:59.000000", with the year in two digits in front (-y), or
// "2024-12-31 23:59:59.000000".
func (s *stamp) parse(b []byte) error {
	*s = stamp{}
	var n [7]int
	var sep [7]byte
	count, digits := 0, 0
	for i, c := range b {
		if c >= '0' && c <= '9' && digits < 6 {
			n[count], digits = 10*n[count]+int(c-'0'), digits+1
			continue
		}
		if digits == 0 || count == len(n)-1 || i == len(b)-1 {
			return fmt.Errorf("%q found, a time like 12/31-23:59:59.000000 expected", clip(b))
		}
		sep[count] = c
		count, digits = count+1, 0
	}
	switch string(sep[:count]) {
	case "/-::.":
		s.month, s.day, s.hour, s.minute, s.second = n[0], n[1], n[2], n[3], n[4]
	case "//-::.":
		s.year, s.month, s.day, s.hour, s.minute, s.second = 2000+n[0], n[1], n[2], n[3], n[4], n[5]
	case "-- ::.", "--T::.":
		s.year, s.month, s.day, s.hour, s.minute, s.second = n[0], n[1], n[2], n[3], n[4], n[5]
	default:
		return fmt.Errorf("%q found, a time like 12/31-23:59:59.000000 expected", clip(b))
	}
	s.micro = uint32(n[count])
	for ; digits < 6; digits++ {
		s.micro *= 10
	}
	if s.month < 1 || s.month > 12 || s.day < 1 || s.day > 31 || s.hour > 23 || s.minute > 59 || s.second > 60 {
		return fmt.Errorf("%q found, which is no time", clip(b))
	}
	return nil
}

// unix returns the Unix second of a time in a line that was read at now. Without a
// year it is in the year in which it is nearest to now.
func (c *clock) unix(s *stamp, now int64) int64 {
	year := s.year
	if year == 0 {
		year = time.Unix(now, 0).In(c.zone).Year()
		if d := int64(s.month-int(time.Unix(now, 0).In(c.zone).Month())) * 30; d > 183 {
			year--
		} else if d < -183 {
			year++
		}
	}
	if day := [3]int{year, s.month, s.day}; day != c.day {
		c.day, c.base = day, time.Date(year, time.Month(s.month), s.day, 0, 0, 0, 0, c.zone).Unix()
		// The day on which clocks change is not a sum of hours.
		if time.Unix(c.base+24*3600, 0).In(c.zone).Hour() != 0 {
			c.day = [3]int{}
			return time.Date(year, time.Month(s.month), s.day, s.hour, s.minute, s.second, 0, c.zone).Unix()
		}
	}
	return c.base + int64(s.hour*3600+s.minute*60+s.second)
}
