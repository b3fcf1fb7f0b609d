package capture

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/netip"
	"slices"
	"time"

	"estream/transcript"
)

// DefaultPort is the port of eStreamer servers.
const DefaultPort = 8302

// ErrNoSession is what Read returns, wrapped with what was found instead, for a
// capture in which nothing is an eStreamer session.
var ErrNoSession = errors.New("no eStreamer session in the capture")

// Options say how a capture is read. The zero value reads what needs no keys.
type Options struct {
	// Keys is an NSS key log, as programs write it to the file that SSLKEYLOGFILE
	// names; nil for none. It is read to its end, at most 64 MiB.
	Keys io.Reader

	// Ports are those of eStreamer servers. When empty, DefaultPort is, and
	// connections with other ports count if they carry eStreamer.
	Ports []uint16

	Log *slog.Logger // gets what Stats cannot say; nil for none
}

// A Message is a message of a session, or a problem.
type Message struct {
	Time    time.Time       // when the receiver had all of it, UTC
	Session int             // from 1, in the order in which sessions were recognised
	From    transcript.Side // who sent it; empty for a problem of the session as a whole

	Client, Server netip.AddrPort

	// Data is one whole message with its 8-byte header. With Err it is, as the case may be, the
	// beginning of a message whose rest is missing, up to 16 KiB of bytes that are no
	// message, or empty. It is valid during the call.
	Data []byte

	// Err is nil for a message. It names the session, says what is missing or wrong,
	// and what to do about it. After an error other than a gap, nothing more comes of that
	// direction, or of the session if From is empty.
	Err error
}

// Stats count what was found. The zero value is that of an empty capture.
type Stats struct {
	Packets     uint64 // in the file
	UnknownLink uint64 // packets of a link type that is not read
	NotTCP      uint64 // packets that are neither TCP nor broken
	Fragments   uint64 // IP fragments, which are not put together
	Malformed   uint64 // packets whose headers are broken or were cut
	Truncated   uint64 // TCP segments of which the capture has only the beginning
	Cut         bool   // the file ends in the middle of a packet

	Flows          uint64 // TCP connections, those that sent nothing included
	OtherFlows     uint64 // of them, those that are not eStreamer
	RefusedPackets uint64 // packets of connections left out because 20,000 sessions were open

	Sessions    uint64 // eStreamer sessions
	Plain       uint64 // of them, without TLS
	Decrypted   uint64 // with TLS and its secrets
	Undecrypted uint64 // with TLS that could not be read

	Messages uint64 // whole messages handed out
	Problems uint64 // messages handed out with Err

	Gaps            uint64 // places where bytes of a session are missing
	GapBytes        uint64 // how many are missing there
	RepeatedBytes   uint64 // sent again, which is no loss
	Undecryptable   uint64 // bytes skipped because they could not be decrypted
	BetweenMessages uint64 // bytes skipped between a gap and the next message
	NotMessages     uint64 // bytes skipped because they, or some before them, are no message

	KeyLines    uint64 // secrets in the key log and the capture's own blocks
	BadKeyLines uint64 // lines of them that are neither secret nor comment
}

// Read reads a capture and calls each for the messages of its sessions, and for what
// hinders reading them. It returns what it counted, and an error if r is no
// capture, breaks, is damaged so that what follows cannot be found (the messages
// before it have been handed out), if Options.Keys is no key log, or if there is no session
// (ErrNoSession). An error of each ends it and is returned as it is. A capture that
// was cut at its end is no error, but Stats.Cut.
func Read(r io.Reader, o Options, each func(*Message) error) (Stats, error) {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	c := newReader(o, each)
	if o.Keys != nil {
		if err := c.keys.read(o.Keys); err != nil {
			return c.stats, err
		}
		if err := c.keys.complaint(); err != nil {
			return c.stats, err
		}
	}
	src, err := open(r)
	if err != nil {
		return c.stats, err
	}
	src.secrets = c.secrets
	c.moreKeys = src.ng
	err = c.packets(src)
	if err == nil || !errors.Is(err, errStopped) {
		// What the end of the file makes plain is told even if the file broke.
		if ended := c.finish(); ended != nil {
			err = ended
		}
	}
	c.stats.KeyLines, c.stats.BadKeyLines = c.keys.lines, c.keys.bad
	switch {
	case errors.Is(err, errStopped):
		return c.stats, c.stopped
	case err != nil:
		return c.stats, fmt.Errorf("capture: packet %d: %w", c.stats.Packets+1, err)
	case c.stats.Sessions == 0:
		return c.stats, c.nothing()
	}
	return c.stats, nil
}

// errStopped stands for the error of each, so that no wrapping touches it.
var errStopped = errors.New("stopped")

// A reader is one call of Read.
type reader struct {
	log      *slog.Logger
	each     func(*Message) error
	ports    []uint16
	guess    bool // take other ports if what they say is eStreamer
	keys     keyLog
	moreKeys bool // the file may bring secrets of its own

	resume  resumption
	waiting map[random][]*tlsStream // sessions whose secrets have to come yet

	flows   flowTable
	now     time.Time // of the packet in hand
	held    int       // bytes held for all connections
	stats   Stats
	stopped error // what each returned
	message Message
	unread  unreadTLS
	plain   []byte // what a record is decrypted into
	search  int    // bytes that may still be decrypted in search of places behind gaps
}

// unreadTLS remembers why connections with TLS on other ports were left out.
type unreadTLS struct {
	flows uint64
	port  uint16 // of one of them
}

func newReader(o Options, each func(*Message) error) *reader {
	c := &reader{log: o.Log, each: each, search: searchBudget, plain: make([]byte, 0, recordHeader+maxRecord), waiting: map[random][]*tlsStream{}, resume: resumption{}, ports: slices.Clone(o.Ports)}
	if len(c.ports) == 0 {
		c.ports, c.guess = []uint16{DefaultPort}, true
	}
	c.flows.init()
	return c
}

// packets reads the file to its end.
func (c *reader) packets(src *source) error {
	for {
		p, err := src.next()
		switch {
		case err == io.EOF:
			return nil
		case errors.Is(err, io.ErrUnexpectedEOF):
			c.stats.Cut = true
			c.log.Warn("the capture ends in the middle of a packet; what is before it is read", "packets", c.stats.Packets)
			return nil
		case err != nil:
			return err
		}
		c.stats.Packets++
		c.now = p.time
		s, verdict := parsePacket(p)
		switch verdict {
		case packetTCP:
			err = c.segment(s)
		case packetOther:
			c.stats.NotTCP++
		case packetFragment:
			c.stats.Fragments++
		case packetLink:
			if c.stats.UnknownLink == 0 {
				c.log.Warn("packets of this link type are not read", "link_type", p.link)
			}
			c.stats.UnknownLink++
		case packetMalformed:
			c.stats.Malformed++
		}
		if err != nil {
			return err
		}
	}
}

// secrets takes a Decryption Secrets Block, and goes on where one was missing.
func (c *reader) secrets(log io.Reader) error {
	if err := c.keys.read(log); err != nil {
		return err
	}
	for _, id := range c.keys.fresh {
		waiting := c.waiting[id]
		delete(c.waiting, id)
		for _, t := range waiting {
			if t.s.f.state != taken || t.s.dead {
				continue
			}
			if err := t.secretsCame(); err != nil {
				return err
			}
		}
	}
	return nil
}

// finish ends all connections that are still open.
func (c *reader) finish() error {
	for f := range c.flows.all() {
		if err := f.end(); err != nil {
			return err
		}
	}
	if s := &c.stats; s.Fragments > 0 {
		c.log.Warn("IP fragments are not put together: what they carried is missing", "fragments", s.Fragments)
	}
	return nil
}

// nothing says what there was instead of a session.
func (c *reader) nothing() error {
	s := &c.stats
	switch {
	case s.Packets == 0:
		return fmt.Errorf("%w: it has no packets", ErrNoSession)
	case s.UnknownLink == s.Packets:
		return fmt.Errorf("%w: the link type of its packets is not read; Ethernet, Linux cooked, raw IP and loopback are", ErrNoSession)
	case s.Flows == 0:
		return fmt.Errorf("%w: %d packets, no TCP connection with data among them", ErrNoSession, s.Packets)
	case c.unread.flows > 0:
		return fmt.Errorf("%w: %d TCP connections, none with eStreamer on port %v; %d with TLS (one has port %d) have no secret in the key log: "+
			"give the key log with --keys, or the server's port with --port", ErrNoSession, s.Flows, c.ports, c.unread.flows, c.unread.port)
	default:
		return fmt.Errorf("%w: %d TCP connections, none with eStreamer on port %v: give the server's port with --port", ErrNoSession, s.Flows, c.ports)
	}
}

// deliver hands out c.message, whose other fields the caller has set.
func (c *reader) deliver() error {
	if c.message.Err == nil {
		c.stats.Messages++
	} else {
		c.stats.Problems++
	}
	c.message.Time = c.now
	if err := c.each(&c.message); err != nil {
		c.stopped = err
		return errStopped
	}
	return nil
}
