package estreamtest_test

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"strings"
	"testing"
	"time"

	pkcs12 "software.sslmate.com/src/go-pkcs12"

	"estream/estreamtest"
	"estream/wire"
)

// Every step that expects something fails when it does not come. Each client
// here sends one event stream request, one null message and closes.
func TestStepsFail(t *testing.T) {
	request := wire.AppendNull(wire.AppendEventStreamRequest(nil, wire.EventStreamRequest{Start: 5, Flags: wire.DefaultFlags}))
	refuse := errors.New("refused")
	first := estreamtest.ExpectRequest(nil)
	for want, steps := range map[string][]estreamtest.Step{
		"step 1 of 1: event stream request: got":                  {estreamtest.ExpectBytes(wire.TypeEventStreamRequest, nil)},
		"step 1 of 1: error expected, event stream request found": {estreamtest.ExpectError(nil)},
		"step 1 of 1: refused":                                    {estreamtest.ExpectRequest(func(wire.EventStreamRequest) error { return refuse })},
		"step 2 of 2: streaming request: a message expected, 1 acknowledgements and 0 messages found: EOF": {first, estreamtest.ExpectStreamingRequest(nil)},
		"step 2 of 2: 2 acknowledgements expected, 1 acknowledgements and 0 messages found: EOF":           {first, estreamtest.ExpectAcks(2)},
		"step 3 of 3: no acknowledgement expected, 1 found":                                                {first, estreamtest.ExpectClose(), estreamtest.ExpectNoAcks(0)},
		"step 2 of 2: inner step 1: inner step 3: 1 acknowledgements expected":                             {first, estreamtest.Steps(estreamtest.Repeat(2, estreamtest.ExpectClose(), estreamtest.ExpectAcks(1), estreamtest.ExpectAcks(1)))},
	} {
		near, far := net.Pipe()
		go func() {
			near.Write(request)
			near.Close()
		}()
		err := estreamtest.Run(t.Context(), far, 10*time.Second, steps...)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q", err, want)
		}
	}
}

func TestStepTimeout(t *testing.T) {
	_, far := net.Pipe()
	err := estreamtest.Run(t.Context(), far, time.Millisecond, estreamtest.ExpectRequest(nil))
	if err == nil || !strings.Contains(err.Error(), "a message expected within 1ms") {
		t.Errorf("got %v", err)
	}
}

// The PKCS#12 file holds what a client needs, and Next scripts come in order.
func TestCredentials(t *testing.T) {
	c := estreamtest.Start(t)
	file, err := c.PKCS12("secret")
	if err != nil {
		t.Fatal(err)
	}
	key, leaf, chain, err := pkcs12.DecodeChain(file, "secret")
	if err != nil || leaf.Subject.CommonName != "127.0.0.1" || len(chain) != 1 {
		t.Fatalf("got %v, %d authorities, %v", leaf, len(chain), err)
	}
	if _, _, _, err := pkcs12.DecodeChain(file, "wrong"); err == nil {
		t.Error("the password does not protect the file")
	}
	cfg := c.ClientTLS()
	cfg.Certificates = []tls.Certificate{{Certificate: [][]byte{leaf.Raw}, PrivateKey: key}}
	c.Next(estreamtest.Send([]byte("1")), estreamtest.Close())
	c.Next(estreamtest.Send([]byte("2")), estreamtest.Close())
	for _, want := range []string{"1", "2"} {
		conn, err := tls.Dial("tcp", c.Addr(), cfg)
		if err != nil {
			t.Fatal(err)
		}
		got := make([]byte, 1)
		if _, err := conn.Read(got); err != nil || string(got) != want {
			t.Errorf("got %q, %v, want %q", got, err, want)
		}
		conn.Close()
	}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	if err := c.Wait(ctx, 2); err != nil {
		t.Error(err)
	}
	if _, err := tls.Dial("tcp", c.Addr(), &tls.Config{MaxVersion: tls.VersionTLS12, RootCAs: cfg.RootCAs}); err == nil {
		t.Error("a client without certificate was let in")
	}
	if !strings.Contains(string(c.CA()), "BEGIN CERTIFICATE") {
		t.Errorf("CA: %s", c.CA())
	}
}
