package text

import (
	"encoding/binary"
	"math/bits"
)

// digits holds "00" to "99": two digits per table access halve the divisions.
const digits = "00010203040506070809" +
	"10111213141516171819" +
	"20212223242526272829" +
	"30313233343536373839" +
	"40414243444546474849" +
	"50515253545556575859" +
	"60616263646566676869" +
	"70717273747576777879" +
	"80818283848586878889" +
	"90919293949596979899"

// AppendUint appends v in decimal. It is strconv.AppendUint for base 10 without
// the generality: about half of all values in a record are numbers, most of them
// below 100.
func AppendUint(dst []byte, v uint64) []byte {
	if v < 10 {
		return append(dst, byte('0'+v))
	}
	if v < 100 {
		return append(dst, digits[2*v], digits[2*v+1])
	}
	end := len(dst) + decimals(v)
	dst = grow(dst, end-len(dst))
	for v >= 1<<32 {
		q := v / 100
		r := 2 * (v - 100*q)
		end -= 2
		dst[end], dst[end+1] = digits[r], digits[r+1]
		v = q
	}
	u := uint32(v) // 32-bit divisions are cheaper, also on 64-bit machines
	for u >= 100 {
		q := u / 100
		r := 2 * (u - 100*q)
		end -= 2
		dst[end], dst[end+1] = digits[r], digits[r+1]
		u = q
	}
	if u < 10 {
		dst[end-1] = byte('0' + u)
		return dst
	}
	dst[end-2], dst[end-1] = digits[2*u], digits[2*u+1]
	return dst
}

// powers of ten that fit into 64 bits.
var powers = func() (p [20]uint64) {
	p[0] = 1
	for i := 1; i < len(p); i++ {
		p[i] = 10 * p[i-1]
	}
	return p
}()

// decimals returns how many digits v has; v is not 0. The logarithm to base 10 is
// the one to base 2 times 1233/4096, or one less.
func decimals(v uint64) int {
	n := bits.Len64(v) * 1233 >> 12
	if v >= powers[n] {
		n++
	}
	return n
}

// appendPadded appends v with exactly two digits; v is below 100.
func appendPadded(dst []byte, v uint32) []byte {
	return append(dst, digits[2*v], digits[2*v+1])
}

// hexPairs[b] holds the two hex digits of b, low half first digit.
var hexPairs = func() (t [256]uint16) {
	const hex = "0123456789abcdef"
	for i := range t {
		t[i] = uint16(hex[i>>4]) | uint16(hex[i&15])<<8
	}
	return t
}()

// AppendHex appends src as lower-case hex, two digits for each byte.
func AppendHex(dst, src []byte) []byte {
	n := len(dst)
	dst = grow(dst, 2*len(src))
	putHex(dst[n:], src)
	return dst
}

func putHex(out, src []byte) {
	for len(src) >= 4 && len(out) >= 8 {
		w := uint64(hexPairs[src[0]]) | uint64(hexPairs[src[1]])<<16 | uint64(hexPairs[src[2]])<<32 | uint64(hexPairs[src[3]])<<48
		binary.LittleEndian.PutUint64(out, w)
		src, out = src[4:], out[8:]
	}
	for i, b := range src {
		binary.LittleEndian.PutUint16(out[2*i:], hexPairs[b])
	}
}

// grow lengthens dst by n bytes of unspecified content.
func grow(dst []byte, n int) []byte {
	if cap(dst)-len(dst) >= n {
		return dst[:len(dst)+n]
	}
	return append(dst, make([]byte, n)...)
}

const zeroUUID = "00000000-0000-0000-0000-000000000000"

// AppendUUID appends the 16 bytes of u as 8-4-4-4-12 hex digits, in the order in
// which they arrive. Anything but 16 bytes is written as plain hex.
func AppendUUID(dst, u []byte) []byte {
	if len(u) != 16 {
		return AppendHex(dst, u)
	}
	if binary.LittleEndian.Uint64(u)|binary.LittleEndian.Uint64(u[8:]) == 0 {
		return append(dst, zeroUUID...) // an unset reference, the most frequent one
	}
	n := len(dst)
	dst = grow(dst, 36)
	out := dst[n : n+36]
	putHex(out[0:8], u[0:4])
	out[8] = '-'
	binary.LittleEndian.PutUint16(out[9:], hexPairs[u[4]])
	binary.LittleEndian.PutUint16(out[11:], hexPairs[u[5]])
	out[13] = '-'
	binary.LittleEndian.PutUint16(out[14:], hexPairs[u[6]])
	binary.LittleEndian.PutUint16(out[16:], hexPairs[u[7]])
	out[18] = '-'
	binary.LittleEndian.PutUint16(out[19:], hexPairs[u[8]])
	binary.LittleEndian.PutUint16(out[21:], hexPairs[u[9]])
	out[23] = '-'
	putHex(out[24:32], u[10:14])
	binary.LittleEndian.PutUint16(out[32:], hexPairs[u[14]])
	binary.LittleEndian.PutUint16(out[34:], hexPairs[u[15]])
	return dst
}

// AppendMAC appends hex pairs separated by colons.
func AppendMAC(dst, mac []byte) []byte {
	for i, b := range mac {
		if i > 0 {
			dst = append(dst, ':')
		}
		dst = binary.LittleEndian.AppendUint16(dst, hexPairs[b])
	}
	return dst
}

// AppendHexGroups appends src as hex in groups of four digits joined by colons:
// the long form of an IPv6 address, never shortened.
func AppendHexGroups(dst, src []byte) []byte {
	for i, b := range src {
		if i > 0 && i%2 == 0 {
			dst = append(dst, ':')
		}
		dst = binary.LittleEndian.AppendUint16(dst, hexPairs[b])
	}
	return dst
}
