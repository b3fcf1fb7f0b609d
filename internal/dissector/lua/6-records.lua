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
