package config

import (
	"runtime"
	"time"
)

// Version is the version of the configuration file that this program reads and writes.
const Version = 1

// A Config is a configuration with every default filled in.
type Config struct {
	Version    int        `key:"version" range:"1..1" need:"version: 1"`
	State      string     `key:"state" text:"path" class:"path"` // directory of journal, cursors and all else that is remembered
	Layouts    string     `key:"layouts" text:"path" class:"path" default:"none" none:""`
	Log        Log        `key:"log"`
	Monitoring Monitoring `key:"monitoring"`
	Journal    Journal    `key:"journal"`
	Sources    []Source   `key:"sources"`
	Groups     []Group    `key:"groups"`
	Sensors    []Sensor   `key:"sensors"`
	NetworkMap NetworkMap `key:"network_map"`
	Outputs    []Output   `key:"outputs"`
	Server     *Server    `key:"server"` // nil: none
	Alarms     Alarms     `key:"alarms"`

	// Warnings are what Parse and Load found worth a second look, in the order of places.
	Warnings []Problem

	file   string // as it was given to Parse
	places places
}

// File returns the name of the file as it was given to Parse or Load.
func (c *Config) File() string { return c.file }

// Log says what is logged, and where.
type Log struct {
	Level      LogLevel  `key:"level" default:"info"`
	Format     LogFormat `key:"format" default:"text"`
	File       string    `key:"file" text:"path" class:"path" default:"none" none:""` // "": standard error
	RotateSize Size      `key:"rotate_size" default:"100MiB" range:"1MiB..1TiB" none:""`
	Keep       int       `key:"keep" default:"5" range:"1..1000"`                       // rotated files
	Syslog     string    `key:"syslog" text:"path" class:"path" default:"none" none:""` // socket of the syslog daemon, for Format compat
}

// Monitoring says where the service can be asked how it is.
type Monitoring struct {
	Listen string `key:"listen" text:"listen" default:"none" none:""` // /metrics, /healthz, /readyz by HTTP; "": nowhere
	Socket string `key:"socket" text:"path" class:"path"`             // by default in State; for estream status, reload, top and tap
}

// Journal holds the settings of the journal; see package journal.
type Journal struct {
	SegmentSize    Size          `key:"segment_size" default:"64MiB" range:"1MiB..4GiB"`
	RetainSize     Size          `key:"retain_size" default:"10GiB" range:"64MiB..1024TiB" none:""`
	RetainAge      time.Duration `key:"retain_age" default:"none" range:"1m..3650d" none:""`
	CommitInterval time.Duration `key:"commit_interval" default:"100ms" range:"1ms..1m"`
	CommitSize     Size          `key:"commit_size" default:"1MiB" range:"4KiB..256MiB"`
	PendingSize    Size          `key:"pending_size" default:"16MiB" range:"1MiB..1GiB"`
	RecentSize     Size          `key:"recent_size" default:"32MiB" range:"1MiB..16GiB"`
}

// Alarms says when the service calls for attention: in the log, in metrics and
// in the details of /readyz.
type Alarms struct {
	CertificateDays int           `key:"certificate_days" default:"30" range:"1..3650" none:""` // before a certificate expires; 0: never
	Behind          time.Duration `key:"behind" default:"5m" range:"1s..30d" none:""`           // age of the last event taken; 0: never
	Quiet           Quiet         `key:"quiet"`
}

// Quiet says when silence is an alarm. A limit of a source is in [Source].
type Quiet struct {
	Learn      bool                       `key:"learn" default:"true"`                // limits for what has sent before and has none configured
	Least      time.Duration              `key:"least" default:"15m" range:"1s..30d"` // a learned limit is never shorter
	Devices    map[string]time.Duration   `key:"devices" names:"device" range:"1s..365d" none:""`
	Categories map[Category]time.Duration `key:"categories" range:"1s..365d" none:""`
}

// defaultState is where the service keeps what it remembers.
func defaultState() string {
	if runtime.GOOS == "windows" {
		return `C:\ProgramData\estream`
	}
	return "/var/lib/estream"
}

// A LogLevel is the least importance that is logged.
type LogLevel string

func (LogLevel) values() []string { return []string{"debug", "info", "warn", "error"} }

// A LogFormat is the form of log lines.
type LogFormat string

func (LogFormat) values() []string { return []string{"text", "json", "compat"} }
