// Package versions knows which form of an event belongs to which version of its event
// type, and writes newer forms down to older ones.
//
// A client asks for an event type in a version: by a flag of its event stream
// request, which stands for one, or by an event pair. Versions, records and blocks are
// in versions.json. An event type has families: one for each thing that is told in
// several forms. The ladder of a family has the forms, oldest first; each counts from
// its version on until the next. A form is a record type with a data block:
//
//	version  the first version with this form
//	record   the record type; without it, that of the record at hand
//	ipv6     the record type for events with IPv6 addresses, where it is another one
//	block    the data block of the body; without it the body is plain fields
//	also     older blocks that the same version had, too, and that go out as they are
//	as       the record type whose layout counts, where the one of record is not known
//	form     the number of the form of the body, see wire.RecordDef.Forms
//
// A form without a layout stands there all the same: what would have to be written in
// it is written in the highest one below.
//
// # What is kept
//
// A record at or below the version asked for goes out as it is. A newer one is decoded
// and encoded by field name: a field that exists in both forms has the same value in
// both, one that only the older form has is zero or empty. Names that differ but mean
// the same are synonyms in versions.json. A number that the older, narrower field
// cannot hold becomes its greatest value, an identifier 0, flags lose their upper
// bits. An event whose addresses the older form cannot express is not written at all
// ([ErrInexpressible]): a false address would be worse than none.
package versions
