// Package conf reads estreamer.conf, the configuration of the eNcore client, in all
// forms from 3.0 to 5.2.11, and rewrites it the way eNcore's own tools do.
//
// Reading is forgiving where eNcore was, and where it was not but should have
// been: every key but the host has a default. A key that is not known, a value of
// another type and a mistake that is often made are [Warning]s. An error is only
// a file that is no JSON object.
//
// A [Conf] holds plain values. A [Document] is the file as it stands, with the
// comments and keys that nobody knows, for changes that keep them.
package conf
