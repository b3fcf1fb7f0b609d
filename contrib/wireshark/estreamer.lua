-- A Wireshark dissector for eStreamer, the protocol by which Firepower Management
-- Centers, and servers that speak like them, hand out security events. Put this file
-- into the plugin directory (Help > About > Folders > Personal Lua Plugins), or try it
-- with: tshark -X lua_script:estreamer.lua -r FILE
--
-- README.md beside it tells how to decrypt a session and what can be filtered.
-- Made by internal/dissector of the estream project from its layouts: do not edit, run
-- "go generate ./internal/dissector". Apache License 2.0.
--
-- It is written for every Lua that Wireshark 4 comes with (5.2 to 5.4), which differ in
-- bit operators, in what a division returns, and in what they say to a remainder by 0.

local estreamer = Proto("estreamer", "Cisco eStreamer")
set_plugin_info({
	version = "1.0",
	description = "Cisco eStreamer: security events of Firepower Management Centers",
	author = "The estream authors",
	repository = "estream",
})

-- The sizes of what every message starts with.
local MESSAGE_HEADER, BUNDLE_HEADER, BLOCK_HEADER = 8, 8, 8

-- No message is longer; who announces more sends no message.
local MAX_MESSAGE = 268435456

-- How deep blocks may lie in each other; the deepest known has four levels.
local MAX_DEPTH = 8

-- How many fields of one frame are shown. A bundle of 256 KiB has about 70,000, and
-- Wireshark gives a frame up altogether at 1,000,000 items, of which a field has three
-- at most.
local MAX_FIELDS = 300000

-- The tables from here on to the next rule say how records and blocks are laid out, one
-- "name type" per field: text(NAME) has as many bytes as the earlier field NAME says,
-- ?NAME stands behind a field that is there only if NAME is 1, <N> is the usual block of
-- a list.
-------------------------------------------------------------------------------------

local MESSAGES = {
	[0] = "null",
	[1] = "error",
	[2] = "event stream request",
	[4] = "event data",
	[5] = "host data request",
	[6] = "single host data",
	[7] = "multiple host data",
	[2049] = "streaming request",
	[2051] = "streaming information",
	[4002] = "message bundle",
}
local HOST_DATA = {
	[0] = "one host, 3.5 to 4.6",
	[1] = "several hosts, 3.5 to 4.6",
	[2] = "one host, 4.7 and 4.8",
	[3] = "several hosts, 4.7 and 4.8",
	[4] = "one host, 4.9 and 4.10",
	[5] = "several hosts, 4.9 and 4.10",
	[6] = "one host, 5.0 and later",
	[7] = "several hosts, 5.0 and later",
}
local SERVICES = { [6667] = "eStreamer" }
-- Request flags: mask, name, meaning.
local FLAGS = {
	{ 0x1, "packets", "packets of intrusion events" },
	{ 0x2, "metadata_v1", "metadata, version 1" },
	{ 0x4, "intrusion", "intrusion events" },
	{ 0x8, "discovery_v1", "discovery events, version 1" },
	{ 0x10, "correlation_v1", "correlation events, version 1" },
	{ 0x20, "impact_alerts", "impact alerts, version 1" },
	{ 0x40, "intrusion_impact", "intrusion events, version 2" },
	{ 0x80, "discovery_v2", "discovery events, version 2" },
	{ 0x100, "connection_v1", "connection events, version 1" },
	{ 0x200, "correlation_v2", "correlation events, version 2" },
	{ 0x400, "discovery_v3", "discovery events, version 3" },
	{ 0x800, "no_events", "no events: host data only" },
	{ 0x1000, "connection_v3", "connection events, version 3" },
	{ 0x2000, "correlation_v3", "correlation events, version 3" },
	{ 0x4000, "metadata_v2", "metadata, version 2" },
	{ 0x8000, "metadata_v3", "metadata, version 3" },
	{ 0x10000, "reserved", "not for clients" },
	{ 0x20000, "discovery_v4", "discovery events, version 4" },
	{ 0x40000, "connection_v4", "connection events, version 4" },
	{ 0x80000, "correlation_v4", "correlation events, version 4" },
	{ 0x100000, "metadata_v4", "metadata, version 4" },
	{ 0x200000, "user", "user events, version 1" },
	{ 0x400000, "correlation_v5", "correlation events, version 5" },
	{ 0x800000, "archive_timestamp", "16-byte record header with the archive timestamp" },
	{ 0x1000000, "discovery_v5", "discovery events, version 5" },
	{ 0x2000000, "discovery_v6", "discovery events, version 6" },
	{ 0x4000000, "connection_v5", "connection events, version 5" },
	{ 0x8000000, "extra_data", "extra data of intrusion events" },
	{ 0x10000000, "discovery_v7", "discovery events, version 7" },
	{ 0x20000000, "correlation_v6", "correlation events, version 6" },
	{ 0x40000000, "extended_request", "negotiate by services and event pairs" },
	{ 0x80000000, "bit31", "must be 0" },
}
-- Event types by the code of an event pair, and the releases that had a version.
local EVENTS = {
	[12] = "intrusion events",
	[21] = "metadata",
	[31] = "correlation events",
	[61] = "discovery events",
	[71] = "connection events",
	[91] = "user events",
	[101] = "malware events",
	[111] = "file events",
	[131] = "impact alerts",
}
local VERSIONS = {
	[12] = { [1] = "up to 4.8", [2] = "4.9-4.10", [3] = "5.0-5.1", [4] = "5.1.1", [5] = "5.2", [6] = "5.3", [7] = "5.3.1", [8] = "5.4", [9] = "6.0-6.7", [10] = "7.0", [11] = "7.1 and later" },
	[21] = { [1] = "3.x", [2] = "3.5-4.5", [3] = "4.5-4.6.1", [4] = "4.7 and later", [5] = "5.3 and later" },
	[31] = { [1] = "3.2", [2] = "3.5-4.5", [3] = "4.5-4.6.1", [4] = "4.7", [5] = "4.8.0.2-4.9.1", [6] = "4.10", [7] = "5.0", [8] = "5.1-5.3", [9] = "5.4 and later" },
	[61] = { [1] = "3.0-3.1", [2] = "3.2-3.4", [3] = "3.5-4.6", [4] = "4.7-4.8", [5] = "4.9.0", [6] = "4.9.1", [7] = "4.10", [8] = "5.0", [9] = "5.1", [10] = "5.2", [11] = "5.3 and later" },
	[71] = { [1] = "3.2-3.4", [3] = "3.5-4.6", [4] = "4.7-4.9.0", [5] = "4.9.1-4.10", [6] = "5.0", [7] = "5.1", [8] = "5.1.1", [9] = "5.2", [10] = "5.3", [11] = "5.3.1", [12] = "5.4", [13] = "5.4.1 or 6.0", [14] = "6.0 or 6.1", [15] = "6.1 or 6.2-6.7", [16] = "7.0", [17] = "7.1 and later" },
	[91] = { [1] = "4.7-4.10", [2] = "5.0", [3] = "5.1", [4] = "5.2-5.4", [5] = "6.0", [6] = "6.1", [7] = "6.2 and later" },
	[101] = { [1] = "5.1", [2] = "5.1.1", [3] = "5.2", [4] = "5.3", [5] = "5.3.1", [6] = "5.4", [7] = "6.0-6.7", [8] = "7.0 and later" },
	[111] = { [1] = "5.1.1", [2] = "5.2", [3] = "5.3", [4] = "5.3.1", [5] = "5.4", [6] = "6.0-6.7", [7] = "7.0 and later" },
	[131] = { [1] = "up to 5.2", [2] = "5.3 and later" },
}
-- What numbers mean, and in which fields: one of several values, or bits.
local VALUES = {
	priority = {
		[1] = "high",
		[2] = "medium",
		[3] = "low",
	},
	intrusion_blocked_reason = {
		[1] = "interface in passive or tap mode",
		[2] = "intrusion policy in detection mode",
		[3] = "network analysis policy in detection mode",
		[4] = "connection timed out",
		[5] = "connection closed (cause 0x01)",
		[6] = "connection closed (cause 0x02)",
		[7] = "connection closed (cause 0x04)",
	},
	file_action = {
		[0] = "not applicable",
		[1] = "detect",
		[2] = "block",
		[3] = "malware cloud lookup",
		[4] = "malware block",
		[5] = "malware allow list",
		[6] = "cloud lookup timeout",
		[7] = "custom detection",
		[8] = "custom detection block",
		[9] = "archive block: depth exceeded",
		[10] = "archive block: encrypted",
		[11] = "archive block: not inspectable",
	},
	file_disposition = {
		[0] = "not applicable",
		[1] = "clean",
		[2] = "unknown",
		[3] = "malware",
		[4] = "unavailable",
		[5] = "custom signature",
	},
	file_direction = {
		[0] = "unknown",
		[1] = "download",
		[2] = "upload",
	},
	file_storage_status = {
		[0] = "not applicable",
		[1] = "stored",
		[2] = "stored",
		[3] = "not stored: failure",
		[4] = "not stored: failure",
		[5] = "not stored: failure",
		[6] = "not stored: failure",
		[7] = "not stored: failure",
		[8] = "not stored: too large",
		[9] = "not stored: too small",
		[10] = "not stored: failure",
		[11] = "not stored: disposition unavailable",
	},
	file_analysis_status = {
		[0] = "not sent",
		[1] = "sent",
		[2] = "sent",
		[4] = "sent",
		[5] = "sending failed",
		[6] = "sending failed",
		[7] = "sending failed",
		[8] = "sending failed",
		[9] = "too small",
		[10] = "too large",
		[11] = "sent",
		[12] = "analysis complete",
		[13] = "failed: network",
		[14] = "failed: rate limit",
		[15] = "failed: too large",
		[16] = "failed: read error",
		[17] = "failed: library error",
		[19] = "not sent: disposition unavailable",
		[20] = "failed: cannot run file",
		[21] = "failed: analysis timeout",
		[22] = "sent",
		[23] = "kept on the sensor: could not be submitted",
		[25] = "kept: server rate limit",
		[26] = "kept: no cloud connection",
		[27] = "not sent: configuration",
		[28] = "not sent: pre-classification found nothing",
		[29] = "sent to private cloud",
		[30] = "not sent to private cloud",
	},
	local_malware_analysis_status = {
		[0] = "not analysed",
		[1] = "done",
		[2] = "failed",
		[3] = "manual request",
	},
	archive_file_status = {
		[0] = "not an archive",
		[1] = "being inspected",
		[2] = "extracted",
		[3] = "failed: resources",
		[4] = "extracted, nesting limit exceeded",
		[5] = "partly: encrypted",
		[6] = "partly: not inspectable, may be damaged",
	},
	malware_event_type = {
		[0] = "not applicable",
		[1] = "threat in network file transfer",
		[2] = "threat in network file transfer, found later",
		[553648143] = "threat quarantined",
		[553648145] = "threat in excluded path",
		[553648146] = "cloud recall: restore from quarantine started",
		[553648147] = "cloud recall: quarantine started",
		[553648149] = "quarantined item restored",
		[553648150] = "quarantine restore started",
		[553648154] = "cloud recall: restored from quarantine",
		[553648155] = "cloud recall: quarantined",
		[553648168] = "execution blocked",
		[554696714] = "scan started",
		[554696715] = "scan complete, nothing found",
		[1090519054] = "threat detected",
		[1091567628] = "scan complete, threats found",
		[2164260880] = "quarantine failed",
		[2164260884] = "quarantine restore failed",
		[2164260892] = "cloud recall: restore failed",
		[2164260893] = "cloud recall: quarantine failed",
		[2165309453] = "scan failed",
	},
	malware_event_subtype = {
		[0] = "not applicable",
		[1] = "create",
		[2] = "execute",
		[4] = "scan",
		[22] = "move",
	},
	security_intelligence_source_destination = {
		[0] = "not applicable",
	},
	url_reputation = {
		[0] = "unknown",
	},
	host_type = {
		[0] = "host",
		[1] = "router",
		[2] = "bridge",
	},
	host_criticality = {
		[0] = "none",
		[1] = "low",
		[2] = "medium",
		[3] = "high",
	},
	source_type = {
		[0] = "detected by the system",
		[1] = "provided by a user",
		[2] = "provided by a third-party scanner",
		[3] = "provided by a command line tool or the host input API",
	},
	host_network_position = {
		[0] = "primary network",
		[1] = "secondary network",
	},
	ioc_disabled = {
		[0] = "active",
		[1] = "disabled on the host",
	},
	user_auth_type = {
		[0] = "no authentication required",
		[1] = "passive authentication (directory agent or ISE session)",
		[2] = "captive portal: success",
		[3] = "captive portal: guest",
		[4] = "captive portal: failed",
		[5] = "VPN: authorised",
	},
	vpn_type = {
		[0] = "unknown",
		[1] = "Cisco IKEv1 client",
		[2] = "AnyConnect IKEv1 client",
		[3] = "AnyConnect SSL",
		[4] = "WebVPN clientless",
		[5] = "site to site IKEv2",
		[6] = "site to site IKEv2",
		[7] = "generic IKEv2 remote access client",
	},
	ip_protocol = {
		[1] = "ICMP",
		[6] = "TCP",
		[17] = "UDP",
		[58] = "IPv6-ICMP",
	},
	network_protocol = {
		[2048] = "IPv4",
		[2054] = "ARP",
		[34525] = "IPv6",
	},
	link_type = {
		[1] = "Ethernet",
	},
	ssl_action = {
		[0] = "unknown",
		[1] = "do not decrypt",
		[2] = "block",
		[3] = "block with reset",
		[4] = "decrypt with known key",
		[5] = "decrypt, replace key",
		[6] = "decrypt, resign",
	},
	ssl_flow_status = {
		[0] = "unknown",
		[1] = "no match",
		[2] = "success",
		[3] = "uncached session",
		[4] = "unknown cipher suite",
		[5] = "unsupported cipher suite",
		[6] = "unsupported SSL version",
		[7] = "compression used",
		[8] = "not decryptable in passive mode",
		[9] = "handshake error",
		[10] = "decryption error",
		[11] = "waiting for server name category",
		[12] = "waiting for common name category",
		[13] = "internal error",
		[14] = "network parameters missing",
		[15] = "invalid server certificate handle",
		[16] = "server certificate fingerprint missing",
		[17] = "subject name not cacheable",
		[18] = "issuer name not cacheable",
		[19] = "unknown SSL version",
		[20] = "external certificate list missing",
		[21] = "external certificate fingerprint missing",
		[22] = "internal certificate list invalid",
		[23] = "internal certificate list missing",
		[24] = "internal certificate missing",
		[25] = "internal certificate fingerprint missing",
		[26] = "server certificate validation missing",
		[27] = "server certificate validation failed",
		[28] = "invalid action",
	},
}
local VALUES_OF = {
	action = "file_action",
	archive_file_status = "archive_file_status",
	auth_type = "user_auth_type",
	blocked_reason_id = "intrusion_blocked_reason",
	criticality = "host_criticality",
	dest_criticality = "host_criticality",
	dest_host_type = "host_type",
	destination_criticality = "host_criticality",
	destination_host_type = "host_type",
	direction = "file_direction",
	disabled = "ioc_disabled",
	disposition = "file_disposition",
	event_subtype_id = "malware_event_subtype",
	event_type_id = "malware_event_type",
	file_analysis_status = "file_analysis_status",
	file_storage_status = "file_storage_status",
	fp_source_type = "source_type",
	host_type = "host_type",
	ip_protocol = "ip_protocol",
	ip_protocol_id = "ip_protocol",
	link_type = "link_type",
	local_malware_analysis_status = "local_malware_analysis_status",
	network_protocol = "network_protocol",
	primary_secondary = "host_network_position",
	priority_id = "priority",
	retro_disposition = "file_disposition",
	security_intelligence_source_destination = "security_intelligence_source_destination",
	source_criticality = "host_criticality",
	source_host_type = "host_type",
	source_type = "source_type",
	spero_disposition = "file_disposition",
	src_criticality = "host_criticality",
	src_host_type = "host_type",
	ssl_actual_action = "ssl_action",
	ssl_expected_action = "ssl_action",
	ssl_flow_status = "ssl_flow_status",
	transport_protocol = "ip_protocol",
	url_reputation = "url_reputation",
	vpn_type = "vpn_type",
}
local BITS = {
	impact_flags = {
		{ 0x1, "source or destination is in a monitored network" },
		{ 0x2, "source or destination host is in the network map" },
		{ 0x4, "a host runs a server on the event port (TCP/UDP) or uses the IP protocol" },
		{ 0x8, "a vulnerability is mapped to the operating system of a host" },
		{ 0x10, "a vulnerability is mapped to the detected server" },
		{ 0x20, "the device dropped the session (inline only)" },
		{ 0x40, "rule metadata forces impact red" },
		{ 0x80, "a vulnerability is mapped to the detected client (5.0+)" },
	},
	connection_rule_reason = {
		{ 0x1, "IP block" },
		{ 0x2, "IP monitor" },
		{ 0x4, "user bypass" },
		{ 0x8, "file monitor" },
		{ 0x10, "file block" },
		{ 0x20, "intrusion monitor" },
		{ 0x40, "intrusion block" },
		{ 0x80, "file resume block" },
		{ 0x100, "file resume allow" },
		{ 0x200, "file custom detection" },
		{ 0x400, "SSL block" },
		{ 0x800, "DNS block" },
		{ 0x1000, "DNS monitor" },
		{ 0x2000, "URL block" },
		{ 0x4000, "URL monitor" },
		{ 0x8000, "HTTP injection" },
	},
	correlation_event_defined_mask = {
		{ 0x1, "event impact flags" },
		{ 0x2, "IP protocol" },
		{ 0x4, "network protocol" },
		{ 0x8, "source IP" },
		{ 0x10, "source host type" },
		{ 0x20, "source VLAN id" },
		{ 0x40, "source fingerprint id" },
		{ 0x80, "source criticality" },
		{ 0x100, "source port" },
		{ 0x200, "source server" },
		{ 0x400, "destination IP" },
		{ 0x800, "destination host type" },
		{ 0x1000, "destination VLAN id" },
		{ 0x2000, "destination fingerprint id" },
		{ 0x4000, "destination criticality" },
		{ 0x8000, "destination port" },
		{ 0x10000, "destination server" },
		{ 0x20000, "source user" },
		{ 0x40000, "destination user" },
	},
	tcp_flags = {
		{ 0x1, "FIN" },
		{ 0x2, "SYN" },
		{ 0x4, "RST" },
		{ 0x8, "PSH" },
		{ 0x10, "ACK" },
		{ 0x20, "URG" },
		{ 0x40, "ECE" },
		{ 0x80, "CWR" },
	},
	ssl_server_certificate_status = {
		{ 0x1, "unknown" },
		{ 0x2, "valid" },
		{ 0x4, "self-signed" },
		{ 0x10, "invalid issuer" },
		{ 0x20, "invalid signature" },
		{ 0x40, "expired" },
		{ 0x80, "not yet valid" },
		{ 0x100, "revoked" },
	},
	ssl_flow_messages = {
		{ 0x1, "hello request" },
		{ 0x2, "client alert" },
		{ 0x4, "server alert" },
		{ 0x8, "client hello" },
		{ 0x10, "server hello" },
		{ 0x20, "server certificate" },
		{ 0x40, "server key exchange" },
		{ 0x80, "certificate request" },
		{ 0x100, "server hello done" },
		{ 0x200, "client certificate" },
		{ 0x400, "client key exchange" },
		{ 0x800, "certificate verify" },
		{ 0x1000, "client change cipher spec" },
		{ 0x2000, "client finished" },
		{ 0x4000, "server change cipher spec" },
		{ 0x8000, "server finished" },
		{ 0x10000, "new session ticket" },
		{ 0x20000, "other handshake message" },
		{ 0x40000, "application data from client" },
		{ 0x80000, "application data from server" },
	},
	ssl_flow_flags = {
		{ 0x1, "flow valid" },
		{ 0x2, "flow initialised" },
		{ 0x4, "flow intercepted" },
	},
}
local BITS_OF = {
	event_defined_mask = "correlation_event_defined_mask",
	event_impact_flags = "impact_flags",
	impact_flags = "impact_flags",
	rule_reason = "connection_rule_reason",
	ssl_flow_flags = "ssl_flow_flags",
	ssl_flow_messages = "ssl_flow_messages",
	ssl_server_certificate_status = "ssl_server_certificate_status",
	tcp_flag = "tcp_flags",
}
-- Fields with Unix seconds.
local TIMES = {
	connection_event_timestamp = true, connection_timestamp = true, correlation_event_second = true, event_second = true, file_event_timestamp = true, file_timestamp = true,
	first_connection_time = true, first_packet_timestamp = true, first_seen = true, host_last_seen = true, last_connection_time = true, last_packet_timestamp = true,
	last_seen = true, last_used = true, malware_event_timestamp = true, packet_second = true, pe_time = true, start_time = true,
	time = true, timestamp = true, trigger_event_second = true, valid_finish_date = true, valid_start_date = true,
}
-- Discovery events by type and subtype.
local EVENT_NAMES = {
	["1000/1"] = "New Host",
	["1000/2"] = "New TCP Service",
	["1000/3"] = "New Network Protocol",
	["1000/4"] = "New Transport Protocol",
	["1000/5"] = "New IP to IP traffic",
	["1000/6"] = "New UDP Service",
	["1000/7"] = "New Client Application",
	["1000/8"] = "New OS Fingerprint",
	["1000/9"] = "New IPv6 to IPv6 Traffic",
	["1001/1"] = "Host IP Address Changed",
	["1001/2"] = "OS Information Update",
	["1001/3"] = "Host IP Address Reused",
	["1001/4"] = "Vulnerability Changed",
	["1001/5"] = "Hops Change",
	["1001/6"] = "TCP Service Information Update",
	["1001/7"] = "Host Timeout",
	["1001/8"] = "TCP Port Closed",
	["1001/9"] = "UDP Port Closed",
	["1001/10"] = "UDP Service Information Update",
	["1001/11"] = "TCP Port Timeout",
	["1001/12"] = "UDP Port Timeout",
	["1001/13"] = "MAC Information Change",
	["1001/14"] = "Additional MAC Detected",
	["1001/15"] = "Host Last Seen",
	["1001/16"] = "Host Identified as Router or Bridge",
	["1001/17"] = "Connection Statistics",
	["1001/18"] = "VLAN Tag Information Update",
	["1001/19"] = "Host Deleted: Limit Reached",
	["1001/20"] = "Client Application Timeout",
	["1001/21"] = "NetBIOS Name Change",
	["1001/22"] = "NetBIOS Domain Change",
	["1001/23"] = "Host Dropped: Host Limit Reached",
	["1001/24"] = "Banner Update",
	["1001/25"] = "TCP Service Confidence Update",
	["1001/26"] = "UDP Service Confidence Update",
	["1001/27"] = "OS Confidence Update",
	["1001/28"] = "DHCP Information",
	["1001/29"] = "Identity Conflict",
	["1001/30"] = "Identity Timeout",
	["1001/31"] = "Secondary Host Update",
	["1001/32"] = "Client Application Update",
	["1002/1"] = "Valid Vulnerabilities",
	["1002/2"] = "Invalid Vulnerabilities",
	["1002/3"] = "Delete Address",
	["1002/4"] = "Delete Service",
	["1002/5"] = "Set Host Criticality",
	["1002/6"] = "Host Attribute Add",
	["1002/7"] = "Host Attribute Update",
	["1002/8"] = "Host Attribute Delete",
	["1002/9"] = "Host Attribute Set Value",
	["1002/10"] = "Host Attribute Delete Value",
	["1002/11"] = "Add Scan Result",
	["1002/12"] = "Set Vulnerability Impact Qualification",
	["1002/13"] = "User Policy Control",
	["1002/14"] = "Delete Protocol",
	["1002/15"] = "Delete Client Application",
	["1002/16"] = "Set Operating System Definition",
	["1002/17"] = "Account Seen",
	["1002/18"] = "Account Update",
	["1002/19"] = "Set Service Definition",
	["1002/20"] = "Delete Host/Network",
	["1002/21"] = "Delete Service",
	["1002/22"] = "Vulnerability Set Valid",
	["1002/23"] = "Vulnerability Set Invalid",
	["1002/24"] = "Set Host Criticality",
	["1002/25"] = "Host Attribute Set Value",
	["1002/26"] = "Host Attribute Delete Value",
	["1002/27"] = "Add Host",
	["1002/28"] = "Add Service",
	["1002/29"] = "Add Client Application",
	["1002/30"] = "Add Protocol",
	["1002/31"] = "Reload App",
	["1002/32"] = "Account Delete",
	["1002/45"] = "IOC Delete",
	["1002/46"] = "IOC marked invalid",
	["1003/1"] = "Connection Statistics",
	["1003/2"] = "Connection Chunk",
	["1004/1"] = "User Information",
	["1004/2"] = "User Login Information",
	["1004/3"] = "Delete User Identity",
	["1004/4"] = "User Identity Dropped: User Limit Reached",
	["1008/1"] = "IOC Set",
	["1050/0"] = "full_host_profile",
}
-- Filters by the kind of value: estreamer.field.NAME, and what it means. A name that stands
-- for different kinds of values has other filters for some of them.
local FIELDS = {
	uint64 = {
		bytes_received = "bytes received",
		bytes_sent = "bytes sent by the initiator during the chunk",
		bytes_transmitted = "bytes sent",
		bytes_written = "bytes written to the device's file store",
		file_size = "file size, bytes",
		initiator_bytes_dropped = "initiator bytes dropped by rate limiting",
		initiator_packets_dropped = "initiator packets dropped by rate limiting",
		initiator_transmitted_bytes = "bytes sent by the initiator",
		initiator_transmitted_packets = "packets sent by the initiator",
		packets_received = "packets sent by the responder during the chunk",
		packets_sent = "packets sent by the initiator during the chunk",
		responder_bytes_dropped = "responder bytes dropped by rate limiting",
		responder_packets_dropped = "responder packets dropped by rate limiting",
		responder_transmitted_bytes = "bytes sent by the responder",
		responder_transmitted_packets = "packets sent by the responder",
		ssl_flow_flags = "bit field of TLS flow flags",
	},
	uint = {
		access_control_rule_id = "access control rule, resolved by record 119 together with the policy uuid",
		action = "file action",
		application_id = "application protocol, resolved by record 63",
		application_proto = "application protocol, resolved by record 63",
		application_protocol_id = "application protocol, resolved by record 63",
		archive_depth = "nesting depth inside the archive",
		archive_file_status = "archive inspection status, resolved by record 518",
		attr_id = "host attribute, resolved by record 60",
		attribute_id = "host attribute, resolved by record 60",
		auth_type = "",
		bits = "prefix length of the address",
		blocked = "what happened to the packet",
		blocked_reason_id = "why a would-be drop was not done",
		bugtraq_id_length = "",
		category = "category of the attribute, stored file or indication of compromise",
		classification_id = "classification, resolved by record 67",
		client_app_detector_id = "what detected the client application (AppID or encrypted visibility)",
		client_application_id = "client application, resolved by record 55",
		client_application_type_id = "kind of client application, resolved by record 56",
		client_id = "client application, resolved by record 55",
		code = "ICMP code",
		confidence = "confidence percentage",
		connection_counter = "tells apart connection events of the same second and instance",
		connection_duration = "seconds",
		connection_event_timestamp = "Unix time of the linked connection event",
		connection_instance = "Snort instance of the linked connection event",
		connection_instance_id = "Snort instance of the linked connection event",
		connection_timestamp = "Unix time of the linked connection event",
		connection_type = "what kind of device recorded the connection",
		connections = "connections in the chunk",
		correlation_event_second = "Unix time of the correlation event",
		country_code = "ISO 3166-1 numeric country code",
		criticality = "",
		cve_id_length = "",
		description_length = "",
		dest_criticality = "",
		dest_host_type = "",
		dest_os_fingerprint_id = "number of the destination's operating system fingerprint",
		dest_port = "destination port",
		dest_service_id = "server of the destination, resolved by record 63",
		dest_uid = "user at the destination, resolved by record 98",
		dest_vlan_id = "VLAN id",
		destination_autonomous_system = "NetFlow destination AS",
		destination_country = "country code, resolved by record 520",
		destination_criticality = "",
		destination_host_type = "",
		destination_ip = "IPv4 destination, zero on 5.2 and later",
		destination_mask = "NetFlow destination prefix length",
		destination_port = "destination port",
		destination_port_or_icmp_code = "destination port, or ICMP code when the protocol is ICMP, resolved by record 270",
		destination_security_group_tag = "destination security group tag",
		destination_security_group_tag_type = "how the destination tag was learned",
		destination_server_id = "resolved by record 63",
		destination_tos = "NetFlow destination TOS",
		destination_user_id = "resolved by record 98",
		destination_vlan_id = "VLAN id",
		detector_id = "detector type, resolved by record 130",
		device_event_id = "event id on the device",
		device_id = "managed device, resolved by record 123",
		df = "don't-fragment bit",
		direction = "direction of the file",
		disabled = "",
		disposition = "malware verdict",
		dns_record_type = "DNS query type, resolved by record 320",
		dns_response_type = "DNS response code, resolved by record 321",
		dns_ttl = "DNS TTL, seconds",
		drop_user_product = "whether the product given by a user is removed",
		["end"] = "end of the range",
		end_port = "last port of the user's range (terminal server agent)",
		endpoint_profile_id = "device profile from ISE, resolved by record 301",
		entry_date_length = "",
		eve_process_confidence_percentage = "confidence of the process guess",
		eve_threat_confidence_index = "threat confidence class",
		eve_threat_confidence_percentage = "confidence that the process is a threat",
		event_defined_mask = "which of the following fields are valid",
		event_device_id = "device of the triggering event",
		event_id = "event number, unique together with device_id and event_second",
		event_impact_flags = "bit field",
		event_microsecond = "microsecond part of the event time",
		event_second = "Unix time of the event, seconds",
		event_subtype = "",
		event_subtype_id = "malware event subtype, resolved by record 129",
		event_type = "kind of the triggering event",
		event_type_id = "malware event type, resolved by record 128",
		event_type_length = "",
		exploits = "whether exploits are known",
		file_analysis_status = "dynamic analysis status, resolved by record 516",
		file_event_count = "number used to tell apart file events of the connection within one second",
		file_event_timestamp = "Unix time of the file event",
		file_storage_status = "capture status, resolved by record 515",
		file_timestamp = "Unix time the file was created",
		file_type = "file type, resolved by record 131",
		file_type_id = "file type, resolved by record 510",
		fingerprint_id = "number of the operating system fingerprint",
		first_connection_time = "Unix time of the connection of the first event",
		first_counter = "connection counter of the first event",
		first_device_id = "device of the first event",
		first_event_id = "number of the first event",
		first_instance_id = "Snort instance of the first event",
		first_packet_timestamp = "Unix time of the first packet",
		first_seen = "Unix time of the first event",
		flag = "what to do with the entry of the map",
		flags = "bit field of the user account",
		for_policy = "whether the account matters to a policy",
		fp_source_id = "source of the fingerprint, resolved by record 91",
		fp_source_type = "source of the fingerprint",
		fp_type = "kind of fingerprint",
		generator_id = "Snort generator (gid)",
		group_id = "user group",
		has_ipv6 = "1 when the 16-byte address follows at the end of this header",
		hits = "times seen",
		hops = "network distance in hops",
		host_last_seen = "Unix time",
		host_type = "",
		http_response = "HTTP status code, 0 when none",
		i_value = "value of an integer attribute",
		id = "number of the thing that this record or block describes",
		impact = "impact level",
		impact_flags = "bit field",
		index = "session number",
		initiator_country = "country code, resolved by record 520",
		initiator_port = "port of the initiator (ICMP type for ICMP)",
		instance_id = "Snort instance on the device",
		intrusion_event_count = "number used to tell apart intrusion events of the connection within one second",
		invalid = "whether the vulnerability does not apply to the host",
		invalid_flags = "0 when the vulnerability is valid for the host",
		ioc_id = "indication of compromise, resolved by record 161",
		ioc_id_number = "resolved by record 161",
		ioc_number = "indication of compromise id, resolved by record 161; 0 when none",
		ip_assigned = "whether the attribute is assigned by address",
		ip_protocol = "IANA IP protocol number",
		ip_protocol_id = "IANA IP protocol number",
		ipid_trend = "how the IP identification grows",
		jailbroken = "1 when a jailbroken mobile device",
		last_connection_time = "Unix time of the connection of the last event",
		last_counter = "connection counter of the last event",
		last_device_id = "device of the last event",
		last_event_id = "number of the last event",
		last_instance_id = "Snort instance of the last event",
		last_packet_timestamp = "Unix time of the last packet",
		last_seen = "Unix time",
		last_used = "Unix time of the last use",
		lease_time = "DHCP lease time, seconds",
		length = "",
		link_type = "link layer of the packet",
		local_malware_analysis_status = "local analysis status, resolved by record 519",
		login_type = "",
		malware_event_timestamp = "Unix time of the malware event",
		mask = "network mask",
		message_length = "",
		mobile = "1 when a mobile device",
		modified_date_length = "",
		monitor_rule1 = "monitor rules that matched, resolved by record 119",
		monitor_rule2 = "monitor rules that matched, resolved by record 119",
		monitor_rule3 = "monitor rules that matched, resolved by record 119",
		monitor_rule4 = "monitor rules that matched, resolved by record 119",
		monitor_rule5 = "monitor rules that matched, resolved by record 119",
		monitor_rule6 = "monitor rules that matched, resolved by record 119",
		monitor_rule7 = "monitor rules that matched, resolved by record 119",
		monitor_rule8 = "monitor rules that matched, resolved by record 119",
		mpls_label = "reserved or MPLS label; or: MPLS label",
		mss_follows_syn = "whether the segment size follows that of the SYN",
		name_length = "",
		nat_initiator_port = "translated initiator port",
		nat_responder_port = "translated responder port",
		netmask = "prefix length that DHCP assigned",
		network_protocol = "ethertype",
		number_dropped = "files not stored",
		number_stored = "files stored",
		original_client_country = "country code of the original client",
		os_build = "build of the operating system",
		os_service_pack_major = "service pack, major version",
		os_service_pack_minor = "service pack, minor version",
		os_version_major = "operating system, major version",
		os_version_minor = "operating system, minor version",
		packet_length = "",
		packet_microsecond = "microsecond part of the time of capture",
		packet_second = "Unix time of capture, seconds",
		pad = "padding, ignore",
		payload_id = "web application, resolved by record 109",
		payload_type = "kind of web application",
		pe_id = "number of the correlation event",
		pe_sensor_id = "device of the correlation event",
		pe_time = "Unix time of the correlation event",
		pmtu = "path MTU, bytes",
		policy_id = "correlation policy, resolved by record 69",
		port = "port number",
		primary = "whether it is the first MAC address of the host",
		primary_secondary = "",
		priority = "priority 0..5",
		priority_id = "priority, resolved by record 4",
		product_id = "product number",
		protocol = "IANA IP protocol number; in user records the application protocol",
		protocol_type = "whether the number is a network or a transport protocol",
		published_date_length = "",
		qos_rule_id = "quality-of-service rule",
		range_start = "first port of the whole range (terminal server agent)",
		realm_id = "identity realm, resolved by record 300",
		remote = "whether it can be exploited remotely",
		remote_cmd = "command of the request",
		remote_id = "number at the remote side",
		reserved = "padding, ignore",
		reset_whitelist = "whether the compliance state of the host is reset",
		responder_country = "country code, resolved by record 520",
		responder_port = "port of the responder (ICMP code for ICMP)",
		retro_disposition = "verdict after a retrospective change",
		revision = "revision: of the rule or policy, or of the product",
		rule_action = "access control action, resolved by record 120",
		rule_id = "rule number (Snort rule id in intrusion events, access control rule id in connection events)",
		rule_reason = "bit field of reasons, resolved by record 124",
		rule_revision = "rule revision",
		scan_type = "kind of scan, resolved by record 61",
		scanner_type = "kind of scanner whose numbering the id follows",
		security_group_id = "security group tag id, resolved by record 302",
		security_intelligence_layer = "IP layer that matched Security Intelligence",
		security_intelligence_list1 = "Security Intelligence list, resolved by record 280",
		security_intelligence_list2 = "Security Intelligence list, resolved by record 280",
		security_intelligence_list3 = "third list or threat intelligence category (same four bytes as threat_intelligence_category in later blocks)",
		security_intelligence_source_destination = "which end matched Security Intelligence, resolved by record 281",
		sensor_id = "managed device id",
		serial_number_length = "used bytes of serial_number",
		server_id = "server, resolved by record 63",
		server_map_id = "number in the server map",
		short_description_length = "",
		signature_generator_id = "Snort generator of the triggering event",
		signature_id = "rendered Snort signature id (sid)",
		snmp_in = "NetFlow input interface index",
		snmp_out = "NetFlow output interface index",
		snort_version = "Snort engine generation (2 or 3)",
		software_id = "software number",
		solution_length = "",
		source_autonomous_system = "NetFlow source AS",
		source_country = "country code, resolved by record 520",
		source_criticality = "",
		source_host_type = "",
		source_id = "source (application, user or scanner), resolved by record 91",
		source_ip = "IPv4 source, zero on 5.2 and later",
		source_mask = "NetFlow source prefix length",
		source_port = "source port",
		source_port_or_icmp_type = "source port, or ICMP type when the protocol is ICMP, resolved by record 260",
		source_security_group_tag = "source security group tag",
		source_security_group_tag_type = "how the source tag was learned",
		source_server_id = "resolved by record 63",
		source_tos = "NetFlow source TOS",
		source_type = "",
		source_user_id = "resolved by record 98",
		source_vlan_id = "VLAN id",
		spero_disposition = "verdict of Spero analysis, resolved by record 517",
		src_criticality = "",
		src_host_type = "",
		src_os_fingerprint_id = "number of the source's operating system fingerprint",
		src_port = "source port",
		src_service_id = "server of the source, resolved by record 63",
		src_uid = "user at the source, resolved by record 98",
		src_vlan_id = "VLAN id",
		ssl_actual_action = "TLS action taken, resolved by record 606",
		ssl_cipher_suite = "cipher suite number, resolved by record 602",
		ssl_expected_action = "TLS action wanted by policy, resolved by record 607",
		ssl_flow_error = "TLS flow error number",
		ssl_flow_messages = "bit field of handshake messages seen",
		ssl_flow_status = "TLS flow status, resolved by record 608",
		ssl_rule_id = "TLS rule, resolved by record 601",
		ssl_server_certificate_status = "bit field, resolved by record 605",
		ssl_session_id_length = "used bytes of ssl_session_id",
		ssl_ticket_id_length = "used bytes of ssl_ticket_id",
		ssl_url_category = "URL category of the TLS server, resolved by record 613",
		ssl_version = "TLS version, resolved by record 604",
		start = "start of the range",
		start_port = "first port of the user's range (terminal server agent)",
		start_time = "Unix time at which the chunk began",
		status = "state of the request or extraction",
		subtype = "subtype of the extraction event",
		target_distance = "network distance in hops",
		target_port = "port of the target",
		tcp_flag = "TCP flags seen",
		technical_description_length = "",
		threat_intelligence_category = "threat intelligence director category",
		threat_score = "0..100 from dynamic analysis",
		time = "Unix time of the event",
		timestamp = "Unix time",
		title_length = "",
		transport_protocol = "IANA IP protocol number",
		trigger_event_microsecond = "microsecond part",
		trigger_event_second = "Unix time of the triggering event",
		ttl = "IP time to live",
		ttl_diff = "difference between observed and fingerprint TTL",
		ttl_difference = "difference between observed and fingerprint TTL",
		tunnel_rule_id = "prefilter or tunnel rule, resolved by record 147",
		type = "kind of the thing that this record or block describes",
		type_id = "kind of client application, resolved by record 56",
		url_category = "URL category, resolved by record 121",
		url_reputation = "URL reputation, resolved by record 122",
		user_defined = "whether a user gave the name",
		user_id = "user, resolved by record 98 (62 for product users)",
		valid_finish_date = "Unix time",
		valid_start_date = "Unix time",
		value = "value",
		vendor_id = "vendor number",
		vendor_length = "",
		version_length = "",
		vlan_id = "VLAN id",
		vlan_presence = "1 when a VLAN tag is present",
		vlan_priority = "VLAN priority",
		vlan_tag_present = "1 when a VLAN tag is present",
		vlan_type = "type of encapsulation",
		vpn_type = "",
		vuln_id = "vulnerability number, resolved by record 57",
		vulnerability_id = "vulnerability number, resolved by record 57",
		web_application_id = "web application, resolved by record 109",
		wscale = "TCP window scale",
		wsize_high = "highest TCP window size",
		wsize_low = "lowest TCP window size",
	},
	ipv6 = {
		destination_ip_address = "destination address; IPv4 is carried as ::ffff:a.b.c.d",
		destination_ipv6_address = "destination address; IPv4 is mapped",
		finish = "last address of the range",
		initiator_ip_address = "address of the side that opened the session",
		ip_address = "host address",
		ipv6_address = "present only when has_ipv6 is 1; IPv4 is mapped; or: address; IPv4 is mapped",
		location_ipv6 = "ISE location address",
		location_ipv6_address = "ISE location address",
		nat_initiator_ip = "translated initiator address",
		nat_responder_ip = "translated responder address",
		original_client_ip_address = "client address behind a proxy (X-Forwarded-For and similar)",
		responder_ip_address = "address of the answering side",
		router_ip = "router that DHCP assigned",
		source_ip_address = "source address; IPv4 is carried as ::ffff:a.b.c.d",
		source_ipv6_address = "source address; IPv4 is mapped",
		start = "start of the range",
	},
	ipv4 = {
		dest_ip_addr = "IPv4 destination",
		destination_ip = "IPv4 destination, zero on 5.2 and later",
		destination_ip_address = "destination address; IPv4 is carried as ::ffff:a.b.c.d",
		dst_ip_address = "IPv4 destination",
		gateway = "IPv4 gateway",
		host_ip = "IPv4 address of the host",
		initiator_ip_address = "address of the side that opened the session",
		ip_address = "host address",
		ipv4_address = "IPv4 address; zero on newer servers",
		legacy_ip_address = "IPv4 host address; unused when has_ipv6 is set",
		netflow_detector_ip_address = "address of the NetFlow exporter",
		responder_ip_address = "address of the answering side",
		source_addr = "IPv4 source",
		source_device_ip = "address of the NetFlow exporter",
		source_ip = "IPv4 source, zero on 5.2 and later",
		source_ip_address = "source address; IPv4 is carried as ::ffff:a.b.c.d",
		src_ip_addr = "IPv4 source",
		src_ip_address = "IPv4 source",
		target_addr = "IPv4 address of the target",
	},
	mac = {
		address = "MAC address (block 95); postal address (block 74)",
		mac_address = "MAC address of the host",
	},
	uuid = {
		access_control_policy_revision = "revision of the access control policy",
		access_control_policy_uuid = "access control policy, resolved by record 145 (117 on older servers)",
		agent_uuid = "endpoint agent that reported the event",
		cloud_uuid = "malware cloud, resolved by record 127",
		correlation_revision_uuid = "revision of the correlation rule",
		correlation_rule_uuid = "identity of the correlation rule",
		dest_os_fingerprint_uuid = "operating system of the destination, resolved by record 54",
		destination_operating_system_fingerprint_uuid = "resolved by record 54",
		egress_interface = "egress interface, resolved by record 116",
		egress_interface_uuid = "egress interface, resolved by record 116",
		egress_zone = "egress zone, resolved by record 115",
		egress_zone_uuid = "egress zone, resolved by record 115",
		fingerprint_uuid = "operating system fingerprint, resolved by record 54",
		ingress_interface = "ingress interface, resolved by record 116",
		ingress_interface_uuid = "ingress interface, resolved by record 116",
		ingress_zone = "ingress zone, resolved by record 115",
		ingress_zone_uuid = "ingress zone, resolved by record 115",
		interface_egress_uuid = "egress interface, resolved by record 116",
		interface_ingress_uuid = "ingress interface, resolved by record 116",
		intrusion_policy = "intrusion policy, resolved by record 118",
		ldap_uuid = "directory uuid",
		netflow_source = "address of the NetFlow exporter as 16 bytes; all zero when the device saw the traffic itself",
		network_analysis_policy_revision = "network analysis policy, resolved by record 700",
		network_analysis_policy_uuid = "network analysis policy, resolved by record 700",
		os_uuid = "operating system, resolved by record 54",
		policy_revision = "revision uuid of the access control policy that logged the connection",
		policy_uuid = "intrusion policy, resolved by record 118",
		qos_applied_interface = "interface that rate limiting used",
		revision_uuid = "identity of this revision",
		rule_revision_uuid = "identity of this revision of the rule",
		rule_uuid = "identity of the rule",
		security_context = "security context (virtual firewall), resolved by record 132",
		security_intelligence_uuid = "Security Intelligence category, resolved by record 282",
		security_zone_egress_uuid = "egress zone, resolved by record 115",
		security_zone_ingress_uuid = "ingress zone, resolved by record 115",
		sinkhole_uuid = "DNS sinkhole, resolved by record 322",
		source_operating_system_fingerprint_uuid = "resolved by record 54",
		src_os_fingerprint_uuid = "operating system of the source, resolved by record 54",
		ssl_policy_id = "TLS decryption policy, resolved by record 600",
		third_party_vulnerability_uuid = "vulnerability of a third-party scanner",
		uuid = "fingerprint uuid, resolved by record 54",
		whitelist_uuid = "compliance allow list",
	},
	string = {
		additional_references = "text of the rule documentation",
		address = "MAC address (block 95); postal address (block 74)",
		affected_systems = "text of the rule documentation",
		archive_name = "name of the enclosing archive",
		archive_sha = "SHA-256 of the enclosing archive, text",
		attack_scenarios = "text of the rule documentation",
		bugtraq_id = "Bugtraq number, as text",
		build = "build of the product",
		building = "building",
		category = "category of the attribute, stored file or indication of compromise",
		city = "city",
		client_application = "VPN client software",
		client_application_version = "client application version",
		client_os = "operating system of the VPN client",
		client_url = "URL the client asked for",
		client_version = "version of the client application",
		company = "company",
		contributors = "text of the rule documentation",
		corrective_action = "text of the rule documentation",
		country = "country name",
		country_region = "country or region",
		custom_product_str = "product name given by a user",
		custom_vendor_str = "vendor name given by a user",
		custom_version_str = "version given by a user",
		cve_id = "CVE number, as text",
		department = "department",
		desc = "description",
		description = "description, free text",
		description_clean = "description, cleaned",
		dest_service = "server name of the destination",
		destination_ip_dynamic_attributes = "dynamic attributes of the destination",
		detail = "text of the rule documentation",
		detection_name = "name of the threat",
		device = "device name in the product description",
		division = "division",
		dns_query = "DNS name asked for",
		domain = "user domain",
		ease_of_attack = "text of the rule documentation",
		egress_vrf_name = "name of the egress virtual router",
		email = "mail address",
		email_alias1 = "further mail address",
		email_alias2 = "further mail address",
		email_alias3 = "further mail address",
		encoding = "how the extra data of this type is encoded, as text",
		entry_date = "when the vulnerability was entered, as text",
		eve_process = "client process guessed by encrypted visibility",
		event_description = "free text",
		event_type = "kind of the triggering event",
		extension = "product extension",
		false_negatives = "text of the rule documentation",
		false_positives = "text of the rule documentation",
		file_name = "file name",
		file_path = "path of the file",
		file_sha_hash = "SHA-256 of the file as text",
		filename = "name of the snapshot file on the server",
		first_name = "first name",
		full_name = "full name",
		group_name = "name of the user group",
		group_policy = "group policy of the VPN session",
		hostname = "host name",
		http_hostname = "HTTP host of the request",
		http_referrer = "HTTP referrer",
		http_uri = "HTTP URI of the request",
		id = "number of the thing that this record or block describes",
		impact = "impact level",
		ingress_vrf_name = "name of the ingress virtual router",
		initials = "initials",
		ip_phone = "number of the IP phone",
		issuer_cn = "common name of the issuer",
		issuer_country = "country of the issuer",
		issuer_organisation = "organisation of the issuer",
		issuer_organisational_unit = "organisational unit of the issuer",
		last_name = "last name",
		ldap_name = "directory name",
		ldap_sid = "Windows security identifier",
		location = "location",
		mac_address = "MAC address of the host",
		mailstop = "mail stop",
		major = "major version",
		message = "text of the message",
		minor = "minor version",
		modified_date = "when the vulnerability was changed, as text",
		name = "name of the thing that this record or block describes",
		name_clean = "name, cleaned",
		netbios = "NetBIOS name",
		notes = "notes of a user",
		office = "office",
		os_architecture = "processor architecture",
		os_name = "operating system",
		os_product_type = "Windows product type",
		os_suites = "Windows suites",
		os_type = "kind of operating system",
		os_vendor = "vendor of the operating system",
		os_version = "version of the operating system",
		os_version_type = "kind of version",
		parent_file_name = "file that accessed the detected file",
		parent_sha_hash = "SHA-256 of the parent file as text",
		patch = "patch level",
		peer_uuid = "identity of the peer",
		phone = "telephone number",
		postal_code = "postal code",
		product = "product name",
		product_name = "product name",
		profile_name = "name of the endpoint profile",
		protocol = "IANA IP protocol number; in user records the application protocol",
		published_date = "when the vulnerability was published, as text",
		referenced_host = "host named in the application layer (HTTP Host, TLS SNI, DNS)",
		reported_by = "directory server or agent that reported the login",
		revision = "revision: of the rule or policy, or of the product",
		room = "room",
		service = "service name",
		service_name = "service name",
		short_description = "description in one line",
		signature = "SHA-256 as text",
		smtp_attachments = "MIME attachment names",
		smtp_from = "SMTP sender",
		smtp_headers = "mail headers",
		smtp_to = "SMTP recipients",
		solution = "how to remedy it",
		source_ip_dynamic_attributes = "dynamic attributes of the source",
		src_service = "server name of the source",
		ssl_server_name = "server name indication",
		staff_idn = "staff number",
		state = "state or province",
		string = "name of the device",
		sub_server = "sub-server that was scanned",
		sub_server_name = "name of the sub-server",
		sub_server_unformatted = "sub-server that was scanned, as the scanner wrote it",
		subject_cn = "common name of the subject",
		subject_country = "country of the subject",
		subject_organisation = "organisation of the subject",
		subject_organisational_unit = "organisational unit of the subject",
		subservice = "sub-server name",
		subtype_string = "sub-server that was scanned",
		summary = "text of the rule documentation",
		t_value = "value of a text attribute",
		technical_description = "description in detail",
		title = "title",
		to_major = "major version, end of the range",
		to_minor = "minor version, end of the range",
		to_revision = "revision, end of the range",
		to_version_major = "major version, end of the range",
		to_version_minor = "minor version, end of the range",
		uri = "URI of the transfer",
		url = "URL that triggered the event",
		user = "user name on the endpoint",
		user1 = "further text of the account",
		user2 = "further text of the account",
		user3 = "further text of the account",
		user4 = "further text of the account",
		user_agent = "HTTP user agent",
		user_group_filename = "file with the map of user groups",
		user_ip_filename = "file with the map of users to addresses",
		username = "user name",
		val1 = "further text of the fingerprint",
		val10 = "further text of the fingerprint",
		val11 = "further text of the fingerprint",
		val12 = "further text of the fingerprint",
		val2 = "further text of the fingerprint",
		val3 = "further text of the fingerprint",
		val4 = "further text of the fingerprint",
		val5 = "further text of the fingerprint",
		val6 = "further text of the fingerprint",
		val7 = "further text of the fingerprint",
		val8 = "further text of the fingerprint",
		val9 = "further text of the fingerprint",
		value = "value",
		value_1 = "further text of the fingerprint",
		value_10 = "further text of the fingerprint",
		value_11 = "further text of the fingerprint",
		value_12 = "further text of the fingerprint",
		value_13 = "further text of the fingerprint",
		value_14 = "further text of the fingerprint",
		value_15 = "further text of the fingerprint",
		value_2 = "further text of the fingerprint",
		value_3 = "further text of the fingerprint",
		value_4 = "further text of the fingerprint",
		value_5 = "further text of the fingerprint",
		value_6 = "further text of the fingerprint",
		value_7 = "further text of the fingerprint",
		value_8 = "further text of the fingerprint",
		value_9 = "further text of the fingerprint",
		value_unformatted = "value, as the scanner wrote it",
		vendor = "vendor name",
		version = "version",
		version_major = "major version",
		version_minor = "minor version",
		vpn_connection_profile = "connection profile of the VPN session",
		vuln_str = "vulnerability in the scanner's words",
	},
	bytes = {
		banner = "first bytes that the server sent",
		blob = "the extra data itself, in the encoding that record 111 names for its type",
		client_ip = "public address of the VPN client, 16 bytes",
		data = "the content of the block",
		file_number = "internal to the server",
		file_position = "internal to the server",
		fingerprint_sha_hash = "SHA-1 of the certificate",
		host_id = "host identity, 16 bytes",
		interface = "interface name, zero padded",
		netflow_source = "address of the NetFlow exporter as 16 bytes; all zero when the device saw the traffic itself",
		packet_data = "the packet, from its link layer header on",
		public_key_sha_hash = "SHA-1 of the public key",
		revision = "revision: of the rule or policy, or of the product",
		security_context = "security context (virtual firewall), resolved by record 132",
		serial_number = "serial number, left aligned",
		sha_hash = "SHA-256 of the file, 32 raw bytes, resolved by record 511",
		ssl_certificate_fingerprint = "SHA-1 of the server certificate, details via record 614",
		ssl_policy_id = "TLS decryption policy, resolved by record 600",
		ssl_session_id = "TLS session id, zero padded",
		ssl_ticket_id = "hash of the session ticket",
		topts = "TCP options, raw",
		value = "value",
	},
	list = {
		address_list = "addresses that carry the attribute",
		application_fingerprints = "operating system fingerprints learned from applications",
		application_servers = "servers reported by applications",
		attributes = "values of host attributes",
		bugtraq_ids = "Bugtraq numbers",
		client_applications = "client applications: block 112 or 122, go by the element's header (see the note of block 112)",
		client_fingerprints = "operating system fingerprints seen as a client",
		conflict_fingerprints = "operating system fingerprints that contradict each other",
		cve_ids = "CVE numbers",
		derived_fingerprints = "operating system fingerprints derived from others",
		detected_servers = "servers that the device detected",
		dhcp_fingerprints = "operating system fingerprints learned from DHCP",
		fix_list = "patches applied to the product",
		fixes = "patches applied to the product",
		generic_scan_results = "results of a scanner in its own words",
		groups = "map of user groups",
		host_mac_address = "MAC addresses of the host",
		ioc_states = "indications of compromise of the host",
		ip_addresses = "addresses of the host",
		ip_list = "addresses the change applies to",
		ip_range_list = "addresses the change applies to",
		ip_ranges = "addresses the change applies to",
		ipv6_client_fingerprints = "operating system fingerprints seen as an IPv6 client",
		ipv6_dhcp_fingerprints = "operating system fingerprints learned from DHCPv6",
		ipv6_server_fingerprints = "operating system fingerprints seen as an IPv6 server",
		list = "elements of the attribute, or of what the change applies to",
		mac_addresses = "MAC addresses of the host",
		mac_list = "MAC addresses the change applies to",
		mac_ranges = "MAC addresses the change applies to",
		mobile_device = "details of a mobile device",
		mobile_device_fingerprints = "operating system fingerprints of mobile devices",
		network_protocol = "ethertype",
		network_protocols = "ethertypes seen",
		protos = "protocols the change applies to",
		scan_original_vulnerabilities = "vulnerabilities as the scanner numbers them",
		scan_results = "results of scans",
		scan_vulnerabilities = "vulnerabilities that a scanner found",
		scanner_fingerprints = "operating system fingerprints from scanners",
		scanner_servers = "servers that scanners reported",
		server_fingerprints = "operating system fingerprints seen as a server",
		server_information = "vendor, version and sub-servers",
		service_list = "servers the change applies to",
		services = "services that the scan found",
		sha = "the SHA-256 of the file",
		smb_fingerprints = "operating system fingerprints learned from SMB",
		sub_servers = "modules of the server",
		tcp_server = "TCP servers of the host",
		tcp_servers = "TCP servers of the host",
		transport_protocol = "IANA IP protocol number",
		transport_protocols = "IANA IP protocol numbers seen",
		udp_server = "UDP servers of the host",
		udp_servers = "UDP servers of the host",
		user_agent_fingerprints = "operating system fingerprints learned from HTTP user agents",
		user_fingerprints = "operating system fingerprints set by users",
		user_products = "products that the scan found",
		user_servers = "servers set by users",
		user_updates = "changes to the users of the group",
		users = "users of the group",
		vpn_session = "the VPN session of a VPN login or logoff",
		vulnerabilities = "vulnerabilities",
		vulns = "vulnerabilities that the scan found",
		web_application = "web applications seen",
	},
}
local RENAMED = {
	["address string"] = "address_string",
	["category string"] = "category_string",
	["destination_ip ipv4"] = "destination_ip_ipv4",
	["destination_ip_address ipv4"] = "destination_ip_address_ipv4",
	["event_type string"] = "event_type_string",
	["id string"] = "id_string",
	["impact string"] = "impact_string",
	["initiator_ip_address ipv4"] = "initiator_ip_address_ipv4",
	["ip_address ipv4"] = "ip_address_ipv4",
	["mac_address string"] = "mac_address_string",
	["netflow_source bytes"] = "netflow_source_bytes",
	["network_protocol list"] = "network_protocol_list",
	["protocol string"] = "protocol_string",
	["responder_ip_address ipv4"] = "responder_ip_address_ipv4",
	["revision bytes"] = "revision_bytes",
	["revision string"] = "revision_string",
	["security_context bytes"] = "security_context_bytes",
	["source_ip ipv4"] = "source_ip_ipv4",
	["source_ip_address ipv4"] = "source_ip_address_ipv4",
	["ssl_policy_id bytes"] = "ssl_policy_id_bytes",
	["start ipv6"] = "start_ipv6",
	["transport_protocol list"] = "transport_protocol_list",
	["value bytes"] = "value_bytes",
	["value string"] = "value_string",
}
local DISCOVERY = { fields = "device_id uint32, legacy_ip_address ipv4, mac_address mac, has_ipv6 uint8, reserved uint8, event_second uint32, event_microsecond uint32, event_type uint32, event_subtype uint32, file_number bytes[4], file_position bytes[4], ipv6_address ipv6?has_ipv6" }
local RECORDS = {
	[1] = { "Intrusion Event (original)", fields = "device_id uint32, event_id uint32, event_second uint32, event_microsecond uint32, rule_id uint32, generator_id uint32, rule_revision uint32, classification_id uint32, priority_id uint32, source_ip_address ipv4, destination_ip_address ipv4, source_port_or_icmp_type uint16, destination_port_or_icmp_code uint16, ip_protocol_id uint8, impact_flags uint8, pad uint16" },
	[2] = { "Packet Data", fields = "device_id uint32, event_id uint32, event_second uint32, packet_second uint32, packet_microsecond uint32, link_type uint32, packet_length uint32, packet_data octets(packet_length)" },
	[3] = { "Classification Metadata v1", fields = "id uint32, name_length uint16, name text(name_length), description_length uint16, description text(description_length)" },
	[4] = { "Priority Metadata", fields = "id uint32, length uint16, name text(length)" },
	[5] = { "Rule Message v1", fields = "generator_id uint32, rule_id uint32, rule_revision uint32, message_length uint16, message text(message_length)" },
	[6] = { "Discovery Event (original)", discovery = true, unknown = true },
	[7] = { "Intrusion Event (IPv4) 4.8 and earlier", fields = "device_id uint32, event_id uint32, event_second uint32, event_microsecond uint32, rule_id uint32, generator_id uint32, rule_revision uint32, classification_id uint32, priority_id uint32, source_ip_address ipv4, destination_ip_address ipv4, source_port_or_icmp_type uint16, destination_port_or_icmp_code uint16, ip_protocol_id uint8, impact_flags uint8, pad uint16" },
	[8] = { "Policy Violation Event", series = 1, blocks = { 19 } },
	[9] = { "Intrusion Impact Alert", series = 1, blocks = { 20, 153 } },
	[10] = { "New Host Detected", discovery = true, series = 1, blocks = { 91, 132, 139 } },
	[11] = { "New TCP Server", discovery = true, series = 1, blocks = { 103 } },
	[12] = { "New UDP Server", discovery = true, series = 1, blocks = { 103 } },
	[13] = { "New Network Protocol", discovery = true, fields = "network_protocol uint16" },
	[14] = { "New Transport Protocol", discovery = true, fields = "transport_protocol uint8" },
	[15] = { "New Client Application", discovery = true, series = 1, blocks = { 122 } },
	[16] = { "TCP Server Information Update", discovery = true, series = 1, blocks = { 103 } },
	[17] = { "UDP Server Information Update", discovery = true, series = 1, blocks = { 103 } },
	[18] = { "OS Information Update", discovery = true, series = 1, blocks = { 53 } },
	[19] = { "Host Timeout", discovery = true, fields = "" },
	[20] = { "Host IP Address Reused", discovery = true, fields = "" },
	[21] = { "Host Deleted: Host Limit Reached", discovery = true, fields = "" },
	[22] = { "Hops Change", discovery = true, fields = "hops uint8" },
	[23] = { "TCP Port Closed", discovery = true, fields = "port uint16" },
	[24] = { "UDP Port Closed", discovery = true, fields = "port uint16" },
	[25] = { "TCP Port Timeout", discovery = true, fields = "port uint16" },
	[26] = { "UDP Port Timeout", discovery = true, fields = "port uint16" },
	[27] = { "MAC Information Change", discovery = true, series = 1, blocks = { 95 }, forms = {
		{ "before 4.9: the fields of block 95 without its header", fields = "ttl uint8, address mac, primary uint8, last_seen uint32" },
	} },
	[28] = { "Additional MAC Detected for Host", discovery = true, series = 1, blocks = { 95 }, forms = {
		{ "before 4.9: the fields of block 95 without its header", fields = "ttl uint8, address mac, primary uint8, last_seen uint32" },
	} },
	[29] = { "Host IP Address Changed", discovery = true, fields = "ip_address ipv6" },
	[30] = { "Host Update", discovery = true, unknown = true },
	[31] = { "Host Identified as Router/Bridge", discovery = true, fields = "host_type uint32" },
	[32] = { "Vulnerability Map Change", discovery = true, unknown = true },
	[33] = { "Connection Statistics (change event)", discovery = true, unknown = true },
	[34] = { "VLAN Tag Information Update", discovery = true, series = 1, blocks = { 14 } },
	[35] = { "Client Application Timeout", discovery = true, series = 1, blocks = { 122 } },
	[36] = { "Correlation Event v2", series = 1, blocks = { 33 } },
	[37] = { "User Valid Vulnerabilities v1", discovery = true, series = 1, blocks = { 23 } },
	[38] = { "User Invalid Vulnerabilities v1", discovery = true, series = 1, blocks = { 23 } },
	[39] = { "User Delete Address v1", discovery = true, series = 1, blocks = { 25 } },
	[40] = { "User Delete Server v1", discovery = true, series = 1, blocks = { 27 } },
	[41] = { "User Set Criticality v1", discovery = true, series = 1, blocks = { 28 } },
	[42] = { "NetBIOS Name Change", discovery = true, series = 1, blocks = { 35 } },
	[44] = { "Host Dropped: Host Limit Reached", discovery = true, fields = "" },
	[45] = { "Update Banner", discovery = true, series = 1, blocks = { 37 } },
	[46] = { "Add Host Attribute", discovery = true, series = 1, blocks = { 55 } },
	[47] = { "Update Host Attribute", discovery = true, series = 1, blocks = { 55 } },
	[48] = { "Delete Host Attribute", discovery = true, series = 1, blocks = { 55 } },
	[49] = { "User Set Attribute Value v1", discovery = true, series = 1, blocks = { 41 } },
	[50] = { "User Delete Attribute Value v1", discovery = true, series = 1, blocks = { 41 } },
	[51] = { "TCP Server Confidence Update", discovery = true, series = 1, blocks = { 103 } },
	[52] = { "UDP Server Confidence Update", discovery = true, series = 1, blocks = { 103 } },
	[53] = { "OS Confidence Update", discovery = true, series = 1, blocks = { 53 } },
	[54] = { "Fingerprint Metadata", fields = "uuid uuid, name_length uint32, name text(name_length), vendor_length uint32, vendor text(vendor_length), version_length uint32, version text(version_length)" },
	[55] = { "Client Application Metadata", fields = "id uint32, length uint32, name text(length)" },
	[56] = { "Client Application Type Metadata", fields = "id uint32, length uint32, name text(length)" },
	[57] = { "Vulnerability Metadata", fields = "id uint32, impact uint32, exploits uint8, remote uint8, entry_date_length uint32, entry_date text(entry_date_length), published_date_length uint32, published_date text(published_date_length), modified_date_length uint32, modified_date text(modified_date_length), title_length uint32, title text(title_length), short_description_length uint32, short_description text(short_description_length), description_length uint32, description text(description_length), technical_description_length uint32, technical_description text(technical_description_length), solution_length uint32, solution text(solution_length)", forms = {
		{ "before 5.0: no solution", fields = "id uint32, impact uint32, exploits uint8, remote uint8, entry_date_length uint32, entry_date text(entry_date_length), published_date_length uint32, published_date text(published_date_length), modified_date_length uint32, modified_date text(modified_date_length), title_length uint32, title text(title_length), short_description_length uint32, short_description text(short_description_length), description_length uint32, description text(description_length), technical_description_length uint32, technical_description text(technical_description_length)" },
	} },
	[58] = { "Criticality Metadata", fields = "id uint32, length uint32, name text(length)" },
	[59] = { "Network Protocol Metadata", fields = "id uint32, length uint32, name text(length)" },
	[60] = { "Attribute Metadata", fields = "id uint32, length uint32, name text(length)" },
	[61] = { "Scan Type Metadata", fields = "id uint32, length uint32, name text(length)" },
	[62] = { "User Metadata", series = 2, blocks = { 57 }, key = "id", forms = {
		{ "before 6.0: no block", fields = "id uint32, length uint32, username text(length)" },
	} },
	[63] = { "Server Metadata", fields = "id uint32, length uint32, name text(length)" },
	[64] = { "Detection Engine Metadata v1", fields = "id uint32, length uint32, name text(length)" },
	[65] = { "Correlation Event v3", series = 1, blocks = { 52, 70 } },
	[66] = { "Rule Message Metadata", fields = "generator_id uint32, rule_id uint32, rule_revision uint32, signature_id uint32, message_length uint16, rule_uuid uuid, rule_revision_uuid uuid, message text(message_length)" },
	[67] = { "Classification Metadata", fields = "id uint32, name_length uint16, name text(name_length), description_length uint16, description text(description_length), uuid uuid, revision_uuid uuid" },
	[68] = { "Detection Engine Metadata v2", fields = "id uint32, name_length uint16, name text(name_length), description_length uint16, description text(description_length), uuid uuid" },
	[69] = { "Correlation Policy Metadata", fields = "id uint32, name_length uint16, name text(name_length), description_length uint16, description text(description_length), uuid uuid, revision_uuid uuid" },
	[70] = { "Correlation Rule Metadata", fields = "id uint32, name_length uint16, name text(name_length), description_length uint16, description text(description_length), event_type_length uint16, event_type text(event_type_length), correlation_rule_uuid uuid, correlation_revision_uuid uuid, whitelist_uuid uuid" },
	[71] = { "Connection Statistics", discovery = true, series = 1, blocks = { 101, 125, 115, 126, 137, 144, 152, 154, 155, 160, 163, 168, 169, 170, 171, 173, 174 } },
	[72] = { "Intrusion Event (IPv6) 4.8 and earlier", unknown = true },
	[73] = { "Connection Chunk", discovery = true, series = 1, blocks = { 66, 119, 136 } },
	[74] = { "User Set OS", discovery = true, series = 1, blocks = { 118, 134 } },
	[75] = { "User Set Server", discovery = true, series = 1, blocks = { 118, 134 } },
	[76] = { "User Delete Protocol", discovery = true, series = 1, blocks = { 83 } },
	[77] = { "User Delete Client Application", discovery = true, series = 1, blocks = { 60 } },
	[78] = { "User Delete Address", discovery = true, series = 1, blocks = { 78 } },
	[79] = { "User Delete Server", discovery = true, series = 1, blocks = { 77 } },
	[80] = { "User Set Valid Vulnerabilities", discovery = true, series = 1, blocks = { 80 } },
	[81] = { "User Set Invalid Vulnerabilities", discovery = true, series = 1, blocks = { 80 } },
	[82] = { "User Set Host Criticality", discovery = true, series = 1, blocks = { 81 } },
	[83] = { "User Set Attribute Value", discovery = true, series = 1, blocks = { 82 } },
	[84] = { "User Delete Attribute Value", discovery = true, series = 1, blocks = { 82 } },
	[85] = { "User Add Host", discovery = true, series = 1, blocks = { 78 } },
	[86] = { "User Add Server", discovery = true, series = 1, blocks = { 118, 134 } },
	[87] = { "User Add Client Application", discovery = true, series = 1, blocks = { 60 } },
	[88] = { "User Add Protocol", discovery = true, series = 1, blocks = { 83 } },
	[89] = { "User Add Scan Result", discovery = true, series = 1, blocks = { 102, 142 } },
	[90] = { "Source Type", fields = "id uint32, length uint32, name text(length)" },
	[91] = { "Source Application", fields = "id uint32, length uint32, name text(length)" },
	[92] = { "User Dropped Change Event", discovery = true, series = 1, blocks = { 75, 120, 158 } },
	[93] = { "User Removed Change Event", discovery = true, series = 1, blocks = { 75, 120, 158 } },
	[94] = { "New User Identification Event", discovery = true, series = 1, blocks = { 75, 120, 158 } },
	[95] = { "User Login Change Event", discovery = true, series = 1, blocks = { 73, 121, 127, 159, 165, 167 } },
	[96] = { "Source Detector", fields = "id uint32, length uint32, name text(length)" },
	[97] = { "Correlation Event 4.8.0.2-4.9.1", series = 1, blocks = { 84 } },
	[98] = { "User", series = 2, blocks = { 57 }, key = "id", forms = {
		{ "before 6.0: no block", fields = "id uint32, protocol uint32, length uint32, username text(length)" },
	} },
	[99] = { "Intrusion Event with MPLS (IPv4)", unknown = true },
	[100] = { "Intrusion Event with MPLS (IPv6)", unknown = true },
	[101] = { "New OS Event", discovery = true, series = 1, blocks = { 87, 130 } },
	[102] = { "Identity Conflict Event", discovery = true, series = 1, blocks = { 94 } },
	[103] = { "Identity Timeout Event", discovery = true, series = 1, blocks = { 94 } },
	[104] = { "Intrusion Event (IPv4) 4.9-4.10", fields = "device_id uint32, event_id uint32, event_second uint32, event_microsecond uint32, rule_id uint32, generator_id uint32, rule_revision uint32, classification_id uint32, priority_id uint32, source_ip_address ipv4, destination_ip_address ipv4, source_port_or_icmp_type uint16, destination_port_or_icmp_code uint16, ip_protocol_id uint8, impact_flags uint8, impact uint8, blocked uint8, mpls_label uint32, vlan_id uint16, pad uint16" },
	[105] = { "Intrusion Event (IPv6) 4.10.2.3", fields = "device_id uint32, event_id uint32, event_second uint32, event_microsecond uint32, rule_id uint32, generator_id uint32, rule_revision uint32, classification_id uint32, priority_id uint32, source_ip_address ipv6, destination_ip_address ipv6, source_port_or_icmp_type uint16, destination_port_or_icmp_code uint16, ip_protocol_id uint8, impact_flags uint8, impact uint8, blocked uint8, mpls_label uint32, vlan_id uint16, pad uint16" },
	[106] = { "Third Party Scanner Vulnerability", fields = "id uint32, scanner_type uint32, title_length uint32, title text(title_length), description_length uint32, description text(description_length), cve_id_length uint32, cve_id text(cve_id_length), bugtraq_id_length uint32, bugtraq_id text(bugtraq_id_length)" },
	[107] = { "Client Application Update", discovery = true, series = 1, blocks = { 122 } },
	[108] = { "Payload Type Metadata", fields = "id uint32, length uint32, name text(length)" },
	[109] = { "Web Application", fields = "id uint32, length uint32, name text(length)" },
	[110] = { "Intrusion Event Extra Data", series = 2, blocks = { 4 } },
	[111] = { "Intrusion Event Extra Data Metadata", series = 2, blocks = { 5 }, key = "type" },
	[112] = { "Correlation Event", series = 1, blocks = { 107, 116, 128, 156 } },
	[114] = { "Failed User Login", discovery = true, series = 1, blocks = { 121 } },
	[115] = { "Security Zone Name Metadata", series = 2, blocks = { 14 }, key = "uuid" },
	[116] = { "Interface Name Metadata", series = 2, blocks = { 14 }, key = "uuid" },
	[117] = { "Access Control Policy Name Metadata", series = 2, blocks = { 14 }, key = "uuid" },
	[118] = { "Intrusion Policy Name Metadata", series = 2, blocks = { 14 }, key = "uuid" },
	[119] = { "Access Control Rule ID Metadata", series = 2, blocks = { 15 }, key = "uuid id" },
	[120] = { "Access Control Rule Action Metadata", fields = "id uint32, length uint32, name text(length)" },
	[121] = { "URL Category Metadata", fields = "id uint32, length uint32, name text(length)" },
	[122] = { "URL Reputation Metadata", fields = "id uint32, length uint32, name text(length)" },
	[123] = { "Managed Device Metadata", fields = "id uint32, length uint32, name text(length)" },
	[124] = { "Access Control Policy Rule Reason Data", series = 2, blocks = { 21, 59 }, key = "id" },
	[125] = { "Malware Event Record", series = 2, blocks = { 16, 24, 33, 35, 44, 47, 62, 80 } },
	[127] = { "Cisco AMP Cloud Name Metadata", series = 2, blocks = { 14 }, key = "uuid" },
	[128] = { "Malware Event Type Metadata", fields = "id uint32, length uint32, name text(length)" },
	[129] = { "Malware Event Subtype Metadata", fields = "id uint32, length uint32, name text(length)" },
	[130] = { "AMP for Endpoints Detector Type Metadata", fields = "id uint32, length uint32, name text(length)" },
	[131] = { "AMP for Endpoints File Type Metadata", fields = "id uint32, length uint32, name text(length)" },
	[132] = { "Security Context Name", fields = "uuid uuid, name string", forms = {
		{ "not known to occur: a block around the body", series = 2, block = 14 },
	} },
	[140] = { "Rule Documentation Data", series = 2, blocks = { 27 }, key = "signature_id generator_id revision" },
	[145] = { "Access Control Policy Metadata", series = 2, blocks = { 64 }, key = "uuid sensor_id" },
	[146] = { "Prefilter Policy Metadata", series = 2, blocks = { 64 }, key = "uuid sensor_id" },
	[147] = { "Tunnel or Prefilter Rule Metadata", series = 2, blocks = { 64 }, key = "uuid sensor_id" },
	[160] = { "Host IOC Set Messages", discovery = true, series = 1, blocks = { 7, 150 } },
	[161] = { "IOC Name Data", series = 2, blocks = { 39 }, key = "id" },
	[162] = { "Host IOC Delete", discovery = true, series = 1, blocks = { 148 } },
	[163] = { "Host IOC Enable", discovery = true, series = 1, blocks = { 148 } },
	[164] = { "Host IOC Disable", discovery = true, series = 1, blocks = { 148 } },
	[170] = { "New VPN Device Login", discovery = true, series = 1, blocks = { 167 } },
	[171] = { "New VPN Device Logoff", discovery = true, series = 1, blocks = { 167 } },
	[200] = { "unknown, grouped with connection events by eNcore", unknown = true },
	[207] = { "Intrusion Event (IPv4) 5.0-5.1", fields = "device_id uint32, event_id uint32, event_second uint32, event_microsecond uint32, rule_id uint32, generator_id uint32, rule_revision uint32, classification_id uint32, priority_id uint32, source_ip_address ipv4, destination_ip_address ipv4, source_port_or_icmp_type uint16, destination_port_or_icmp_code uint16, ip_protocol_id uint8, impact_flags uint8, impact uint8, blocked uint8, mpls_label uint32, vlan_id uint16, pad uint16, policy_uuid uuid, user_id uint32, web_application_id uint32, client_application_id uint32, application_id uint32, access_control_rule_id uint32, access_control_policy_uuid uuid, interface_ingress_uuid uuid, interface_egress_uuid uuid, security_zone_ingress_uuid uuid, security_zone_egress_uuid uuid" },
	[208] = { "Intrusion Event (IPv6) 5.0-5.1", fields = "device_id uint32, event_id uint32, event_second uint32, event_microsecond uint32, rule_id uint32, generator_id uint32, rule_revision uint32, classification_id uint32, priority_id uint32, source_ip_address ipv6, destination_ip_address ipv6, source_port_or_icmp_type uint16, destination_port_or_icmp_code uint16, ip_protocol_id uint8, impact_flags uint8, impact uint8, blocked uint8, mpls_label uint32, vlan_id uint16, pad uint16, policy_uuid uuid, user_id uint32, web_application_id uint32, client_application_id uint32, application_id uint32, access_control_rule_id uint32, access_control_policy_uuid uuid, interface_ingress_uuid uuid, interface_egress_uuid uuid, security_zone_ingress_uuid uuid, security_zone_egress_uuid uuid" },
	[210] = { "unknown, grouped with connection events by eNcore", unknown = true },
	[260] = { "ICMP Type Data", series = 2, blocks = { 19 }, key = "type protocol" },
	[270] = { "ICMP Code Data", series = 2, blocks = { 20 }, key = "code type protocol" },
	[280] = { "Security Intelligence Category Metadata", series = 2, blocks = { 22 }, key = "id access_control_policy_uuid" },
	[281] = { "Security Intelligence Source/Destination", fields = "id uint32, length uint32, name text(length)" },
	[282] = { "Security Intelligence Category Metadata", fields = "uuid uuid, name string", forms = {
		{ "not known to occur: a block around the body", series = 2, block = 14 },
	} },
	[300] = { "Realm Metadata", fields = "id uint32, length uint32, name text(length)" },
	[301] = { "Endpoint Profile", series = 2, blocks = { 58 }, key = "id" },
	[302] = { "Security Group Metadata", fields = "id uint32, length uint32, name text(length)" },
	[320] = { "DNS Record Type Metadata", series = 2, blocks = { 61 }, key = "id" },
	[321] = { "DNS Response Type Metadata", series = 2, blocks = { 61 }, key = "id" },
	[322] = { "Sinkhole Metadata", series = 2, blocks = { 14 }, key = "uuid" },
	[350] = { "Netmap Domain Metadata", fields = "id uint32, length uint32, name text(length)" },
	[400] = { "Intrusion Event", series = 2, blocks = { 25, 34, 41, 42, 45, 60, 81, 85 } },
	[500] = { "File Event", series = 2, blocks = { 23, 32, 38, 43, 46, 56, 79 } },
	[502] = { "File Malware Event", series = 2, blocks = { 23, 32, 38, 43, 46, 56, 79 } },
	[510] = { "File Type ID Metadata", fields = "id uint32, length uint32, name text(length)" },
	[511] = { "File Event SHA Hash", series = 2, blocks = { 26, 40 }, key = "sha_hash" },
	[515] = { "Filelog Storage Metadata", fields = "id uint32, length uint32, name text(length)" },
	[516] = { "Filelog Sandbox Metadata", fields = "id uint32, length uint32, name text(length)" },
	[517] = { "Filelog Spero Metadata", fields = "id uint32, length uint32, name text(length)" },
	[518] = { "Filelog Archive Metadata", fields = "id uint32, length uint32, name text(length)" },
	[519] = { "Filelog Static Analysis Metadata", fields = "id uint32, length uint32, name text(length)" },
	[520] = { "Geolocation Data", series = 2, blocks = { 28 }, key = "country_code" },
	[530] = { "File Policy Name", series = 2, blocks = { 14 }, key = "uuid", forms = {
		{ "not known to occur: no block, as in the guide", fields = "uuid uuid, name string" },
	} },
	[600] = { "SSL Policy Name", fields = "uuid uuid, name string", forms = {
		{ "not known to occur: a block around the body", series = 2, block = 14 },
	} },
	[601] = { "SSL Rule ID", fields = "revision bytes[16], id uint32, name string", forms = {
		{ "not known to occur: a block around the body", series = 2, block = 15 },
	} },
	[602] = { "SSL Cipher Suite", fields = "id uint32, length uint32, name text(length)" },
	[604] = { "SSL Version", fields = "id uint32, length uint32, name text(length)" },
	[605] = { "SSL Server Certificate Status", fields = "id uint32, length uint32, name text(length)", forms = {
		{ "5.4, by the open client", fields = "id uint32, name string" },
	} },
	[606] = { "SSL Actual Action", fields = "id uint32, length uint32, name text(length)" },
	[607] = { "SSL Expected Action", fields = "id uint32, length uint32, name text(length)" },
	[608] = { "SSL Flow Status", fields = "id uint32, length uint32, name text(length)" },
	[613] = { "SSL URL Category", fields = "id uint32, length uint32, name text(length)", forms = {
		{ "5.4, by the open client", fields = "id uint32, name string" },
	} },
	[614] = { "SSL Certificate Details Data", series = 2, blocks = { 50 }, key = "fingerprint_sha_hash" },
	[700] = { "Network Analysis Policy", series = 2, blocks = { 14 }, key = "uuid", forms = {
		{ "not known to occur: no block, as in the guide", fields = "uuid uuid, name string" },
	} },
}
-- Blocks of series 1 and 2.
local BLOCKS = { {
	[0] = { "String", fields = "data rest" },
	[1] = { "Sub-Server", fields = "sub_server_name string, vendor string, version string" },
	[2] = { "Host Server 3X", fields = "port uint16, hits uint32, service_name string, vendor string, product_name string, version string, sub_servers list, confidence uint32, last_used uint32" },
	[3] = { "Operating System Legacy", fields = "name string, vendor string, version string, confidence uint32, fingerprint_id uint32" },
	[4] = { "Protocol", fields = "protocol uint16" },
	[5] = { "Host Mac Address Legacy", fields = "ttl uint8, mac_address mac, primary uint8" },
	[6] = { "Host Profile 30", fields = "ip_address ipv4, hostname string, hops uint8, pmtu uint32, os_name string, os_vendor string, os_version string, confidence uint32, fingerprint_id uint32, tcp_servers list, udp_servers list, network_protocols list, transport_protocols list, mac_address string, host_last_seen uint32, host_type uint32" },
	[7] = { "Integer (INT32)", fields = "value uint32" },
	[8] = { "Vulnerability Reference", fields = "port uint16, protocol string, subservice string, vulnerabilities list" },
	[9] = { "Connection Statistics 30", fields = "initiator_ip_address ipv4le, responder_ip_address ipv4le, initiator_port uint16, responder_port uint16, first_packet_timestamp uint32, last_packet_timestamp uint32, initiator_transmitted_packets uint32, responder_transmitted_packets uint32, initiator_transmitted_bytes uint32, responder_transmitted_bytes uint32, protocol uint8" },
	[10] = { "BLOB", fields = "data rest" },
	[12] = { "Host Server Banner 3X", fields = "port uint16, hits uint32, service_name string, vendor string, product_name string, version string, sub_servers list, confidence uint32, last_used uint32, banner blob" },
	[13] = { "Host Profile 31", fields = "ip_address ipv4, hostname string, hops uint8, primary_secondary uint8, pmtu uint32, os_name string, os_vendor string, os_version string, confidence uint32, fingerprint_id uint32, tcp_servers list, udp_servers list, network_protocols list, transport_protocols list, mac_address string, host_last_seen uint32, host_type uint32" },
	[14] = { "VLAN", fields = "id uint16, type uint8, priority uint8" },
	[15] = { "Host Profile 32", fields = "ip_address ipv4, hops uint8, primary_secondary uint8, pmtu uint32, confidence uint32, fingerprint_id uint32, tcp_servers list, udp_servers list, network_protocols list, transport_protocols list, mac_address string, host_last_seen uint32, host_type uint32, vlan_id uint16, type uint8, vlan_priority uint8" },
	[16] = { "Operating System 32", fields = "confidence uint32, fingerprint_id uint32" },
	[17] = { "Fingerprint Request", fields = "remote_cmd uint32, status uint32, id uint32, remote_id uint32, device_id uint32, target_addr ipv4, source_addr ipv4, source_mask uint32, gateway ipv4, wscale uint32, ipid_trend uint32, type uint16, target_port uint16, wsize_low uint16, wsize_high uint16, interface bytes[8], target_distance uint8, ttl uint8, df uint8, mss_follows_syn uint16, topts blob" },
	[18] = { "Connection Statistics 31", fields = "initiator_ip_address ipv4le, responder_ip_address ipv4le, initiator_port uint16, responder_port uint16, first_packet_timestamp uint32, last_packet_timestamp uint32, initiator_transmitted_packets uint32, responder_transmitted_packets uint32, initiator_transmitted_bytes uint32, responder_transmitted_bytes uint32, protocol uint8, service_name string" },
	[19] = { "Policy Violation Event", fields = "pe_id uint32, pe_sensor_id uint32, pe_time uint32, policy_id uint32, rule_id uint32, priority uint32, ip_address ipv4, dst_ip_address ipv4, description string" },
	[20] = { "Impact Alert Legacy", fields = "event_id uint32, device_id uint32, time uint32, impact uint32, src_ip_address ipv4, dst_ip_address ipv4, description string" },
	[21] = { "Fingerprint Values 10", fields = "val1 string, val2 string, val3 string, val4 string, val5 string, val6 string, val7 string, val8 string, val9 string, val10 string" },
	[22] = { "Vulnerability Acknowledge Legacy", fields = "ip_address ipv4, port uint16, protocol uint16, subservice string, vuln_id uint32" },
	[23] = { "User Host Vulnerabilities Legacy", fields = "user_id uint32, ip_address ipv4, vulnerabilities list" },
	[24] = { "Ip Mask Legacy", fields = "ip_address ipv4, mask uint32" },
	[25] = { "User Ip Masks Legacy", fields = "user_id uint32, ip_list list" },
	[26] = { "User Server Legacy", fields = "ip_address ipv4, port uint16, protocol uint16" },
	[27] = { "User Server List Legacy", fields = "user_id uint32, service_list list" },
	[28] = { "User Criticality Legacy", fields = "user_id uint32, criticality uint32, ip_list list" },
	[29] = { "Host Client Application 3X", fields = "hits uint32, last_used uint32, id uint32, version string" },
	[30] = { "Full Host Profile 3X", fields = "ip_address ipv4, hops uint8, primary_secondary uint8, confidence uint32, fingerprint_id uint32, tcp_servers list, udp_servers list, network_protocols list, transport_protocols list, mac_address string, host_last_seen uint32, host_type uint32, criticality uint16, vlan_id uint16, type uint8, vlan_priority uint8, client_applications list" },
	[32] = { "Connection Statistics 35", fields = "initiator_ip_address ipv4le, responder_ip_address ipv4le, initiator_port uint16, responder_port uint16, first_packet_timestamp uint32, last_packet_timestamp uint32, initiator_transmitted_packets uint32, responder_transmitted_packets uint32, initiator_transmitted_bytes uint32, responder_transmitted_bytes uint32, protocol uint8, service_name string, client_application_id uint32, version string, client_url string" },
	[33] = { "Correlation Event 35", fields = "device_id uint8, correlation_event_second uint32, event_id uint32, policy_id uint32, rule_id uint32, priority uint32, description string, event_type uint8, event_device_id uint8, signature_id uint32, signature_generator_id uint32, trigger_event_second uint32, trigger_event_microsecond uint32, device_event_id uint32, event_defined_mask uint32, event_impact_flags uint32, ip_protocol uint8, network_protocol uint16, src_ip_addr ipv4, src_host_type uint8, src_vlan_id uint16, src_os_fingerprint_id uint32, src_criticality uint16, src_port uint16, src_service string, dest_ip_addr ipv4, dest_host_type uint8, dest_vlan_id uint16, dest_os_fingerprint_id uint32, dest_criticality uint16, dest_port uint16, dest_service string" },
	[34] = { "Host Profile 40", fields = "ip_address ipv4, hops uint8, primary_secondary uint8, confidence uint32, fingerprint_uuid uuid, tcp_servers list, udp_servers list, network_protocols list, transport_protocols list, mac_address string, host_last_seen uint32, host_type uint32, vlan_tag_present uint8, vlan_id uint16, type uint8, vlan_priority uint8, client_applications list, netbios string" },
	[35] = { "String Information", fields = "value string" },
	[36] = { "Host Server 40", fields = "port uint16, hits uint32, application_id uint16, vendor string, product_name string, version string, sub_servers list, confidence uint32, last_used uint32" },
	[37] = { "Server Banner", fields = "port uint16, protocol uint8, data blob" },
	[38] = { "Attribute Address 50", fields = "id uint32, ip_address ipv4, bits uint32" },
	[39] = { "Attribute List Item", fields = "id uint32, name string" },
	[40] = { "Attribute Definition Legacy", fields = "user_id uint32, uuid uuid, id uint32, name string, type uint32, start uint32, end uint32, ip_assigned uint32, list list, address_list list" },
	[41] = { "User Attribute Value Legacy", fields = "user_id uint32, attr_id uint32, ip_list list, value blob" },
	[42] = { "Host Client Application 40", fields = "hits uint32, last_used uint32, type_id uint32, id uint32, version string" },
	[43] = { "Connection Statistics 40", fields = "initiator_ip_address ipv4le, responder_ip_address ipv4le, initiator_port uint16, responder_port uint16, first_packet_timestamp uint32, last_packet_timestamp uint32, initiator_transmitted_packets uint32, responder_transmitted_packets uint32, initiator_transmitted_bytes uint32, responder_transmitted_bytes uint32, protocol uint8, application_id uint16, client_application_type_id uint32, client_application_id uint32, version string, client_url string, netbios string" },
	[44] = { "Scan Vulnerability 40", fields = "port uint16, protocol uint16, id uint32, name string, desc string, bugtraq_ids list, cve_ids list" },
	[45] = { "Scan Result 40", fields = "user_id uint32, type uint32, ip_address ipv4, port uint16, protocol uint16, vulns list" },
	[46] = { "User Host Vulnerabilities 40", fields = "user_id uint32, ip_address ipv4, type uint32, vulnerabilities list" },
	[47] = { "Full Host Profile 46", fields = "ip_address ipv4, hops uint8, confidence uint32, fingerprint_uuid uuid, tcp_servers list, udp_servers list, network_protocols list, transport_protocols list, mac_address string, host_last_seen uint32, host_type uint32, criticality uint16, vlan_id uint16, type uint8, vlan_priority uint8, client_applications list, netbios string, notes string, vulnerabilities list, scan_vulnerabilities list, attributes list" },
	[48] = { "Attribute Value", fields = "id uint32, type uint32, i_value uint32, t_value string" },
	[49] = { "Host Vulnerability Legacy", fields = "vuln_id uint32, invalid uint8" },
	[50] = { "Full Host Server 46", fields = "port uint16, hits uint32, application_id uint16, vendor string, product_name string, version string, confidence uint32, last_used uint32, banner blob, vulnerabilities list, scan_vulnerabilities list, sub_servers list" },
	[51] = { "Full Sub Server", fields = "service string, vendor string, version string, vulnerabilities list, scan_vulnerabilities list" },
	[52] = { "Correlation Event 45", fields = "device_id uint32, correlation_event_second uint32, event_id uint32, policy_id uint32, rule_id uint32, priority uint32, description string, event_type uint8, event_device_id uint32, signature_id uint32, signature_generator_id uint32, trigger_event_second uint32, trigger_event_microsecond uint32, device_event_id uint32, event_defined_mask uint32, event_impact_flags uint32, ip_protocol uint8, network_protocol uint16, src_ip_addr ipv4, src_host_type uint8, src_vlan_id uint16, src_os_fingerprint_uuid uuid, src_criticality uint16, src_port uint16, src_service_id uint16, dest_ip_addr ipv4, dest_host_type uint8, dest_vlan_id uint16, dest_os_fingerprint_uuid uuid, dest_criticality uint16, dest_port uint16, dest_service_id uint16" },
	[53] = { "Operating System", fields = "confidence uint32, fingerprint_uuid uuid" },
	[54] = { "Policy Engine Control", fields = "type uint32, message string" },
	[55] = { "Attribute Definition", fields = "user_id uint32, uuid uuid, id uint32, name string, type uint32, category uint32, start uint32, end uint32, ip_assigned uint32, list list, address_list list" },
	[56] = { "Connection Statistics 47", fields = "initiator_ip_address ipv4, responder_ip_address ipv4, initiator_port uint16, responder_port uint16, first_packet_timestamp uint32, last_packet_timestamp uint32, connection_type uint8, source_device_ip ipv4, tcp_flag uint8, initiator_transmitted_packets uint32, responder_transmitted_packets uint32, initiator_transmitted_bytes uint32, responder_transmitted_bytes uint32, protocol uint8, application_id uint32, client_application_type_id uint32, client_application_id uint32, version string, client_url string, netbios string" },
	[57] = { "User Protocol", fields = "ip_ranges list<141>, mac_ranges list<63>, protocol_type uint8, protocol uint16" },
	[58] = { "User Protocol List Legacy", fields = "user_id uint32, protos list" },
	[59] = { "User Client Application Legacy", fields = "ip_range_list list, type_id uint32, id uint32, version string" },
	[60] = { "User Client Application List", fields = "source_type uint32, source_id uint32, list list<138>" },
	[61] = { "Ip Address Range Legacy", fields = "start uint32, end uint32" },
	[62] = { "Attribute Specification", fields = "name string, value string" },
	[63] = { "MAC Address Specification", fields = "mac_address mac" },
	[64] = { "Address Specification", fields = "ip_range_list list, mac_list list" },
	[65] = { "User Product 47", fields = "user_id uint32, source_type uint32, ip_range_list list, port uint16, protocol uint16, drop_user_product uint32, custom_vendor_str string, custom_product_str string, custom_version_str string, software_id uint32, application_id uint32, vendor_id uint32, product_id uint32, major string, minor string, revision string, to_major string, to_minor string, to_revision string, build string, patch string, extension string, uuid uuid, fix_list list" },
	[66] = { "Connection Chunk 47", fields = "initiator_ip_address ipv4, responder_ip_address ipv4, start_time uint32, application_id uint32, responder_port uint16, protocol uint8, connection_type uint8, source_device_ip ipv4, initiator_transmitted_packets uint32, responder_transmitted_packets uint32, initiator_transmitted_bytes uint32, responder_transmitted_bytes uint32, connections uint32" },
	[67] = { "Fix List", fields = "id uint32" },
	[68] = { "Host Server 47", fields = "port uint16, hits uint32, application_id uint32, vendor string, product_name string, version string, sub_servers list, confidence uint32, last_used uint32, source_type uint32, source_id uint32" },
	[69] = { "Full Host Server 47", fields = "port uint16, hits uint32, application_id uint32, vendor string, product_name string, version string, confidence uint32, last_used uint32, source_type uint32, source_id uint32, banner blob, vulnerabilities list, scan_vulnerabilities list, sub_servers list" },
	[70] = { "Correlation Event 47", fields = "device_id uint32, correlation_event_second uint32, event_id uint32, policy_id uint32, rule_id uint32, priority uint32, description string, event_type uint8, event_device_id uint32, signature_id uint32, signature_generator_id uint32, trigger_event_second uint32, trigger_event_microsecond uint32, device_event_id uint32, event_defined_mask uint32, event_impact_flags uint32, ip_protocol uint8, network_protocol uint16, src_ip_addr ipv4, src_host_type uint8, src_vlan_id uint16, src_os_fingerprint_uuid uuid, src_criticality uint16, src_port uint16, src_service_id uint32, dest_ip_addr ipv4, dest_host_type uint8, dest_vlan_id uint16, dest_os_fingerprint_uuid uuid, dest_criticality uint16, dest_port uint16, dest_service_id uint32" },
	[71] = { "Generic Scan Results 47", fields = "port uint16, protocol uint16, subtype_string string, value string" },
	[72] = { "Scan Result 47", fields = "user_id uint32, type uint32, ip_address ipv4, port uint16, protocol uint16, vulns list, generic_scan_results list, services list" },
	[73] = { "User Login Information 47", fields = "timestamp uint32, ip_address ipv4, username string, id uint32, protocol uint32, email string" },
	[74] = { "User Account Update Message", fields = "username string, first_name string, initials string, last_name string, full_name string, title string, staff_idn string, address string, city string, state string, country_region string, postal_code string, building string, location string, room string, company string, division string, department string, office string, mailstop string, email string, phone string, ip_phone string, user1 string, user2 string, user3 string, user4 string, email_alias1 string, email_alias2 string, email_alias3 string" },
	[75] = { "User Information 47", fields = "id uint32, username string, protocol uint32, first_name string, last_name string, email string, department string, phone string" },
	[76] = { "User Server", fields = "ip_ranges list<141>, port uint16, protocol uint16" },
	[77] = { "User Server List", fields = "source_type uint32, source_id uint32, mac_ranges list<76>" },
	[78] = { "User Hosts", fields = "ip_ranges list<141>, mac_ranges list<63>, source_id uint32, source_type uint32" },
	[79] = { "User Vulnerability 47", fields = "ip_range_list list, port uint16, protocol uint16, vuln_id uint32, uuid uuid, vuln_str string" },
	[80] = { "User Vulnerability Change", fields = "source_id uint32, source_type uint32, type uint32, list list<124>" },
	[81] = { "User Criticality Change", fields = "ip_ranges list<141>, source_id uint32, source_type uint32, criticality uint32" },
	[82] = { "User Attribute Value", fields = "ip_ranges list<141>, source_id uint32, source_type uint32, attribute_id uint32, value blob" },
	[83] = { "User Protocol List", fields = "source_type uint32, source_id uint32, list list<57>" },
	[84] = { "Correlation Event 48", fields = "device_id uint32, correlation_event_second uint32, event_id uint32, policy_id uint32, rule_id uint32, priority uint32, description string, event_type uint8, event_device_id uint32, signature_id uint32, signature_generator_id uint32, trigger_event_second uint32, trigger_event_microsecond uint32, device_event_id uint32, event_defined_mask uint32, event_impact_flags uint32, ip_protocol uint8, network_protocol uint16, src_ip_addr ipv4, src_host_type uint8, src_vlan_id uint16, src_os_fingerprint_uuid uuid, src_criticality uint16, src_uid uint32, src_port uint16, src_service_id uint32, dest_ip_addr ipv4, dest_host_type uint8, dest_vlan_id uint16, dest_os_fingerprint_uuid uuid, dest_criticality uint16, dest_uid uint32, dest_port uint16, dest_service_id uint32" },
	[85] = { "Host Vulnerability", fields = "vulnerability_id uint32, invalid_flags uint8, type uint32" },
	[86] = { "Scan Vulnerability 49", fields = "port uint16, protocol uint16, id string, name string, desc string, bugtraq_ids list, cve_ids list" },
	[87] = { "Operating System Fingerprint 49", fields = "fingerprint_uuid uuid, fp_type uint32, fp_source_type uint32, fp_source_id uint32, last_seen uint32, ttl_diff uint8" },
	[88] = { "Server Information 49", fields = "application_id uint32, vendor string, version string, last_used uint32, source_type uint32, source_id uint32" },
	[89] = { "Host Server 490", fields = "port uint16, hits uint32, last_used uint32, detected_servers list, sub_servers list, confidence uint32" },
	[90] = { "Full Host Server 490", fields = "port uint16, hits uint32, detected_servers list, user_servers list, scanner_servers list, application_servers list, confidence uint32, banner blob, vulnerabilities list, scan_vulnerabilities list, scan_original_vulnerabilities list, sub_servers list" },
	[91] = { "Host Profile 49", fields = "ip_address ipv4, hops uint8, primary_secondary uint8, server_fingerprints list, client_fingerprints list, smb_fingerprints list, dhcp_fingerprints list, tcp_servers list, udp_servers list, network_protocols list, transport_protocols list, mac_address string, host_last_seen uint32, host_type uint32, vlan_tag_present uint8, vlan_id uint16, type uint8, vlan_priority uint8, client_applications list, netbios string" },
	[92] = { "Full Host Profile 49", fields = "ip_address ipv4, hops uint8, derived_fingerprints list, server_fingerprints list, client_fingerprints list, smb_fingerprints list, dhcp_fingerprints list, user_fingerprints list, scanner_fingerprints list, application_fingerprints list, conflict_fingerprints list, tcp_servers list, udp_servers list, network_protocols list, transport_protocols list, mac_address string, host_last_seen uint32, host_type uint32, criticality uint16, vlan_id uint16, type uint8, vlan_priority uint8, client_applications list, netbios string, notes string, vulnerabilities list, scan_vulnerabilities list, scan_original_vulnerabilities list, attributes list" },
	[93] = { "Fingerprint Values 12", fields = "val1 string, val2 string, val3 string, val4 string, val5 string, val6 string, val7 string, val8 string, val9 string, val10 string, val11 string, val12 string" },
	[94] = { "Identity Data", fields = "source_type uint32, source_id uint32, uuid uuid, port uint16, protocol uint16, server_map_id uint32" },
	[95] = { "Host MAC Address", fields = "ttl uint8, address mac, primary uint8, last_seen uint32" },
	[96] = { "Secondary Host Update", fields = "ip_address ipv4, mac_address string" },
	[97] = { "Payload / Web Application 4.9.1-4.10", fields = "payload_type uint32, payload_id uint32" },
	[98] = { "Host Server 4.9.1", fields = "port uint16, hits uint32, last_used uint32, server_information list<88>, sub_servers list<1>, confidence uint32, web_application list<97>" },
	[99] = { "Full Host Server 4.9.1", fields = "port uint16, hits uint32, detected_servers list<88>, user_servers list<88>, scanner_servers list<88>, application_servers list<88>, confidence uint32, banner blob, vulnerabilities list<85>, scan_vulnerabilities list<85>, scan_original_vulnerabilities list<85>, sub_servers list<51>, web_application list<97>" },
	[100] = { "Host Client Application 4.9.1-4.10", fields = "hits uint32, last_used uint32, application_protocol_id uint32, client_application_id uint32, version string, web_application list<97>" },
	[101] = { "Connection Statistics 4.9.1-4.10.1", fields = "initiator_ip_address ipv4, responder_ip_address ipv4, initiator_port uint16, responder_port uint16, first_packet_timestamp uint32, last_packet_timestamp uint32, connection_type uint8, source_device_ip ipv4, tcp_flag uint8, initiator_transmitted_packets uint32, responder_transmitted_packets uint32, initiator_transmitted_bytes uint32, responder_transmitted_bytes uint32, protocol uint8, application_id uint32, client_application_type_id uint32, client_application_id uint32, client_application_version string, client_url string, netbios string, payload_type uint32, web_application_id uint32" },
	[102] = { "Scan Result 4.10-5.1", fields = "user_id uint32, scan_type uint32, ip_address ipv4, port uint16, protocol uint16, flag uint16, vulnerabilities list<109>, scan_results list<108>, user_products list<118>" },
	[103] = { "Host Server", fields = "port uint16, hits uint32, last_used uint32, server_information list<117>, confidence uint32, web_application list<123>" },
	[104] = { "Full Host Server 4.10+", fields = "port uint16, hits uint32, detected_servers list<106>, user_servers list<106>, scanner_servers list<106>, application_servers list<106>, confidence uint32, banner blob, vulnerabilities list<85>, scan_vulnerabilities list<85>, scan_original_vulnerabilities list<85>, web_application list<123>" },
	[105] = { "Server Information 4.10", fields = "application_id uint32, vendor string, version string, last_used uint32, source_type uint32, source_id uint32, sub_servers list<1>" },
	[106] = { "Full Server Information", fields = "application_id uint32, vendor string, version string, last_used uint32, source_type uint32, source_id uint32, sub_servers list<51>" },
	[107] = { "Correlation Event 4.10", fields = "device_id uint32, correlation_event_second uint32, event_id uint32, policy_id uint32, rule_id uint32, priority uint32, event_description string, event_type uint8, event_device_id uint32, signature_id uint32, signature_generator_id uint32, trigger_event_second uint32, trigger_event_microsecond uint32, device_event_id uint32, event_defined_mask uint32, event_impact_flags uint8, ip_protocol uint8, network_protocol uint16, source_ip ipv4, source_host_type uint8, source_vlan_id uint16, source_operating_system_fingerprint_uuid uuid, source_criticality uint16, source_user_id uint32, source_port uint16, source_server_id uint32, destination_ip ipv4, destination_host_type uint8, destination_vlan_id uint16, destination_operating_system_fingerprint_uuid uuid, destination_criticality uint16, destination_user_id uint32, destination_port uint16, destination_server_id uint32, blocked uint8" },
	[108] = { "Generic Scan Results", fields = "port uint16, protocol uint16, sub_server string, value string, sub_server_unformatted string, value_unformatted string" },
	[109] = { "Scan Vulnerability", fields = "port uint16, protocol uint16, id string, name string, description string, name_clean string, description_clean string, bugtraq_ids list<7>, cve_ids list<35>" },
	[110] = { "Policy Engine Control Message v2", fields = "ip_address ipv4, reset_whitelist uint32, whitelist_uuid uuid" },
	[111] = { "Full Host Profile 5.0", fields = "ip_address ipv4, hops uint8, derived_fingerprints list<87>, server_fingerprints list<87>, client_fingerprints list<87>, smb_fingerprints list<87>, dhcp_fingerprints list<87>, user_fingerprints list<87>, scanner_fingerprints list<87>, application_fingerprints list<87>, conflict_fingerprints list<87>, tcp_servers list<104>, udp_servers list<104>, network_protocols list<4>, transport_protocols list<4>, mac_addresses list<95>, host_last_seen uint32, host_type uint32, criticality uint16, vlan_id uint16, vlan_type uint8, vlan_priority uint8, client_applications list<112>, netbios string, notes string, vulnerabilities list<85>, scan_vulnerabilities list<85>, scan_original_vulnerabilities list<85>, attributes list<48>" },
	[112] = { "Full Host Client Application 5.0+", fields = "hits uint32, last_used uint32, application_protocol_id uint32, client_application_id uint32, version string, web_application list<123>, vulnerabilities list<85>" },
	[113] = { "User Account Information Message", fields = "user_id uint32, username string, email string, flags uint8, for_policy uint8" },
	[114] = { "User Load Snapshot Message", fields = "type uint8, filename string, peer_uuid string" },
	[115] = { "Connection Statistics 5.0", fields = "device_id uint32, ingress_zone uuid, egress_zone uuid, ingress_interface uuid, egress_interface uuid, initiator_ip_address ipv6, responder_ip_address ipv6, policy_revision uuid, rule_id uint32, rule_action uint32, initiator_port uint16, responder_port uint16, tcp_flag uint16, protocol uint8, netflow_source bytes[16], first_packet_timestamp uint32, last_packet_timestamp uint32, initiator_transmitted_packets uint64, responder_transmitted_packets uint64, initiator_transmitted_bytes uint64, responder_transmitted_bytes uint64, user_id uint32, application_id uint32, url_category uint32, url_reputation uint32, client_application_id uint32, web_application_id uint32, client_url string, netbios string, client_application_version string" },
	[116] = { "Correlation Event 5.0", fields = "device_id uint32, correlation_event_second uint32, event_id uint32, policy_id uint32, rule_id uint32, priority uint32, event_description string, event_type uint8, event_device_id uint32, signature_id uint32, signature_generator_id uint32, trigger_event_second uint32, trigger_event_microsecond uint32, device_event_id uint32, event_defined_mask uint32, event_impact_flags uint8, ip_protocol uint8, network_protocol uint16, source_ip ipv4, source_host_type uint8, source_vlan_id uint16, source_operating_system_fingerprint_uuid uuid, source_criticality uint16, source_user_id uint32, source_port uint16, source_server_id uint32, destination_ip ipv4, destination_host_type uint8, destination_vlan_id uint16, destination_operating_system_fingerprint_uuid uuid, destination_criticality uint16, destination_user_id uint32, destination_port uint16, destination_server_id uint32, blocked uint8, ingress_interface_uuid uuid, egress_interface_uuid uuid, ingress_zone_uuid uuid, egress_zone_uuid uuid" },
	[117] = { "Server Information", fields = "application_id uint32, vendor string, version string, last_used uint32, source_type uint32, source_id uint32, sub_servers list<1>" },
	[118] = { "User Product 5.0", fields = "source_id uint32, source_type uint32, ip_ranges list<61>, port uint16, protocol uint16, drop_user_product uint32, vendor string, product string, version string, software_id uint32, server_id uint32, vendor_id uint32, product_id uint32, version_major string, version_minor string, revision string, to_version_major string, to_version_minor string, to_revision string, build string, patch string, extension string, os_uuid uuid, fixes list<67>" },
	[119] = { "Connection Chunk 5.0-5.1", fields = "initiator_ip_address ipv4, responder_ip_address ipv4, start_time uint32, application_id uint32, responder_port uint16, protocol uint8, connection_type uint8, netflow_detector_ip_address ipv4, packets_sent uint32, packets_received uint32, bytes_sent uint32, bytes_received uint32, connections uint32" },
	[120] = { "User Information", fields = "user_id uint32, username string, protocol uint32, first_name string, last_name string, email string, department string, phone string" },
	[121] = { "User Login Information 5.0", fields = "timestamp uint32, ipv4_address ipv4, username string, user_id uint32, application_id uint32, email string" },
	[122] = { "Host Client Application", fields = "hits uint32, last_used uint32, id uint32, application_proto uint32, version string, web_application list<123>" },
	[123] = { "Web Application", fields = "application_id uint32" },
	[124] = { "User Vulnerability", fields = "ip_ranges list<141>, port uint16, protocol uint16, vulnerability_id uint32, third_party_vulnerability_uuid uuid, description string, client_application_id uint32, application_protocol_id uint32, version string" },
	[125] = { "Connection Statistics 4.10.2", fields = "initiator_ip_address ipv4, responder_ip_address ipv4, initiator_port uint16, responder_port uint16, first_packet_timestamp uint32, last_packet_timestamp uint32, connection_type uint8, source_tos uint8, destination_tos uint8, snmp_in uint16, snmp_out uint16, source_device_ip ipv4, tcp_flag uint8, initiator_transmitted_packets uint32, responder_transmitted_packets uint32, initiator_transmitted_bytes uint32, responder_transmitted_bytes uint32, protocol uint8, application_id uint32, client_application_type_id uint32, client_application_id uint32, client_application_version string, client_url string, netbios string, payload_type uint32, web_application_id uint32" },
	[126] = { "Connection Statistics 5.1", fields = "device_id uint32, ingress_zone uuid, egress_zone uuid, ingress_interface uuid, egress_interface uuid, initiator_ip_address ipv6, responder_ip_address ipv6, policy_revision uuid, rule_id uint32, rule_action uint16, rule_reason uint16, initiator_port uint16, responder_port uint16, tcp_flag uint16, protocol uint8, netflow_source bytes[16], first_packet_timestamp uint32, last_packet_timestamp uint32, initiator_transmitted_packets uint64, responder_transmitted_packets uint64, initiator_transmitted_bytes uint64, responder_transmitted_bytes uint64, user_id uint32, application_id uint32, url_category uint32, url_reputation uint32, client_application_id uint32, web_application_id uint32, client_url string, netbios string, client_application_version string, monitor_rule1 uint32, monitor_rule2 uint32, monitor_rule3 uint32, monitor_rule4 uint32, monitor_rule5 uint32, monitor_rule6 uint32, monitor_rule7 uint32, monitor_rule8 uint32, security_intelligence_source_destination uint8, security_intelligence_layer uint8" },
	[127] = { "User Login Information", fields = "timestamp uint32, ipv4_address ipv4, username string, user_id uint32, application_id uint32, email string, ipv6_address ipv6, login_type uint8, reported_by string" },
	[128] = { "Correlation Event 5.1-5.3", fields = "device_id uint32, correlation_event_second uint32, event_id uint32, policy_id uint32, rule_id uint32, priority uint32, event_description string, event_type uint8, event_device_id uint32, signature_id uint32, signature_generator_id uint32, trigger_event_second uint32, trigger_event_microsecond uint32, device_event_id uint32, event_defined_mask uint32, event_impact_flags uint8, ip_protocol uint8, network_protocol uint16, source_ip ipv4, source_host_type uint8, source_vlan_id uint16, source_operating_system_fingerprint_uuid uuid, source_criticality uint16, source_user_id uint32, source_port uint16, source_server_id uint32, destination_ip ipv4, destination_host_type uint8, destination_vlan_id uint16, destination_operating_system_fingerprint_uuid uuid, destination_criticality uint16, destination_user_id uint32, destination_port uint16, destination_server_id uint32, blocked uint8, ingress_interface_uuid uuid, egress_interface_uuid uuid, ingress_zone_uuid uuid, egress_zone_uuid uuid, source_ipv6_address ipv6, destination_ipv6_address ipv6" },
	[129] = { "Fingerprint Values", fields = "value_1 string, value_2 string, value_3 string, value_4 string, value_5 string, value_6 string, value_7 string, value_8 string, value_9 string, value_10 string, value_11 string, value_12 string, value_13 string, value_14 string, value_15 string" },
	[130] = { "Operating System Fingerprint", fields = "uuid uuid, type uint32, source_type uint32, source_id uint32, last_seen uint32, ttl_difference uint8, mobile_device list<131>" },
	[131] = { "Mobile Device Information", fields = "string string, last_seen uint32, mobile uint32, jailbroken uint32" },
	[132] = { "Host Profile 5.1", fields = "ip_address ipv4, hops uint8, primary_secondary uint8, server_fingerprints list<130>, client_fingerprints list<130>, smb_fingerprints list<130>, dhcp_fingerprints list<130>, mobile_device_fingerprints list<130>, tcp_server list<103>, udp_server list<103>, network_protocol list<4>, transport_protocol list<4>, host_mac_address list<95>, host_last_seen uint32, host_type uint32, mobile uint8, jailbroken uint8, vlan_presence uint8, vlan_id uint16, vlan_type uint8, vlan_priority uint8, client_applications list<112>, netbios string" },
	[133] = { "Machine Login Information", fields = "timestamp uint32, ipv4_address ipv4, ipv6_address ipv6, netbios string, reported_by string" },
	[134] = { "User Product", fields = "source_id uint32, source_type uint32, ip_ranges list<141>, port uint16, protocol uint16, drop_user_product uint32, vendor string, product string, version string, software_id uint32, server_id uint32, vendor_id uint32, product_id uint32, version_major string, version_minor string, revision string, to_version_major string, to_version_minor string, to_revision string, build string, patch string, extension string, os_uuid uuid, device string, mobile uint8, jailbroken uint8, fixes list<67>" },
	[135] = { "Full Host Profile 5.1.1", fields = "ip_address ipv4, hops uint8, derived_fingerprints list<130>, server_fingerprints list<130>, client_fingerprints list<130>, smb_fingerprints list<130>, dhcp_fingerprints list<130>, user_fingerprints list<130>, scanner_fingerprints list<130>, application_fingerprints list<130>, conflict_fingerprints list<130>, tcp_servers list<104>, udp_servers list<104>, network_protocols list<4>, transport_protocols list<4>, mac_addresses list<95>, host_last_seen uint32, host_type uint32, criticality uint16, vlan_id uint16, vlan_type uint8, vlan_priority uint8, client_applications list<112>, netbios string, notes string, vulnerabilities list<85>, scan_vulnerabilities list<85>, scan_original_vulnerabilities list<85>, attributes list<48>, mobile uint8, jailbroken uint8, vlan_presence uint8" },
	[136] = { "Connection Chunk", fields = "initiator_ip_address ipv4, responder_ip_address ipv4, start_time uint32, application_proto uint32, responder_port uint16, protocol uint8, connection_type uint8, netflow_detector_ip_address ipv4, packets_sent uint64, packets_received uint64, bytes_sent uint64, bytes_received uint64, connections uint32" },
	[137] = { "Connection Statistics 5.1.1", fields = "device_id uint32, ingress_zone uuid, egress_zone uuid, ingress_interface uuid, egress_interface uuid, initiator_ip_address ipv6, responder_ip_address ipv6, policy_revision uuid, rule_id uint32, rule_action uint16, rule_reason uint16, initiator_port uint16, responder_port uint16, tcp_flag uint16, protocol uint8, netflow_source bytes[16], instance_id uint16, connection_counter uint16, first_packet_timestamp uint32, last_packet_timestamp uint32, initiator_transmitted_packets uint64, responder_transmitted_packets uint64, initiator_transmitted_bytes uint64, responder_transmitted_bytes uint64, user_id uint32, application_id uint32, url_category uint32, url_reputation uint32, client_application_id uint32, web_application_id uint32, client_url string, netbios string, client_application_version string, monitor_rule1 uint32, monitor_rule2 uint32, monitor_rule3 uint32, monitor_rule4 uint32, monitor_rule5 uint32, monitor_rule6 uint32, monitor_rule7 uint32, monitor_rule8 uint32, security_intelligence_source_destination uint8, security_intelligence_layer uint8, file_event_count uint16, intrusion_event_count uint16" },
	[138] = { "User Client Application", fields = "ip_ranges list<141>, application_protocol_id uint32, client_application_id uint32, version string, payload_type uint32, web_application_id uint32" },
	[139] = { "Host Profile", fields = "ip_address ipv6, hops uint8, primary_secondary uint8, server_fingerprints list<130>, client_fingerprints list<130>, smb_fingerprints list<130>, dhcp_fingerprints list<130>, mobile_device_fingerprints list<130>, ipv6_server_fingerprints list<130>, ipv6_client_fingerprints list<130>, ipv6_dhcp_fingerprints list<130>, user_agent_fingerprints list<130>, tcp_server list<103>, udp_server list<103>, network_protocol list<4>, transport_protocol list<4>, host_mac_address list<95>, host_last_seen uint32, host_type uint32, mobile uint8, jailbroken uint8, vlan_presence uint8, vlan_id uint16, vlan_type uint8, vlan_priority uint8, client_applications list<112>, netbios string" },
	[140] = { "Full Host Profile 5.2", fields = "host_id bytes[16], ip_addresses list<143>, hops uint8, derived_fingerprints list<130>, server_fingerprints list<130>, client_fingerprints list<130>, smb_fingerprints list<130>, dhcp_fingerprints list<130>, user_fingerprints list<130>, scanner_fingerprints list<130>, application_fingerprints list<130>, conflict_fingerprints list<130>, mobile_device_fingerprints list<130>, ipv6_server_fingerprints list<130>, ipv6_client_fingerprints list<130>, ipv6_dhcp_fingerprints list<130>, user_agent_fingerprints list<130>, tcp_servers list<104>, udp_servers list<104>, network_protocols list<4>, transport_protocols list<4>, mac_addresses list<95>, host_last_seen uint32, host_type uint32, criticality uint16, vlan_id uint16, vlan_type uint8, vlan_priority uint8, client_applications list<112>, netbios string, notes string, vulnerabilities list<85>, scan_vulnerabilities list<85>, scan_original_vulnerabilities list<85>, attributes list<48>, mobile uint8, jailbroken uint8" },
	[141] = { "IP Address Range", fields = "start ipv6, finish ipv6" },
	[142] = { "Scan Result", fields = "user_id uint32, scan_type uint32, ip_address ipv6, port uint16, protocol uint16, flag uint16, vulnerabilities list<109>, scan_results list<108>, user_products list<134>" },
	[143] = { "Host IP Address", fields = "ip_address ipv6, last_seen uint32" },
	[144] = { "Connection Statistics 5.2", fields = "device_id uint32, ingress_zone uuid, egress_zone uuid, ingress_interface uuid, egress_interface uuid, initiator_ip_address ipv6, responder_ip_address ipv6, policy_revision uuid, rule_id uint32, rule_action uint16, rule_reason uint16, initiator_port uint16, responder_port uint16, tcp_flag uint16, protocol uint8, netflow_source bytes[16], instance_id uint16, connection_counter uint16, first_packet_timestamp uint32, last_packet_timestamp uint32, initiator_transmitted_packets uint64, responder_transmitted_packets uint64, initiator_transmitted_bytes uint64, responder_transmitted_bytes uint64, user_id uint32, application_id uint32, url_category uint32, url_reputation uint32, client_application_id uint32, web_application_id uint32, client_url string, netbios string, client_application_version string, monitor_rule1 uint32, monitor_rule2 uint32, monitor_rule3 uint32, monitor_rule4 uint32, monitor_rule5 uint32, monitor_rule6 uint32, monitor_rule7 uint32, monitor_rule8 uint32, security_intelligence_source_destination uint8, security_intelligence_layer uint8, file_event_count uint16, intrusion_event_count uint16, initiator_country uint16, responder_country uint16" },
	[145] = { "DHCP Information", fields = "lease_time uint32, netmask uint32, router_ip ipv6" },
	[146] = { "Attribute Address 5.2+", fields = "attribute_id uint32, ip_address ipv6, bits uint32" },
	[147] = { "User Group Load Snapshot Message", fields = "type uint8, user_ip_filename string, user_group_filename string, peer_uuid string" },
	[148] = { "Host IOC Message", fields = "user_id uint32, source_type uint32, ip_ranges list<141>, ioc_id uint32" },
	[149] = { "Full Host Profile 5.3+", fields = "host_id bytes[16], ip_addresses list<143>, hops uint8, derived_fingerprints list<130>, server_fingerprints list<130>, client_fingerprints list<130>, smb_fingerprints list<130>, dhcp_fingerprints list<130>, user_fingerprints list<130>, scanner_fingerprints list<130>, application_fingerprints list<130>, conflict_fingerprints list<130>, mobile_device_fingerprints list<130>, ipv6_server_fingerprints list<130>, ipv6_client_fingerprints list<130>, ipv6_dhcp_fingerprints list<130>, user_agent_fingerprints list<130>, tcp_servers list<104>, udp_servers list<104>, network_protocols list<4>, transport_protocols list<4>, mac_addresses list<95>, host_last_seen uint32, host_type uint32, criticality uint16, vlan_id uint16, vlan_type uint8, vlan_priority uint8, client_applications list<112>, netbios string, notes string, vulnerabilities list<85>, scan_vulnerabilities list<85>, scan_original_vulnerabilities list<85>, attributes list<48>, mobile uint8, jailbroken uint8, ioc_states list<150>" },
	[150] = { "IOC State 5.3+", fields = "ioc_id_number uint32, disabled uint8, first_seen uint32, first_event_id uint32, first_device_id uint32, first_instance_id uint16, first_connection_time uint32, first_counter uint16, last_seen uint32, last_event_id uint32, last_device_id uint32, last_instance_id uint16, last_connection_time uint32, last_counter uint16" },
	[151] = { "Sandbox Analysis File Signature", fields = "sha block, threat_score uint8, file_type uint32" },
	[152] = { "Connection Statistics 5.3", fields = "device_id uint32, ingress_zone uuid, egress_zone uuid, ingress_interface uuid, egress_interface uuid, initiator_ip_address ipv6, responder_ip_address ipv6, policy_revision uuid, rule_id uint32, rule_action uint16, rule_reason uint16, initiator_port uint16, responder_port uint16, tcp_flag uint16, protocol uint8, netflow_source bytes[16], instance_id uint16, connection_counter uint16, first_packet_timestamp uint32, last_packet_timestamp uint32, initiator_transmitted_packets uint64, responder_transmitted_packets uint64, initiator_transmitted_bytes uint64, responder_transmitted_bytes uint64, user_id uint32, application_id uint32, url_category uint32, url_reputation uint32, client_application_id uint32, web_application_id uint32, client_url string, netbios string, client_application_version string, monitor_rule1 uint32, monitor_rule2 uint32, monitor_rule3 uint32, monitor_rule4 uint32, monitor_rule5 uint32, monitor_rule6 uint32, monitor_rule7 uint32, monitor_rule8 uint32, security_intelligence_source_destination uint8, security_intelligence_layer uint8, file_event_count uint16, intrusion_event_count uint16, initiator_country uint16, responder_country uint16, ioc_number uint16, source_autonomous_system uint32, destination_autonomous_system uint32, snmp_in uint16, snmp_out uint16, source_tos uint8, destination_tos uint8, source_mask uint8, destination_mask uint8" },
	[153] = { "Intrusion Impact Alert", fields = "event_id uint32, device_id uint32, event_second uint32, impact uint32, source_ip_address ipv6, destination_ip_address ipv6, description string" },
	[154] = { "Connection Statistics 5.3.1", fields = "device_id uint32, ingress_zone uuid, egress_zone uuid, ingress_interface uuid, egress_interface uuid, initiator_ip_address ipv6, responder_ip_address ipv6, policy_revision uuid, rule_id uint32, rule_action uint16, rule_reason uint16, initiator_port uint16, responder_port uint16, tcp_flag uint16, protocol uint8, netflow_source bytes[16], instance_id uint16, connection_counter uint16, first_packet_timestamp uint32, last_packet_timestamp uint32, initiator_transmitted_packets uint64, responder_transmitted_packets uint64, initiator_transmitted_bytes uint64, responder_transmitted_bytes uint64, user_id uint32, application_id uint32, url_category uint32, url_reputation uint32, client_application_id uint32, web_application_id uint32, client_url string, netbios string, client_application_version string, monitor_rule1 uint32, monitor_rule2 uint32, monitor_rule3 uint32, monitor_rule4 uint32, monitor_rule5 uint32, monitor_rule6 uint32, monitor_rule7 uint32, monitor_rule8 uint32, security_intelligence_source_destination uint8, security_intelligence_layer uint8, file_event_count uint16, intrusion_event_count uint16, initiator_country uint16, responder_country uint16, ioc_number uint16, source_autonomous_system uint32, destination_autonomous_system uint32, snmp_in uint16, snmp_out uint16, source_tos uint8, destination_tos uint8, source_mask uint8, destination_mask uint8, security_context bytes[16]" },
	[155] = { "Connection Statistics 5.4", fields = "device_id uint32, ingress_zone uuid, egress_zone uuid, ingress_interface uuid, egress_interface uuid, initiator_ip_address ipv6, responder_ip_address ipv6, policy_revision uuid, rule_id uint32, rule_action uint16, rule_reason uint16, initiator_port uint16, responder_port uint16, tcp_flag uint16, protocol uint8, netflow_source bytes[16], instance_id uint16, connection_counter uint16, first_packet_timestamp uint32, last_packet_timestamp uint32, initiator_transmitted_packets uint64, responder_transmitted_packets uint64, initiator_transmitted_bytes uint64, responder_transmitted_bytes uint64, user_id uint32, application_id uint32, url_category uint32, url_reputation uint32, client_application_id uint32, web_application_id uint32, client_url string, netbios string, client_application_version string, monitor_rule1 uint32, monitor_rule2 uint32, monitor_rule3 uint32, monitor_rule4 uint32, monitor_rule5 uint32, monitor_rule6 uint32, monitor_rule7 uint32, monitor_rule8 uint32, security_intelligence_source_destination uint8, security_intelligence_layer uint8, file_event_count uint16, intrusion_event_count uint16, initiator_country uint16, responder_country uint16, ioc_number uint16, source_autonomous_system uint32, destination_autonomous_system uint32, snmp_in uint16, snmp_out uint16, source_tos uint8, destination_tos uint8, source_mask uint8, destination_mask uint8, security_context bytes[16], vlan_id uint16, referenced_host string, user_agent string, http_referrer string, ssl_certificate_fingerprint bytes[20], ssl_policy_id uuid, ssl_rule_id uint32, ssl_cipher_suite uint16, ssl_version uint8, ssl_server_certificate_status uint16, ssl_actual_action uint16, ssl_expected_action uint16, ssl_flow_status uint16, ssl_flow_error uint32, ssl_flow_messages uint32, ssl_flow_flags uint64, ssl_server_name string, ssl_url_category uint32, ssl_session_id bytes[32], ssl_session_id_length uint8, ssl_ticket_id bytes[20], ssl_ticket_id_length uint8, network_analysis_policy_revision uuid" },
	[156] = { "Correlation Event", fields = "device_id uint32, correlation_event_second uint32, event_id uint32, policy_id uint32, rule_id uint32, priority uint32, event_description string, event_type uint8, event_device_id uint32, signature_id uint32, signature_generator_id uint32, trigger_event_second uint32, trigger_event_microsecond uint32, device_event_id uint32, event_defined_mask uint32, event_impact_flags uint8, ip_protocol uint8, network_protocol uint16, source_ip uint32, source_host_type uint8, source_vlan_id uint16, source_operating_system_fingerprint_uuid uuid, source_criticality uint16, source_user_id uint32, source_port uint16, source_server_id uint32, destination_ip uint32, destination_host_type uint8, destination_vlan_id uint16, destination_operating_system_fingerprint_uuid uuid, destination_criticality uint16, destination_user_id uint32, destination_port uint16, destination_server_id uint32, impact uint8, blocked uint8, intrusion_policy uuid, rule_action uint32, netbios string, url_category uint32, url_reputation uint32, url string, client_id uint32, client_version string, access_control_policy_revision uuid, access_control_rule_id uint32, ingress_interface_uuid uuid, egress_interface_uuid uuid, ingress_zone_uuid uuid, egress_zone_uuid uuid, source_ipv6_address ipv6, destination_ipv6_address ipv6, source_country uint16, destination_country uint16, security_intelligence_uuid uuid, security_context bytes[16], ssl_policy_id bytes[16], ssl_rule_id uint32, ssl_actual_action uint32, ssl_flow_status uint32, ssl_certificate_fingerprint bytes[20]" },
	[158] = { "User Information 6.0+", fields = "user_id uint32, username string, realm_id uint32, protocol uint32, first_name string, last_name string, email string, department string, phone string, endpoint_profile_id uint32, security_group_id uint32, location_ipv6_address ipv6" },
	[159] = { "User Login Information", fields = "timestamp uint32, ipv4_address ipv4, username string, domain string, user_id uint32, realm_id uint32, endpoint_profile_id uint32, security_group_id uint32, application_id uint32, protocol uint32, email string, ipv6_address ipv6, location_ipv6_address ipv6, login_type uint8, auth_type uint8, reported_by string" },
	[160] = { "Connection Statistics", fields = "device_id uint32, ingress_zone uuid, egress_zone uuid, ingress_interface uuid, egress_interface uuid, initiator_ip_address ipv6, responder_ip_address ipv6, policy_revision uuid, rule_id uint32, rule_action uint16, rule_reason uint32, initiator_port uint16, responder_port uint16, tcp_flag uint16, protocol uint8, netflow_source uuid, instance_id uint16, connection_counter uint16, first_packet_timestamp uint32, last_packet_timestamp uint32, initiator_transmitted_packets uint64, responder_transmitted_packets uint64, initiator_transmitted_bytes uint64, responder_transmitted_bytes uint64, user_id uint32, application_id uint32, url_category uint32, url_reputation uint32, client_application_id uint32, web_application_id uint32, client_url string, netbios string, client_application_version string, monitor_rule1 uint32, monitor_rule2 uint32, monitor_rule3 uint32, monitor_rule4 uint32, monitor_rule5 uint32, monitor_rule6 uint32, monitor_rule7 uint32, monitor_rule8 uint32, security_intelligence_source_destination uint8, security_intelligence_layer uint8, file_event_count uint16, intrusion_event_count uint16, initiator_country uint16, responder_country uint16, ioc_number uint16, source_autonomous_system uint32, destination_autonomous_system uint32, snmp_in uint16, snmp_out uint16, source_tos uint8, destination_tos uint8, source_mask uint8, destination_mask uint8, security_context bytes[16], vlan_id uint16, referenced_host string, user_agent string, http_referrer string, ssl_certificate_fingerprint bytes[20], ssl_policy_id bytes[16], ssl_rule_id uint32, ssl_cipher_suite uint16, ssl_version uint8, ssl_server_certificate_status uint32, ssl_actual_action uint16, ssl_expected_action uint16, ssl_flow_status uint16, ssl_flow_error uint32, ssl_flow_messages uint32, ssl_flow_flags uint64, ssl_server_name string, ssl_url_category uint32, ssl_session_id bytes[32], ssl_session_id_length uint8, ssl_ticket_id bytes[20], ssl_ticket_id_length uint8, network_analysis_policy_revision uuid, endpoint_profile_id uint32, security_group_id uint32, location_ipv6 ipv6, http_response uint32, dns_query string, dns_record_type uint16, dns_response_type uint16, dns_ttl uint32, sinkhole_uuid uuid, security_intelligence_list1 uint32, security_intelligence_list2 uint32" },
	[163] = { "Connection Statistics 6.1", fields = "device_id uint32, ingress_zone uuid, egress_zone uuid, ingress_interface uuid, egress_interface uuid, initiator_ip_address ipv6, responder_ip_address ipv6, original_client_ip_address ipv6, policy_revision uuid, rule_id uint32, tunnel_rule_id uint32, rule_action uint16, rule_reason uint32, initiator_port uint16, responder_port uint16, tcp_flag uint16, protocol uint8, netflow_source uuid, instance_id uint16, connection_counter uint16, first_packet_timestamp uint32, last_packet_timestamp uint32, initiator_transmitted_packets uint64, responder_transmitted_packets uint64, initiator_transmitted_bytes uint64, responder_transmitted_bytes uint64, initiator_packets_dropped uint64, responder_packets_dropped uint64, initiator_bytes_dropped uint64, responder_bytes_dropped uint64, qos_applied_interface uuid, qos_rule_id uint32, user_id uint32, application_id uint32, url_category uint32, url_reputation uint32, client_application_id uint32, web_application_id uint32, client_url string, netbios string, client_application_version string, monitor_rule1 uint32, monitor_rule2 uint32, monitor_rule3 uint32, monitor_rule4 uint32, monitor_rule5 uint32, monitor_rule6 uint32, monitor_rule7 uint32, monitor_rule8 uint32, security_intelligence_source_destination uint8, security_intelligence_layer uint8, file_event_count uint16, intrusion_event_count uint16, initiator_country uint16, responder_country uint16, original_client_country uint16, ioc_number uint16, source_autonomous_system uint32, destination_autonomous_system uint32, snmp_in uint16, snmp_out uint16, source_tos uint8, destination_tos uint8, source_mask uint8, destination_mask uint8, security_context uuid, vlan_id uint16, referenced_host string, user_agent string, http_referrer string, ssl_certificate_fingerprint bytes[20], ssl_policy_id uuid, ssl_rule_id uint32, ssl_cipher_suite uint16, ssl_version uint8, ssl_server_certificate_status uint32, ssl_actual_action uint16, ssl_expected_action uint16, ssl_flow_status uint16, ssl_flow_error uint32, ssl_flow_messages uint32, ssl_flow_flags uint64, ssl_server_name string, ssl_url_category uint32, ssl_session_id bytes[32], ssl_session_id_length uint8, ssl_ticket_id bytes[20], ssl_ticket_id_length uint8, network_analysis_policy_revision uuid, endpoint_profile_id uint32, security_group_id uint32, location_ipv6 ipv6, http_response uint32, dns_query string, dns_record_type uint16, dns_response_type uint16, dns_ttl uint32, sinkhole_uuid uuid, security_intelligence_list1 uint32, security_intelligence_list2 uint32" },
	[165] = { "User Login Information", fields = "timestamp uint32, ipv4_address ipv4, username string, domain string, user_id uint32, realm_id uint32, endpoint_profile_id uint32, security_group_id uint32, application_id uint32, protocol uint32, port uint16, range_start uint16, start_port uint16, end_port uint16, email string, ipv6_address ipv6, location_ipv6_address ipv6, login_type uint8, auth_type uint8, reported_by string" },
	[166] = { "VPN Session", fields = "index uint32, vpn_type uint8, group_policy string, vpn_connection_profile string, client_ip bytes[16], country_code uint16, client_os string, client_application string, connection_duration uint32, bytes_transmitted uint64, bytes_received uint64" },
	[167] = { "User Login Information", fields = "timestamp uint32, ipv4_address ipv4, username string, domain string, user_id uint32, realm_id uint32, endpoint_profile_id uint32, security_group_id uint32, protocol uint32, port uint16, range_start uint16, start_port uint16, end_port uint16, email string, ipv6_address ipv6, location_ipv6_address ipv6, login_type uint8, auth_type uint8, reported_by string, description string, vpn_session block<166>" },
	[168] = { "Connection Statistics", fields = "device_id uint32, ingress_zone uuid, egress_zone uuid, ingress_interface uuid, egress_interface uuid, initiator_ip_address ipv6, responder_ip_address ipv6, original_client_ip_address ipv6, policy_revision uuid, rule_id uint32, tunnel_rule_id uint32, rule_action uint16, rule_reason uint32, initiator_port uint16, responder_port uint16, tcp_flag uint16, protocol uint8, netflow_source uuid, instance_id uint16, connection_counter uint16, first_packet_timestamp uint32, last_packet_timestamp uint32, initiator_transmitted_packets uint64, responder_transmitted_packets uint64, initiator_transmitted_bytes uint64, responder_transmitted_bytes uint64, initiator_packets_dropped uint64, responder_packets_dropped uint64, initiator_bytes_dropped uint64, responder_bytes_dropped uint64, qos_applied_interface uuid, qos_rule_id uint32, user_id uint32, application_id uint32, url_category uint32, url_reputation uint32, client_application_id uint32, web_application_id uint32, client_url string, netbios string, client_application_version string, monitor_rule1 uint32, monitor_rule2 uint32, monitor_rule3 uint32, monitor_rule4 uint32, monitor_rule5 uint32, monitor_rule6 uint32, monitor_rule7 uint32, monitor_rule8 uint32, security_intelligence_source_destination uint8, security_intelligence_layer uint8, file_event_count uint16, intrusion_event_count uint16, initiator_country uint16, responder_country uint16, original_client_country uint16, ioc_number uint16, source_autonomous_system uint32, destination_autonomous_system uint32, snmp_in uint16, snmp_out uint16, source_tos uint8, destination_tos uint8, source_mask uint8, destination_mask uint8, security_context uuid, vlan_id uint16, referenced_host string, user_agent string, http_referrer string, ssl_certificate_fingerprint bytes[20], ssl_policy_id uuid, ssl_rule_id uint32, ssl_cipher_suite uint16, ssl_version uint8, ssl_server_certificate_status uint32, ssl_actual_action uint16, ssl_expected_action uint16, ssl_flow_status uint16, ssl_flow_error uint32, ssl_flow_messages uint32, ssl_flow_flags uint64, ssl_server_name string, ssl_url_category uint32, ssl_session_id bytes[32], ssl_session_id_length uint8, ssl_ticket_id bytes[20], ssl_ticket_id_length uint8, network_analysis_policy_revision uuid, endpoint_profile_id uint32, security_group_id uint32, location_ipv6 ipv6, http_response uint32, dns_query string, dns_record_type uint16, dns_response_type uint16, dns_ttl uint32, sinkhole_uuid uuid, security_intelligence_list1 uint32, security_intelligence_list2 uint32, security_intelligence_list3 uint32" },
	[169] = { "Connection Statistics (type 169)", fields = "device_id uint32, ingress_zone uuid, egress_zone uuid, ingress_interface uuid, egress_interface uuid, initiator_ip_address ipv6, responder_ip_address ipv6, original_client_ip_address ipv6, policy_revision uuid, rule_id uint32, tunnel_rule_id uint32, rule_action uint16, rule_reason uint32, initiator_port uint16, responder_port uint16, tcp_flag uint16, protocol uint8, netflow_source uuid, instance_id uint16, connection_counter uint16, first_packet_timestamp uint32, last_packet_timestamp uint32, initiator_transmitted_packets uint64, responder_transmitted_packets uint64, initiator_transmitted_bytes uint64, responder_transmitted_bytes uint64, initiator_packets_dropped uint64, responder_packets_dropped uint64, initiator_bytes_dropped uint64, responder_bytes_dropped uint64, qos_applied_interface uuid, qos_rule_id uint32, user_id uint32, application_id uint32, url_category uint32, url_reputation uint32, client_application_id uint32, web_application_id uint32, client_url string, netbios string, client_application_version string, monitor_rule1 uint32, monitor_rule2 uint32, monitor_rule3 uint32, monitor_rule4 uint32, monitor_rule5 uint32, monitor_rule6 uint32, monitor_rule7 uint32, monitor_rule8 uint32, security_intelligence_source_destination uint8, security_intelligence_layer uint8, file_event_count uint16, intrusion_event_count uint16, initiator_country uint16, responder_country uint16, original_client_country uint16, ioc_number uint16, source_autonomous_system uint32, destination_autonomous_system uint32, snmp_in uint16, snmp_out uint16, source_tos uint8, destination_tos uint8, source_mask uint8, destination_mask uint8, security_context uuid, vlan_id uint16, referenced_host string, user_agent string, http_referrer string, ssl_certificate_fingerprint bytes[20], ssl_policy_id uuid, ssl_rule_id uint32, ssl_cipher_suite uint16, ssl_version uint8, ssl_server_certificate_status uint32, ssl_actual_action uint16, ssl_expected_action uint16, ssl_flow_status uint16, ssl_flow_error uint32, ssl_flow_messages uint32, ssl_flow_flags uint64, ssl_server_name string, ssl_url_category uint32, ssl_session_id bytes[32], ssl_session_id_length uint8, ssl_ticket_id bytes[20], ssl_ticket_id_length uint8, network_analysis_policy_revision uuid, endpoint_profile_id uint32, security_group_id uint32, location_ipv6 ipv6, http_response uint32, dns_query string, dns_record_type uint16, dns_response_type uint16, dns_ttl uint32, sinkhole_uuid uuid, security_intelligence_list1 uint32, security_intelligence_list2 uint32, threat_intelligence_category uint32" },
	[170] = { "Connection Statistics (type 170)", fields = "device_id uint32, ingress_zone uuid, egress_zone uuid, ingress_interface uuid, egress_interface uuid, initiator_ip_address ipv6, responder_ip_address ipv6, original_client_ip_address ipv6, policy_revision uuid, rule_id uint32, tunnel_rule_id uint32, rule_action uint16, rule_reason uint32, initiator_port uint16, responder_port uint16, tcp_flag uint16, protocol uint8, netflow_source uuid, instance_id uint16, connection_counter uint16, first_packet_timestamp uint32, last_packet_timestamp uint32, initiator_transmitted_packets uint64, responder_transmitted_packets uint64, initiator_transmitted_bytes uint64, responder_transmitted_bytes uint64, initiator_packets_dropped uint64, responder_packets_dropped uint64, initiator_bytes_dropped uint64, responder_bytes_dropped uint64, qos_applied_interface uuid, qos_rule_id uint32, user_id uint32, application_id uint32, url_category uint32, url_reputation uint32, client_application_id uint32, web_application_id uint32, client_url string, netbios string, client_application_version string, monitor_rule1 uint32, monitor_rule2 uint32, monitor_rule3 uint32, monitor_rule4 uint32, monitor_rule5 uint32, monitor_rule6 uint32, monitor_rule7 uint32, monitor_rule8 uint32, security_intelligence_source_destination uint8, security_intelligence_layer uint8, file_event_count uint16, intrusion_event_count uint16, initiator_country uint16, responder_country uint16, original_client_country uint16, ioc_number uint16, source_autonomous_system uint32, destination_autonomous_system uint32, snmp_in uint16, snmp_out uint16, source_tos uint8, destination_tos uint8, source_mask uint8, destination_mask uint8, security_context uuid, vlan_id uint16, referenced_host string, user_agent string, http_referrer string, ssl_certificate_fingerprint bytes[20], ssl_policy_id uuid, ssl_rule_id uint32, ssl_cipher_suite uint16, ssl_version uint8, ssl_server_certificate_status uint32, ssl_actual_action uint16, ssl_expected_action uint16, ssl_flow_status uint16, ssl_flow_error uint32, ssl_flow_messages uint32, ssl_flow_flags uint64, ssl_server_name string, ssl_url_category uint32, ssl_session_id bytes[32], ssl_session_id_length uint8, ssl_ticket_id bytes[20], ssl_ticket_id_length uint8, network_analysis_policy_revision uuid, endpoint_profile_id uint32, security_group_id uint32, source_security_group_tag uint16, destination_security_group_tag uint16, location_ipv6 ipv6, http_response uint32, dns_query string, dns_record_type uint16, dns_response_type uint16, dns_ttl uint32, sinkhole_uuid uuid, security_intelligence_list1 uint32, security_intelligence_list2 uint32, threat_intelligence_category uint32" },
	[171] = { "Connection Statistics (type 171)", fields = "device_id uint32, ingress_zone uuid, egress_zone uuid, ingress_interface uuid, egress_interface uuid, initiator_ip_address ipv6, responder_ip_address ipv6, original_client_ip_address ipv6, policy_revision uuid, rule_id uint32, tunnel_rule_id uint32, rule_action uint16, rule_reason uint32, initiator_port uint16, responder_port uint16, tcp_flag uint16, protocol uint8, netflow_source uuid, instance_id uint16, connection_counter uint16, first_packet_timestamp uint32, last_packet_timestamp uint32, initiator_transmitted_packets uint64, responder_transmitted_packets uint64, initiator_transmitted_bytes uint64, responder_transmitted_bytes uint64, initiator_packets_dropped uint64, responder_packets_dropped uint64, initiator_bytes_dropped uint64, responder_bytes_dropped uint64, qos_applied_interface uuid, qos_rule_id uint32, user_id uint32, application_id uint32, url_category uint32, url_reputation uint32, client_application_id uint32, web_application_id uint32, client_url string, netbios string, client_application_version string, monitor_rule1 uint32, monitor_rule2 uint32, monitor_rule3 uint32, monitor_rule4 uint32, monitor_rule5 uint32, monitor_rule6 uint32, monitor_rule7 uint32, monitor_rule8 uint32, security_intelligence_source_destination uint8, security_intelligence_layer uint8, file_event_count uint16, intrusion_event_count uint16, initiator_country uint16, responder_country uint16, original_client_country uint16, ioc_number uint16, source_autonomous_system uint32, destination_autonomous_system uint32, snmp_in uint16, snmp_out uint16, source_tos uint8, destination_tos uint8, source_mask uint8, destination_mask uint8, security_context uuid, vlan_id uint16, referenced_host string, user_agent string, http_referrer string, ssl_certificate_fingerprint bytes[20], ssl_policy_id uuid, ssl_rule_id uint32, ssl_cipher_suite uint16, ssl_version uint8, ssl_server_certificate_status uint32, ssl_actual_action uint16, ssl_expected_action uint16, ssl_flow_status uint16, ssl_flow_error uint32, ssl_flow_messages uint32, ssl_flow_flags uint64, ssl_server_name string, ssl_url_category uint32, ssl_session_id bytes[32], ssl_session_id_length uint8, ssl_ticket_id bytes[20], ssl_ticket_id_length uint8, network_analysis_policy_revision uuid, endpoint_profile_id uint32, security_group_id uint32, source_security_group_tag uint16, source_security_group_tag_type uint8, destination_security_group_tag uint16, destination_security_group_tag_type uint8, location_ipv6 ipv6, http_response uint32, dns_query string, dns_record_type uint16, dns_response_type uint16, dns_ttl uint32, sinkhole_uuid uuid, security_intelligence_list1 uint32, security_intelligence_list2 uint32, threat_intelligence_category uint32, ingress_vrf_name string, egress_vrf_name string" },
	[173] = { "Connection Statistics", fields = "device_id uint32, ingress_zone uuid, egress_zone uuid, ingress_interface uuid, egress_interface uuid, initiator_ip_address ipv6, responder_ip_address ipv6, original_client_ip_address ipv6, policy_revision uuid, rule_id uint32, tunnel_rule_id uint32, rule_action uint16, rule_reason uint32, initiator_port uint16, responder_port uint16, tcp_flag uint16, protocol uint8, netflow_source uuid, instance_id uint16, connection_counter uint16, first_packet_timestamp uint32, last_packet_timestamp uint32, initiator_transmitted_packets uint64, responder_transmitted_packets uint64, initiator_transmitted_bytes uint64, responder_transmitted_bytes uint64, initiator_packets_dropped uint64, responder_packets_dropped uint64, initiator_bytes_dropped uint64, responder_bytes_dropped uint64, qos_applied_interface uuid, qos_rule_id uint32, user_id uint32, application_id uint32, url_category uint32, url_reputation uint32, client_application_id uint32, web_application_id uint32, client_url string, netbios string, client_application_version string, monitor_rule1 uint32, monitor_rule2 uint32, monitor_rule3 uint32, monitor_rule4 uint32, monitor_rule5 uint32, monitor_rule6 uint32, monitor_rule7 uint32, monitor_rule8 uint32, security_intelligence_source_destination uint8, security_intelligence_layer uint8, file_event_count uint16, intrusion_event_count uint16, initiator_country uint16, responder_country uint16, original_client_country uint16, ioc_number uint16, source_autonomous_system uint32, destination_autonomous_system uint32, snmp_in uint16, snmp_out uint16, source_tos uint8, destination_tos uint8, source_mask uint8, destination_mask uint8, security_context uuid, vlan_id uint16, referenced_host string, user_agent string, http_referrer string, ssl_certificate_fingerprint bytes[20], ssl_policy_id uuid, ssl_rule_id uint32, ssl_cipher_suite uint16, ssl_version uint8, ssl_server_certificate_status uint32, ssl_actual_action uint16, ssl_expected_action uint16, ssl_flow_status uint16, ssl_flow_error uint32, ssl_flow_messages uint32, ssl_flow_flags uint64, ssl_server_name string, ssl_url_category uint32, ssl_session_id bytes[32], ssl_session_id_length uint8, ssl_ticket_id bytes[20], ssl_ticket_id_length uint8, network_analysis_policy_revision uuid, endpoint_profile_id uint32, security_group_id uint32, source_security_group_tag uint16, source_security_group_tag_type uint8, destination_security_group_tag uint16, destination_security_group_tag_type uint8, location_ipv6 ipv6, http_response uint32, dns_query string, dns_record_type uint16, dns_response_type uint16, dns_ttl uint32, sinkhole_uuid uuid, security_intelligence_list1 uint32, security_intelligence_list2 uint32, threat_intelligence_category uint32, ingress_vrf_name string, egress_vrf_name string, source_ip_dynamic_attributes string, destination_ip_dynamic_attributes string" },
	[174] = { "Connection Statistics", fields = "device_id uint32, ingress_zone uuid, egress_zone uuid, ingress_interface uuid, egress_interface uuid, initiator_ip_address ipv6, responder_ip_address ipv6, original_client_ip_address ipv6, policy_revision uuid, rule_id uint32, tunnel_rule_id uint32, rule_action uint16, rule_reason uint32, initiator_port uint16, responder_port uint16, tcp_flag uint16, protocol uint8, netflow_source uuid, instance_id uint16, connection_counter uint16, first_packet_timestamp uint32, last_packet_timestamp uint32, initiator_transmitted_packets uint64, responder_transmitted_packets uint64, initiator_transmitted_bytes uint64, responder_transmitted_bytes uint64, initiator_packets_dropped uint64, responder_packets_dropped uint64, initiator_bytes_dropped uint64, responder_bytes_dropped uint64, qos_applied_interface uuid, qos_rule_id uint32, user_id uint32, application_id uint32, url_category uint32, url_reputation uint32, client_application_id uint32, web_application_id uint32, client_url string, netbios string, client_application_version string, monitor_rule1 uint32, monitor_rule2 uint32, monitor_rule3 uint32, monitor_rule4 uint32, monitor_rule5 uint32, monitor_rule6 uint32, monitor_rule7 uint32, monitor_rule8 uint32, security_intelligence_source_destination uint8, security_intelligence_layer uint8, file_event_count uint16, intrusion_event_count uint16, initiator_country uint16, responder_country uint16, original_client_country uint16, ioc_number uint16, source_autonomous_system uint32, destination_autonomous_system uint32, snmp_in uint16, snmp_out uint16, source_tos uint8, destination_tos uint8, source_mask uint8, destination_mask uint8, security_context uuid, vlan_id uint16, referenced_host string, user_agent string, http_referrer string, ssl_certificate_fingerprint bytes[20], ssl_policy_id uuid, ssl_rule_id uint32, ssl_cipher_suite uint16, ssl_version uint8, ssl_server_certificate_status uint32, ssl_actual_action uint16, ssl_expected_action uint16, ssl_flow_status uint16, ssl_flow_error uint32, ssl_flow_messages uint32, ssl_flow_flags uint64, ssl_server_name string, ssl_url_category uint32, ssl_session_id bytes[32], ssl_session_id_length uint8, ssl_ticket_id bytes[20], ssl_ticket_id_length uint8, network_analysis_policy_revision uuid, endpoint_profile_id uint32, security_group_id uint32, source_security_group_tag uint16, source_security_group_tag_type uint8, destination_security_group_tag uint16, destination_security_group_tag_type uint8, location_ipv6 ipv6, http_response uint32, dns_query string, dns_record_type uint16, dns_response_type uint16, dns_ttl uint32, sinkhole_uuid uuid, security_intelligence_list1 uint32, security_intelligence_list2 uint32, threat_intelligence_category uint32, eve_process string, eve_process_confidence_percentage uint8, eve_threat_confidence_percentage uint8, eve_threat_confidence_index uint8, client_app_detector_id uint8, nat_initiator_port uint16, nat_responder_port uint16, nat_initiator_ip ipv6, nat_responder_ip ipv6, ingress_vrf_name string, egress_vrf_name string, source_ip_dynamic_attributes string, destination_ip_dynamic_attributes string" },
}, {
	[0] = { "String", fields = "data rest" },
	[1] = { "BLOB", fields = "data rest" },
	[4] = { "Event Extra Data", fields = "device_id uint32, event_id uint32, event_second uint32, type uint32, blob blob" },
	[5] = { "Event Extra Data Metadata", fields = "type uint32, name string, encoding string" },
	[6] = { "Integer", fields = "value uint32" },
	[7] = { "User IP Map", fields = "user_id uint32, username string, ipv4_address ipv4, timestamp uint32" },
	[8] = { "User IP Map Update", fields = "user_id uint32, username string, ipv4_address ipv4, timestamp uint32, flag uint8" },
	[9] = { "User Group Map", fields = "group_id uint32, group_name string, users block" },
	[10] = { "User Group Map Update", fields = "group_id uint32, group_name string, user_updates block" },
	[11] = { "User Map Update", fields = "user_id uint32, flag uint8" },
	[12] = { "User Snapshot", fields = "user_id uint32, ipv4_address ipv4, timestamp uint32, groups block" },
	[13] = { "User Group Snapshot", fields = "groups block" },
	[14] = { "UUID String Mapping", fields = "uuid uuid, name string" },
	[15] = { "Access Control Rule", fields = "uuid uuid, id uint32, name string" },
	[16] = { "Malware Event 5.1", fields = "agent_uuid uuid, cloud_uuid uuid, malware_event_timestamp uint32, event_type_id uint32, event_subtype_id uint8, host_ip ipv4, detector_id uint8, detection_name string, user string, file_name string, file_path string, file_sha_hash string, file_size uint32, file_type uint8, file_timestamp uint32, parent_file_name string, parent_sha_hash string, event_description string" },
	[17] = { "MAC Address", fields = "mac_address mac" },
	[18] = { "Malware Host Event", fields = "agent_uuid uuid, timestamp uint32, name string, description string, hostname string, ip_addresses block, mac_addresses block, ldap_uuid uuid, ldap_name string, ldap_sid string, os_type string, os_name string, os_version_major uint8, os_version_minor uint8, os_version_type string, os_service_pack_major uint8, os_service_pack_minor uint8, os_build uint32, os_product_type string, os_architecture string, os_suites string" },
	[19] = { "ICMP Type", fields = "type uint16, protocol uint16, description string" },
	[20] = { "ICMP Code", fields = "code uint16, type uint16, protocol uint16, description string" },
	[21] = { "Access Control Rule Reason 5.1-5.4", fields = "id uint16, description string" },
	[22] = { "Security Intelligence Category", fields = "id uint32, access_control_policy_uuid uuid, name string" },
	[23] = { "File Event 5.1.1", fields = "device_id uint32, connection_instance uint16, connection_counter uint16, connection_timestamp uint32, file_event_timestamp uint32, source_ip_address ipv6, destination_ip_address ipv6, disposition uint8, action uint8, sha_hash bytes[32], file_type_id uint32, file_name string, file_size uint64, direction uint8, application_id uint32, user_id uint32, uri string, signature string, source_port uint16, destination_port uint16, protocol uint8, access_control_policy_uuid uuid" },
	[24] = { "Malware Event 5.1.1", fields = "agent_uuid uuid, cloud_uuid uuid, malware_event_timestamp uint32, event_type_id uint32, event_subtype_id uint8, host_ip ipv4, detector_id uint8, detection_name string, user string, file_name string, file_path string, file_sha_hash string, file_size uint32, file_type uint8, file_timestamp uint32, parent_file_name string, parent_sha_hash string, event_description string, device_id uint32, connection_instance uint16, connection_counter uint16, connection_event_timestamp uint32, direction uint8, source_ip_address ipv6, destination_ip_address ipv6, application_id uint32, user_id uint32, access_control_policy_uuid uuid, disposition uint8, retro_disposition uint8, uri string, source_port uint16, destination_port uint16" },
	[25] = { "Intrusion Event 5.1.1", fields = "device_id uint32, event_id uint32, event_second uint32, event_microsecond uint32, rule_id uint32, generator_id uint32, rule_revision uint32, classification_id uint32, priority_id uint32, source_ip_address ipv6, destination_ip_address ipv6, source_port_or_icmp_type uint16, destination_port_or_icmp_code uint16, ip_protocol_id uint8, impact_flags uint8, impact uint8, blocked uint8, mpls_label uint32, vlan_id uint16, pad uint16, policy_uuid uuid, user_id uint32, web_application_id uint32, client_application_id uint32, application_id uint32, access_control_rule_id uint32, access_control_policy_uuid uuid, interface_ingress_uuid uuid, interface_egress_uuid uuid, security_zone_ingress_uuid uuid, security_zone_egress_uuid uuid, connection_timestamp uint32, connection_instance_id uint16, connection_counter uint16" },
	[26] = { "File Event SHA Hash 5.1.1-5.2", fields = "sha_hash bytes[32], file_name string" },
	[27] = { "Rule Documentation", fields = "signature_id uint32, generator_id uint32, revision uint32, summary string, impact string, detail string, affected_systems string, attack_scenarios string, ease_of_attack string, false_positives string, false_negatives string, corrective_action string, contributors string, additional_references string" },
	[28] = { "Geolocation", fields = "country_code uint16, country string" },
	[29] = { "User IP Map 5.2+", fields = "user_id uint32, username string, ip_address ipv6, timestamp uint32" },
	[30] = { "User IP Map Update 5.2+", fields = "user_id uint32, username string, ip_address ipv6, timestamp uint32, flag uint8" },
	[31] = { "User Snapshot 5.2+", fields = "user_id uint32, ip_address ipv6, timestamp uint32, groups block" },
	[32] = { "File Event 5.2", fields = "device_id uint32, connection_instance uint16, connection_counter uint16, connection_timestamp uint32, file_event_timestamp uint32, source_ip_address ipv6, destination_ip_address ipv6, disposition uint8, action uint8, sha_hash bytes[32], file_type_id uint32, file_name string, file_size uint64, direction uint8, application_id uint32, user_id uint32, uri string, signature string, source_port uint16, destination_port uint16, protocol uint8, access_control_policy_uuid uuid, source_country uint16, destination_country uint16, web_application_id uint32, client_application_id uint32" },
	[33] = { "Malware Event 5.2", fields = "agent_uuid uuid, cloud_uuid uuid, malware_event_timestamp uint32, event_type_id uint32, event_subtype_id uint8, detector_id uint8, detection_name string, user string, file_name string, file_path string, file_sha_hash string, file_size uint32, file_type uint32, file_timestamp uint32, parent_file_name string, parent_sha_hash string, event_description string, device_id uint32, connection_instance uint16, connection_counter uint16, connection_event_timestamp uint32, direction uint8, source_ip_address ipv6, destination_ip_address ipv6, application_id uint32, user_id uint32, access_control_policy_uuid uuid, disposition uint8, retro_disposition uint8, uri string, source_port uint16, destination_port uint16, source_country uint16, destination_country uint16, web_application_id uint32, client_application_id uint32, action uint8, protocol uint8" },
	[34] = { "Intrusion Event 5.2", fields = "device_id uint32, event_id uint32, event_second uint32, event_microsecond uint32, rule_id uint32, generator_id uint32, rule_revision uint32, classification_id uint32, priority_id uint32, source_ip_address ipv6, destination_ip_address ipv6, source_port_or_icmp_type uint16, destination_port_or_icmp_code uint16, ip_protocol_id uint8, impact_flags uint8, impact uint8, blocked uint8, mpls_label uint32, vlan_id uint16, pad uint16, policy_uuid uuid, user_id uint32, web_application_id uint32, client_application_id uint32, application_id uint32, access_control_rule_id uint32, access_control_policy_uuid uuid, interface_ingress_uuid uuid, interface_egress_uuid uuid, security_zone_ingress_uuid uuid, security_zone_egress_uuid uuid, connection_timestamp uint32, connection_instance_id uint16, connection_counter uint16, source_country uint16, destination_country uint16" },
	[35] = { "Malware Event 5.3", fields = "agent_uuid uuid, cloud_uuid uuid, malware_event_timestamp uint32, event_type_id uint32, event_subtype_id uint32, detector_id uint8, detection_name string, user string, file_name string, file_path string, file_sha_hash string, file_size uint32, file_type uint32, file_timestamp uint32, parent_file_name string, parent_sha_hash string, event_description string, device_id uint32, connection_instance uint16, connection_counter uint16, connection_event_timestamp uint32, direction uint8, source_ip_address ipv6, destination_ip_address ipv6, application_id uint32, user_id uint32, access_control_policy_uuid uuid, disposition uint8, retro_disposition uint8, uri string, source_port uint16, destination_port uint16, source_country uint16, destination_country uint16, web_application_id uint32, client_application_id uint32, action uint8, protocol uint8, threat_score uint8, ioc_number uint16" },
	[36] = { "File Extract Event", fields = "sha_hash bytes[32], timestamp uint32, subtype uint16, status uint32, disposition uint8, file_size uint64, file_type_id uint32, file_name string" },
	[37] = { "File Storage Statistics", fields = "timestamp uint32, category uint16, id uint32, number_stored uint32, number_dropped uint32, bytes_written uint64" },
	[38] = { "File Event 5.3", fields = "device_id uint32, connection_instance uint16, connection_counter uint16, connection_timestamp uint32, file_event_timestamp uint32, source_ip_address ipv6, destination_ip_address ipv6, disposition uint8, spero_disposition uint8, file_storage_status uint8, file_analysis_status uint8, archive_file_status uint8, threat_score uint8, action uint8, sha_hash bytes[32], file_type_id uint32, file_name string, file_size uint64, direction uint8, application_id uint32, user_id uint32, uri string, signature string, source_port uint16, destination_port uint16, protocol uint8, access_control_policy_uuid uuid, source_country uint16, destination_country uint16, web_application_id uint32, client_application_id uint32" },
	[39] = { "IOC Name", fields = "id uint32, category string, event_type string" },
	[40] = { "File Event SHA Hash", fields = "sha_hash bytes[32], file_name string, disposition uint8, user_defined uint8" },
	[41] = { "Intrusion Event 5.3", fields = "device_id uint32, event_id uint32, event_second uint32, event_microsecond uint32, rule_id uint32, generator_id uint32, rule_revision uint32, classification_id uint32, priority_id uint32, source_ip_address ipv6, destination_ip_address ipv6, source_port_or_icmp_type uint16, destination_port_or_icmp_code uint16, ip_protocol_id uint8, impact_flags uint8, impact uint8, blocked uint8, mpls_label uint32, vlan_id uint16, pad uint16, policy_uuid uuid, user_id uint32, web_application_id uint32, client_application_id uint32, application_id uint32, access_control_rule_id uint32, access_control_policy_uuid uuid, interface_ingress_uuid uuid, interface_egress_uuid uuid, security_zone_ingress_uuid uuid, security_zone_egress_uuid uuid, connection_timestamp uint32, connection_instance_id uint16, connection_counter uint16, source_country uint16, destination_country uint16, ioc_number uint16" },
	[42] = { "Intrusion Event 5.3.1", fields = "device_id uint32, event_id uint32, event_second uint32, event_microsecond uint32, rule_id uint32, generator_id uint32, rule_revision uint32, classification_id uint32, priority_id uint32, source_ip_address ipv6, destination_ip_address ipv6, source_port_or_icmp_type uint16, destination_port_or_icmp_code uint16, ip_protocol_id uint8, impact_flags uint8, impact uint8, blocked uint8, mpls_label uint32, vlan_id uint16, pad uint16, policy_uuid uuid, user_id uint32, web_application_id uint32, client_application_id uint32, application_id uint32, access_control_rule_id uint32, access_control_policy_uuid uuid, interface_ingress_uuid uuid, interface_egress_uuid uuid, security_zone_ingress_uuid uuid, security_zone_egress_uuid uuid, connection_timestamp uint32, connection_instance_id uint16, connection_counter uint16, source_country uint16, destination_country uint16, ioc_number uint16, security_context bytes[16]" },
	[43] = { "File Event 5.3.1", fields = "device_id uint32, connection_instance uint16, connection_counter uint16, connection_timestamp uint32, file_event_timestamp uint32, source_ip_address ipv6, destination_ip_address ipv6, disposition uint8, spero_disposition uint8, file_storage_status uint8, file_analysis_status uint8, archive_file_status uint8, threat_score uint8, action uint8, sha_hash bytes[32], file_type_id uint32, file_name string, file_size uint64, direction uint8, application_id uint32, user_id uint32, uri string, signature string, source_port uint16, destination_port uint16, protocol uint8, access_control_policy_uuid uuid, source_country uint16, destination_country uint16, web_application_id uint32, client_application_id uint32, security_context bytes[16]" },
	[44] = { "Malware Event 5.3.1", fields = "agent_uuid uuid, cloud_uuid uuid, malware_event_timestamp uint32, event_type_id uint32, event_subtype_id uint32, detector_id uint8, detection_name string, user string, file_name string, file_path string, file_sha_hash string, file_size uint32, file_type uint32, file_timestamp uint32, parent_file_name string, parent_sha_hash string, event_description string, device_id uint32, connection_instance uint16, connection_counter uint16, connection_event_timestamp uint32, direction uint8, source_ip_address ipv6, destination_ip_address ipv6, application_id uint32, user_id uint32, access_control_policy_uuid uuid, disposition uint8, retro_disposition uint8, uri string, source_port uint16, destination_port uint16, source_country uint16, destination_country uint16, web_application_id uint32, client_application_id uint32, action uint8, protocol uint8, threat_score uint8, ioc_number uint16, security_context bytes[16]" },
	[45] = { "Intrusion Event 5.4", fields = "device_id uint32, event_id uint32, event_second uint32, event_microsecond uint32, rule_id uint32, generator_id uint32, rule_revision uint32, classification_id uint32, priority_id uint32, source_ip_address ipv6, destination_ip_address ipv6, source_port_or_icmp_type uint16, destination_port_or_icmp_code uint16, ip_protocol_id uint8, impact_flags uint8, impact uint8, blocked uint8, mpls_label uint32, vlan_id uint16, pad uint16, policy_uuid uuid, user_id uint32, web_application_id uint32, client_application_id uint32, application_id uint32, access_control_rule_id uint32, access_control_policy_uuid uuid, interface_ingress_uuid uuid, interface_egress_uuid uuid, security_zone_ingress_uuid uuid, security_zone_egress_uuid uuid, connection_timestamp uint32, connection_instance_id uint16, connection_counter uint16, source_country uint16, destination_country uint16, ioc_number uint16, security_context bytes[16], ssl_certificate_fingerprint bytes[20], ssl_actual_action uint16, ssl_flow_status uint16, network_analysis_policy_uuid uuid" },
	[46] = { "File Event 5.4", fields = "device_id uint32, connection_instance uint16, connection_counter uint16, connection_timestamp uint32, file_event_timestamp uint32, source_ip_address ipv6, destination_ip_address ipv6, disposition uint8, spero_disposition uint8, file_storage_status uint8, file_analysis_status uint8, archive_file_status uint8, threat_score uint8, action uint8, sha_hash bytes[32], file_type_id uint32, file_name string, file_size uint64, direction uint8, application_id uint32, user_id uint32, uri string, signature string, source_port uint16, destination_port uint16, protocol uint8, access_control_policy_uuid uuid, source_country uint16, destination_country uint16, web_application_id uint32, client_application_id uint32, security_context bytes[16], ssl_certificate_fingerprint bytes[20], ssl_actual_action uint16, ssl_flow_status uint16, archive_sha string, archive_name string, archive_depth uint8" },
	[47] = { "Malware Event 5.4", fields = "agent_uuid uuid, cloud_uuid uuid, malware_event_timestamp uint32, event_type_id uint32, event_subtype_id uint32, detector_id uint8, detection_name string, user string, file_name string, file_path string, file_sha_hash string, file_size uint32, file_type uint32, file_timestamp uint32, parent_file_name string, parent_sha_hash string, event_description string, device_id uint32, connection_instance uint16, connection_counter uint16, connection_event_timestamp uint32, direction uint8, source_ip_address ipv6, destination_ip_address ipv6, application_id uint32, user_id uint32, access_control_policy_uuid uuid, disposition uint8, retro_disposition uint8, uri string, source_port uint16, destination_port uint16, source_country uint16, destination_country uint16, web_application_id uint32, client_application_id uint32, action uint8, protocol uint8, threat_score uint8, ioc_number uint16, security_context bytes[16], ssl_certificate_fingerprint bytes[20], ssl_actual_action uint16, ssl_flow_status uint16, archive_sha string, archive_name string, archive_depth uint8" },
	[50] = { "SSL Certificate Details", fields = "fingerprint_sha_hash bytes[20], public_key_sha_hash bytes[20], serial_number bytes[20], serial_number_length uint32, subject_cn string, subject_organisation string, subject_organisational_unit string, subject_country string, issuer_cn string, issuer_organisation string, issuer_organisational_unit string, issuer_country string, valid_start_date uint32, valid_finish_date uint32" },
	[56] = { "File Event", fields = "device_id uint32, connection_instance uint16, connection_counter uint16, connection_timestamp uint32, file_event_timestamp uint32, source_ip_address ipv6, destination_ip_address ipv6, disposition uint8, spero_disposition uint8, file_storage_status uint8, file_analysis_status uint8, local_malware_analysis_status uint8, archive_file_status uint8, threat_score uint8, action uint8, sha_hash bytes[32], file_type_id uint32, file_name string, file_size uint64, direction uint8, application_id uint32, user_id uint32, uri string, signature string, source_port uint16, destination_port uint16, protocol uint8, access_control_policy_uuid uuid, source_country uint16, destination_country uint16, web_application_id uint32, client_application_id uint32, security_context bytes[16], ssl_certificate_fingerprint bytes[20], ssl_actual_action uint16, ssl_flow_status uint16, archive_sha string, archive_name string, archive_depth uint8, http_response uint32" },
	[57] = { "User", fields = "id uint32, protocol uint32, username string" },
	[58] = { "Endpoint Profile", fields = "id uint32, profile_name string, full_name string" },
	[59] = { "Access Control Rule Reason", fields = "id uint32, description string" },
	[60] = { "Intrusion Event", fields = "device_id uint32, event_id uint32, event_second uint32, event_microsecond uint32, rule_id uint32, generator_id uint32, rule_revision uint32, classification_id uint32, priority_id uint32, source_ip_address ipv6, destination_ip_address ipv6, source_port_or_icmp_type uint16, destination_port_or_icmp_code uint16, ip_protocol_id uint8, impact_flags uint8, impact uint8, blocked uint8, mpls_label uint32, vlan_id uint16, pad uint16, policy_uuid uuid, user_id uint32, web_application_id uint32, client_application_id uint32, application_id uint32, access_control_rule_id uint32, access_control_policy_uuid uuid, interface_ingress_uuid uuid, interface_egress_uuid uuid, security_zone_ingress_uuid uuid, security_zone_egress_uuid uuid, connection_timestamp uint32, connection_instance_id uint16, connection_counter uint16, source_country uint16, destination_country uint16, ioc_number uint16, security_context bytes[16], ssl_certificate_fingerprint bytes[20], ssl_actual_action uint16, ssl_flow_status uint16, network_analysis_policy_uuid uuid, http_response uint32" },
	[61] = { "Name Description Mapping", fields = "id uint32, name string, description string" },
	[62] = { "Malware Event", fields = "agent_uuid uuid, cloud_uuid uuid, malware_event_timestamp uint32, event_type_id uint32, event_subtype_id uint32, detector_id uint8, detection_name string, user string, file_name string, file_path string, file_sha_hash string, file_size uint32, file_type uint32, file_timestamp uint32, parent_file_name string, parent_sha_hash string, event_description string, device_id uint32, connection_instance uint16, connection_counter uint16, connection_event_timestamp uint32, direction uint8, source_ip_address ipv6, destination_ip_address ipv6, application_id uint32, user_id uint32, access_control_policy_uuid uuid, disposition uint8, retro_disposition uint8, uri string, source_port uint16, destination_port uint16, source_country uint16, destination_country uint16, web_application_id uint32, client_application_id uint32, action uint8, protocol uint8, threat_score uint8, ioc_number uint16, security_context bytes[16], ssl_certificate_fingerprint bytes[20], ssl_actual_action uint16, ssl_flow_status uint16, archive_sha string, archive_name string, archive_depth uint8, http_response uint32" },
	[64] = { "Access Control Policy Metadata", fields = "uuid uuid, sensor_id uint32, name string" },
	[79] = { "File Event", fields = "device_id uint32, connection_instance uint16, connection_counter uint16, connection_timestamp uint32, file_event_timestamp uint32, source_ip_address ipv6, destination_ip_address ipv6, disposition uint8, spero_disposition uint8, file_storage_status uint8, file_analysis_status uint8, local_malware_analysis_status uint8, archive_file_status uint8, threat_score uint8, action uint8, sha_hash bytes[32], file_type_id uint32, file_name string, file_size uint64, direction uint8, application_id uint32, user_id uint32, uri string, signature string, source_port uint16, destination_port uint16, protocol uint8, access_control_policy_uuid uuid, source_country uint16, destination_country uint16, web_application_id uint32, client_application_id uint32, security_context bytes[16], ssl_certificate_fingerprint bytes[20], ssl_actual_action uint16, ssl_flow_status uint16, archive_sha string, archive_name string, archive_depth uint8, http_response uint32, ingress_vrf_name string, egress_vrf_name string" },
	[80] = { "Malware Event", fields = "agent_uuid uuid, cloud_uuid uuid, malware_event_timestamp uint32, event_type_id uint32, event_subtype_id uint32, detector_id uint8, detection_name string, user string, file_name string, file_path string, file_sha_hash string, file_size uint32, file_type uint32, file_timestamp uint32, parent_file_name string, parent_sha_hash string, event_description string, device_id uint32, connection_instance uint16, connection_counter uint16, connection_event_timestamp uint32, direction uint8, source_ip_address ipv6, destination_ip_address ipv6, application_id uint32, user_id uint32, access_control_policy_uuid uuid, disposition uint8, retro_disposition uint8, uri string, source_port uint16, destination_port uint16, source_country uint16, destination_country uint16, web_application_id uint32, client_application_id uint32, action uint8, protocol uint8, threat_score uint8, ioc_number uint16, security_context bytes[16], ssl_certificate_fingerprint bytes[20], ssl_actual_action uint16, ssl_flow_status uint16, archive_sha string, archive_name string, archive_depth uint8, http_response uint32, ingress_vrf_name string, egress_vrf_name string" },
	[81] = { "Intrusion Event", fields = "device_id uint32, event_id uint32, event_second uint32, event_microsecond uint32, rule_id uint32, generator_id uint32, rule_revision uint32, classification_id uint32, priority_id uint32, source_ip_address ipv6, destination_ip_address ipv6, source_port_or_icmp_type uint16, destination_port_or_icmp_code uint16, ip_protocol_id uint8, impact_flags uint8, impact uint8, blocked uint8, blocked_reason_id uint8, mpls_label uint32, vlan_id uint16, pad uint16, policy_uuid uuid, user_id uint32, web_application_id uint32, client_application_id uint32, application_id uint32, access_control_rule_id uint32, access_control_policy_uuid uuid, interface_ingress_uuid uuid, interface_egress_uuid uuid, security_zone_ingress_uuid uuid, security_zone_egress_uuid uuid, connection_timestamp uint32, connection_instance_id uint16, connection_counter uint16, source_country uint16, destination_country uint16, ioc_number uint16, security_context bytes[16], ssl_certificate_fingerprint bytes[20], ssl_actual_action uint16, ssl_flow_status uint16, network_analysis_policy_uuid uuid, http_response uint32, ingress_vrf_name string, egress_vrf_name string, snort_version uint8" },
	[85] = { "Intrusion Event", fields = "device_id uint32, event_id uint32, event_second uint32, event_microsecond uint32, rule_id uint32, generator_id uint32, rule_revision uint32, classification_id uint32, priority_id uint32, source_ip_address ipv6, destination_ip_address ipv6, source_port_or_icmp_type uint16, destination_port_or_icmp_code uint16, ip_protocol_id uint8, impact_flags uint8, impact uint8, blocked uint8, blocked_reason_id uint8, mpls_label uint32, vlan_id uint16, pad uint16, policy_uuid uuid, user_id uint32, web_application_id uint32, client_application_id uint32, application_id uint32, access_control_rule_id uint32, access_control_policy_uuid uuid, interface_ingress_uuid uuid, interface_egress_uuid uuid, security_zone_ingress_uuid uuid, security_zone_egress_uuid uuid, connection_timestamp uint32, connection_instance_id uint16, connection_counter uint16, source_country uint16, destination_country uint16, ioc_number uint16, security_context bytes[16], ssl_certificate_fingerprint bytes[20], ssl_actual_action uint16, ssl_flow_status uint16, network_analysis_policy_uuid uuid, http_response uint32, ingress_vrf_name string, egress_vrf_name string, snort_version uint8, original_client_ip_address ipv6, http_hostname string, http_uri string, smtp_attachments string, smtp_from string, smtp_headers string, smtp_to string" },
} }
-------------------------------------------------------------------------------------
-- What the tree shows and filters know.

local pf = {
	message = ProtoField.none("estreamer.message", "Message", "A message inside a bundle"),
	version = ProtoField.uint16("estreamer.version", "Header version", base.DEC, nil, nil, "1; servers write 0 inside bundles"),
	type = ProtoField.uint16("estreamer.type", "Message type", base.DEC, MESSAGES, nil, "What follows the header"),
	length = ProtoField.uint32("estreamer.length", "Length", base.DEC, nil, nil, "Bytes behind the header"),
	data = ProtoField.bytes("estreamer.data", "Data", base.NONE, "Bytes of no known layout"),
	trailing = ProtoField.bytes("estreamer.trailing", "Trailing bytes", base.NONE, "Bytes behind the last known field"),
	undecoded = ProtoField.bytes("estreamer.undecoded", "Undecoded bytes", base.NONE, "Bytes from the first field that does not fit"),

	start = ProtoField.uint32("estreamer.start", "Start", base.DEC, nil, nil, "Archive time to start from, Unix seconds; 0 oldest, 4294967295 now"),
	flags = ProtoField.uint32("estreamer.flags", "Request flags", base.HEX, nil, nil, "What is asked for"),

	error_code = ProtoField.int32("estreamer.error_code", "Error code", base.DEC, nil, nil, "-1: no number"),
	text_length = ProtoField.uint16("estreamer.error_text_length", "Text length"),
	error_text = ProtoField.string("estreamer.error_text", "Error text", base.NONE, "Why the sender closes the session"),

	data_type = ProtoField.uint32("estreamer.host_data_type", "Host data type", base.DEC, HOST_DATA, nil, "Odd: several hosts; the greater, the newer the blocks of the answer"),
	host_flags = ProtoField.uint32("estreamer.host_flags", "Host data flags", base.HEX, nil, nil, "What the profiles are to hold"),
	host_notes = ProtoField.bool("estreamer.host_flags.notes", "Host notes", 32, nil, 1, "Include the notes on hosts"),
	host_banners = ProtoField.bool("estreamer.host_flags.banners", "Service banners", 32, nil, 2, "Include what servers said first"),
	first_ip = ProtoField.ipv6("estreamer.host_first", "First address"),
	last_ip = ProtoField.ipv6("estreamer.host_last", "Last address"),
	first_ip4 = ProtoField.ipv4("estreamer.host_first_ipv4", "First address"),
	last_ip4 = ProtoField.ipv4("estreamer.host_last_ipv4", "Last address"),

	service = ProtoField.none("estreamer.service", "Service"),
	service_id = ProtoField.uint32("estreamer.service_id", "Service id", base.DEC, SERVICES),
	service_length = ProtoField.uint32("estreamer.service_length", "Service length", base.DEC, nil, nil, "With or without the first 8 bytes: sides differ"),
	pair = ProtoField.uint32("estreamer.event_pair", "Event pair", base.HEX, nil, nil, "An event type in one version; 0 ends the list"),
	event_version = ProtoField.uint16("estreamer.event_version", "Event version"),
	event_code = ProtoField.uint16("estreamer.event_code", "Event code", base.DEC, EVENTS),

	connection_id = ProtoField.uint32("estreamer.connection_id", "Connection id", base.DEC, nil, nil, "The server's choice"),
	sequence = ProtoField.uint32("estreamer.sequence", "Sequence number", base.DEC, nil, nil, "1 for the first bundle of a session"),
	count = ProtoField.uint32("estreamer.bundle_count", "Messages in the bundle", base.DEC),

	record = ProtoField.none("estreamer.record", "Record"),
	extended = ProtoField.bool("estreamer.record_flag", "Extended header flag", 32, nil, 0x80000000, "Servers do not agree on it; the lengths tell the size of the header"),
	netmap_id = ProtoField.uint32("estreamer.netmap_id", "Netmap id", base.DEC, nil, 0x7fff0000, "Domain, named by record 350"),
	record_type = ProtoField.uint32("estreamer.record_type", "Record type", base.DEC, nil, 0xffff),
	record_name = ProtoField.string("estreamer.record_name", "Record name"),
	record_length = ProtoField.uint32("estreamer.record_length", "Record length", base.DEC, nil, nil, "Bytes behind the record header"),
	archive = ProtoField.absolute_time("estreamer.archive_timestamp", "Archive timestamp", base.UTC, "When the server stored the record"),
	reserved = ProtoField.uint32("estreamer.record_reserved", "Reserved", base.DEC),
	form = ProtoField.string("estreamer.record_form", "Form", base.NONE, "The other form in which the body was read"),
	discovery = ProtoField.none("estreamer.discovery_header", "Discovery header"),

	block = ProtoField.none("estreamer.block", "Block"),
	block_type = ProtoField.uint32("estreamer.block_type", "Block type", base.DEC),
	block_name = ProtoField.string("estreamer.block_name", "Block name"),
	block_length = ProtoField.uint32("estreamer.block_length", "Block length", base.DEC, nil, nil, "With the block's header of 8 bytes"),
	list_type = ProtoField.uint32("estreamer.list_type", "List type", base.DEC),
	list_length = ProtoField.uint32("estreamer.list_length", "List length", base.DEC, nil, nil, "With the list's header of 8 bytes"),

	ip = ProtoField.ipv4("estreamer.ip", "Any IPv4 address", "Every IPv4 address in fields, mapped ones included"),
	ipv6 = ProtoField.ipv6("estreamer.ipv6", "Any IPv6 address", "Every IPv6 address in fields"),
}

local flag_bits = {}
for i, f in ipairs(FLAGS) do
	flag_bits[i] = ProtoField.bool("estreamer.flags." .. f[2], (f[2]:gsub("_", " ")), 32, nil, f[1], f[3])
end

-- layout_fields holds the filters of FIELDS by the class of the value, then by name.
local layout_fields, all_fields = {}, {}
local make = {
	uint = function(abbr, name, about) return ProtoField.uint32(abbr, name, base.DEC, VALUES[VALUES_OF[name]], nil, about) end,
	uint64 = function(abbr, name, about) return ProtoField.uint64(abbr, name, base.DEC, nil, nil, about) end,
	string = function(abbr, name, about) return ProtoField.string(abbr, name, base.NONE, about) end,
	bytes = function(abbr, name, about) return ProtoField.bytes(abbr, name, base.NONE, about) end,
	ipv4 = ProtoField.ipv4,
	ipv6 = ProtoField.ipv6,
	mac = ProtoField.ether,
	uuid = ProtoField.guid,
	list = ProtoField.none,
}
for class, names in pairs(FIELDS) do
	layout_fields[class] = {}
	for name, about in pairs(names) do
		local abbr = "estreamer.field." .. (RENAMED[name .. " " .. class] or name)
		local field = make[class](abbr, name, about ~= "" and about or nil)
		layout_fields[class][name] = field
		all_fields[#all_fields + 1] = field
	end
end
for _, list in ipairs({ pf, flag_bits }) do
	for _, field in pairs(list) do all_fields[#all_fields + 1] = field end
end
estreamer.fields = all_fields

local trouble = {
	malformed = ProtoExpert.new("estreamer.expert.malformed", "Does not fit", expert.group.MALFORMED, expert.severity.ERROR),
	foreign = ProtoExpert.new("estreamer.expert.foreign", "Not a message", expert.group.PROTOCOL, expert.severity.WARN),
	unknown = ProtoExpert.new("estreamer.expert.unknown", "Layout not known", expert.group.UNDECODED, expert.severity.NOTE),
	trailing = ProtoExpert.new("estreamer.expert.trailing", "Bytes behind the last known field", expert.group.UNDECODED, expert.severity.NOTE),
	crowded = ProtoExpert.new("estreamer.expert.crowded", "More fields than are shown", expert.group.UNDECODED, expert.severity.NOTE),
	cut = ProtoExpert.new("estreamer.expert.cut", "Cut short by the capture", expert.group.UNDECODED, expert.severity.NOTE),
	closing = ProtoExpert.new("estreamer.expert.error", "The peer reports an error", expert.group.RESPONSE_CODE, expert.severity.WARN),
}
estreamer.experts = {
	trouble.malformed, trouble.foreign, trouble.unknown, trouble.trailing, trouble.crowded, trouble.cut, trouble.closing,
}

-------------------------------------------------------------------------------------
-- How fields of each type are read and shown.

-- moment writes Unix seconds for people.
local function moment(seconds) return os.date("!%Y-%m-%d %H:%M:%S UTC", seconds) end

-- set_bits lists the names of the bits of n that a table of masks, lowest first, knows.
local function set_bits(n, masks)
	local names = {}
	for _, m in ipairs(masks) do
		if n % (2 * m[1]) >= m[1] then names[#names + 1] = m[2] end
	end
	return table.concat(names, ", ")
end

-- note adds to a number what it means, where Wireshark does not do so by itself.
local function note(item, f, r)
	if TIMES[f.name] and f.size == 4 then
		local n = r:uint()
		if n > 0 then item:append_text(" (" .. moment(n) .. ")") end
	elseif BITS[BITS_OF[f.name]] and f.size <= 4 then
		local names = set_bits(r:uint(), BITS[BITS_OF[f.name]])
		if names ~= "" then item:append_text(" (" .. names .. ")") end
	end
end

-- also makes an address findable as estreamer.ip or estreamer.ipv6, whatever its field.
local function also(tree, field, r)
	local item = tree:add(field, r)
	item:set_generated()
	item:set_hidden()
end

-- ipv6 shows an address; IPv4 addresses are mapped into IPv6 nearly everywhere.
local function ipv6(tree, field, r)
	local item = tree:add(field, r)
	local high, low = r(0, 8):uint64(), r(8, 4):uint()
	if high == UInt64(0) and low == 65535 then
		also(tree, pf.ip, r(12, 4))
		item:append_text(" (" .. tostring(r(12, 4):ipv4()) .. ")")
	elseif high ~= UInt64(0) or low ~= 0 or r(12, 4):uint() ~= 0 then
		also(tree, pf.ipv6, r)
	end
	return item
end

local function integer(tree, f, r) note(tree:add(f.field, r), f, r) end
local function plain(tree, f, r) tree:add(f.field, r) end
local function text(tree, f, r) tree:add_packet_field(f.field, r, ENC_UTF_8) end

-- Each type has the class of its filter, its size where that is always the same, and
-- how it is shown.
local TYPES = {
	uint8 = { "uint", 1, integer },
	uint16 = { "uint", 2, integer },
	uint32 = { "uint", 4, integer },
	uint64 = { "uint64", 8, plain },
	uuid = { "uuid", 16, plain },
	mac = { "mac", 6, plain },
	ipv4 = { "ipv4", 4, function(tree, f, r)
		tree:add(f.field, r)
		also(tree, pf.ip, r)
	end },
	ipv4le = { "ipv4", 4, function(tree, f, r)
		tree:add_le(f.field, r)
		local item = tree:add_le(pf.ip, r)
		item:set_generated()
		item:set_hidden()
	end },
	ipv6 = { "ipv6", 16, function(tree, f, r) ipv6(tree, f.field, r) end },
	bytes = { "bytes", nil, plain },
	octets = { "bytes", nil, plain },
	rest = { "bytes", nil, plain },
	blob = { "bytes", nil, plain },
	text = { "string", nil, text },
	string = { "string", nil, text },
	list = { "list" },
	block = { "list" },
}

-- parse makes fields of a layout as the tables write it.
local function parse(layout)
	local list, named = {}, {}
	for name, word in string.gmatch(layout, "([%w_]+) ([^, ]+)") do
		local kind, arg = word:match("^(%w+)[%[%(<]?([%w_]*)")
		local t = TYPES[kind]
		local f = { name = name, kind = kind, size = t[2], show = t[3], when = word:match("%?([%w_]+)$") }
		if kind == "bytes" then f.size = tonumber(arg) end
		if kind == "text" or kind == "octets" then f.count = arg end
		-- Where a name has 64 bits in one layout, its filter has them in all.
		f.field = layout_fields[t[1]][name] or layout_fields.uint64[name]
		if f.field == nil then error("no filter for " .. name .. " " .. kind) end
		local other = f.count or f.when
		if other then named[other].keep = true end
		named[name] = f
		list[#list + 1] = f
	end
	return list
end

-- fields returns the parsed fields of a definition, which is parsed when first used.
local function fields(def)
	if not def.list then def.list = parse(def.fields) end
	return def.list
end

-------------------------------------------------------------------------------------
-- Fields and blocks. A tree of nil means: only see whether everything fits. A cursor c
-- has the tvb, the series of blocks, the depth, and bad once anything did not fit.

-- How many fields of this frame may still be shown.
local left = MAX_FIELDS

-- spend reports whether there is room for one more field.
local function spend(tree)
	left = left - 1
	if left == 0 then
		tree:add_proto_expert_info(trouble.crowded, "more than " .. MAX_FIELDS .. " fields in this frame: the rest is not shown")
	end
	return left > 0
end

-- branch adds a subtree over len bytes at pos, nil if there is no room.
local function branch(c, tree, field, pos, len, label)
	if not (tree and spend(tree)) then return nil end
	local item = tree:add(field, c.tvb(pos, len))
	if label then item:set_text(label) end
	return item
end

-- leaf adds a field with size bytes at pos.
local function leaf(c, tree, field, pos, size)
	if tree and spend(tree) then return tree:add(field, c.tvb(pos, size)) end
end

-- derived adds a value that stands in no byte of its own.
local function derived(tree, field, value)
	if tree and spend(tree) then tree:add(field, value):set_generated() end
end

-- refuse says what does not fit, shows the bytes up to lim that stay undecoded, and
-- returns nil.
local function refuse(c, tree, pos, lim, reason)
	c.bad = true
	if not (tree and spend(tree)) then return nil end
	local item = tree
	if lim > pos then item = tree:add(pf.undecoded, c.tvb(pos, lim - pos)) end
	if c.cut then
		item:add_proto_expert_info(trouble.cut, "the capture ends here: " .. reason)
	else
		item:add_proto_expert_info(trouble.malformed, reason)
	end
	return nil
end

local function short(c, tree, name, pos, lim, need)
	return refuse(c, tree, pos, lim, name .. ": " .. need .. " bytes needed, " .. (lim - pos) .. " left")
end

-- trailing shows what stands between the last known field and the end.
local function trailing(c, tree, pos, lim)
	if pos >= lim then return end
	local item = leaf(c, tree, pf.trailing, pos, lim - pos)
	if item then item:add_proto_expert_info(trouble.trailing, (lim - pos) .. " bytes behind the last known field") end
end

-- block_size reads the length of the block at pos. It returns nil, and why, if that
-- is less than its own header or more than there is.
local function block_size(c, pos, lim)
	if lim - pos < BLOCK_HEADER then return nil, BLOCK_HEADER .. " bytes needed for a block header, " .. (lim - pos) .. " left" end
	local n = c.tvb(pos + 4, 4):uint()
	if n < BLOCK_HEADER then return nil, "block length " .. n .. " is below " .. BLOCK_HEADER .. ", the size of its own header" end
	if n > lim - pos then return nil, "block length " .. n .. ", but " .. (lim - pos) .. " bytes are left" end
	return n
end

-- block_header shows type and length of the block at pos.
local function block_header(c, tree, pos, def)
	leaf(c, tree, pf.block_type, pos, 4)
	if def then derived(tree, pf.block_name, def[1]) end
	leaf(c, tree, pf.block_length, pos + 4, 4)
end

local function block_label(number, def)
	return "Block " .. number .. ": " .. (def and def[1] or "layout not known")
end

local nested -- below: blocks have fields, which have blocks

-- walk goes through fields from pos on, none of which may reach behind lim. It returns
-- where the last one ended, nil at the first that does not fit. values holds the
-- numbers that later fields depend on.
local function walk(c, list, pos, lim, tree, values)
	for i, f in ipairs(list) do
		local off, n = pos, f.size
		if f.when and values[f.when] ~= 1 then
			n = nil
		elseif n == nil and f.count then
			n = values[f.count] or 0
		elseif f.kind == "rest" then
			n = lim - pos
		elseif n == nil then
			if f.kind == "block" and pos == lim and i == #list then return pos end -- old servers leave it out
			local size, reason = block_size(c, pos, lim)
			if not size then return refuse(c, tree, pos, lim, f.name .. ": " .. reason) end
			if f.show then
				off, n = pos + BLOCK_HEADER, size - BLOCK_HEADER
			else
				nested(c, f, pos, size, tree)
				pos = pos + size
			end
		end
		if n then
			if lim - off < n then return short(c, tree, f.name, off, lim, n) end
			if tree and spend(tree) then f.show(tree, f, c.tvb(off, n)) end
			if f.keep then values[f.name] = n < 8 and c.tvb(off, n):uint() or c.tvb(off, n):uint64():tonumber() end
			pos = off + n
		end
	end
	return pos
end

-- element shows one block of size bytes with what is in it.
local function element(c, pos, size, tree)
	local number = c.tvb(pos, 4):uint()
	local def = BLOCKS[c.series] and BLOCKS[c.series][number]
	local sub = branch(c, tree, pf.block, pos, size, block_label(number, def))
	block_header(c, sub, pos, def)
	local lim = pos + size
	pos = pos + BLOCK_HEADER
	if def then
		local stop = walk(c, fields(def), pos, lim, sub, {})
		if stop then trailing(c, sub, stop, lim) end
	elseif pos < lim then
		local item = leaf(c, sub, pf.data, pos, lim - pos)
		if item then item:add_proto_expert_info(trouble.unknown, "block " .. number .. " has no known layout") end
	end
end

-- nested shows a list, or a field that is a block, of size bytes.
nested = function(c, f, pos, size, tree)
	local item = branch(c, tree, f.field, pos, size)
	if f.kind == "block" and size == BLOCK_HEADER then
		block_header(c, item, pos)
		if item then item:append_text(": none") end
		return
	end
	if c.depth == MAX_DEPTH then
		refuse(c, item, pos, pos + size, f.name .. ": blocks nested more than " .. MAX_DEPTH .. " deep")
		return
	end
	c.depth = c.depth + 1
	if f.kind == "block" then
		element(c, pos, size, item)
	else
		leaf(c, item, pf.list_type, pos, 4)
		leaf(c, item, pf.list_length, pos + 4, 4)
		local at, lim, count = pos + BLOCK_HEADER, pos + size, 0
		while at < lim do
			local n, reason = block_size(c, at, lim)
			if not n then
				refuse(c, item, at, lim, f.name .. ": " .. reason)
				break
			end
			element(c, at, n, item)
			at, count = at + n, count + 1
		end
		if item then item:append_text(": " .. count .. (count == 1 and " block" or " blocks")) end
	end
	c.depth = c.depth - 1
end

-------------------------------------------------------------------------------------
-- Event data: a record header, and a body in the layout of the record type.

-- usable returns the definition of a block as the body of a record type. A metadata
-- record with a block that is not usual there, and cannot name anything, stays bytes.
local function usable(def, number)
	local block = BLOCKS[def.series][number]
	if not (block and def.key) then return block end
	for _, usual in ipairs(def.blocks) do
		if usual == number then return block end
	end
	for name in def.key:gmatch("[%w_]+") do
		local found = false
		for _, f in ipairs(fields(block)) do found = found or f.name == name end
		if not found then return nil end
	end
	return block
end

-- body reads what follows the discovery header, as a block or as plain fields. It
-- returns where the last known field ended, nil if something did not fit or nothing is
-- known, and the block's number.
local function body(c, def, pos, lim, tree, values)
	if not def.series then
		local stop = walk(c, fields(def), pos, lim, tree, values)
		if stop then trailing(c, tree, stop, lim) end
		return stop
	end
	if lim - pos < BLOCK_HEADER then return short(c, tree, "block header", pos, lim, BLOCK_HEADER) end
	local number = c.tvb(pos, 4):uint()
	local block = usable(def, number)
	local size, reason = block_size(c, pos, lim)
	local sub = branch(c, tree, pf.block, pos, size or lim - pos, block_label(number, block))
	block_header(c, sub, pos, block)
	local first, bound = pos + BLOCK_HEADER, pos + (size or lim - pos)
	if not block then
		local item = first < bound and leaf(c, sub, pf.data, first, bound - first)
		if item then item:add_proto_expert_info(trouble.unknown, "block " .. number .. " has no known layout") end
		trailing(c, tree, bound, lim)
		return nil, number
	end
	if not size then return refuse(c, sub, first, lim, reason), number end
	local stop = walk(c, fields(block), first, bound, sub, values)
	if stop then trailing(c, sub, stop, bound) end
	trailing(c, tree, bound, lim)
	return stop, number
end

-- fits tries a form of the body without showing it: nil if it does not fit, otherwise
-- how many bytes are left behind the last field. series is that of blocks in it.
local function fits(c, def, series, pos, lim, values)
	local dry = { tvb = c.tvb, series = series, depth = 0 }
	local stop = body(dry, def, pos, lim, nil, values)
	if not stop or dry.bad then return nil end
	return lim - stop
end

-- choose returns the form of the body to read: the usual one unless it does not fit and
-- another does, to the last byte.
local function choose(c, def, pos, lim, values)
	if not def.forms or fits(c, def, def.series, pos, lim, values) == 0 then return def end
	for _, form in ipairs(def.forms) do
		local other = not form.block or lim - pos >= BLOCK_HEADER and c.tvb(pos, 4):uint() == form.block
		if other and fits(c, form, form.series or def.series, pos, lim, values) == 0 then return form end
	end
	return def
end

-- event_data shows the record between pos and lim. announced is how long the message
-- says that it is: more than there is where the capture cut it. It returns a line for
-- the info column.
local function event_data(c, pos, lim, announced, tree)
	if lim - pos < 8 then
		short(c, tree, "record header", pos, lim, 8)
		return "without record header"
	end
	local number, length = c.tvb(pos + 2, 2):uint(), c.tvb(pos + 4, 4):uint()
	local def = RECORDS[number]
	local name = def and def[1] or "unknown record"
	local sub = branch(c, tree, pf.record, pos, lim - pos)
	leaf(c, sub, pf.extended, pos, 4)
	leaf(c, sub, pf.netmap_id, pos, 4)
	leaf(c, sub, pf.record_type, pos, 4)
	derived(sub, pf.record_name, name)
	leaf(c, sub, pf.record_length, pos + 4, 4)

	-- Nothing but the lengths tells whether the header has 8 bytes or 16.
	local header = announced - length
	local label, block = name .. " (" .. number, nil
	if header ~= 8 and header ~= 16 then
		refuse(c, sub, pos + 8, lim, "record length " .. length .. " in a message of " .. announced .. " bytes: they must differ by 8 or 16")
	elseif lim - pos < header then
		short(c, sub, "record header", pos + 8, lim, header - 8)
	else
		if header == 16 then
			local r = c.tvb(pos + 8, 4)
			if sub and spend(sub) then sub:add(pf.archive, r, NSTime(r:uint(), 0)) end
			leaf(c, sub, pf.reserved, pos + 12, 4)
		end
		pos = pos + header
		if not def or def.unknown then
			local item = pos < lim and leaf(c, sub, pf.data, pos, lim - pos)
			if item then item:add_proto_expert_info(trouble.unknown, "record " .. number .. " has no known layout") end
		else
			local values = {}
			if def.discovery then
				local head = branch(c, sub, pf.discovery, pos, 0)
				local first = pos
				pos = walk(c, fields(DISCOVERY), pos, lim, head, values)
				if head then
					head:set_len((pos or lim) - first)
					local event = pos and EVENT_NAMES[c.tvb(first + 24, 4):uint() .. "/" .. c.tvb(first + 28, 4):uint()]
					if event then head:append_text(": " .. event) end
				end
			end
			if pos then
				local form = choose(c, def, pos, lim, values)
				if form ~= def then derived(sub, pf.form, form[1]) end
				c.series = form.series or def.series
				local _
				_, block = body(c, form, pos, lim, sub, values)
			end
		end
	end
	if block then label = label .. "/" .. block end
	label = label .. ")"
	if sub then sub:set_text("Record: " .. label) end
	return label
end

-------------------------------------------------------------------------------------
-- Messages. Every function below shows a body between pos and lim and returns what to
-- say of it in the info column, or nothing.

-- request_start shows the time from which events are asked for.
local function request_start(c, pos, tree)
	local item = leaf(c, tree, pf.start, pos, 4)
	local n = c.tvb(pos, 4):uint()
	local words = n == 0 and "oldest" or n == 4294967295 and "now" or moment(n)
	if item then item:append_text(" (" .. words .. ")") end
	return words
end

-- request_flags shows 32 bits, each as a field.
local function request_flags(c, pos, tree)
	local item = leaf(c, tree, pf.flags, pos, 4)
	if item then
		local r = c.tvb(pos, 4)
		for _, field in ipairs(flag_bits) do item:add(field, r) end
		item:append_text(" (" .. set_bits(r:uint(), FLAGS) .. ")")
	end
	return string.format("flags 0x%08x", c.tvb(pos, 4):uint())
end

local function null(c, pos, lim, announced, tree) trailing(c, tree, pos, lim) end

local function error_message(c, pos, lim, announced, tree)
	if lim - pos < 6 then return short(c, tree, "error message", pos, lim, 6) end
	leaf(c, tree, pf.error_code, pos, 4)
	leaf(c, tree, pf.text_length, pos + 4, 2)
	local code, n = c.tvb(pos, 4):int(), c.tvb(pos + 4, 2):uint()
	local first, there = pos + 6, math.min(n, lim - pos - 6)
	local words = c.tvb(first, math.min(there, 100)):string(ENC_UTF_8)
	if tree and spend(tree) then
		tree:add_packet_field(pf.error_text, c.tvb(first, there), ENC_UTF_8)
		tree:add_proto_expert_info(trouble.closing, "error " .. code .. ": " .. words)
	end
	if there < n then short(c, tree, "error text", lim, lim, n - there) end
	trailing(c, tree, first + there, lim)
	return "error " .. code .. ": " .. words
end

local function event_stream_request(c, pos, lim, announced, tree)
	if lim - pos < 8 then return short(c, tree, "event stream request", pos, lim, 8) end
	local from = request_start(c, pos, tree)
	local flags = request_flags(c, pos + 4, tree)
	trailing(c, tree, pos + 8, lim)
	return "from " .. from .. ", " .. flags
end

-- host_data_request has addresses of 16 bytes or, before 5.2, of 4.
local function host_data_request(c, pos, lim, announced, tree)
	if announced ~= 16 and announced ~= 40 then
		return refuse(c, tree, pos, lim, announced .. " bytes found, 16 or 40 expected")
	end
	if lim - pos < announced then return short(c, tree, "host data request", pos, lim, announced) end
	leaf(c, tree, pf.data_type, pos, 4)
	local item = leaf(c, tree, pf.host_flags, pos + 4, 4)
	if item then
		item:add(pf.host_notes, c.tvb(pos + 4, 4))
		item:add(pf.host_banners, c.tvb(pos + 4, 4))
	end
	local kind = c.tvb(pos, 4):uint() % 2 == 1 and "several hosts" or "one host"
	if announced == 16 then
		local first, last = c.tvb(pos + 8, 4), c.tvb(pos + 12, 4)
		if tree and spend(tree) then
			tree:add(pf.first_ip4, first)
			tree:add(pf.last_ip4, last)
			also(tree, pf.ip, first)
			also(tree, pf.ip, last)
		end
		return kind .. ", " .. tostring(first:ipv4()) .. " to " .. tostring(last:ipv4())
	end
	if tree and spend(tree) then
		ipv6(tree, pf.first_ip, c.tvb(pos + 8, 16))
		ipv6(tree, pf.last_ip, c.tvb(pos + 24, 16))
	end
	return kind .. ", " .. tostring(c.tvb(pos + 8, 16):ipv6()) .. " to " .. tostring(c.tvb(pos + 24, 16):ipv6())
end

-- host_data is one host profile block without record header. The last of several
-- messages has no body.
local function host_data(c, pos, lim, announced, tree)
	if pos == lim then return "end of the answer" end
	local size, reason = block_size(c, pos, lim)
	if not size then return refuse(c, tree, pos, lim, reason) end
	local number = c.tvb(pos, 4):uint()
	c.series = 1
	element(c, pos, size, tree)
	trailing(c, tree, pos + size, lim)
	local def = BLOCKS[1][number]
	return (def and def[1] or "unknown block") .. " (" .. number .. ")"
end

-- pairs_end returns where a service's event pairs end if they are between pos and lim,
-- nil if that is no list of pairs.
local function pairs_end(c, pos, lim)
	if (lim - pos) % 4 ~= 0 then return nil end
	while pos < lim do
		if c.tvb(pos, 4):uint() == 0 then return pos + 4 == lim and lim or nil end
		pos = pos + 4
	end
	return lim
end

-- split finds the ends of services if their length is extra bytes more than it says.
local function split(c, pos, lim, extra)
	local ends = {}
	while pos < lim do
		if lim - pos < 16 then return nil end
		local stop = pos + c.tvb(pos + 4, 4):uint() + extra
		if stop < pos + 16 or stop > lim or not pairs_end(c, pos + 16, stop) then return nil end
		ends[#ends + 1] = stop
		pos = stop
	end
	return ends
end

local function event_pair(c, pos, tree)
	local version, code = c.tvb(pos, 2):uint(), c.tvb(pos + 2, 2):uint()
	local label = "Event pair: end of the list"
	if version ~= 0 or code ~= 0 then
		local product = VERSIONS[code] and VERSIONS[code][version]
		label = "Event pair: " .. (EVENTS[code] or "event type " .. code) .. ", version " .. version .. (product and " (" .. product .. ")" or "")
	end
	local item = branch(c, tree, pf.pair, pos, 4, label)
	leaf(c, item, pf.event_version, pos, 2)
	leaf(c, item, pf.event_code, pos + 2, 2)
end

-- services shows the entries of streaming information or of a streaming request. By the
-- examples and the servers their length leaves out the first 8 bytes, by a table of the
-- documentation it does not, and some clients write something else altogether; with one
-- entry that harms nobody.
local function services(c, pos, lim, announced, tree)
	local ends, form = split(c, pos, lim, 8), "without the first 8 bytes"
	if not ends then ends, form = split(c, pos, lim, 0), "with the first 8 bytes" end
	if not ends and lim - pos >= 16 and pairs_end(c, pos + 16, lim) then
		ends, form = { lim }, "wrong; the message ends the entry"
	end
	if not ends or #ends == 0 then return refuse(c, tree, pos, lim, "no list of services: no length in it fits") end
	local ids = {}
	for _, stop in ipairs(ends) do
		local id = c.tvb(pos, 4):uint()
		ids[#ids + 1] = id
		local sub = branch(c, tree, pf.service, pos, stop - pos, "Service: " .. id)
		leaf(c, sub, pf.service_id, pos, 4)
		local length = leaf(c, sub, pf.service_length, pos + 4, 4)
		if length then length:append_text(" (" .. form .. ")") end
		request_flags(c, pos + 8, sub)
		request_start(c, pos + 12, sub)
		for at = pos + 16, stop - 4, 4 do event_pair(c, at, sub) end
		pos = stop
	end
	return (#ids == 1 and "service " or "services ") .. table.concat(ids, ", ", 1, math.min(#ids, 8))
end

local message -- below: a bundle holds messages

-- bundle shows messages in a message. Their headers have version 1, as everywhere, or 0.
local function bundle(c, pos, lim, announced, tree, outer)
	if outer then return refuse(c, tree, pos, lim, "a bundle inside a bundle") end
	if lim - pos < BUNDLE_HEADER then return short(c, tree, "bundle", pos, lim, BUNDLE_HEADER) end
	leaf(c, tree, pf.connection_id, pos, 4)
	leaf(c, tree, pf.sequence, pos + 4, 4)
	pos = pos + BUNDLE_HEADER
	local count = 0
	while pos < lim do
		if lim - pos < MESSAGE_HEADER then
			short(c, tree, "inner header", pos, lim, MESSAGE_HEADER)
			break
		end
		local version, length = c.tvb(pos, 2):uint(), c.tvb(pos + 4, 4):uint()
		if version > 1 then
			refuse(c, tree, pos, lim, "inner header version " .. version .. ", 0 or 1 expected")
			break
		end
		local stop = math.min(lim, pos + MESSAGE_HEADER + length)
		local sub = branch(c, tree, pf.message, pos, stop - pos)
		local line = message({ tvb = c.tvb, depth = 0, cut = c.cut }, pos, stop, sub, true)
		if sub then sub:set_text("Message " .. (count + 1) .. ": " .. line) end
		if length > lim - pos - MESSAGE_HEADER then
			refuse(c, tree, lim, lim, "inner length " .. length .. ", but " .. (lim - pos - MESSAGE_HEADER) .. " bytes follow it")
		end
		pos, count = stop, count + 1
	end
	derived(tree, pf.count, count)
	return count .. (count == 1 and " message" or " messages")
end

local BODIES = {
	[0] = null,
	[1] = error_message,
	[2] = event_stream_request,
	[4] = event_data,
	[5] = host_data_request,
	[6] = host_data,
	[7] = host_data,
	[2049] = services,
	[2051] = services,
	[4002] = bundle,
}

-- message shows a message with its header between pos and lim and returns a line for
-- the info column. inner: it lies in a bundle.
message = function(c, pos, lim, tree, inner)
	local number, length = c.tvb(pos + 2, 2):uint(), c.tvb(pos + 4, 4):uint()
	leaf(c, tree, pf.version, pos, 2)
	leaf(c, tree, pf.type, pos + 2, 2)
	leaf(c, tree, pf.length, pos + 4, 4)
	local name = MESSAGES[number] or "message type " .. number
	name = name:sub(1, 1):upper() .. name:sub(2)
	pos = pos + MESSAGE_HEADER
	local show, about = BODIES[number], nil
	if show then
		about = show(c, pos, lim, length, tree, inner)
	elseif pos < lim then
		local item = leaf(c, tree, pf.data, pos, lim - pos)
		if item then item:add_proto_expert_info(trouble.unknown, "message type " .. number .. " is not known") end
	end
	return name .. (about and ": " .. about or "")
end

-------------------------------------------------------------------------------------
-- Streams: messages follow each other without gaps, in TLS as a rule.

-- How many messages of one frame the info column names.
local MAX_NAMED = 6

-- is_header reports whether a message can start at pos, where 8 bytes are.
local function is_header(tvb, pos)
	return tvb(pos, 2):uint() == 1 and tvb(pos + 4, 4):uint() <= MAX_MESSAGE
end

-- message_length is for the reassembly. What is no message lasts as long as the data at
-- hand, and the next segment is tried anew.
local function message_length(tvb, pinfo, pos)
	if not is_header(tvb, pos) then return tvb:len() - pos end
	return MESSAGE_HEADER + tvb(pos + 4, 4):uint()
end

-- inform adds a line to the info column, which a frame's messages share.
local function inform(pinfo, line)
	local named = (tonumber(pinfo.private.estreamer_named) or 0) + 1
	pinfo.private.estreamer_named = tostring(named)
	if named == 1 then
		-- TLS has written into it if an earlier TLS record of the frame had no whole message.
		pinfo.cols.info:clear_fence()
		pinfo.cols.info:set(line)
		pinfo.cols.info:fence()
	elseif named <= MAX_NAMED then
		pinfo.cols.info:append("; " .. line)
	elseif named == MAX_NAMED + 1 then
		pinfo.cols.info:append("; ...")
	end
end

-- one_message shows a whole message, or what stands where one should be.
local function one_message(tvb, pinfo, tree)
	local size = tvb:len()
	pinfo.cols.protocol:set("eStreamer")
	local item = tree:add(estreamer, tvb(0, size))
	if size < MESSAGE_HEADER or not is_header(tvb, 0) then
		inform(pinfo, "not a message")
		item:add(pf.data, tvb(0, size))
		item:add_proto_expert_info(trouble.foreign, "not the header of a message: version 1 and a length of at most " .. MAX_MESSAGE .. " expected")
		return size
	end
	local announced = MESSAGE_HEADER + tvb(4, 4):uint()
	local c = { tvb = tvb, depth = 0, cut = size < announced }
	local line = message(c, 0, size, item)
	item:append_text(", " .. line)
	inform(pinfo, line)
	return size
end

function estreamer.dissector(tvb, pinfo, tree)
	-- Not even a first byte of ours: TLS on the same port, which Wireshark then finds out
	-- by itself, or the middle of a message, where the capture began.
	if tvb:len() == 0 or tvb(0, 1):uint() ~= 0 or tvb:len() > 1 and tvb(1, 1):uint() ~= 1 then return 0 end
	-- Wireshark keeps pinfo.private for one dissection of one frame.
	left = tonumber(pinfo.private.estreamer_left) or MAX_FIELDS
	dissect_tcp_pdus(tvb, tree, MESSAGE_HEADER, message_length, one_message)
	pinfo.private.estreamer_left = tostring(left)
	return tvb:len()
end

estreamer.prefs.ports = Pref.range("TCP ports", "8302", "Ports of servers, with TLS or without: 8302,18302-18310", 65535)

local tables = { DissectorTable.get("tls.port"), DissectorTable.get("tcp.port") }
local registered = ""
local function register()
	local ports = estreamer.prefs.ports
	for _, dissectors in ipairs(tables) do
		if registered ~= "" then dissectors:remove(registered, estreamer) end
		if ports ~= "" then dissectors:add(ports, estreamer) end
	end
	registered = ports
end
for _, dissectors in ipairs(tables) do dissectors:add_for_decode_as(estreamer) end
estreamer.prefs_changed = register
register()
