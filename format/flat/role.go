package flat

// A Role is what a value is to any kind of record: records of different types
// call the address that a connection comes from by different names.
type Role uint8

const (
	NoRole Role = iota
	Time
	RecordType
	RecordName
	RecordCategory
	Sensor // name of the managed device
	Domain
	Host // address of the host that a discovery event is about
	SourceAddress
	SourcePort // or ICMP type
	DestinationAddress
	DestinationPort // or ICMP code
	Protocol        // transport protocol
	Application     // application protocol
	Action
	Blocked // what an intrusion policy did with the packet
	User
	Policy
	Rule
	Message // of the rule that matched, or a description of the event
	Priority
	Impact
	File
	Hash // SHA-256 of the file
	Disposition
	URL

	Roles // how many there are, NoRole included
)

// sources lists the fields that can take a role, the best one first. Computed
// values are marked with "@". Where several have a value the first one counts.
var sources = [Roles][]string{
	Sensor:             {"@sensor"},
	Domain:             {"@domain"},
	Host:               {"hostIpAddr", "hostIp"},
	SourceAddress:      {"@sourceIp", "initiatorIpAddress", "sourceIpAddress", "sourceIpv6Address", "sourceIp", "srcIpAddr", "srcIpAddress"},
	SourcePort:         {"initiatorPort", "sourcePort", "sourcePortOrIcmpType", "srcPort"},
	DestinationAddress: {"@destinationIp", "responderIpAddress", "destinationIpAddress", "destinationIpv6Address", "destinationIp", "destIpAddr", "dstIpAddress"},
	DestinationPort:    {"responderPort", "destinationPort", "destinationPortOrIcmpCode", "destinationPortOrIcmpType", "destPort"},
	Protocol:           {"@transportProtocol", "protocol", "ipProtocolId", "ipProtocol"},
	Application:        {"@applicationProtocol"},
	Action:             {"@firewallRuleAction", "@fileAction"},
	Blocked:            {"@blocked"},
	User:               {"user.username", "userLogin.username", "userLogoff.username", "@user", "@sourceUser", "@agentUser", "user", "username"},
	Policy:             {"@firewallPolicy", "@correlationPolicy", "@filePolicy", "@idsPolicy"},
	Rule:               {"@firewallRule", "@correlationRule"},
	Message:            {"@message", "message", "@description", "description", "eventDescription", "@eventDescription"},
	Priority:           {"@priority"},
	Impact:             {"@impact"},
	File:               {"fileName", "filePath"},
	Hash:               {"shaHash", "fileShaHash"},
	Disposition:        {"@disposition"},
	URL:                {"clientUrl", "uri", "url"},
}

type ranked struct {
	role Role
	rank uint8 // 0 is best
}

var roleOf = func() map[string]ranked {
	m := map[string]ranked{}
	for role, names := range sources {
		for rank, name := range names {
			m[name] = ranked{Role(role), uint8(rank)}
		}
	}
	return m
}()

// A Pick holds for each role the index of the item that has it, -1 if none does.
type Pick [Roles]int

// Choose finds the best item for each role. Empty text takes no role.
func Choose(items []Item) (p Pick) {
	for i := range p {
		p[i] = -1
	}
	for i := range items {
		it := &items[i]
		if it.Role == NoRole || it.Empty() {
			continue
		}
		if had := p[it.Role]; had < 0 || it.rank < items[had].rank {
			p[it.Role] = i
		}
	}
	return p
}
