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
