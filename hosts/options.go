package hosts

import (
	"log/slog"
	"net/netip"
)

// DefaultMaxHosts and DefaultMaxBytes are the limits that Options has unless told.
const (
	DefaultMaxHosts = 100_000
	DefaultMaxBytes = 128 << 20
)

// Options controls a Map. The zero value is useful.
type Options struct {
	// MaxHosts and MaxBytes bound the map: hosts, and estimated bytes of memory that
	// they take. 0 means the default. Beyond them the hosts that were seen longest
	// ago are forgotten, and counted in Stats.Evicted. The file has about a third of
	// the bytes; while it is written, it is in memory, too.
	MaxHosts int
	MaxBytes int64

	// Space tells the address space of a source of the journal: hosts of different
	// spaces are different even if their addresses are equal. Nil: all share one.
	Space func(source uint32) uint32

	// FingerprintClasses maps the type in a "New OS" record (101) to the list of the
	// profile that the fingerprint belongs to. The guides do not say which numbers
	// stand for which; a type that is not here counts as derived. What users, scanners
	// and applications report goes to lists of its own, whatever its type.
	FingerprintClasses map[uint32]Class

	// Networks restricts Discover to these addresses; empty: any host that appears in
	// traffic is discovered, those of the Internet, too. What a Management Center
	// discovered is always learned.
	Networks []netip.Prefix

	// WaitDurable returns once the journal is durable up to seq. Save calls it before
	// the file is replaced: a file that is ahead of what the journal has after a power
	// cut would make the map pass over other records with the same numbers. Nil: the
	// map is shown durable records only.
	WaitDurable func(seq uint64) error

	// Log gets what an operator has to know; nil: nobody does.
	Log *slog.Logger
}
