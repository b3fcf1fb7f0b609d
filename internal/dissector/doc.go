// Package dissector makes contrib/wireshark/estreamer.lua, by which Wireshark and
// tshark read eStreamer. What the protocol does stands in lua/, written by hand; how
// records and blocks are laid out, and what their numbers mean, comes as tables from
// package layouts, so that the dissector knows what the program knows. It is no part
// of the program; its tests hold the file against it, try it with tshark and, with
// -update, write it:
//
//	go generate ./internal/dissector
package dissector

//go:generate go test -count=1 -run ^TestGenerated$ -update .
