package config

import "time"

// A Filter chooses what an output writes: what passes every key that is given. The
// zero value of each key lets everything pass.
type Filter struct {
	Sources    []string   `key:"sources" text:"name" class:"ref"` // names of sources or groups
	Categories []Category `key:"categories"`
	Types      []int      `key:"types" range:"0..65535"`
	Devices    []string   `key:"devices" text:"device"`
	Domains    []string   `key:"domains" text:"domain"`
	Where      string     `key:"where" text:"where"`
	Sample     Fraction   `key:"sample" default:"1/1"`
}

// Everything reports whether the filter chooses all there is.
func (f *Filter) Everything() bool {
	return len(f.Sources)+len(f.Categories)+len(f.Types)+len(f.Devices)+len(f.Domains) == 0 && f.Where == "" && f.Sample == Fraction{1, 1}
}

// WhenFull says what happens while an output's destination takes nothing and
// events pile up for it in the journal.
type WhenFull struct {
	Policy      Policy        `key:"policy" default:"block"`
	Categories  []Category    `key:"categories"` // that are dropped; none given: all
	BacklogSize Size          `key:"backlog_size" default:"none" range:"1MiB..1024TiB" none:""`
	BacklogAge  time.Duration `key:"backlog_age" default:"none" range:"1s..3650d" none:""`
}

// A Policy says whether events wait for a destination or are dropped.
type Policy string

// The policies.
const (
	PolicyBlock Policy = "block" // the journal keeps them, and holds back the sources when the disk is full
	PolicyDrop  Policy = "drop"  // what exceeds the backlog is dropped and counted
)

func (Policy) values() []string { return []string{string(PolicyBlock), string(PolicyDrop)} }

// A Category is a class of events.
type Category string

// The categories. CategorySecurityIntelligence are the connection events that a
// Security Intelligence list has matched, CategoryConnection the others.
const (
	CategoryConnection           Category = "connection"
	CategorySecurityIntelligence Category = "security_intelligence"
	CategoryIntrusion            Category = "intrusion"
	CategoryPacket               Category = "packet"
	CategoryExtraData            Category = "extra_data"
	CategoryFile                 Category = "file"
	CategoryMalware              Category = "malware"
	CategoryDiscovery            Category = "discovery"
	CategoryUser                 Category = "user"
	CategoryVPN                  Category = "vpn"
	CategoryCorrelation          Category = "correlation"
	CategoryImpact               Category = "impact"
	CategoryIOC                  Category = "ioc"
	CategoryMetadata             Category = "metadata"
)

// Categories returns all of them.
func Categories() []Category {
	var all []Category
	for _, name := range Category("").values() {
		all = append(all, Category(name))
	}
	return all
}

func (Category) values() []string {
	all := []Category{
		CategoryConnection, CategorySecurityIntelligence, CategoryIntrusion, CategoryPacket, CategoryExtraData, CategoryFile, CategoryMalware, CategoryDiscovery, CategoryUser, CategoryVPN,
		CategoryCorrelation, CategoryImpact, CategoryIOC, CategoryMetadata,
	}
	names := make([]string, len(all))
	for i, c := range all {
		names[i] = string(c)
	}
	return names
}
