package synth

import (
	"encoding/binary"
	"fmt"
	"math"
	"math/bits"
	"math/rand/v2"

	"estream/wire"
)

// DefaultStart is the archive second of the first record unless Options says
// another. It is fixed, so that equal seeds give equal bytes.
const DefaultStart = 1700000000 // 2023-11-14 22:13:20 UTC

// MaxEventsPerSecond bounds Options.EventsPerSecond: beyond it the 16-bit
// connection counters would repeat within the duration of a connection.
const MaxEventsPerSecond = 1_000_000

// Options controls a Generator. The zero value is useful.
type Options struct {
	// Seed chooses one of 2^64 streams.
	Seed uint64

	// Start is the archive time of the metadata and of the first event, in Unix
	// seconds; 0 means DefaultStart. At least 86400, so that event times do not
	// fall before 1970.
	Start uint32

	// EventsPerSecond says how fast archive time passes: so many messages carry
	// each second. 1 to MaxEventsPerSecond; 0 means 1000. Archive time stops at
	// 0xfffffffe, the last second that can be asked for.
	EventsPerSecond int

	// Duplicates is the share of messages, 0 to 0.9, that repeat the message
	// before them byte by byte within the same archive second. Two identical
	// events in one second are two events: this is for tests of exactly that.
	Duplicates float64

	// Metadata is the share of messages, 0 to 0.5, that repeat a metadata record
	// from the head of the stream; one in fifty of them with a new name. 0 means
	// 0.01, a negative number none.
	Metadata float64
}

// A Generator produces one stream. It is not safe for concurrent use.
type Generator struct {
	pcg   rand.PCG
	world world
	meta  metadata

	start, perSecond uint64
	duplicate        uint32 // probability in 1/2^32
	again            uint32 // likewise, of repeated metadata

	clock    uint64 // messages since the metadata at the head
	second   uint32 // archive second of the message being made
	sequence uint32 // number of the event, unique: event ids, file positions
	flows    uint64 // flows drawn so far

	last       []byte // the message before, for duplicates
	lastSecond uint32

	flow      flow
	intrusion intrusion
	file      file
	host      host
	login     login

	recipes  recipes
	nested   nestedSource
	scratch  []byte // value of the field being set
	listing  []byte // list or block being set
	datagram []byte
}

// New returns a generator of records in the layouts of set. It fails when an
// option is out of range, or when set lacks a layout or a metadata field that
// the generator needs.
func New(set *wire.Layouts, o Options) (*Generator, error) {
	if o.Start == 0 {
		o.Start = DefaultStart
	}
	if o.EventsPerSecond == 0 {
		o.EventsPerSecond = 1000
	}
	if o.Metadata == 0 {
		o.Metadata = 0.01
	}
	o.Metadata = max(o.Metadata, 0)
	switch {
	case o.Start < 86400:
		return nil, fmt.Errorf("synth: start is %d, expected 0 or at least 86400 (Unix seconds)", o.Start)
	case o.EventsPerSecond < 1 || o.EventsPerSecond > MaxEventsPerSecond:
		return nil, fmt.Errorf("synth: %d events per second, expected 1 to %d", o.EventsPerSecond, MaxEventsPerSecond)
	case !(o.Duplicates >= 0 && o.Duplicates <= 0.9):
		return nil, fmt.Errorf("synth: share of duplicates is %v, expected 0 to 0.9", o.Duplicates)
	case !(o.Metadata <= 0.5):
		return nil, fmt.Errorf("synth: share of repeated metadata is %v, expected at most 0.5", o.Metadata)
	}
	g := &Generator{
		start:     uint64(o.Start),
		perSecond: uint64(o.EventsPerSecond),
		duplicate: uint32(o.Duplicates * (1 << 32)),
		again:     uint32(o.Metadata * (1 << 32)),
		second:    o.Start,
	}
	g.pcg.Seed(o.Seed, 0x65737472_65616d01)
	g.world.build(g)
	if err := g.meta.build(set, g); err != nil {
		return nil, fmt.Errorf("synth: %w", err)
	}
	if err := g.recipes.build(set); err != nil {
		return nil, fmt.Errorf("synth: %w", err)
	}
	g.nested = nestedSource{g: g, series: 1}
	return g, nil
}

// Metadata returns how many messages at the head of the stream are metadata.
func (g *Generator) Metadata() int { return len(g.meta.entries) }

// Append appends the next message, with its 8-byte header and an extended
// record header, to dst. It allocates nothing as long as dst has room.
func (g *Generator) Append(dst []byte) []byte {
	if m := g.meta.head(); m != nil {
		return g.meta.append(dst, m, g.second)
	}
	g.second = uint32(min(g.start+g.clock/g.perSecond, math.MaxUint32-1))
	g.clock++
	if g.duplicate != 0 && g.lastSecond == g.second && g.chance32(g.duplicate) {
		return append(dst, g.last...)
	}
	at := len(dst)
	dst = g.next(dst)
	if g.duplicate != 0 {
		g.last = append(g.last[:0], dst[at:]...)
		g.lastSecond = g.second
	}
	return dst
}

// bits64 returns 64 random bits.
func (g *Generator) bits64() uint64 { return g.pcg.Uint64() }

// below returns a random number from 0 to n-1.
func (g *Generator) below(n int) int {
	hi, _ := bits.Mul64(g.pcg.Uint64(), uint64(n))
	return int(hi)
}

// between returns a random number from a to b.
func (g *Generator) between(a, b int) int { return a + g.below(b-a+1) }

// chance reports true n times in 1000.
func (g *Generator) chance(n int) bool { return g.below(1000) < n }

// chance32 reports true with probability p/2^32.
func (g *Generator) chance32(p uint32) bool { return uint32(g.pcg.Uint64()>>32) < p }

// random fills p with random bytes.
func (g *Generator) random(p []byte) {
	for len(p) >= 8 {
		binary.BigEndian.PutUint64(p, g.pcg.Uint64())
		p = p[8:]
	}
	if len(p) > 0 {
		var b [8]byte
		binary.BigEndian.PutUint64(b[:], g.pcg.Uint64())
		copy(p, b[:])
	}
}

// skewed returns a number from 0 to most; small ones are far more likely.
func (g *Generator) skewed(most uint64) uint64 {
	r := g.pcg.Uint64()
	return (r >> 6 >> (r & 63)) % (most + 1)
}
