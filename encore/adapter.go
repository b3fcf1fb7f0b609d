package encore

import (
	"encoding/base64"
	"fmt"
	"log/slog"
	"strings"

	"estream/encore/conf"
	"estream/filter"
	"estream/format"
	"estream/format/catalog"
	"estream/meta"
	"estream/wire"
)

// formats maps adapters to formats. The first four are eNcore's; the rest has
// modules in eNcore that do not work, and is ours to define.
var formats = map[string]string{
	"json": "json", "splunk": "splunk", "cef": "cef", "cef2": "cef2",
	"csv": "csv", "kvpair": "kvpair", "pretty": "text", "base64": "raw",
}

var encodings = map[string]meta.PacketEncoding{"hex": meta.PacketHex, "ascii": meta.PacketASCII, "utf-8": meta.PacketUTF8}

// FormatName returns the name of the format that an output writes. The error is
// the one that eNcore logs.
func FormatName(o *conf.Output) (string, error) {
	name, ok := formats[o.Adapter]
	if !ok {
		//lint:ignore ST1005 eNcore's words
		return "", fmt.Errorf("Unrecognised adapter: %s", o.Adapter)
	}
	if o.Passthru {
		return "raw", nil // messages as they came
	}
	return name, nil
}

// newFormat returns the format of an output: eNcore's bytes, and only records
// that eNcore would write. log, for one of the outputs, takes what eNcore logs of
// a record that it does not know; nil is for the others.
func newFormat(c *conf.Conf, o *conf.Output, log *slog.Logger) (format.Format, error) {
	name, err := FormatName(o)
	if err != nil {
		return nil, err
	}
	options := catalog.Options{}
	if name != "raw" {
		options.Packets = meta.Packets{Encoding: encodings[c.Request.PacketEncoding], OmitOriginal: !c.Request.OriginalPacket}
	}
	f, err := catalog.New(name, options)
	if err != nil {
		return nil, err
	}
	return wrap(f, &c.Records, log), nil
}

// RecordFilter returns what leaves out the records that the configuration does not
// have written, nil if there are none. It lets types pass that no layout knows, so
// that they are noticed.
func RecordFilter(set *wire.Layouts, records *conf.Records) (*filter.Filter, error) {
	var out []string
	for _, t := range set.Source().Records() {
		if !records.Writes(t) {
			out = append(out, fmt.Sprint(t))
		}
	}
	if len(out) == 0 {
		return nil, nil
	}
	return filter.Parse(set, "record not in ("+strings.Join(out, ", ")+")")
}

// nothing is a filter that chooses no record, for the sink.
func nothing(set *wire.Layouts) (*filter.Filter, error) {
	return filter.Parse(set, "record in (65535)")
}

// only keeps records that cannot be decoded out of the output when eNcore would
// not have written their type, and has them logged.
type only struct {
	format.Format
	records *conf.Records
	unknown *unknownRecords
}

// onlyHeaded is an only whose format has a header.
type onlyHeaded struct {
	only
	header format.Headed
}

func (o onlyHeaded) Header() string { return o.header.Header() }

func wrap(f format.Format, records *conf.Records, log *slog.Logger) format.Format {
	o := only{f, records, &unknownRecords{log: log}}
	if h, ok := f.(format.Headed); ok {
		return onlyHeaded{o, h}
	}
	return o
}

// NewFormatter implements [format.Format].
func (o only) NewFormatter() format.Formatter {
	return onlyFormatter{o.Format.NewFormatter(), o.records, o.unknown}
}

type onlyFormatter struct {
	format.Formatter
	records *conf.Records
	unknown *unknownRecords
}

// AppendRaw implements [format.Formatter].
func (f onlyFormatter) AppendRaw(dst, message []byte, r *wire.Record, reason error) ([]byte, bool) {
	f.unknown.saw(message, r, reason)
	h, ok := wire.PeekRecord(message)
	if ok && !f.records.Writes(h.Type) {
		return dst, false
	}
	return f.Formatter.AppendRaw(dst, message, r, reason)
}

// mostData is how many characters of a bad record are logged.
const mostData = 4096

// additionalData is what follows the message about a bad record.
func additionalData(message []byte) string {
	if base64.StdEncoding.EncodedLen(len(message)) > mostData {
		return "Message data too large. Enable debug if asked to do so."
	}
	return "Additional data: " + base64.StdEncoding.EncodeToString(message)
}
