package text

import "time"

// Dates writes points in time the way eNcore does: local time without a zone,
// unless Offset asks for one. It remembers the seconds that it wrote last, since events come in bursts of the
// same few seconds. Not safe for concurrent use; the zero value uses time.Local.
type Dates struct {
	// Location is the zone of the dates, time.Local if nil. It must not change
	// after the first use.
	Location *time.Location
	// Offset appends the distance from UTC as +00:00 (RFC 3339).
	Offset bool

	recent [64]struct {
		known  bool
		second uint32
		text   [dateLen + offsetLen]byte
	}
}

const (
	dateLen   = len("2006-01-02T15:04:05")
	offsetLen = len("-07:00")
)

// Append appends second and microsecond (both since the Unix epoch) as
// YYYY-MM-DDTHH:MM:SS, followed by six decimals unless they are zero.
// Microseconds of one million and more carry into the seconds.
func (d *Dates) Append(dst []byte, second uint32, microsecond uint64) []byte {
	// The carry can leave the range of 32 bits, which the cache does not cover.
	at := uint64(second) + microsecond/1e6
	microsecond %= 1e6
	c := &d.recent[at%uint64(len(d.recent))]
	if !c.known || c.second != uint32(at) || at>>32 != 0 {
		d.render(c.text[:0], int64(at))
		c.known, c.second = at>>32 == 0, uint32(at)
	}
	dst = append(dst, c.text[:dateLen]...)
	if microsecond != 0 {
		dst = append(dst, '.')
		us := uint32(microsecond)
		dst = appendPadded(dst, us/10000)
		dst = appendPadded(dst, us/100%100)
		dst = appendPadded(dst, us%100)
	}
	if d.Offset {
		dst = append(dst, c.text[dateLen:]...)
	}
	return dst
}

func (d *Dates) render(dst []byte, at int64) []byte {
	loc := d.Location
	if loc == nil {
		loc = time.Local
	}
	return time.Unix(at, 0).In(loc).AppendFormat(dst, "2006-01-02T15:04:05-07:00")
}
