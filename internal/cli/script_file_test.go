package cli

import (
	"encoding/hex"
	"os"
	"strings"

	"estream/wire"

	"github.com/rogpeppe/go-internal/testscript"
)

// Files of wire messages:
//
//	damage FROM TO cut AT          the bytes before AT
//	damage FROM TO insert AT HEX   with other bytes in front of AT
//	damage FROM TO set AT HEX      with other bytes in place of those at AT
//	damage FROM TO keep AT END     the bytes from AT to before END
//	pack FROM TO N VERSION         in bundles of N messages with that inner header version
//
// AT is an offset in bytes, or @M+K: K bytes after the start of message M,
// counted from 0.

func cmdDamage(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 4 {
		ts.Fatalf("usage: damage FROM TO cut|insert|set|keep AT [HEX|END]")
	}
	data := []byte(ts.ReadFile(args[0]))
	at := place(ts, data, args[3])
	var more []byte
	if args[2] == "insert" || args[2] == "set" {
		if len(args) != 5 {
			ts.Fatalf("usage: damage FROM TO %s AT HEX", args[2])
		}
		var err error
		more, err = hex.DecodeString(args[4])
		ts.Check(err)
	}
	switch args[2] {
	case "cut":
		data = data[:at]
	case "insert":
		data = append(append(data[:at:at], more...), data[at:]...)
	case "set":
		copy(data[at:], more)
	case "keep":
		data = data[at:place(ts, data, args[4])]
	default:
		ts.Fatalf("no such damage: %s", args[2])
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[1]), data, 0o666))
}

// place returns the offset that AT means.
func place(ts *testscript.TestScript, data []byte, at string) int {
	rest, ok := strings.CutPrefix(at, "@")
	if !ok {
		return number(ts, at)
	}
	message, plus, _ := strings.Cut(rest, "+")
	offset := 0
	for range number(ts, message) {
		m, _, err := wire.NextMessage(data[offset:])
		ts.Check(err)
		offset += len(m)
	}
	if plus != "" {
		offset += number(ts, plus)
	}
	return offset
}

func cmdPack(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 4 {
		ts.Fatalf("usage: pack FROM TO N VERSION")
	}
	var out, run []byte
	n, size, version, sequence := 0, number(ts, args[2]), uint16(number(ts, args[3])), uint32(1)
	flush := func() {
		var err error
		out, err = wire.AppendBundle(out, 1, sequence, version, run)
		ts.Check(err)
		n, run, sequence = 0, run[:0], sequence+1
	}
	for rest := []byte(ts.ReadFile(args[0])); len(rest) > 0; {
		m, next, err := wire.NextMessage(rest)
		ts.Check(err)
		rest = next
		run = append(run, m...)
		if n++; n == size {
			flush()
		}
	}
	if n > 0 {
		flush()
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[1]), out, 0o666))
}
