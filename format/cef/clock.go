package cef

import "time"

// A clock writes the syslog header of lines: priority 13 (user, notice), time of
// writing and host name. It renders the text once a second.
type clock struct {
	now      func() time.Time
	location *time.Location
	hostname string

	second int64
	text   []byte
}

// prefix returns the header for now. It is valid until the next call.
func (c *clock) prefix() []byte {
	now := c.now()
	if second := now.Unix(); c.text == nil || second != c.second {
		c.second = second
		c.text = append(c.text[:0], "<13>"...)
		c.text = now.In(c.location).AppendFormat(c.text, "Jan 02 15:04:05 ")
		c.text = append(c.text, c.hostname...)
		c.text = append(c.text, ' ')
	}
	return c.text
}
