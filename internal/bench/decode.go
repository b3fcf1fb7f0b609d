package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"time"

	"estream/internal/cli"
	"estream/wire"
)

// warmUp is how much of the stream is decoded before the clock runs, in bytes:
// enough to meet all kinds of records, whose layouts are compiled when they are
// first seen.
const warmUp = 16 << 20

// decode is estream decode with its output thrown away. Reading and compiling
// layouts, some 0.1 s, is not in its result.
func decode(ctx context.Context, jb *job) (*result, error) {
	null, err := os.OpenFile(os.DevNull, os.O_WRONLY, 0)
	if err != nil {
		return nil, err
	}
	defer null.Close()
	if err := decodeHead(ctx, jb); err != nil {
		return nil, err
	}
	counted := &counter{f: null}
	before, began, used := allocs(), time.Now(), cpuTime()
	if err := runDecode(ctx, jb, jb.Stream, nil, counted); err != nil {
		return nil, err
	}
	return &result{Elapsed: time.Since(began), CPU: cpuTime() - used, Messages: jb.Count, In: uint64(jb.Size), Out: counted.n, Allocs: allocs() - before}, nil
}

func runDecode(ctx context.Context, jb *job, name string, in io.Reader, out io.Writer) error {
	args := []string{"decode", name, "--from", "wire", "--format", jb.Format}
	if status := cli.Main(ctx, args, in, out, os.Stderr); status != 0 {
		return fmt.Errorf("estream decode ended with status %d", status)
	}
	return nil
}

// decodeHead decodes the beginning of the stream.
func decodeHead(ctx context.Context, jb *job) error {
	head, err := readHead(jb.Stream)
	if err != nil {
		return err
	}
	return runDecode(ctx, jb, "-", bytes.NewReader(head), io.Discard)
}

// readHead returns the whole messages at the start of a stream.
func readHead(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	head, err := io.ReadAll(io.LimitReader(f, warmUp))
	if err != nil {
		return nil, err
	}
	rest := head
	for {
		var err error
		if _, rest, err = wire.NextMessage(rest); err != nil || len(rest) == 0 {
			return head[:len(head)-len(rest)], nil
		}
	}
}

// A counter counts the bytes written to a file.
type counter struct {
	f *os.File
	n uint64
}

func (c *counter) Write(p []byte) (int, error) {
	n, err := c.f.Write(p)
	c.n += uint64(n)
	return n, err
}
