// Package foreign holds no code, only tests: clients in another language, written
// from the protocol reference and from nothing of this program, get everything they
// asked for from our server. They are in testdata, need Python 3 and its standard
// library, and can be run by hand against any server.
//
//	encore_like.py  probes first, acknowledges every message, compares the whole
//	                record type word, reads block types at fixed offsets, wants the
//	                version half of inner headers to be 0
//	sdk49_like.py   request flags only, intrusion events of types 104 and 105,
//	                host requests in the form of 4.9
package foreign
