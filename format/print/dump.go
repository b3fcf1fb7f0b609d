package print

import "estream/format/text"

const (
	indentation = 4
	maxIndent   = 2 * 4 * 9 // deeper than wire lets blocks be nested
)

const spaces = "                                                                        " // maxIndent of them

func appendIndent(dst []byte, n int) []byte { return append(dst, spaces[:min(n, maxIndent)]...) }

func appendBytes(dst []byte, n int) []byte {
	dst = text.AppendUint(dst, uint64(n))
	if n == 1 {
		return append(dst, " byte"...)
	}
	return append(dst, " bytes"...)
}

// dump appends bytes as lines of 16 in hex, and what of them is printable ASCII.
func (p *printer) dump(dst, b []byte, indent int) []byte {
	const width = 16
	left := 0
	if !p.hex && len(b) > MaxDump {
		b, left = b[:MaxDump], len(b)-MaxDump
	}
	for at := 0; at < len(b); at += width {
		line := b[at:min(at+width, len(b))]
		dst = appendIndent(dst, indent)
		dst = text.AppendHex(dst, []byte{byte(at >> 24), byte(at >> 16), byte(at >> 8), byte(at)})
		dst = append(dst, ' ')
		for i := range width {
			dst = append(dst, ' ')
			if i < len(line) {
				dst = text.AppendHex(dst, line[i:i+1])
			} else {
				dst = append(dst, "  "...)
			}
		}
		dst = append(dst, "  |"...)
		for _, c := range line {
			if c < ' ' || c > '~' {
				c = '.'
			}
			dst = append(dst, c)
		}
		dst = append(dst, '|', '\n')
	}
	if left > 0 {
		dst = appendIndent(dst, indent)
		dst = append(appendBytes(append(dst, "and "...), left), " more, not shown\n"...)
	}
	return dst
}
