package eve

// Fields of record 71, block 174, that are filled in; the index is a constant
// below. The discovery header of the record has a device_id of its own, which the
// body's hides by name: its slot is looked up apart.
var connectionFields = []string{
	"has_ipv6", "event_second", "event_microsecond", "event_type", "event_subtype", "ipv6_address",
	"device_id", "ingress_zone", "egress_zone", "ingress_interface", "egress_interface", "initiator_ip_address", "responder_ip_address",
	"original_client_ip_address", "rule_action", "rule_reason", "initiator_port", "responder_port", "tcp_flag", "protocol", "instance_id",
	"connection_counter", "first_packet_timestamp", "last_packet_timestamp", "initiator_transmitted_packets", "responder_transmitted_packets",
	"initiator_transmitted_bytes", "responder_transmitted_bytes", "initiator_packets_dropped", "responder_packets_dropped",
	"initiator_bytes_dropped", "responder_bytes_dropped", "application_id", "client_application_id", "client_url", "netbios",
	"client_application_version", "file_event_count", "intrusion_event_count", "vlan_id", "referenced_host", "user_agent", "http_referrer",
	"ssl_certificate_fingerprint", "ssl_version", "ssl_server_name", "http_response", "dns_query", "dns_record_type", "dns_response_type",
	"dns_ttl", "source_ip_dynamic_attributes",
}

const (
	cnHasIPv6 = iota
	cnSecond
	cnMicrosecond
	cnType
	cnSubtype
	cnHost
	cnDevice
	cnIngressZone
	cnEgressZone
	cnIngress
	cnEgress
	cnInitiator
	cnResponder
	cnOriginal
	cnAction
	cnReason
	cnInitiatorPort
	cnResponderPort
	cnTCPFlag
	cnProtocol
	cnInstance
	cnCounter
	cnFirst
	cnLast
	cnInitiatorPackets
	cnResponderPackets
	cnInitiatorBytes
	cnResponderBytes
	cnInitiatorDropped
	cnResponderDropped
	cnInitiatorBytesDropped
	cnResponderBytesDropped
	cnApplication
	cnClient
	cnURL
	cnNetBIOS
	cnClientVersion
	cnFiles
	cnIntrusions
	cnVLAN
	cnReferenced
	cnAgent
	cnReferrer
	cnFingerprint
	cnTLSVersion
	cnServerName
	cnHTTPResponse
	cnDNSQuery
	cnDNSType
	cnDNSResponse
	cnDNSTTL
	cnAttributes
)

// What an access control rule did (record 120), and why (record 124).
const (
	actionAllow, actionTrust, actionBlock, actionReset = 2, 3, 4, 5
	reasonMonitor, reasonBlock                         = 0x20, 0x40
)

var actions = [...]struct {
	id   uint32
	name string
}{passed: {actionAllow, "Allow"}, trusted: {actionTrust, "Trust"}, dropped: {actionBlock, "Block"}, rejected: {actionReset, "Block with reset"}}
