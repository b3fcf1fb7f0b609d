// Package doctor finds out why events do not come, and names the cause and its cure.
//
// [Diagnose] walks the way of an event from the far end to the near one, in the
// order in which a connection comes about: the PKCS#12 file, name, port, TLS, the
// server's certificate, admission, events, the clock, and then this machine: the
// state directory, the outputs, what waits. Each [Step] says what was tried, what
// was found, and, when something is wrong, a [Cause] that stays the same from
// release to release, with the cure and the command by which an operator can see
// it without us.
//
// It changes nothing: no pin is written, no position is moved. It connects
// once, a second time when no new event comes, and four times more when the TLS
// handshake fails; it acknowledges what it must to get on, and stores no event. In
// the state directory it writes one temporary file and removes it.
//
// [Bundle] packs what support asks for into one archive without secrets.
package doctor
