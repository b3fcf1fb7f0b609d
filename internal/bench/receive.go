package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"sync"
	"time"

	"estream/pki"
	"estream/session"
	"estream/wire"
)

// clientTLS returns the TLS configuration of the registered client.
func clientTLS(dir string) (*tls.Config, error) {
	data, err := os.ReadFile(filepath.Join(dir, clientFile))
	if err != nil {
		return nil, err
	}
	cred, err := pki.LoadPKCS12(data, "")
	if err != nil {
		return nil, err
	}
	return pki.ClientTLSConfig(cred, pki.ClientOptions{})
}

// readBare reads the stream from a plain TLS writer and throws it away.
func readBare(ctx context.Context, jb *job) (*result, error) {
	cfg, err := clientTLS(jb.Dir)
	if err != nil {
		return nil, err
	}
	conn, err := new(net.Dialer).DialContext(ctx, "tcp", jb.Addr)
	if err != nil {
		return nil, err
	}
	began, used := time.Now(), cpuTime()
	secure := tls.Client(conn, cfg)
	defer secure.Close()
	n, err := io.CopyBuffer(io.Discard, io.LimitReader(secure, jb.Size), make([]byte, session.DefaultBatchBytes))
	if err != nil {
		return nil, err
	}
	if n != jb.Size {
		return nil, fmt.Errorf("%d bytes received, %d expected", n, jb.Size)
	}
	return &result{Elapsed: time.Since(began), CPU: cpuTime() - used, Messages: jb.Count, In: uint64(n)}, nil
}

// discard is a session that acknowledges what it receives and throws it away.
func discard(ctx context.Context, jb *job) (*result, error) {
	cfg, err := clientTLS(jb.Dir)
	if err != nil {
		return nil, err
	}
	began, used := time.Now(), cpuTime()
	client, err := session.Dial(ctx, jb.Addr, session.ClientConfig{TLS: cfg, Start: wire.StartOldest, DialContext: connected(&began)})
	if err != nil {
		return nil, err
	}
	defer client.Close(ctx, "")
	r := &result{}
	for r.Messages < jb.Count {
		b, err := client.ReadBatch(ctx)
		if err != nil {
			return nil, err
		}
		r.Messages += uint64(b.Count)
		r.In += uint64(len(b.Data))
		if err := client.Ack(ctx, b); err != nil {
			return nil, err
		}
	}
	r.Elapsed, r.CPU = time.Since(began), cpuTime()-used
	return r, nil
}

// connected is a dialer that notes when the connection was there.
func connected(at *time.Time) func(context.Context, string, string) (net.Conn, error) {
	return func(ctx context.Context, network, addr string) (net.Conn, error) {
		conn, err := new(net.Dialer).DialContext(ctx, network, addr)
		*at = time.Now()
		return conn, err
	}
}

// fanOut is many clients of one server at a time, each with the whole stream.
func fanOut(ctx context.Context, jb *job) (*result, error) { return many(ctx, jb, discard) }

// rawFanOut is as many bare readers.
func rawFanOut(ctx context.Context, jb *job) (*result, error) { return many(ctx, jb, readBare) }

// many does the work of one client several times at once. The time counts from
// the start of the first to the end of the last.
func many(ctx context.Context, jb *job, one func(context.Context, *job) (*result, error)) (*result, error) {
	var wg sync.WaitGroup
	results := make([]*result, jb.Sessions)
	errs := make([]error, jb.Sessions)
	began, used := time.Now(), cpuTime()
	for i := range results {
		wg.Go(func() { results[i], errs[i] = one(ctx, jb) })
	}
	wg.Wait()
	sum := &result{Elapsed: time.Since(began), CPU: cpuTime() - used}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	for _, r := range results {
		sum.Messages += r.Messages
		sum.In += r.In
	}
	return sum, nil
}
