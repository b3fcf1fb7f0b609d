package output

import (
	"fmt"
	"strconv"
	"sync/atomic"
	"unicode/utf8"
)

// Stats counts what an Output did. Its fields may be read at any time.
type Stats struct {
	Lines     atomic.Uint64 // handed to the destination, repeats included
	Bytes     atomic.Uint64 // the same in bytes, without framing
	Truncated atomic.Uint64 // lines that were too long for the transport and were cut
	Rejected  atomic.Uint64 // lines that the destination refused for good
	Lost      atomic.Uint64 // lines that the destination is known to have missed, for outputs that cannot repeat
	Connects  atomic.Uint64 // connections that came to be
	Connected atomic.Bool   // the destination took the last write
}

// A Counter is an Output that counts.
type Counter interface{ Stats() *Stats }

// A Guarantee is what a destination promises on delivery.
type Guarantee int

const (
	// ExactlyOnce: the position is stored with the data.
	ExactlyOnce Guarantee = iota + 1
	// AtLeastOnce: the destination has confirmed; what it had not confirmed when the
	// connection broke is sent again.
	AtLeastOnce
	// AtLeastOnceSent: what is not known to have left the kernel's send queue when
	// the connection broke is sent again; what the peer accepted and did not process can be lost.
	AtLeastOnceSent
	// AtMostOnce: nobody confirms anything.
	AtMostOnce
)

// String returns the promise as one sentence, for status and documentation.
func (g Guarantee) String() string {
	switch g {
	case ExactlyOnce:
		return "exactly once"
	case AtLeastOnce:
		return "at least once: repeated until the destination confirms it"
	case AtLeastOnceSent:
		return "at least once into the network: what had not left this machine when a connection broke is sent again; what the peer accepted and did not process can be lost"
	case AtMostOnce:
		return "at most once: sent, and nobody says whether it arrived"
	}
	return fmt.Sprintf("unknown guarantee %d", int(g))
}

// Reject takes lines that a destination refuses for good, with the reason. An
// error says that they could not be kept: the output must not go on then.
type Reject func(lines []byte, cause error) error

// Truncate appends line, without line end, to dst. A line of more than limit
// bytes is cut between two characters and ends in a mark with the number of bytes
// that were left out; all of it, mark included, then has at most limit bytes.
// limit must have room for the mark (40 bytes).
func Truncate(dst, line []byte, limit int) (_ []byte, cut bool) {
	if len(line) <= limit {
		return append(dst, line...), false
	}
	keep := limit - len("...[truncated  bytes]") - decimals(len(line))
	for i := 0; i < utf8.UTFMax-1 && keep > 0 && !utf8.RuneStart(line[keep]); i++ {
		keep--
	}
	keep = max(keep, 0)
	dst = append(dst, line[:keep]...)
	dst = strconv.AppendInt(append(dst, "...[truncated "...), int64(len(line)-keep), 10)
	return append(dst, " bytes]"...), true
}

func decimals(n int) int {
	d := 1
	for ; n >= 10; n /= 10 {
		d++
	}
	return d
}
