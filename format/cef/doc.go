// Package cef writes ArcSight's Common Event Format, one line per record, for the
// record types 2, 71, 112, 125, 170, 171, 400, 500 and 502. Others have no line,
// nor have messages that cannot be decoded: the caller counts both.
//
// Lines are equal to those of eNcore 5.2.11 with its adapter "cef", byte for byte,
// including what CEF would have wanted otherwise: header fields without escapes,
// "None" for what is missing, quotes around values with an equals sign. The only
// difference is that CR and LF inside a value are written as \r and \n, because
// raw they break the line.
//
// A line begins with a syslog prefix of the time of writing and the name of this
// host, or with a fixed text.
package cef
