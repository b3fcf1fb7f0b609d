package collect

import (
	"context"
	"io"
)

// A Pipe is an input that a source fills while the pipeline drains it. It holds
// at most one batch: the source waits for the pipeline.
type Pipe struct {
	put    chan piped
	taken  chan struct{}
	offset int64
	number uint64
}

type piped struct {
	data  []byte
	count int
}

// NewPipe returns an empty pipe.
func NewPipe() *Pipe {
	return &Pipe{put: make(chan piped), taken: make(chan struct{}, 1)}
}

// Put hands a batch of whole messages to the pipeline and returns when the
// batch may be used again. One goroutine may call it, and Close after that.
func (p *Pipe) Put(ctx context.Context, data []byte, count int) error {
	select {
	case p.put <- piped{data, count}:
		<-p.taken // Next copies at once
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Close ends the stream: Next returns io.EOF.
func (p *Pipe) Close() { close(p.put) }

// Next implements [Input].
func (p *Pipe) Next(ctx context.Context, buf []byte) (Chunk, error) {
	select {
	case b, ok := <-p.put:
		if !ok {
			return Chunk{}, io.EOF
		}
		c := Chunk{Data: append(buf, b.data...), Base: p.offset, First: p.number}
		p.offset += int64(len(b.data))
		p.number += uint64(b.count)
		p.taken <- struct{}{}
		c.Cursor = p.number
		return c, nil
	case <-ctx.Done():
		return Chunk{}, ctx.Err()
	}
}
