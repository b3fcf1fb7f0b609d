// Package http writes events to a web service: batches of lines in the body of a
// POST.
//
// Guarantee: at least once. Commit returns when the service has answered 2xx to
// every batch; a batch whose answer did not come is sent again. Lines are in
// journal order, one request at a time. What happens on other answers:
//
//   - 408, 425, 429, 5xx, and no answer: sent again, not before the time that
//     Retry-After names (at most 5 minutes);
//   - 3xx is not followed, 401, 403, 404 and the like are mistakes in the
//     configuration or the service: sent again until somebody mends them, and said each time;
//   - 413: sent again in halves, and later batches are smaller;
//   - any other 4xx: sent again in halves until the lines are found that the service
//     does not want. These go to [Options.Reject] with the answer, all others are delivered.
//
// A service that is slow or dead stops this output and nothing else. At most
// MaxBytes and what one Write brings are held in memory, twice with Array or Gzip.
package http

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	nethttp "net/http"
	"net/url"
	"time"

	"estream/output"
)

// An Output posts to one URL. It is not safe for concurrent use.
type Output struct {
	opt     Options
	name    string // the URL without its secrets
	target  string // the URL without user information
	header  nethttp.Header
	secrets []string
	client  nethttp.RoundTripper
	idle    func() // lets go of connections that wait
	log     *slog.Logger
	stats   output.Stats
	enc     encoder
	closed  bool
	started bool // the service took something

	buf      []byte // lines that were accepted and not delivered; of this slice
	head     int    // what stands before was delivered
	ends     []int  // ends of the parts, the next one last, that a refused batch is tried in
	maxBytes int    // becomes smaller when the service finds a batch too large
	wait     time.Time
}

// Open returns an output. It does not dial: the first Write that fills a batch, or
// the first Commit, does. Errors are mistakes in o.
func Open(o Options) (*Output, error) {
	u, err := url.Parse(o.URL)
	if err != nil {
		var ue *url.Error
		if errors.As(err, &ue) {
			err = ue.Err // the whole of it may hold a password
		}
		return nil, fmt.Errorf("http output: URL: %w", err)
	}
	if u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "" {
		return nil, fmt.Errorf("http output: URL has scheme %q and host %q; expected http://HOST/PATH or https://HOST/PATH", u.Scheme, u.Hostname())
	}
	if o.MaxBytes < 0 || o.MaxLines < 0 || o.Timeout < 0 || o.MaxLine != 0 && o.MaxLine < 64 {
		return nil, fmt.Errorf("http output: limits of %d bytes, %d lines, %d bytes for a line, %s: none may be negative, and a line has at least 64 bytes", o.MaxBytes, o.MaxLines, o.MaxLine, o.Timeout)
	}
	if user := u.User; user != nil && o.User == "" {
		o.User = user.Username()
		o.Password, _ = user.Password()
	}
	if o.Token != "" && (o.User != "" || o.Password != "") {
		return nil, errors.New("http output: both a token and a user name or password are given: one Authorization fits into a request")
	}
	setDefaults(&o)
	u.User, u.Fragment = nil, ""
	out := &Output{opt: o, target: u.String(), log: o.Log, maxBytes: o.MaxBytes}
	shown := *u
	if shown.RawQuery != "" {
		shown.RawQuery = "..." // services take tokens there
	}
	out.name = shown.String()
	if out.header, err = header(&o); err != nil {
		return nil, err
	}
	out.secrets = secrets(&o, u, out.header)
	t := out.newTransport()
	out.client, out.idle = t, t.CloseIdleConnections
	return out, nil
}

// Write implements [output.Output]. It sends what makes full batches of earlier
// lines, and takes the new ones into memory; Commit sends the rest.
func (o *Output) Write(ctx context.Context, lines []byte) error {
	if o.closed {
		return fmt.Errorf("http output: %w", fs.ErrClosed)
	}
	if len(o.buf)-o.head >= o.opt.MaxBytes {
		if err := o.flush(ctx, o.maxBytes); err != nil {
			return err
		}
	}
	if o.head > 0 {
		n := copy(o.buf, o.buf[o.head:])
		o.buf = o.buf[:n]
		for i := range o.ends {
			o.ends[i] -= o.head
		}
		o.head = 0
	}
	if o.opt.MaxLine == 0 {
		o.buf = append(o.buf, lines...)
		return nil
	}
	for len(lines) > 0 {
		n := lineEnd(lines)
		body := bytes.TrimSuffix(lines[:n], []byte{'\n'})
		lines = lines[n:]
		var cut bool
		if o.buf, cut = output.Truncate(o.buf, body, o.opt.MaxLine-1); cut {
			o.stats.Truncated.Add(1)
		}
		o.buf = append(o.buf, '\n')
	}
	return nil
}

// Commit implements [output.Output]. It returns once the service has taken
// everything.
func (o *Output) Commit(ctx context.Context) ([]byte, error) {
	if o.closed {
		return nil, fmt.Errorf("http output: %w", fs.ErrClosed)
	}
	return nil, o.flush(ctx, 1)
}

// lineEnd returns the length of the first line with its end.
func lineEnd(lines []byte) int {
	if i := bytes.IndexByte(lines, '\n'); i >= 0 {
		return i + 1
	}
	return len(lines)
}

// Empty implements [output.Output]. What a service holds is not known: every life of
// the output is a beginning.
func (o *Output) Empty() bool { return !o.started && len(o.buf) == 0 }

// Close implements [output.Output].
func (o *Output) Close() error {
	o.closed, o.buf, o.head, o.ends = true, nil, 0, nil
	o.idle()
	return nil
}

func (o *Output) String() string { return o.name }

// Stats implements [output.Counter].
func (o *Output) Stats() *output.Stats { return &o.stats }

// Guarantee returns what this output promises.
func (*Output) Guarantee() output.Guarantee { return output.AtLeastOnce }
