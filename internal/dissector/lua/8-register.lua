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
