// Package control is how commands talk to a running service: HTTP over a Unix
// socket that only the service's user may open.
package control

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"os"
	"strings"
	"syscall"
	"time"
)

// maxAnswer is the longest answer that a command reads, in bytes, taps aside.
const maxAnswer = 16 << 20

// Listen opens the socket, with mode 0600. One that a service left behind when it
// was killed is replaced; one on which somebody answers is not.
func Listen(ctx context.Context, path string) (net.Listener, error) {
	var lc net.ListenConfig
	ln, err := lc.Listen(ctx, "unix", path)
	if errors.Is(err, syscall.EADDRINUSE) {
		var d net.Dialer
		if conn, derr := d.DialContext(ctx, "unix", path); derr == nil {
			_ = conn.Close()
			return nil, fmt.Errorf("control socket %s: another service answers there", path)
		}
		if rerr := os.Remove(path); rerr != nil {
			return nil, fmt.Errorf("control socket: %w", rerr)
		}
		ln, err = lc.Listen(ctx, "unix", path)
	}
	if err != nil {
		return nil, fmt.Errorf("control socket: %w", err)
	}
	if err := os.Chmod(path, 0o600); err != nil {
		return nil, errors.Join(fmt.Errorf("control socket: %w", err), ln.Close())
	}
	return ln, nil
}

// A Client speaks to the service behind a socket.
type Client struct {
	Path string
	http http.Client
}

// Dial returns a client. Nothing is opened yet.
func Dial(path string) *Client {
	c := &Client{Path: path}
	c.http.Transport = &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		d := net.Dialer{Timeout: 5 * time.Second}
		return d.DialContext(ctx, "unix", path)
	}}
	return c
}

// A NotRunningError says that nobody answers on the socket.
type NotRunningError struct {
	Path string
	Err  error
}

func (e *NotRunningError) Error() string {
	if errors.Is(e.Err, fs.ErrPermission) {
		return fmt.Sprintf("the control socket %s is for the user of the service only: run this as that user, or as root", e.Path)
	}
	return fmt.Sprintf("no service answers on %s: is `estream run` running with this configuration?", e.Path)
}

func (e *NotRunningError) Unwrap() error { return e.Err }

// Get asks for a path and returns the answer.
func (c *Client) Get(ctx context.Context, path string) ([]byte, error) {
	return c.do(ctx, http.MethodGet, path)
}

// Post does what the path says and returns the answer.
func (c *Client) Post(ctx context.Context, path string) ([]byte, error) {
	return c.do(ctx, http.MethodPost, path)
}

func (c *Client) do(ctx context.Context, method, path string) ([]byte, error) {
	body, err := c.open(ctx, method, path)
	if err != nil {
		return nil, err
	}
	defer body.Close()
	return io.ReadAll(io.LimitReader(body, maxAnswer))
}

// Stream copies an answer that goes on until ctx ends, or the service does, to w.
func (c *Client) Stream(ctx context.Context, path string, w io.Writer) error {
	body, err := c.open(ctx, http.MethodGet, path)
	if err != nil {
		return err
	}
	defer body.Close()
	_, err = io.Copy(w, body)
	if ctx.Err() != nil {
		return nil
	}
	return err
}

func (c *Client) open(ctx context.Context, method, path string) (io.ReadCloser, error) {
	req, err := http.NewRequestWithContext(ctx, method, "http://estream"+path, nil)
	if err != nil {
		return nil, err
	}
	resp, err := c.http.Do(req)
	if err != nil {
		var op *net.OpError
		if errors.As(err, &op) && op.Op == "dial" {
			return nil, &NotRunningError{Path: c.Path, Err: err}
		}
		return nil, err
	}
	if resp.StatusCode != http.StatusOK {
		defer resp.Body.Close()
		text, _ := io.ReadAll(io.LimitReader(resp.Body, maxAnswer)) // what there is of it
		return nil, errors.New(strings.TrimSpace(string(text)))
	}
	return resp.Body, nil
}

// JSON answers a request with v.
func JSON(w http.ResponseWriter, v any) {
	data, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write(append(data, '\n')) // a client that is gone needs no answer
}
