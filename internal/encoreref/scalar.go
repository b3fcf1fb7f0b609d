package encoreref

import (
	"encoding/hex"
	"fmt"
	"strings"
	"unicode/utf8"
)

// textValue is the value of variable text: text without its NULs if the bytes are
// UTF-8, else a byte string.
func textValue(p []byte) any {
	if utf8.Valid(p) {
		return strings.ReplaceAll(string(p), "\x00", "")
	}
	return Bytes(hex.EncodeToString(p))
}

func uuidText(p []byte) string {
	h := hex.EncodeToString(p)
	return strings.Join([]string{h[:8], h[8:12], h[12:16], h[16:20], h[20:]}, "-")
}

func macText(p []byte) string {
	pairs := make([]string, len(p))
	for i, b := range p {
		pairs[i] = hex.EncodeToString([]byte{b})
	}
	return strings.Join(pairs, ":")
}

func ipv4Text(p []byte) string { return fmt.Sprintf("%d.%d.%d.%d", p[0], p[1], p[2], p[3]) }

// ipv6Text writes an address by the steps of the reference: groups without leading
// zeros, the longest run of zero groups shortened, dotted form for the addresses
// that hold an IPv4 address, then the prefix of mapped ones cut off.
func ipv6Text(p []byte) string {
	var groups [8]uint16
	for i := range groups {
		groups[i] = uint16(p[2*i])<<8 | uint16(p[2*i+1])
	}
	start, length := longestZeros(groups)
	text := ""
	switch {
	case start == 0 && length == 6:
		text = "::" + ipv4Text(p[12:])
	case start == 0 && length == 5 && groups[5] == 0xffff:
		text = "::ffff:" + ipv4Text(p[12:])
	case length >= 2:
		text = hexGroups(groups[:start]) + "::" + hexGroups(groups[start+length:])
	default:
		text = hexGroups(groups[:])
	}
	return strings.TrimPrefix(text, "::ffff:")
}

// longestZeros finds the first of the longest runs of zero groups.
func longestZeros(groups [8]uint16) (start, length int) {
	for i := 0; i < len(groups); i++ {
		n := 0
		for i+n < len(groups) && groups[i+n] == 0 {
			n++
		}
		if n > length {
			start, length = i, n
		}
		i += n
	}
	return start, length
}

func hexGroups(groups []uint16) string {
	parts := make([]string, len(groups))
	for i, g := range groups {
		parts[i] = fmt.Sprintf("%x", g)
	}
	return strings.Join(parts, ":")
}

// wideGroups joins 32 hex digits in groups of four.
func wideGroups(digits string) string {
	var parts []string
	for ; len(digits) >= 4; digits = digits[4:] {
		parts = append(parts, digits[:4])
	}
	return strings.Join(parts, ":")
}
