package config

import "time"

// A Sensor is a source that is no server: what Snort or Suricata writes.
type Sensor struct {
	Name       string        `key:"name" text:"name" need:"a name; the journal remembers the sensor by it"`
	Type       SensorType    `key:"type" need:"what the sensor writes"`
	Path       string        `key:"path" text:"path" class:"path" default:"none" none:""`  // this, or Listen
	Listen     string        `key:"listen" text:"stream" default:"none" none:""`           // of eve
	Rules      string        `key:"rules" text:"path" class:"path" default:"none" none:""` // directory with rule maps
	QuietAfter time.Duration `key:"quiet_after" default:"none" range:"1s..365d" none:""`
	Device     Device        `key:"device"`
}

// A Device says which managed device a sensor is in its events.
type Device struct {
	Name             string `key:"name" default:"auto" none:"auto"`             // "": the sensor's
	UUID             string `key:"uuid" text:"uuid" default:"auto" none:"auto"` // "": derived from the name
	IngressInterface string `key:"ingress_interface" default:"none" none:""`
	EgressInterface  string `key:"egress_interface" default:"none" none:""`
	IngressZone      string `key:"ingress_zone" default:"none" none:""`
	EgressZone       string `key:"egress_zone" default:"none" none:""`
	Domain           string `key:"domain" text:"domain" default:"none" none:""` // "": the global one
}

// A SensorType is the form in which a sensor writes.
type SensorType string

// Types of sensors.
const (
	Unified2 SensorType = "unified2"
	EVE      SensorType = "eve"
	Snort3   SensorType = "snort3"
)

func (SensorType) values() []string { return []string{"unified2", "eve", "snort3"} }

// A NetworkMap says what is learned of hosts, where there are sensors or a server.
type NetworkMap struct {
	Networks []string `key:"networks" text:"network"` // in which sensors discover hosts; nil: private addresses
	MaxHosts int      `key:"max_hosts" default:"100000" range:"100..2000000"`
}

// A Server is the eStreamer service for clients.
type Server struct {
	Listen      []string      `key:"listen" text:"listen" need:"the addresses to listen on, such as \":8302\""`
	Compete     bool          `key:"flags_compete" default:"false"` // a flag may win over a lower extended version
	HostCheck   bool          `key:"host_check" default:"true"`     // clients come from the host that they are registered for
	Bundle      int           `key:"bundle" default:"none" range:"1..10000" none:""`
	KeepAlive   time.Duration `key:"keep_alive" default:"30s" range:"1s..10m"`
	CAPassword  Secret        `key:"ca_password"` // of the keys in the state directory
	Admin       string        `key:"admin" text:"listen" default:"none" none:""`
	MaxSessions int           `key:"max_sessions" default:"1024" range:"1..10000"`
}
