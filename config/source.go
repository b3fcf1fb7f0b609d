package config

import (
	"net/netip"
	"time"

	"estream/wire"
)

// A Source is a Management Center, or another eStreamer server.
type Source struct {
	Name           string        `key:"name" text:"name" need:"a name; the journal remembers the source by it"`
	Host           string        `key:"host" text:"host" need:"the host name or IP address of the Management Center"`
	Port           int           `key:"port" default:"8302" range:"1..65535"`
	PKCS12         string        `key:"pkcs12" text:"path" class:"path" default:"none" none:""` // this, or Certificate and Key
	Password       Secret        `key:"password"`                                               // of the PKCS#12 file
	Certificate    string        `key:"certificate" text:"path" class:"path" default:"none" none:""`
	Key            string        `key:"key" text:"path" class:"path" default:"none" none:""`
	Pin            string        `key:"pin" text:"pin" default:"auto"` // "auto", "first-use", or "sha256:" and 64 lower case hexadecimal digits
	TLSMin         TLSVersion    `key:"tls_min" default:"1.2"`
	AddressFamily  AddressFamily `key:"address_family" default:"any"`
	LocalAddress   netip.Addr    `key:"local_address" default:"auto" none:"auto"`
	Start          Start         `key:"start" default:"now"`
	Margin         time.Duration `key:"margin" default:"1s" range:"1s..1h"` // whole seconds
	ConnectTimeout time.Duration `key:"connect_timeout" default:"30s" range:"1s..10m"`
	IdleTimeout    time.Duration `key:"idle_timeout" default:"10m" range:"10s..1d" none:""`
	QuietAfter     time.Duration `key:"quiet_after" default:"none" range:"1s..365d" none:""`
	Request        Request       `key:"request"`
}

// A Request says what is asked of the server.
type Request struct {
	Flags    Flags    `key:"flags" default:"packets|impact_alerts|intrusion_impact|metadata_v4|archive_timestamp|extra_data|extended_request"`
	OnlyUsed bool     `key:"only_used" default:"true"` // leave out what no output can use
	Versions Versions `key:"versions"`
}

// Versions holds the version of each event class that an extended request asks
// for; 0 asks for none of it.
type Versions struct {
	Intrusion   int `key:"intrusion" default:"11" range:"1..255" none:""`
	Metadata    int `key:"metadata" default:"4" range:"1..255" none:""`
	Correlation int `key:"correlation" default:"9" range:"1..255" none:""`
	Discovery   int `key:"discovery" default:"11" range:"1..255" none:""`
	Connection  int `key:"connection" default:"17" range:"1..255" none:""`
	User        int `key:"user" default:"7" range:"1..255" none:""`
	Malware     int `key:"malware" default:"8" range:"1..255" none:""`
	File        int `key:"file" default:"7" range:"1..255" none:""`
	Impact      int `key:"impact" default:"2" range:"1..255" none:""`
}

// Pairs returns the pairs to ask for, in the order in which eNcore asks.
func (v Versions) Pairs() (pairs []wire.EventPair) {
	for _, p := range []struct {
		version int
		code    uint16
	}{
		{v.Intrusion, wire.CodeIntrusion}, {v.Metadata, wire.CodeMetadata}, {v.Correlation, wire.CodeCorrelation},
		{v.Discovery, wire.CodeDiscovery}, {v.Connection, wire.CodeConnection}, {v.User, wire.CodeUser},
		{v.Malware, wire.CodeMalware}, {v.File, wire.CodeFile}, {v.Impact, wire.CodeImpactAlert},
	} {
		if p.version > 0 {
			pairs = append(pairs, wire.EventPair{Version: uint16(p.version), Code: p.code})
		}
	}
	return pairs
}

// A Group is a high-availability pair, or more: its members deliver the same
// events, and each event is kept once.
type Group struct {
	Name    string        `key:"name" text:"name" need:"a name"`
	Members []string      `key:"members" text:"name" class:"ref" need:"the names of two sources or more"`
	Window  time.Duration `key:"window" default:"10m" range:"1s..7d"` // how long an event is remembered
}

// A TLSVersion is the oldest version of TLS that is spoken.
type TLSVersion string

func (TLSVersion) values() []string { return []string{"1.0", "1.1", "1.2", "1.3"} }

// An AddressFamily restricts the addresses of a host name.
type AddressFamily string

func (AddressFamily) values() []string { return []string{"any", "ipv4", "ipv6"} }
