package conf

import (
	"fmt"
	"time"
)

// MaxBytes bounds a configuration file. Real ones have 3 kB.
const MaxBytes = 1 << 20

// PlaceholderHost is the host of a configuration that was never edited.
const PlaceholderHost = "1.2.3.4"

// MaxWorkers is the highest number of worker processes.
const MaxWorkers = 12

// A Conf is an estreamer.conf. Only what has an effect in estream is described as
// having one; the rest is kept for those who show it.
type Conf struct {
	Enabled         bool          // false stops the client, also while it runs
	ConnectTimeout  time.Duration // TCP connect and TLS handshake
	ResponseTimeout time.Duration // an answer during the connection test
	Start           int           // 0 oldest, 1 now, 2 bookmark
	Workers         int           // goroutines that decode and format, 1 to MaxWorkers
	WorkersGiven    int           // as it stands in the file
	BatchSize       int           // events per hand-over in eNcore; without effect, batches here are made by size and age
	QueueSize       int           // likewise: queues are bounded in bytes
	Continue        bool          // alwaysAttemptToContinue: connect again instead of ending
	Conditions      []string      // further conditions for going on: "splunk", "base"
	Password        string        // of the PKCS#12 file; a key of some forks of eNcore

	Monitor Monitor
	Logging Logging
	Servers []Server // at least one; eNcore uses the first only
	Request Request
	Records Records
	Outputs []Output // in the order of the file, disabled ones included
}

// Monitor is the line that is logged from time to time.
type Monitor struct {
	Period   time.Duration
	Handled  bool // the number of events handled
	Bookmark bool // the bookmark as local time
	Details  bool // one more line with all of the status
	Velocity bool // events handled per event received
}

// Logging says where the log goes and how its lines look.
type Logging struct {
	File   string // "" for none; relative to the working directory
	Level  string // FATAL, ERROR, WARNING, INFO, DEBUG, VERBOSE or TRACE
	Format string // in the form of Python's logging package
	StdOut bool
	StdErr bool
}

// Server is a Management Center.
type Server struct {
	Host   string
	Port   int
	PKCS12 string // file; relative to the working directory
	TLS    string // "1.0", "1.2" or "1.3"
}

// Addr returns host and port as net.Dial takes them.
func (s *Server) Addr() string { return joinHostPort(s.Host, s.Port) }

// Request is what is asked of the server, and how packets are written.
type Request struct {
	PacketData        bool
	ImpactEventAlerts bool
	Intrusion         bool
	Metadata          bool
	ArchiveTimestamps bool // without them there is no position to go on from
	EventExtraData    bool
	Extended          bool
	PacketEncoding    string // hex, ascii or utf-8
	OriginalPacket    bool   // write the packet as a whole besides its payload
}

// Output is one destination of events.
type Output struct {
	Index    int    // in the list of the file
	Name     string // for people
	Adapter  string // the format
	Enabled  bool
	Passthru bool // messages as they came, not decoded
	URI      string
	Rotate   bool
	MaxLogs  int    // lines in a file before the next one is begun
	SCPKey   string // file with the private key for scp
}

// EnabledOutputs returns the outputs that are switched on.
func (c *Conf) EnabledOutputs() []Output {
	var list []Output
	for _, o := range c.Outputs {
		if o.Enabled {
			list = append(list, o)
		}
	}
	return list
}

// Server returns the server that is used.
func (c *Conf) Server() *Server { return &c.Servers[0] }

// A Warning is something in a file that deserves a look.
type Warning struct {
	Path string // of the value, such as $.subscription.servers[0].port
	Text string // what was found, and what is made of it
}

func (w Warning) String() string { return fmt.Sprintf("%s: %s", w.Path, w.Text) }
