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
