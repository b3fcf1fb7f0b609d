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
