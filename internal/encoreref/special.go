package encoreref

import (
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// packet adds the packet and its payload. A packet that is UTF-8 was decoded as
// text and gets neither.
func (w *viewing) packet(data any) error {
	whole, ok := data.(Bytes)
	if !ok {
		return nil
	}
	if w.settings.IncludeOriginalPacket {
		w.out.Set("originalPacket", string(whole))
	}
	if w.settings.PacketEncoding == "" {
		w.set("packet", string(whole))
		return nil
	}
	payload, err := payload("view", whole)
	if err != nil {
		return err
	}
	w.set("packet", encodePayload(payload, w.settings.PacketEncoding))
	return nil
}

// payload returns the bytes behind what eNcore takes for the IP header.
func payload(stage string, whole Bytes) ([]byte, error) {
	p, err := hex.DecodeString(string(whole))
	if err != nil {
		return nil, err
	}
	if len(p) < 15 {
		return nil, failf(stage, "packet of less than 15 bytes")
	}
	return p[min(14+4*int(p[14]&15), len(p)):], nil
}

func encodePayload(p []byte, encoding string) string {
	var text strings.Builder
	switch encoding {
	case "ascii":
		for _, b := range p {
			if b < 0x80 {
				text.WriteByte(b)
			}
		}
	case "utf-8":
		for len(p) > 0 {
			r, n := utf8.DecodeRune(p)
			if r != utf8.RuneError || n > 1 {
				text.Write(p[:n])
			}
			p = p[n:]
		}
	default:
		return hex.EncodeToString(p)
	}
	return text.String()
}

// extraData interprets the extra data of an intrusion event.
func (w *viewing) extraData(r *rule, data any) error {
	if empty(data) {
		return nil
	}
	typ, ok := w.record.Path(r.TypeFrom)
	if !ok {
		return w.missing(r, r.TypeFrom)
	}
	switch typ {
	case uint64(2):
		digits, isBytes := data.(Bytes)
		text, _ := data.(string)
		switch {
		case isBytes && strings.HasPrefix(string(digits), strings.Repeat("0", 20)):
			if len(digits) < 32 {
				return failf("view", "address of less than 16 bytes: no reference")
			}
			ip, err := hex.DecodeString(string(digits[24:32]))
			if err != nil {
				return err
			}
			w.out.Set("originalSrcIP", ipv4Text(ip))
		case len(digits) > 32:
			w.out.Set("originalSrcIP", wideGroups(string(digits[:32])))
		case utf8.RuneCountInString(text) > 32:
			return failf("view", "text of more than 32 characters as an address (D-17)")
		}
	case uint64(9):
		w.out.Set("xffUri", data)
	}
	if v, ok := w.cache.lookup(r.Table, []any{typ}, ""); ok {
		w.out.Set("xffType", v)
	}
	return nil
}

// eventTime adds the time of the event, of its arrival if it has none.
func (w *viewing) eventTime(r *rule) {
	number := func(path string) (uint64, bool) {
		v, _ := w.record.Path(path)
		n, ok := v.(uint64)
		return n, ok
	}
	var seconds, micros uint64
	for _, c := range r.Candidates {
		if s, ok := number(c.Second); ok {
			seconds = s
			if c.Microsecond != "" {
				micros, _ = number(c.Microsecond)
			}
			break
		}
	}
	if seconds == 0 {
		seconds, _ = number(r.FallbackWhenZero)
	}
	if seconds > 0 {
		w.out.Set("eventSecond", seconds)
		w.out.Set("eventDateTime", dateText(seconds, micros))
	}
	w.set("eventMicrosecond", micros)
}

// dateText writes a time in UTC. Surplus microseconds carry.
func dateText(seconds, micros uint64) string {
	t := time.Unix(int64(seconds+micros/1_000_000), 0).UTC()
	text := t.Format("2006-01-02T15:04:05")
	if micros %= 1_000_000; micros != 0 {
		text += fmt.Sprintf(".%06d", micros)
	}
	return text
}

// plain writes a number or text, and anything else as Python's str does.
func plain(v any) string {
	switch v := v.(type) {
	case string:
		return v
	case uint64:
		return strconv.FormatUint(v, 10)
	}
	return repr(v)
}
