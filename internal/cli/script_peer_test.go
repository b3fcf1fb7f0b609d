package cli

import (
	"context"
	"net"
	"os"
	"slices"
	"time"

	"estream/estreamtest"
	"estream/layouts"
	"estream/pki"
	"estream/synth"
	"estream/wire"

	"github.com/rogpeppe/go-internal/testscript"
)

// Peers that do what ours do not, and what time would bring:
//
//	center NAME SCRIPT       a server that does as SCRIPT says; $NAME is its address, $NAME_port the port, NAME.p12 its client's file
//	oldclient DATA HOST FILE register a client whose certificate has expired, in the server directory DATA

// misbehaviour are the scripts of centers; "bundles" behaves.
var misbehaviour = map[string][]estreamtest.Step{
	"closes":        {estreamtest.Close()},
	"noservice":     {estreamtest.ExpectRequest(nil), estreamtest.SendInformation(5000), estreamtest.ExpectClose()},
	"error":         {estreamtest.ExpectRequest(nil), estreamtest.SendError(7, "too many clients"), estreamtest.Close()},
	"noise":         {estreamtest.ExpectRequest(nil), estreamtest.Send([]byte("HTTP/1.1 400 Bad Request\r\n\r\n")), estreamtest.ExpectClose()},
	"giant":         {estreamtest.Negotiate(), estreamtest.Send(wire.AppendHeader(nil, wire.TypeEventData, 1<<31)), estreamtest.ExpectClose()},
	"half":          {estreamtest.Negotiate(), estreamtest.Send([]byte{0, 1, 0, 4, 0, 0, 0, 40, 0, 0}), estreamtest.Close()},
	"quiet":         {estreamtest.Negotiate(), estreamtest.Close()},
	"unknownrecord": {estreamtest.Negotiate(), estreamtest.Send(unknownRecord), estreamtest.ExpectClose()},
}

// bundles is the script of a server that behaves: single messages and bundles in both
// forms, with what no layout knows.
func bundles(ts *testscript.TestScript) []estreamtest.Step {
	g, err := synth.New(layouts.Default(), synth.Options{Seed: 6})
	ts.Check(err)
	var parts [3][]byte
	for i, n := range []int{4, 40, 40} {
		for range n {
			parts[i] = g.Append(parts[i])
		}
	}
	return []estreamtest.Step{
		estreamtest.Negotiate(), estreamtest.Bundle(0, parts[0]), estreamtest.Bundle(1, parts[1]), estreamtest.KeepAlive(),
		estreamtest.Bundle(0, slices.Concat(unknownRecord, unknownBlock)), estreamtest.Bundle(1, slices.Concat(unknownBlock, unknownRecord)),
		estreamtest.Send(parts[2]), estreamtest.ExpectAcks(1 + 4 + 1 + 40), estreamtest.Close(),
	}
}

// unknownBlock is a metadata record with a data block that no layout knows.
var unknownBlock = []byte{0, 1, 0, 4, 0, 0, 0, 20, 0, 0, 0, 111, 0, 0, 0, 12, 0, 0, 0x27, 0x0e, 0, 0, 0, 12, 'b', 'o', 'd', 'y'}

// unknownRecord is an event of a record type that no layout knows.
var unknownRecord = []byte{0, 1, 0, 4, 0, 0, 0, 12, 0, 0, 0x27, 0x0f, 0, 0, 0, 4, 'b', 'o', 'd', 'y'}

func cmdCenter(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 || misbehaviour[args[1]] == nil && args[1] != "bundles" {
		ts.Fatalf("usage: center NAME SCRIPT")
	}
	script := misbehaviour[args[1]]
	if args[1] == "bundles" {
		script = bundles(ts)
	}
	c, err := estreamtest.New(estreamtest.Options{}, script...)
	ts.Check(err)
	// What the client does not do as a script wants shows in the test itself.
	ts.Defer(func() { _ = c.Close() })
	p12, err := c.PKCS12("")
	ts.Check(err)
	ts.Check(os.WriteFile(ts.MkAbs(args[0]+".p12"), p12, 0o600))
	ts.Setenv(args[0], c.Addr())
	_, port, err := net.SplitHostPort(c.Addr())
	ts.Check(err)
	ts.Setenv(args[0]+"_port", port)
}

func cmdOldClient(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 3 {
		ts.Fatalf("usage: oldclient DATA HOST FILE")
	}
	then := func() time.Time { return time.Now().AddDate(-15, 0, 0) }
	a, err := pki.Open(pkiDir(ts.MkAbs(args[0])), pki.Options{Now: then})
	ts.Check(err)
	reg, err := a.Register(context.Background(), args[1], pki.RegisterOptions{})
	ts.Check(err)
	ts.Check(os.WriteFile(ts.MkAbs(args[2]), reg.PKCS12, 0o600))
}
