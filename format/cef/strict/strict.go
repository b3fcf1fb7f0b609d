package strict

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"time"

	"estream/format"
	"estream/meta"
	"estream/wire"
)

// Options are the settings of the format. The zero value is ready to use.
type Options struct {
	// Prefix is the text at the start of each line, without CR and LF. If nil it is
	// "<13>2006-01-02T15:04:05+00:00 HOST " with the time of writing in UTC.
	Prefix []byte
	// Hostname is the name in that prefix, the host's own if empty.
	Hostname string
	// DeviceVersion is the version in the header, "6.0" if empty, as in eNcore.
	DeviceVersion string
	// Now gives the time of writing, time.Now if nil.
	Now func() time.Time
	// Packets says how packets are written. OmitOriginal leaves out
	// CiscoFirepowerPacketData, Encoding is that of CiscoFirepowerPacketPayload.
	Packets meta.Packets
	// Mapping is a table of the form of mapping.json in place of the built-in one.
	Mapping []byte
}

// New returns the format. The error says what is wrong with the options; for a
// mapping it names every fault.
func New(o Options) (format.Format, error) {
	if bytes.ContainsAny(o.Prefix, "\r\n") {
		return nil, fmt.Errorf("cef prefix %q has a line break; expected text of one line", o.Prefix)
	}
	if o.Hostname == "" {
		o.Hostname = hostname()
	}
	for _, c := range []byte(o.Hostname) {
		if c <= ' ' || c >= 0x7f {
			return nil, fmt.Errorf("host name %q for the cef prefix holds a character that syslog does not allow; expected printable ASCII without spaces", o.Hostname)
		}
	}
	if o.DeviceVersion == "" {
		o.DeviceVersion = "6.0"
	}
	const maxVersion = 31
	if len(o.DeviceVersion) > maxVersion {
		return nil, errors.New("cef device version " + o.DeviceVersion + " is too long; the standard allows 31 bytes")
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Mapping == nil {
		o.Mapping = mappingJSON
	}
	m, err := parseMapping(o.Mapping)
	if err != nil {
		return nil, err
	}
	f := &strictFormat{options: o}
	start := append(appendHeader([]byte("CEF:0|Cisco|Firepower|"), []byte(o.DeviceVersion)), '|')
	f.start = string(start)
	f.plans = format.NewPlans(func(l *wire.Layout) *plan { return compile(l, m) })
	return f, nil
}

// hostname is the host's name; a line needs one even where the system has none.
func hostname() string {
	if name, err := os.Hostname(); err == nil && name != "" {
		return name
	}
	return "localhost"
}

type strictFormat struct {
	options Options
	start   string // of the header, up to the bar before the signature
	plans   *format.Plans[plan]
}

// Wanted tells which fields a line is made of: all but padding.
func (f *strictFormat) Wanted(l *wire.Layout, slot int) bool {
	if l.Record == nil {
		return true // nested blocks are shown whole
	}
	return f.plans.Get(l).uses[slot]
}

// Writes is true: every record has a line.
func (f *strictFormat) Writes(*wire.Layout) bool { return true }

func (f *strictFormat) NewFormatter() format.Formatter {
	w := &formatter{plans: f.plans, start: f.start, prefix: f.options.Prefix, packets: f.options.Packets}
	if w.prefix == nil {
		w.clock = &clock{now: f.options.Now, hostname: f.options.Hostname}
	}
	w.eval.Packets = f.options.Packets
	w.eval.Dates.Location = time.UTC
	w.dates.Location = time.UTC
	return w
}

// A clock writes the prefix of lines. It renders the text once a second.
type clock struct {
	now      func() time.Time
	hostname string

	second int64
	text   []byte
}

// prefix returns the prefix for now. It is valid until the next call.
func (c *clock) prefix() []byte {
	now := c.now()
	if second := now.Unix(); c.text == nil || second != c.second {
		c.second = second
		c.text = append(c.text[:0], "<13>"...)
		c.text = now.UTC().AppendFormat(c.text, "2006-01-02T15:04:05+00:00 ")
		c.text = append(c.text, c.hostname...)
		c.text = append(c.text, ' ')
	}
	return c.text
}
