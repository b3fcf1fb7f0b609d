package cef

import "time"

// A clock writes the syslog header of lines: priority 13 (user, notice), time of
// writing and host name. It looks at the time at the start of a run of lines and
// every few lines within, which takes microseconds, and renders the text when the
// second has changed.
type clock struct {
	now      func() time.Time
	location *time.Location
	hostname string

	end    int // length of the destination after the last line
	lines  int // that may still be written before the next look
	second int64
	text   []byte
}

// linesPerLook is how many lines carry the time of one look at the clock.
const linesPerLook = 64

// appendPrefix appends the header. A destination of another length than after the
// last line is taken for the start of a run: any time may have passed since.
func (c *clock) appendPrefix(dst []byte) []byte {
	if c.lines == 0 || len(dst) != c.end {
		c.look()
	}
	c.lines--
	return append(dst, c.text...)
}

func (c *clock) look() {
	c.lines = linesPerLook
	now := c.now()
	if second := now.Unix(); c.text == nil || second != c.second {
		c.second = second
		c.text = append(c.text[:0], "<13>"...)
		c.text = now.In(c.location).AppendFormat(c.text, "Jan 02 15:04:05 ")
		c.text = append(c.text, c.hostname...)
		c.text = append(c.text, ' ')
	}
}
