package sensor

// Fields of the three records that are filled in; the index is a constant below.
var (
	eventFields = []string{"device_id", "event_id", "event_second", "event_microsecond", "rule_id", "generator_id",
		"rule_revision", "classification_id", "priority_id", "source_ip_address", "destination_ip_address",
		"source_port_or_icmp_type", "destination_port_or_icmp_code", "ip_protocol_id", "impact_flags", "impact", "blocked",
		"mpls_label", "vlan_id", "application_id", "client_application_id", "web_application_id",
		"interface_ingress_uuid", "interface_egress_uuid", "security_zone_ingress_uuid", "security_zone_egress_uuid",
		"connection_timestamp", "connection_instance_id", "connection_counter", "http_response", "snort_version",
		"original_client_ip_address", "http_hostname", "http_uri", "smtp_from", "smtp_to", "smtp_headers", "smtp_attachments"}
	packetFields = []string{"device_id", "event_id", "event_second", "packet_second", "packet_microsecond", "link_type", "packet_data"}
	extraFields  = []string{"device_id", "event_id", "event_second", "type", "blob"}
)

const (
	evDevice = iota
	evID
	evSecond
	evMicrosecond
	evRule
	evGenerator
	evRevision
	evClassification
	evPriority
	evSource
	evDestination
	evSourcePort
	evDestinationPort
	evProtocol
	evImpactFlags
	evImpact
	evBlocked
	evMPLS
	evVLAN
	evApplication
	evClient
	evWeb
	evIngress
	evEgress
	evIngressZone
	evEgressZone
	evConnectionSecond
	evConnectionInstance
	evConnectionCounter
	evHTTPResponse
	evSnortVersion
	evOriginalClient
	evHTTPHost
	evHTTPURI
	evSMTPFrom
	evSMTPTo
	evSMTPHeaders
	evAttachments
)

const (
	pkDevice = iota
	pkEvent
	pkEventSecond
	pkSecond
	pkMicrosecond
	pkLinkType
	pkData
)

const (
	exDevice = iota
	exEvent
	exEventSecond
	exType
	exBlob
)

// forms makes the forms of all records that an encoder knows by itself.
func (e *Encoder) forms() error {
	var err error
	set := e.opt.Layouts
	if e.event, err = NewForm(set, 400, 85, eventFields...); err != nil {
		return err
	}
	if e.packet, err = NewForm(set, 2, 0, packetFields...); err != nil {
		return err
	}
	if e.extra, err = NewForm(set, 110, 4, extraFields...); err != nil {
		return err
	}
	return e.meta.init(set)
}
