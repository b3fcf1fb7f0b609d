package estreamtest_test

import (
	"context"
	"errors"
	"fmt"
	"io"

	"estream/estreamtest"
	"estream/session"
	"estream/wire"
)

// A test of a client that has to come back after a connection was lost: the center
// breaks the first one, and afterwards tells from where the client has asked again.
func Example_reconnect() {
	// Ten events of one second, then an event of a later one.
	events := append(estreamtest.Events(10, 100), estreamtest.Event(9999, 1700000000, []byte("news"))...)
	center, err := estreamtest.New(estreamtest.Options{Faults: []string{"close:after=10,session=1"}},
		estreamtest.Negotiate(),
		estreamtest.Send(events),
		estreamtest.Close(),
	)
	if err != nil {
		fmt.Println(err)
		return
	}
	for range 2 {
		client(center) // yours
	}
	fmt.Println("scripts:", center.Wait(context.Background(), 2))
	for _, s := range center.Served() {
		fmt.Println("session", s.Number, "asked for events from", wire.StartText(s.Request.Start), "and acknowledged", s.Acks)
	}
	fmt.Println("strikes:", center.FaultStrikes())
	fmt.Println("close:", center.Close())
	// Output:
	// scripts: <nil>
	// session 1 asked for events from oldest and acknowledged 11
	// session 2 asked for events from 2020-06-03T19:02:14Z and acknowledged 12
	// strikes: [1]
	// close: <nil>
}

var position uint32 // of the client: the archive time of the last event it has kept

// client is the client under test.
func client(center *estreamtest.Center) {
	ctx := context.Background()
	c, err := session.Dial(ctx, center.Addr(), session.ClientConfig{TLS: center.ClientTLS(), Start: position})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer c.Close(ctx, "")
	for {
		batch, err := c.ReadBatch(ctx)
		if errors.Is(err, io.EOF) {
			return
		}
		if err != nil {
			fmt.Println(err)
			return
		}
		for rest := batch.Data; len(rest) > 0; {
			var m []byte
			if m, rest, err = wire.NextMessage(rest); err != nil {
				fmt.Println(err)
				return
			}
			if h, ok := wire.PeekRecord(m); ok {
				position = h.ArchiveTimestamp
			}
		}
		if err := c.Ack(ctx, batch); err != nil {
			fmt.Println(err)
			return
		}
	}
}
