package encoreref

import "strconv"

// Settings are those of eNcore that show in its lines. Times are in UTC.
type Settings struct {
	IncludeOriginalPacket bool   // eNcore's default is true
	PacketEncoding        string // "ascii", "utf-8", "hex", or "" for the whole packet
}

// A Client is what eNcore is between start and stop: it learns from metadata.
type Client struct {
	t        *tables
	cache    cache
	settings Settings
}

// NewClient returns a client that knows nothing but eNcore's defaults.
func NewClient(s Settings) *Client {
	t := load()
	return &Client{t, newCache(t), s}
}

// A Record is one decoded record with its computed view.
type Record struct {
	t                *tables
	settings         Settings
	typ              string // decimal
	fields, computed *Object
	mended           bool
	data             []byte // the message after its 8-byte header
}

// Read takes one event data message, 8-byte header included. An error is a
// *Failure: eNcore has no line for it. What the record teaches is stored even if
// its own view fails.
func (c *Client) Read(message []byte) (*Record, error) { return c.read(message, false) }

// ReadMended is Read without the faults of which the reference says what the line
// would be otherwise:
//
//   - Block type and host address are taken from where they are, not from the fixed
//     places where eNcore looks for them (D-13). It makes a difference for records
//     without archive time or without IPv6 address.
//   - The upper half of the record type word, netmap id and flag, is masked.
//   - The CEF adapters write a packet that is text as hex without payload (D-15),
//     a value of "blocked" beyond their table as a number (D-25), and cef2 packets
//     as its table says (D-33).
func (c *Client) ReadMended(message []byte) (*Record, error) { return c.read(message, true) }

func (c *Client) read(message []byte, mend bool) (*Record, error) {
	if len(message) < 8 {
		return nil, failf("decode", "message without header")
	}
	d := &decoding{t: c.t, data: message[8:], mend: mend}
	fields, err := d.decode()
	if err != nil {
		return nil, err
	}
	typ, _ := fields.Get("recordType")
	name := strconv.FormatUint(typ.(uint64), 10)
	c.cache.fill(c.t.view.Cache.Fill[name], fields)
	computed := NewObject()
	w := &viewing{c.t, c.cache, c.settings, fields, computed}
	if err := w.run(); err != nil {
		return nil, err
	}
	fields.Set("@computed", computed)
	return &Record{c.t, c.settings, name, fields, computed, mend, d.data}, nil
}
