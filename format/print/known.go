package print

// What fields mean, by their names: a field keeps its meaning across block versions
// (layouts/fields.yaml says which metadata record names what). The computed view
// knows the same for the bodies of common records; this is for the others, and for
// nested blocks. A test holds these lists against layouts/fields.yaml.

// times are numbers that are Unix seconds.
var times = set(
	"connection_event_timestamp", "connection_timestamp", "correlation_event_second", "event_second", "file_event_timestamp",
	"file_timestamp", "first_connection_time", "first_packet_timestamp", "first_seen", "host_last_seen", "last_connection_time",
	"last_packet_timestamp", "last_seen", "last_used", "malware_event_timestamp", "packet_second", "pe_time", "start_time",
	"time", "timestamp", "trigger_event_second", "valid_finish_date", "valid_start_date",
)

var (
	numberedAddresses = set("source_ip", "destination_ip")                   // IPv4 in 32-bit numbers
	addresses         = set("client_ip", "netflow_source")                   // 16 plain bytes
	uuids             = set("ssl_policy_id", "security_context", "revision") // 16 plain bytes
	padded            = set("interface")                                     // text in a field of fixed size
	packets           = set("packet_data")                                   // bytes in a field for text
)

func set(names ...string) map[string]bool {
	m := make(map[string]bool, len(names))
	for _, n := range names {
		m[n] = true
	}
	return m
}

// A knownRule says which table of package meta has the names for a field.
type knownRule struct {
	table string
	key   keyForm
	join  bool     // the name continues that of the rule before
	with  []string // the first of these that the layout has completes the key
}

func number(table string) []knownRule { return []knownRule{{table: table, key: byNumber}} }
func uuid(table string) []knownRule   { return []knownRule{{table: table, key: byUUID}} }

var (
	system = []knownRule{{table: "osFingerprints.vendor", key: byUUID}, {table: "osFingerprints.os", key: byUUID, join: true}, {table: "osFingerprints.ver", key: byUUID, join: true}}
	rule   = []knownRule{{table: "firewallRules", key: afterUUID, with: []string{"policy_revision", "access_control_policy_uuid", "access_control_policy_revision", "revision_uuid"}}}
	flags  = func(table string) []knownRule { return []knownRule{{table: table, key: byBits}} }
)

var known = map[string][]knownRule{
	"access_control_policy_uuid":     {{table: "acPols", key: afterDevice, with: []string{"device_id"}}, {table: "policies", key: byUUID}},
	"access_control_policy_revision": {{table: "acPols", key: afterDevice, with: []string{"device_id"}}, {table: "policies", key: byUUID}},
	"policy_revision":                {{table: "acPols", key: afterDevice, with: []string{"device_id"}}},
	"access_control_rule_id":         rule,
	"tunnel_rule_id":                 rule,
	"rule_id":                        append([]knownRule{{table: "idsRules", key: afterNumber, with: []string{"generator_id"}}}, rule...),
	"signature_id":                   {{table: "idsRules", key: afterNumber, with: []string{"signature_generator_id", "generator_id"}}},
	"monitor_rule1":                  rule, "monitor_rule2": rule, "monitor_rule3": rule, "monitor_rule4": rule,
	"monitor_rule5": rule, "monitor_rule6": rule, "monitor_rule7": rule, "monitor_rule8": rule,

	"application_id": number("appProtocols"), "application_proto": number("appProtocols"), "application_protocol_id": number("appProtocols"),
	"dest_service_id": number("appProtocols"), "src_service_id": number("appProtocols"), "server_id": number("appProtocols"),
	"destination_server_id": number("appProtocols"), "source_server_id": number("appProtocols"),
	"client_application_id": number("clientApps"), "client_id": number("clientApps"),
	"web_application_id": number("payloads"), "payload_id": number("payloads"),

	"device_id": number("devices"), "sensor_id": number("devices"), "event_device_id": number("devices"), "pe_sensor_id": number("devices"),
	"first_device_id": number("devices"), "last_device_id": number("devices"),
	"user_id": number("userNames"), "dest_uid": number("userNames"), "src_uid": number("userNames"),
	"destination_user_id": number("userNames"), "source_user_id": number("userNames"),
	"realm_id": number("realms"), "endpoint_profile_id": number("endpointProfiles"), "security_group_id": number("securityGroups"),
	"source_security_group_tag": number("securityGroups"), "destination_security_group_tag": number("securityGroups"),
	"auth_type": number("userAuthTypes"), "vpn_type": number("vpnTypes"),
	"attr_id": number("attributes"), "attribute_id": number("attributes"),

	"fingerprint_uuid": system, "os_uuid": system,
	"dest_os_fingerprint_uuid": system, "src_os_fingerprint_uuid": system,
	"destination_operating_system_fingerprint_uuid": system, "source_operating_system_fingerprint_uuid": system,
	"source_type": number("sourceTypes"), "fp_source_type": number("sourceTypes"),
	"source_id": number("sourceApps"), "fp_source_id": number("sourceApps"),
	"host_type": number("correlationHostTypes"), "dest_host_type": number("correlationHostTypes"), "src_host_type": number("correlationHostTypes"),
	"destination_host_type": number("correlationHostTypes"), "source_host_type": number("correlationHostTypes"),
	"criticality": number("correlationCriticality"), "dest_criticality": number("correlationCriticality"), "src_criticality": number("correlationCriticality"),
	"destination_criticality": number("correlationCriticality"), "source_criticality": number("correlationCriticality"),
	"ioc_id": number("ioc.category"), "ioc_id_number": number("ioc.category"), "ioc_number": number("ioc.category"),

	"protocol": number("ipProtocols"), "ip_protocol": number("ipProtocols"), "ip_protocol_id": number("ipProtocols"), "transport_protocol": number("ipProtocols"),
	"network_protocol":  number("networkProtocols"),
	"classification_id": {{table: "classifications.name", key: byNumber}, {table: "classifications.desc", key: byNumber}},
	"priority":          number("priorities"), "priority_id": number("priorities"), "blocked": number("blocked"), "blocked_reason_id": number("blockedReasonId"),
	"impact":    number("impact"),
	"policy_id": number("correlationPolicies"), "policy_uuid": uuid("policies"), "intrusion_policy": uuid("policies"),
	"network_analysis_policy_uuid": uuid("policies"), "network_analysis_policy_revision": uuid("policies"),

	"egress_interface": uuid("interfaces"), "egress_interface_uuid": uuid("interfaces"), "interface_egress_uuid": uuid("interfaces"),
	"ingress_interface": uuid("interfaces"), "ingress_interface_uuid": uuid("interfaces"), "interface_ingress_uuid": uuid("interfaces"),
	"egress_zone": uuid("securityZones"), "egress_zone_uuid": uuid("securityZones"), "security_zone_egress_uuid": uuid("securityZones"),
	"ingress_zone": uuid("securityZones"), "ingress_zone_uuid": uuid("securityZones"), "security_zone_ingress_uuid": uuid("securityZones"),
	"security_context": uuid("securityContexts"), "sinkhole_uuid": uuid("sinkholes"), "cloud_uuid": uuid("clouds"),
	"security_intelligence_uuid":               uuid("securityIntelligence"),
	"security_intelligence_source_destination": number("siSrcDests"),

	"destination_country": number("geolocations"), "source_country": number("geolocations"), "initiator_country": number("geolocations"),
	"responder_country": number("geolocations"), "original_client_country": number("geolocations"), "country_code": number("geolocations"),
	"url_category": number("urlCategories"), "url_reputation": number("urlReputations"),
	"rule_action": number("firewallRuleActions"), "rule_reason": flags("firewallRuleReasons"),
	"dns_record_type": number("dnsRecords.name"), "dns_response_type": number("dnsResponses.name"),

	"action": number("fileActions"), "direction": number("directions"), "disposition": number("fileDispositions"), "retro_disposition": number("fileDispositions"),
	"spero_disposition": number("fileDispositions"), "file_type": number("fileTypes"), "file_type_id": number("fileTypes"),
	"file_storage_status": number("fileStorages"), "file_analysis_status": number("fileSandboxes"), "local_malware_analysis_status": number("localAnalyses"),
	"archive_file_status": number("archiveFileStatus"), "sha_hash": {{table: "fileNames", key: byHash}},
	"detector_id": number("fireampDetectors"), "event_type_id": number("fireampTypes"), "event_subtype_id": number("fireampSubtypes"),

	"ssl_actual_action": number("sslActions"), "ssl_expected_action": number("sslActions"), "ssl_flow_status": number("sslFlowStatuses"),
	"ssl_cipher_suite": number("sslCipherSuite"), "ssl_version": number("sslVersions"), "ssl_url_category": number("sslUrlCategories"),
	"ssl_server_certificate_status": flags("sslCertStatuses"), "ssl_flow_flags": flags("sslFlowFlags"), "ssl_flow_messages": flags("sslFlowMessages"),
	"ssl_policy_id": uuid("sslPolicies"), "ssl_rule_id": {{table: "sslRules", key: afterUUID, with: []string{"ssl_policy_id"}}},
}

// inBlock are fields that mean something else, or something at all, in one block:
// most blocks use such names for themselves. The keys are BLOCK.FIELD.
var inBlock = map[string][]knownRule{
	"attribute_value.id":                number("attributes"),
	"attribute_address_50.id":           number("attributes"),
	"host_client_application.id":        number("clientApps"),
	"host_client_application_40.id":     number("clientApps"),
	"host_client_application_3x.id":     number("clientApps"),
	"user_client_application_legacy.id": number("clientApps"),
	"web_application.application_id":    number("payloads"),
	"operating_system_fingerprint.uuid": system,
	"identity_data.uuid":                system,
	"intrusion_impact_alert.impact":     nil,
	"impact_alert_legacy.impact":        nil,
}

// userProtocol is for fields "protocol" of 32 bits: in records about users they hold
// an application protocol, in all others a number of IP.
var userProtocol = []knownRule{{table: "userProtocols", key: byNumber}, {table: "appProtocols", key: byNumber}}

// protocolNames are names of numbers that no metadata record gives and no table of
// package meta has.
var protocolNames = map[string]map[uint64]string{
	"event_type": {
		1000: "new", 1001: "change", 1002: "user input", 1003: "connection", 1004: "user", 1008: "indication of compromise",
	},
	"network_protocol":  etherTypes,
	"link_type":         {0: "null", 1: "Ethernet", 101: "raw IP", 113: "Linux cooked"},
	"primary_secondary": {0: "primary network", 1: "secondary network"},
	"disabled":          {0: "active", 1: "disabled on the host"},
}

var etherTypes = map[uint64]string{0x0800: "IPv4", 0x0806: "ARP", 0x86dd: "IPv6"}

// bitNames are the bits of TCP flags, as the TCP header has them.
var bitNames = map[string][]string{"tcp_flag": {"FIN", "SYN", "RST", "PSH", "ACK", "URG", "ECE", "CWR"}}
