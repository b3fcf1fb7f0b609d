// Package meta holds what metadata records teach, and derives from it the
// computed view of a record: the names, texts and times that eNcore adds to what
// the record itself carries.
//
// One [Tables] belongs to one stream. The goroutine that reads the stream calls
// [Tables.Scan], which applies metadata records and hands out parts of the batch,
// each with the [Snapshot] that is right for every record in it. Snapshots are
// immutable; any number of goroutines may format records with them. Taking one
// costs as much as what changed since the last, not as much as what is known.
//
// [Compile] turns the rules for one layout into a [View], a flat list of
// operations with fields and tables resolved. Output formats compile a view into
// plans of their own; an [Evaluator] runs the operations.
//
// The rules and the texts that tables hold before any metadata arrives are data,
// in data/view.json and data/values.json. They follow eNcore 5.2.11, whose output
// is what consumers parse.
//
// What a peer can make a Tables hold is limited by [MaxEntries] and [MaxBytes].
package meta
