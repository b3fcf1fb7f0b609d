// Package config reads estream.yaml, the configuration of the service: which
// Management Centers to collect from, what to keep, and what to write where.
//
// [Load] and [Parse] turn the file into plain typed values with every default
// filled in, or report all mistakes at once, each with line, column, key and
// what was expected there ([Problems]). They look at nothing but the file;
// [Check] then looks at what it names: files, directories, secrets. [Config.Show]
// writes the configuration that is in effect, without secrets, in a form that
// Parse reads as the same configuration. [Diff] says what a new file changes,
// and [Config.Estimate] what a configuration will cost.
//
// The structs are the schema. The tags of a field say what its key takes:
//
//	key       name in the file
//	default   text that stands for a missing key
//	range     least and greatest value, as "1s..1h"
//	none      a word is a value as well and stands for the zero value: none, or what the tag says
//	need      the key may not be missing; in words, what is expected
//	text      rule for text, a name in textRules; names: the same for the names in a map
//	class     "path": names a file, taken relative to the file's own directory; "ref": names something else in the file
//
// estream.yaml in this directory is the reference: every key with its meaning,
// range and default. Tests hold it against the structs.
//
// Nothing here is safe for concurrent use while it is changed; a Config that
// nobody changes may be read by many.
package config
