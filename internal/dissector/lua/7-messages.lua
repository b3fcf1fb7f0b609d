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
