package http

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	nethttp "net/http"
	"sync"
	"time"
)

// flush sends batches while at least least bytes wait. What was delivered is not
// sent again after an error; how far a refused batch was taken apart is remembered.
func (o *Output) flush(ctx context.Context, least int) error {
	for len(o.buf)-o.head >= least {
		if len(o.ends) == 0 {
			o.ends = append(o.ends, o.batchEnd())
		}
		end := o.ends[len(o.ends)-1]
		part := o.buf[o.head:end]
		lines := bytes.Count(part, []byte{'\n'})
		err := o.post(ctx, part)
		var no *refusal
		switch {
		case err == nil:
			o.started = true
			o.stats.Lines.Add(uint64(lines))
			o.stats.Bytes.Add(uint64(len(part)))
		case !errors.As(err, &no):
			o.stats.Connected.Store(false)
			return err
		case lines > 1:
			if no.status == nethttp.StatusRequestEntityTooLarge {
				o.maxBytes = max(len(part)/2, 1)
			}
			o.ends = append(o.ends, o.head+middle(part))
			continue
		default:
			if err := o.reject(part, no); err != nil {
				return err
			}
		}
		o.stats.Connected.Store(true)
		o.head = end
		o.ends = o.ends[:len(o.ends)-1]
	}
	if o.head == len(o.buf) {
		o.buf, o.head = o.buf[:0], 0
	}
	return nil
}

// batchEnd returns the end of the next batch: as many lines as fit, at least one.
func (o *Output) batchEnd() int {
	rest := o.buf[o.head:]
	end := 0
	for n := 0; end < len(rest) && n < o.opt.MaxLines; n++ {
		next := end + lineEnd(rest[end:])
		if n > 0 && next > o.maxBytes {
			break
		}
		end = next
	}
	return o.head + end
}

// middle returns the length of the first half of two or more lines.
func middle(part []byte) int {
	if i := bytes.IndexByte(part[len(part)/2:], '\n'); i >= 0 && len(part)/2+i+1 < len(part) {
		return len(part)/2 + i + 1
	}
	return bytes.LastIndexByte(part[:len(part)/2], '\n') + 1 // the last line is more than half of it
}

func (o *Output) reject(line []byte, cause error) error {
	if o.opt.Reject == nil {
		return fmt.Errorf("%w; there is no dead-letter file for the line, so everything behind it waits", cause)
	}
	if err := o.opt.Reject(line, cause); err != nil {
		return fmt.Errorf("%w; the line could not be put aside: %w", cause, err)
	}
	o.stats.Rejected.Add(1)
	return nil
}

// A refusal is an answer that blames the lines.
type refusal struct {
	status int
	text   string
}

func (r *refusal) Error() string { return r.text }

// post sends one request. A *refusal says that these lines will never be taken as
// they are; any other error, that they may be later.
func (o *Output) post(ctx context.Context, lines []byte) error {
	if err := o.hold(ctx); err != nil {
		return err
	}
	body, err := o.enc.encode(lines, o.opt.Form, o.opt.Gzip)
	if err != nil {
		return fmt.Errorf("http output: %w", err)
	}
	// net/http may go on reading the body after RoundTrip has returned, until it closes it.
	var bodies sync.WaitGroup
	defer bodies.Wait()
	ctx, cancel := context.WithTimeout(ctx, o.opt.Timeout)
	defer cancel()
	req, err := nethttp.NewRequestWithContext(ctx, nethttp.MethodPost, o.target, newLent(body, &bodies))
	if err != nil {
		bodies.Done() // nobody else will close it
		return fmt.Errorf("http output %s: %w", o.name, inner(err))
	}
	req.Header, req.ContentLength = o.header, int64(len(body))
	req.GetBody = func() (io.ReadCloser, error) { return newLent(body, &bodies), nil }
	resp, err := o.client.RoundTrip(req)
	if err != nil {
		if errors.Is(err, context.DeadlineExceeded) {
			return fmt.Errorf("http output %s: no complete answer within %s: %w", o.name, o.opt.Timeout, inner(err))
		}
		return fmt.Errorf("http output %s: %w", o.name, inner(err))
	}
	text, err := answer(resp.Body)
	if resp.StatusCode/100 == 2 && err != nil {
		// The status was all that counts; only the connection is not used again.
		o.log.Debug("the body of an answer broke off", "output", o.name, "error", err)
	}
	return o.judge(resp, text)
}

// A lent body tells when nobody reads it any more.
type lent struct {
	bytes.Reader
	closed sync.Once
	users  *sync.WaitGroup
}

func newLent(b []byte, users *sync.WaitGroup) *lent {
	l := &lent{users: users}
	l.Reset(b)
	users.Add(1)
	return l
}

// Close implements [io.Closer].
func (l *lent) Close() error {
	l.closed.Do(l.users.Done)
	return nil
}

// hold waits for the time before which the service wants no request.
func (o *Output) hold(ctx context.Context) error {
	left := time.Until(o.wait)
	if left <= 0 {
		return nil
	}
	timer := time.NewTimer(left)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("http output %s: the service wants no request for another %s: %w", o.name, time.Until(o.wait).Round(time.Second), ctx.Err())
	}
}
