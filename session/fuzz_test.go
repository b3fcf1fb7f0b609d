package session_test

import (
	"bytes"
	"runtime"
	"testing"
	"time"

	"estream/estreamtest"
	"estream/internal/recordtest"
	"estream/session"
	"estream/wire"
)

// FuzzSession gives arbitrary bytes to both halves. Neither may panic, hang, or
// allocate more than its limits and a small multiple of the bytes; what
// a client delivers must be whole messages, the same however the bytes were cut into
// reads.
func FuzzSession(f *testing.F) {
	events := estreamtest.Events(3, 60)
	for _, inner := range []uint16{0, 1} {
		bundle, err := wire.AppendBundle(nil, 1, 1, inner, events)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(append(append(recordtest.Unhex(f, articleInformation), events...), bundle...), uint8(7), true)
	}
	f.Add(append(wire.AppendErrorMessage(nil, wire.ErrorMessage{Code: 1, Text: "x"}), events...), uint8(1), false)
	f.Add(append(append(recordtest.Unhex(f, articleRequest), recordtest.Unhex(f, articleStreaming)...), wire.AppendNull(nil)...), uint8(3), true)
	host, err := wire.AppendHostDataRequest(nil, wire.HostDataRequest{DataType: 7, First: localhost, Last: localhost})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(append(wire.AppendEventStreamRequest(nil, wire.EventStreamRequest{}), host...), uint8(0), false)
	f.Add(wire.AppendHeader(nil, wire.TypeEventData, 0xfffffff0), uint8(0), false)

	f.Fuzz(func(t *testing.T, p []byte, step uint8, extended bool) {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		begin := time.Now()
		flags := single
		if extended {
			flags = wire.DefaultFlags
		}
		whole := receive(t, p, 0, flags)
		if pieces := receive(t, p, int(step), flags); !bytes.Equal(whole, pieces) {
			t.Fatalf("reads of %d bytes gave %x, one read %x", step, pieces, whole)
		}
		serve(t, p, int(step))
		runtime.ReadMemStats(&after)
		if n := after.TotalAlloc - before.TotalAlloc; n > 1<<20+uint64(20*len(p)) {
			t.Fatalf("%d bytes allocated for %d bytes of input", n, len(p))
		}
		if d := time.Since(begin); d > 10*time.Second {
			t.Fatalf("took %v", d)
		}
	})
}

func receive(t *testing.T, p []byte, step int, flags wire.RequestFlags) (data []byte) {
	ctx := t.Context()
	c, err := session.NewClient(ctx, &memConn{in: p, step: step}, session.ClientConfig{Flags: flags, BatchBytes: 1024})
	if err != nil {
		return nil
	}
	for {
		b, err := c.ReadBatch(ctx)
		if err != nil {
			if b != nil {
				t.Fatal("a batch beside an error")
			}
			break
		}
		count := 0
		for rest := b.Data; len(rest) > 0; count++ {
			h, ok := wire.ParseHeader(rest)
			if !ok || h.Version != 1 || h.Type != wire.TypeEventData || h.Length == 0 || uint64(h.Length) > uint64(len(rest)-8) {
				t.Fatalf("batch with header %+v, %d bytes left", h, len(rest))
			}
			rest = rest[8+int(h.Length):]
		}
		if count != b.Count || count == 0 {
			t.Fatalf("batch of %d messages says %d", count, b.Count)
		}
		data = append(data, b.Data...)
		if err := c.Ack(ctx, b); err != nil {
			t.Fatal(err)
		}
	}
	if err := c.Close(ctx, "done"); err != nil {
		t.Fatal(err)
	}
	return data
}

func serve(t *testing.T, p []byte, step int) {
	ctx := t.Context()
	s, err := session.Accept(ctx, &memConn{in: p, step: step}, session.ServerConfig{HostRequests: 2, MaxRequest: 2000, KeepAlive: session.Off})
	if err != nil {
		return
	}
	<-s.Context().Done() // at the latest at the end of p
	if err := s.Send(ctx, estreamtest.Events(1, 50), 1); err == nil {
		t.Fatal("a session that has ended takes events")
	}
	_ = s.End(ctx, nil) // whether the last words arrive is not the question
}
