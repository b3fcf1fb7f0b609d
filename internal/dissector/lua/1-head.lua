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
