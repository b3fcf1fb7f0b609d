// Package raw writes every message as it came, one JSON object per line:
//
//	{"recordType":500,"blockType":56,"archiveTimestamp":1700000000,"netmapId":0,"reason":"","message":"AAEABAAA..."}
//
// message is the base64 (RFC 4648, with padding) of the whole message, its 8-byte
// header included: decoded and joined, the messages of all lines are the stream
// again. reason says why a message cannot be decoded and is empty for one that can.
// blockType is 0 for a body without data block, archiveTimestamp 0 where the record
// header has none. When not even the record header can be read, reason and message
// stand alone.
package raw

import (
	"encoding/base64"

	"estream/format"
	"estream/format/text"
	"estream/meta"
	"estream/wire"
)

// New returns the format. It implements format.Format and has no settings.
func New() format.Format { return rawFormat{} }

type rawFormat struct{}

// Wanted is true for every field, so that a record counts as decodable here when
// it does in every other format.
func (rawFormat) Wanted(*wire.Layout, int) bool { return true }

// Writes is true for every record.
func (rawFormat) Writes(*wire.Layout) bool { return true }

// NewFormatter returns a formatter without state.
func (rawFormat) NewFormatter() format.Formatter { return rawFormat{} }

// Append implements format.Formatter. Every record has a line.
func (rawFormat) Append(dst []byte, _ *wire.Decoder, r *wire.Record, _ *meta.Snapshot) ([]byte, bool) {
	return line(dst, r.Message, r, nil), true
}

// AppendRaw implements format.Formatter. Every message has a line.
func (rawFormat) AppendRaw(dst []byte, message []byte, r *wire.Record, reason error) ([]byte, bool) {
	return line(dst, message, r, reason), true
}

func line(dst, message []byte, r *wire.Record, reason error) []byte {
	dst = append(dst, '{')
	if r != nil {
		dst = append(dst, `"recordType":`...)
		dst = text.AppendUint(dst, uint64(r.Type))
		dst = append(dst, `,"blockType":`...)
		dst = text.AppendUint(dst, uint64(r.Block))
		dst = append(dst, `,"archiveTimestamp":`...)
		dst = text.AppendUint(dst, uint64(r.ArchiveTimestamp))
		dst = append(dst, `,"netmapId":`...)
		dst = text.AppendUint(dst, uint64(r.NetmapID))
		dst = append(dst, ',')
	}
	dst = append(dst, `"reason":"`...)
	if reason != nil {
		dst = text.AppendJSONString(dst, []byte(reason.Error()))
	}
	dst = append(dst, `","message":"`...)
	dst = base64.StdEncoding.AppendEncode(dst, message)
	return append(dst, '"', '}', '\n')
}
