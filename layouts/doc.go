// Package layouts holds the wire format as data: every record type and data
// block of the eStreamer protocol, one YAML file per family, embedded in the
// program. It parses them when they are first used and hands them on as
// [wire.RecordDef] and [wire.BlockDef] values; nothing else in the program knows field order.
//
// A family file has up to two lists:
//
//	records:
//	  - record: 400                 # record type
//	    name: "Intrusion Event"
//	    category: intrusion
//	    header: discovery           # optional: the discovery header precedes the body
//	    series: 2                   # the body is a data block of this series
//	    blocks:                     # the versions known to occur, oldest first
//	      - {block: 85, versions: "7.1+"}
//	  - record: 123
//	    name: "Managed Device Metadata"
//	    category: metadata
//	    key: [id]                   # metadata: what identifies the thing named
//	    fields:                     # the body is plain fields, without a block header
//	      - id: uint32
//	      - length: uint32
//	      - name: text(length)
//	  - record: 62
//	    name: "User Metadata"
//	    category: metadata
//	    key: [id]
//	    series: 2
//	    blocks: [{block: 57, versions: "6.0+"}]
//	    forms:                      # optional: other forms of the body, see below
//	      - versions: "before 6.0"
//	        fields:
//	          - id: uint32
//	          - length: uint32
//	          - username: text(length)
//	  - record: 72
//	    name: "..."
//	    category: intrusion
//	    unknown: true               # known to exist, layout not: records stay raw
//
//	blocks:
//	  - block: 85
//	    series: 2
//	    name: intrusion_event
//	    title: "Intrusion Event"
//	    versions: "7.1+"
//	    confidence: medium
//	    length: 45                  # or min_length: checked against the fields
//	    fields:
//	      - device_id: uint32
//	      - http_uri: {type: string, encore: httpURI}
//
// Types: uint8 uint16 uint32 uint64, bytes[N], uuid, ipv4, ipv6, mac, string
// and blob (blocks with an 8-byte header of their own), text(FIELD) (as many
// bytes as the earlier FIELD says), rest (to the end of the block), list or
// list<N> (a list block; N is the usual element), block or block<N>.
// Attributes: type, encore (the key eNcore prints where it is not the camel
// case of the name), encore_form (hex or list), number (block number to write
// for a string, blob or list), byte_order: little, when: FIELD (present only if
// FIELD is 1).
//
// Forms are for what no number in the message tells apart: a body that older
// releases sent otherwise, or that a second source reads otherwise. The decoder
// takes a form where the usual body does not fit and the form fits to the last byte.
// A form has fields, or series and block, and a key of its own if the names differ.
//
// A directory given to Load adds definitions of the same form and replaces
// those with the same number, so a new block version is a file and not a release.
package layouts
