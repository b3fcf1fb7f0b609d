package splunk

import (
	"encoding/base64"
	"errors"

	"estream/format/text"
	"estream/meta"
	"estream/wire"
)

var errNoLayout = errors.New("record has no layout")

// AppendRaw implements format.Formatter. A raw record shows its record header, its
// discovery header if there is one, and its body in base64 as raw. A message whose
// record header cannot be read has no rec_type and is base64 as a whole, in
// raw_message.
func (f *formatter) AppendRaw(dst []byte, message []byte, r *wire.Record, reason error) ([]byte, bool) {
	if r == nil {
		dst = append(dst, "raw_reason="...)
		dst = appendPlain(dst, reason.Error(), f.profile)
		dst = append(dst, " raw_message="...)
		return append(appendBase64(dst, message), '\n'), true
	}
	if l := r.Outer.Layout; l != nil {
		p := f.format.outer.Get(l)
		dst, _ = f.head(dst, p, r, &r.Outer, nil)
		for i := range p.pairs {
			dst = f.pair(dst, &p.pairs[i], r, &r.Outer, nil)
		}
	} else {
		dst = append(dst, "rec_type="...)
		dst = text.AppendUint(dst, uint64(r.Type))
		if r.ArchiveTimestamp != 0 {
			dst = append(dst, " event_sec="...)
			dst = text.AppendUint(dst, uint64(r.ArchiveTimestamp))
			if f.profile == meta.Strict {
				dst = f.appendTime(dst, r.ArchiveTimestamp, 0)
			}
		}
	}
	dst = append(dst, " block_type="...)
	dst = text.AppendUint(dst, uint64(r.Block))
	dst = append(dst, " raw_reason="...)
	dst = appendPlain(dst, reason.Error(), f.profile)
	dst = append(dst, " raw="...)
	return append(appendBase64(dst, r.Body()), '\n'), true
}

// appendBase64 appends bytes in base64, in quotes where padding would look like
// another pair.
func appendBase64(dst, b []byte) []byte {
	padded := len(b)%3 != 0 || len(b) == 0
	if padded {
		dst = append(dst, '"')
	}
	dst = base64.StdEncoding.AppendEncode(dst, b)
	if padded {
		dst = append(dst, '"')
	}
	return dst
}
