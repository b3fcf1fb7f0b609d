package estreamtest_test

import (
	"context"
	"errors"
	"fmt"
	"io"

	"estream/estreamtest"
	"estream/session"
)

// A center that sends two events and a bundle of three, wants them acknowledged,
// and closes.
func Example() {
	center, err := estreamtest.New(estreamtest.Options{},
		estreamtest.Negotiate(),
		estreamtest.Send(estreamtest.Events(2, 100)),
		estreamtest.Bundle(0, estreamtest.Events(3, 100)),
		// One for the streaming information, one for each of two single
		// messages, one for the bundle.
		estreamtest.ExpectAcks(4),
		estreamtest.Close(),
	)
	if err != nil {
		fmt.Println(err)
		return
	}
	ctx := context.Background()
	client, err := session.Dial(ctx, center.Addr(), session.ClientConfig{TLS: center.ClientTLS()})
	if err != nil {
		fmt.Println(err)
		return
	}
	events := 0
	for {
		batch, err := client.ReadBatch(ctx)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			fmt.Println(err)
			return
		}
		events += batch.Count
		if err := client.Ack(ctx, batch); err != nil {
			fmt.Println(err)
			return
		}
	}
	fmt.Println("events:", events)
	fmt.Println("close client:", client.Close(ctx, ""))
	fmt.Println("script:", center.Wait(ctx, 1))
	fmt.Println("close center:", center.Close())
	// Output:
	// events: 5
	// close client: <nil>
	// script: <nil>
	// close center: <nil>
}
