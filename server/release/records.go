package release

// A span is a run of record types that came with one release, or went with one.
type span struct {
	first, last  uint16
	since, until int // rows; until is 0 for what is still there
}

// Rows by the releases that matter here.
const (
	r50 = iota + 1
	r51
	r511
	r52
	r53
	_
	r54
	r60
	r61
	r62
	_
	r71
)

// records lists the record types that not every release knows. Each line is
// inferred from the first release of the data block in the record, or of the
// event fields that it explains.
var records = []span{
	{110, 110, 0, r71},  // extra data: moved into the intrusion event
	{115, 123, r50, 0},  // zones, interfaces, policies, rules, URLs, devices: access control
	{124, 124, r51, 0},  // rule reasons: block 21
	{127, 131, r51, 0},  // cloud, malware types, detectors, file types: malware events
	{132, 132, r54, 0},  // security contexts: a field of events of 5.4
	{140, 140, r52, 0},  // rule documentation: block 27
	{145, 147, r61, 0},  // policies and prefilter: block 64
	{160, 160, r53, 0},  // indications of compromise: block 150
	{161, 161, r53, 0},  // their names: block 39
	{162, 164, r53, 0},  // their states: block 148
	{170, 171, r62, 0},  // logins of VPN users: block 167
	{260, 270, r51, 0},  // ICMP types and codes: blocks 19 and 20
	{280, 282, r51, 0},  // security intelligence: block 22
	{300, 302, r60, 0},  // realms, endpoint profiles, security groups: fields of 6.0
	{320, 322, r60, 0},  // DNS and sinkholes: block 61
	{350, 350, r60, 0},  // domains
	{500, 502, r511, 0}, // file events
	{510, 511, r511, 0}, // file types, hashes: block 26
	{515, 519, r53, 0},  // states of files: block 38
	{520, 520, r52, 0},  // countries: block 28
	{530, 530, r53, 0},  // file policies: block 38
	{600, 614, r54, 0},  // TLS: block 50
	{700, 700, r54, 0},  // network analysis policies: a field of 5.4
}
