// Package jsonl writes one JSON object per record and line, with all fields of the
// record under eNcore's names and the computed view in the member "@computed".
// Lines are equal to those of eNcore 5.2.11 with its adapter "json", byte for
// byte. They are ASCII and never hold CR or LF before their end.
//
// Records that eNcore cannot read follow the same rules; members whose fields it
// has no name for get the camel case of the protocol's name. A message that cannot
// be decoded at all is written with what its record header says and the members
// "rawRecord" (base64 of the body) and "rawReason". One whose record header is
// unreadable has "rawMessage" in place of all others.
package jsonl
