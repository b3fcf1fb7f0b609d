package wire

import (
	"errors"
	"fmt"
)

// A Kind says how the bytes of a field are read and written.
type Kind uint8

const (
	KindInvalid Kind = iota
	KindUint8        // unsigned, 1 byte
	KindUint16       // unsigned, 2 bytes, big-endian
	KindUint32       // unsigned, 4 bytes, big-endian
	KindUint64       // unsigned, 8 bytes, big-endian
	KindBytes        // Size raw bytes
	KindUUID         // 16 bytes, printed in the order they arrive
	KindIPv4         // 4 bytes; little-endian in a few layouts before 4.7
	KindIPv6         // 16 bytes, IPv4 as ::ffff:a.b.c.d
	KindMAC          // 6 bytes
	KindText         // bytes counted by an earlier field (Field.LengthOf)
	KindRest         // all bytes up to the end of the enclosing block
	KindString       // a string block: 8-byte block header, then UTF-8 bytes
	KindBlob         // a blob block: 8-byte block header, then raw bytes
	KindList         // a list block: 8-byte header, then complete data blocks
	KindBlock        // one nested data block with its own header
)

var kindNames = [...]string{"invalid", "uint8", "uint16", "uint32", "uint64", "bytes", "uuid", "ipv4", "ipv6", "mac", "text", "rest", "string", "blob", "list", "block"}

func (k Kind) String() string {
	if int(k) < len(kindNames) {
		return kindNames[k]
	}
	return fmt.Sprintf("Kind(%d)", uint8(k))
}

// Integer reports whether a slot of this kind holds a number.
func (k Kind) Integer() bool { return k >= KindUint8 && k <= KindUint64 }

// Fixed reports whether every value of this kind has the same size.
func (k Kind) Fixed() bool { return k >= KindUint8 && k <= KindMAC }

// A Pos names the place of a definition in a layout file.
type Pos struct {
	File string
	Line int
}

func (p Pos) String() string {
	if p.File == "" {
		return "built-in definition"
	}
	return fmt.Sprintf("%s:%d", p.File, p.Line)
}

// A Field is one value of a record or data block.
type Field struct {
	Name         string // protocol name in snake case, unique in its list of fields
	Encore       string // the key eNcore prints for it; camel case of Name unless eNcore deviates
	EncoreForm   string // "hex" or "list" where eNcore prints another form than Kind suggests, else ""
	Kind         Kind
	Size         int    // bytes on the wire for fixed kinds, 0 otherwise
	LengthOf     string // KindText: the earlier field that counts the bytes
	When         string // optional field: present only if this earlier field is 1
	LittleEndian bool   // KindIPv4 of a few layouts before 4.7
	Number       uint32 // block number that the encoder writes for a string, blob, list or nested block
	Element      uint32 // usual block type in a list, or of the nested block; 0 when any
	Pos          Pos
}

// A BlockDef is one version of a data block: the fields after its 8-byte header
// (uint32 type, uint32 length with the header included).
// Guide: chapters "Understanding Discovery (RNA) Data Structures" (series 1) and
// "Understanding Intrusion and Correlation Data Structures" (series 2).
type BlockDef struct {
	Series       uint8 // 1 or 2: two number spaces, chosen by the record type
	Type         uint32
	Name         string
	Title        string
	Versions     string // product versions that send it
	Confidence   string // high, medium or low: see layouts/README.md
	Note         string
	EncoreLength string // name eNcore prints for the block length, "" for blockLength
	Length       int    // whole block in bytes if it is constant, else 0
	MinLength    int    // shortest valid block in bytes
	Fields       []Field
	Pos          Pos
}

// A RecordBlock is a block version that a record type is known to carry.
type RecordBlock struct {
	Type     uint32
	Versions string
}

// A RecordForm is another form that the body of a record type can have: that of
// older releases, or what a second source reads where sources disagree. No number
// in the message tells forms apart, see [Decoder.Decode].
type RecordForm struct {
	Versions string // product versions that send it, or why it is taken to exist
	Series   uint8  // series of Block; 0 when the body is plain fields
	Block    uint32
	Fields   []Field  // plain fields; empty for a block
	Key      []string // metadata: as RecordDef.Key, which counts if this is empty
	Pos      Pos
}

// A RecordDef is one record type of event data messages.
type RecordDef struct {
	Type       uint16
	Name       string
	Category   string        // connection, intrusion, packet, metadata, ...
	Note       string        //
	Discovery  bool          // the discovery header precedes the body
	Unknown    bool          // the layout of the body is not known: records stay raw
	Series     uint8         // block series of the body; 0 when the body is plain fields
	Blocks     []RecordBlock // usual blocks of the body, oldest first
	Fields     []Field       // body without a block header; empty for a record without body
	Forms      []RecordForm  // other forms of the body, tried in this order where the first does not fit
	EncoreRoot string        // eNcore puts the block into an object of this name
	Key        []string      // metadata: the fields that identify what is being named
	Pos        Pos
}

// IsMetadata reports whether records of this type explain numbers in events.
func (d *RecordDef) IsMetadata() bool { return d.Category == "metadata" }

// A Source hands out definitions. Package layouts has the one that reads YAML.
// Implementations must be safe for concurrent use and return the same pointer
// for the same number each time.
type Source interface {
	// Record returns ErrUnknownRecord for a number without definition.
	Record(typ uint16) (*RecordDef, error)
	// Block returns ErrUnknownBlock for a number without definition.
	Block(series uint8, typ uint32) (*BlockDef, error)
	// DiscoveryHeader returns the fields that precede the body where
	// RecordDef.Discovery is set.
	DiscoveryHeader() ([]Field, error)
	// Records lists all record types, ascending.
	Records() []uint16
	// Blocks lists all block types of a series, ascending.
	Blocks(series uint8) []uint32
}

var (
	// ErrUnknownRecord is returned by Layouts.Layout and Decoder.Decode for a record
	// type without layout. The record itself is kept raw.
	ErrUnknownRecord = errors.New("record type has no layout")
	// ErrUnknownBlock is returned by Layouts.Layout and Decoder.Decode for a block
	// type without layout in the series of the record. The record is kept raw.
	ErrUnknownBlock = errors.New("block type has no layout")
)
