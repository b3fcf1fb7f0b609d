package config

import "time"

// An Output is one destination with what is written there, and how.
type Output struct {
	Name           string         `key:"name" text:"name" need:"a name; the position in the journal is remembered by it"`
	Format         Format         `key:"format" need:"a format"`
	Profile        Profile        `key:"profile"`
	Mapping        string         `key:"mapping" text:"path" class:"path" default:"none" none:""`
	Prefix         *string        `key:"prefix"`                                              // of cef, cef2; nil: the syslog header that eNcore writes
	Hostname       string         `key:"hostname" text:"ascii255" default:"auto" none:"auto"` // "": the system's
	DeviceVersion  string         `key:"device_version" default:"auto" none:"auto"`           // "": the program's
	PacketEncoding PacketEncoding `key:"packet_encoding" default:"hex"`
	OriginalPacket bool           `key:"original_packet" default:"true"`
	To             Destination    `key:"to" need:"a destination"`
	MaxLine        Size           `key:"max_line" default:"auto" range:"256..64MiB" none:"auto"` // 0: the transport's
	Network        *Network       `key:"network"`                                                // not nil where To is a network kind but HTTP
	UDP            *Datagrams     `key:"udp"`                                                    // not nil where To is UDP without syslog
	TLS            *ClientTLS     `key:"tls"`                                                    // not nil where To is over TLS
	Syslog         *Syslog        `key:"syslog"`                                                 // not nil where To is syslog or RELP
	Relp           *Relp          `key:"relp"`                                                   // not nil where To is RELP
	File           *Rotation      `key:"file"`                                                   // not nil where To is a file
	HTTP           *Batches       `key:"http"`                                                   // not nil where To is HTTP
	Exec           *Program       `key:"exec"`                                                   // not nil where To is a program
	Filter         Filter         `key:"filter"`
	Workers        int            `key:"workers" default:"auto" range:"1..1024" none:"auto"` // 0: one per core
	CommitInterval time.Duration  `key:"commit_interval" default:"1s" range:"10ms..1m"`
	WhenFull       WhenFull       `key:"when_full"`
}

// ClientTLS says how an output speaks TLS.
type ClientTLS struct {
	CA          string     `key:"ca" text:"path" class:"path" default:"system" none:"system"` // "": the system's
	Certificate string     `key:"certificate" text:"path" class:"path" default:"none" none:""`
	Key         string     `key:"key" text:"path" class:"path" default:"none" none:""`
	ServerName  string     `key:"server_name" text:"host" default:"auto" none:"auto"` // "": the host of the destination
	Min         TLSVersion `key:"min" default:"1.2"`
	Insecure    bool       `key:"insecure" default:"false"` // the server's certificate is not verified
}

// Network says how patient an output over the network is.
type Network struct {
	ConnectTimeout time.Duration `key:"connect_timeout" default:"10s" range:"100ms..10m"` // name, connection and handshake together
	StallTimeout   time.Duration `key:"stall_timeout" default:"30s" range:"1s..10m"`      // without any progress
}

// Datagrams says how lines are sent by UDP.
type Datagrams struct {
	Newline bool `key:"newline" default:"false"` // each datagram ends in a line end
}

// Syslog is the header in front of each line.
type Syslog struct {
	Header   SyslogHeader `key:"header" default:"rfc5424"`
	Framing  Framing      `key:"framing"`                                   // of TCP and TLS; "" elsewhere
	Facility string       `key:"facility" text:"facility" default:"local0"` // its name
	Severity Severity     `key:"severity" default:"info"`
	Hostname string       `key:"hostname" text:"ascii255" default:"auto" none:"auto"` // "": the system's
	AppName  string       `key:"app_name" text:"ascii48" default:"estream"`
	ProcID   string       `key:"proc_id" text:"ascii128" default:"-"`
	MsgID    string       `key:"msg_id" text:"ascii32" default:"-"`
}

// Relp says how lines are sent by RELP.
type Relp struct {
	Window int `key:"window" default:"128" range:"1..65536"` // messages that may wait for the server's answer
}

// Rotation says how an output's files are kept.
type Rotation struct {
	Mode        Mode          `key:"mode" default:"0600"`
	Naming      Naming        `key:"naming"` // encore if the path has {0}, else renamed
	MakeDirs    bool          `key:"make_directories" default:"true"`
	NewAtStart  bool          `key:"new_at_start" default:"false"`
	RotateSize  Size          `key:"rotate_size" default:"none" range:"64KiB..1TiB" none:""`
	RotateAge   time.Duration `key:"rotate_age" default:"none" range:"1m..365d" none:""`
	RotateLines int           `key:"rotate_lines" default:"none" range:"1..2000000000" none:""`
	Compress    Compression   `key:"compress" default:"none"`
	Keep        int           `key:"keep" default:"none" range:"1..1000000" none:""` // rotated files
	KeepAge     time.Duration `key:"keep_age" default:"none" range:"1m..3650d" none:""`
	KeepSize    Size          `key:"keep_size" default:"none" range:"64KiB..1024TiB" none:""`
}

// Batches says how lines are posted by HTTP.
type Batches struct {
	Body          Body              `key:"body" default:"ndjson"`
	Compress      Compression       `key:"compress" default:"none"`
	BatchSize     Size              `key:"batch_size" default:"1MiB" range:"1KiB..64MiB"`
	BatchLines    int               `key:"batch_lines" default:"10000" range:"1..1000000"`
	Timeout       time.Duration     `key:"timeout" default:"30s" range:"1s..10m"`
	User          string            `key:"user" default:"none" none:""`
	Password      Secret            `key:"password"`
	Token         Secret            `key:"token"` // sent as Authorization: Bearer TOKEN
	Headers       map[string]string `key:"headers" text:"header" names:"field"`
	SecretHeaders map[string]Secret `key:"secret_headers" names:"field"`
}

// Program is what an exec output starts, besides its path.
type Program struct {
	Args []string `key:"args"`
}

// A Format is an output format.
type Format string

func (Format) values() []string {
	return []string{"json", "splunk", "cef", "cef2", "kvpair", "csv", "text", "raw"}
}

// A Profile says how closely a format follows eNcore. It is "" for formats that
// have one form.
type Profile string

func (Profile) values() []string { return []string{"compat", "fixed", "strict"} }

// A PacketEncoding says how the payload of packets is written.
type PacketEncoding string

func (PacketEncoding) values() []string { return []string{"hex", "ascii", "utf-8"} }

// A SyslogHeader is what stands in front of each line.
type SyslogHeader string

func (SyslogHeader) values() []string { return []string{"rfc5424", "rfc3164", noHeader} }

// noHeader: lines bring their own.
const noHeader = "none"

// A Naming says how the files of an output get their names.
type Naming string

func (Naming) values() []string { return []string{"renamed", "stamped", "encore"} }

// A Framing says how syslog messages are told apart in a stream.
type Framing string

func (Framing) values() []string { return []string{"octet-counting", "newline"} }

// A Severity is a syslog severity.
type Severity string

func (Severity) values() []string {
	return []string{"emerg", "alert", "crit", "err", "warning", "notice", "info", "debug"}
}

// A Compression is a way to make files or bodies smaller.
type Compression string

func (Compression) values() []string { return []string{"none", "gzip"} }

// A Body is the form of the body of a request.
type Body string

func (Body) values() []string { return []string{"ndjson", "array"} }
