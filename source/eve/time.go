package eve

// parseTime reads the time of a line, "2018-03-24T14:37:19.037299-0600". The
// fraction may have any number of digits or be missing, the offset may have a
// colon, be Z, or be missing, which means UTC. Anything else, and a time before
// 1970 or after 2106, which the protocol cannot carry, is the zero stamp.
func parseTime(t []byte) stamp {
	if len(t) < 19 || t[4] != '-' || t[7] != '-' || t[10] != 'T' && t[10] != ' ' || t[13] != ':' || t[16] != ':' {
		return stamp{}
	}
	year, ok1 := digits(t[:4])
	month, ok2 := digits(t[5:7])
	day, ok3 := digits(t[8:10])
	hour, ok4 := digits(t[11:13])
	minute, ok5 := digits(t[14:16])
	second, ok6 := digits(t[17:19])
	if !(ok1 && ok2 && ok3 && ok4 && ok5 && ok6) || month < 1 || month > 12 || day < 1 || day > 31 || hour > 23 || minute > 59 || second > 60 {
		return stamp{}
	}
	s := stamp{sec: days(year, month, day)*86400 + int64(hour*3600+minute*60+second)}
	t = t[19:]
	if len(t) > 0 && t[0] == '.' {
		scale := uint32(100_000)
		for t = t[1:]; len(t) > 0 && t[0] >= '0' && t[0] <= '9'; t = t[1:] {
			s.usec += uint32(t[0]-'0') * scale
			scale /= 10
		}
	}
	offset, ok := parseOffset(t)
	s.sec -= int64(offset)
	if !ok || s.sec <= 0 || s.sec > 1<<32-1 {
		return stamp{}
	}
	return s
}

// parseOffset returns the seconds of "+0200", "-06:00", "Z" or "".
func parseOffset(t []byte) (seconds int, ok bool) {
	if len(t) == 0 || string(t) == "Z" {
		return 0, true
	}
	sign := 1
	switch t[0] {
	case '+':
	case '-':
		sign = -1
	default:
		return 0, false
	}
	t = t[1:]
	if len(t) < 4 {
		return 0, false
	}
	hours, ok1 := digits(t[:2])
	if t = t[2:]; t[0] == ':' {
		t = t[1:]
	}
	minutes, ok2 := digits(t)
	if !ok1 || !ok2 || len(t) != 2 || hours > 18 || minutes > 59 {
		return 0, false
	}
	return sign * (hours*3600 + minutes*60), true
}

// days returns the number of days from 1970-01-01 to a date of the Gregorian
// calendar. Counting years from March puts the leap day at the end.
func days(year, month, day int) int64 {
	if month <= 2 {
		year--
		month += 12
	}
	return int64(365*year+year/4-year/100+year/400+(153*(month-3)+2)/5+day-1) - 719468
}
