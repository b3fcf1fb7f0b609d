package main

import (
	"bufio"
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"sync"

	"estream/journal"
	"estream/layouts"
	"estream/pki"
	"estream/server"
	"estream/session"
	"estream/source"
)

// bundle is the number of messages in a bundle, where there are bundles.
const bundle = 100

// addresses are what a server process listens on.
type addresses struct {
	Single     string // the server, sending single messages
	Bundle     string // the server, sending bundles
	SinglePart string // likewise, with the shorter stream
	BundlePart string
	Bare       string // a plain TLS writer
}

// serve serves the journals until stdin ends. It prints its addresses first, then
// for each line of stdin the processor time it has used so far.
func serve(ctx context.Context, jb *job, stdin io.Reader, stdout io.Writer) (err error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	log := slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn}))
	authority, err := pki.Open(filepath.Join(jb.Dir, pkiDir), pki.Options{Logger: log})
	if err != nil {
		return err
	}
	var journals [2]*source.Journal
	for i, dir := range []string{journalDir, partDir} {
		j, err := source.OpenJournal(ctx, filepath.Join(jb.Dir, dir), layouts.Default(), journal.Options{Log: log})
		if err != nil {
			return err
		}
		defer func() {
			stop, done := context.WithTimeout(context.WithoutCancel(ctx), closingTime)
			defer done()
			err = errors.Join(err, j.Close(stop))
		}()
		journals[i] = j
	}
	var wg sync.WaitGroup
	defer func() {
		cancel(nil)
		wg.Wait()
	}()
	start := func(addr *string, f func(net.Listener) error) error {
		ln, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return err
		}
		*addr = ln.Addr().String()
		context.AfterFunc(ctx, func() { _ = ln.Close() })
		wg.Go(func() {
			if err := f(ln); err != nil && ctx.Err() == nil {
				cancel(err)
			}
		})
		return nil
	}
	serveWith := func(j *source.Journal, messages int) func(net.Listener) error {
		s := &server.Server{Authority: authority, Journal: j, AsIs: true, Session: session.ServerConfig{BundleMessages: messages}, Log: log}
		return func(ln net.Listener) error { return s.Serve(ctx, ln) }
	}
	var a addresses
	err = errors.Join(
		start(&a.Single, serveWith(journals[0], 0)),
		start(&a.Bundle, serveWith(journals[0], bundle)),
		start(&a.SinglePart, serveWith(journals[1], 0)),
		start(&a.BundlePart, serveWith(journals[1], bundle)),
		start(&a.Bare, func(ln net.Listener) error { return serveBare(ln, authority.TLSConfig(), jb) }),
		json.NewEncoder(stdout).Encode(a),
	)
	if err != nil {
		return err
	}
	go func() {
		lines := bufio.NewScanner(stdin)
		err := error(nil)
		for err == nil && lines.Scan() {
			err = json.NewEncoder(stdout).Encode(cpuTime())
		}
		cancel(errors.Join(err, lines.Err()))
	}()
	<-ctx.Done()
	if cause := context.Cause(ctx); !errors.Is(cause, context.Canceled) {
		return cause
	}
	return nil
}

// serveBare writes the stream to every connection and closes it.
func serveBare(ln net.Listener, cfg *tls.Config, jb *job) error {
	var wg sync.WaitGroup
	defer wg.Wait()
	for {
		conn, err := ln.Accept()
		if err != nil {
			return err
		}
		wg.Go(func() {
			secure := tls.Server(conn, cfg)
			// A failure shows at the reader: too few bytes.
			_ = writeBare(secure, jb.Stream)
			_ = secure.Close()
		})
	}
}

// writeBare writes the file in pieces as large as a batch.
func writeBare(w io.Writer, path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	_, err = io.CopyBuffer(struct{ io.Writer }{w}, struct{ io.Reader }{f}, make([]byte, session.DefaultBatchBytes))
	return err
}
