package cli

import (
	"context"
	"fmt"
	"io"
	"os"

	"estream/capture"
	"estream/transcript"
	"estream/wire"
)

// capture decodes the sessions of a network capture: what their servers sent, in the
// order of time. Names of one session are none of another.
func (d *decodeRun) capture(ctx context.Context, r io.Reader, packed bool) error {
	o := capture.Options{Log: d.log}
	for _, p := range d.ports {
		if p < 1 || p > 65535 {
			return usagef("--port is %d; expected 1 to 65535", p)
		}
		o.Ports = append(o.Ports, uint16(p))
	}
	if d.keys != "" {
		f, err := os.Open(d.keys)
		if err != nil {
			return fmt.Errorf("--keys: %w", err)
		}
		defer f.Close()
		o.Keys = f
	}
	err := d.messages(ctx, func(in *messageInput) error {
		stats, err := capture.Read(r, o, func(m *capture.Message) error { return d.captured(in, m) })
		if stats.BadKeyLines > 0 {
			d.log.Warn("the key log has lines that are neither secrets nor comments", "lines", stats.BadKeyLines, "secrets", stats.KeyLines)
		}
		if stats.Truncated > 0 {
			d.log.Warn("the capture has packets of which only the beginning was saved", "packets", stats.Truncated, "hint", "capture whole packets: tcpdump -s 0")
		}
		if err == nil && in.events == 0 {
			d.skipped = true // said here, with what is known of it
			d.log.Warn("the sessions of the capture have no events that can be read", "sessions", stats.Sessions, "undecrypted", stats.Undecrypted)
		}
		return err
	})
	return d.readError(err, packed)
}

// captured takes in one message, or a problem.
func (d *decodeRun) captured(in *messageInput, m *capture.Message) error {
	at, source := location{session: m.Session, time: m.Time}, uint32(m.Session)
	if m.Err != nil {
		d.report("%v: %v", at.moment(), m.Err)
		if m.From != transcript.Server {
			return nil
		}
		return in.cut(at, source, m.Data)
	}
	if h, _ := wire.ParseHeader(m.Data); h.Type == wire.TypeError {
		d.lastWords(at, m.From, m.Data)
	}
	if m.From != transcript.Server {
		return nil
	}
	return in.take(at, source, m.Data)
}

// keysUnused refuses what only captures have.
func (d *decodeRun) keysUnused() error {
	what := ""
	switch {
	case d.keys != "":
		what = "--keys"
	case len(d.ports) > 0:
		what = "--port"
	default:
		return nil
	}
	return hint(usagef("%s is for network captures, and %s is none", what, d.name), "tcpdump, dumpcap and Wireshark make captures: pcap or pcapng")
}
