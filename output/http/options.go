package http

import (
	"context"
	"crypto/tls"
	"fmt"
	"log/slog"
	"net"
	nethttp "net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"estream/output"
)

const (
	defaultMaxBytes = 1 << 20
	defaultMaxLines = 10000
	defaultTimeout  = 30 * time.Second
	dialTimeout     = 10 * time.Second
	idleTimeout     = 90 * time.Second
	// longestWait is the longest that a service can make us wait by Retry-After.
	longestWait = 5 * time.Minute
)

// Form says how lines make a body.
type Form int

const (
	// Lines: as they are, one after the other; with JSON lines that is NDJSON.
	Lines Form = iota
	// Array: the elements of one JSON array. Each line has to be a JSON value.
	Array
)

// Options say where batches go and what they look like.
type Options struct {
	// URL is http or https. User information in it is the user name and password of
	// basic authentication and is not sent otherwise.
	URL string
	Form
	Gzip bool // compress bodies
	// Header is added to each request. Values are never logged. Content-Type, when
	// missing, is application/x-ndjson or application/json.
	Header nethttp.Header
	// User and Password, or Token (bearer), are sent as Authorization.
	User, Password, Token string

	MaxBytes int           // of lines in a body before compression; a longer line goes alone; 0: 1 MiB
	MaxLines int           // in a body; 0: 10000
	MaxLine  int           // a longer line is cut, which is the end of it as JSON; 0: no limit, else 64 or more
	Timeout  time.Duration // of one request, from the dial to the end of the answer; 0: 30 s
	TLS      *tls.Config   // of https; nil: the machine's certificates
	Log      *slog.Logger  // nil: slog.Default()
	// Reject takes what the service does not want. nil: it is offered for ever.
	Reject output.Reject
}

func setDefaults(o *Options) {
	if o.MaxBytes == 0 {
		o.MaxBytes = defaultMaxBytes
	}
	if o.MaxLines == 0 {
		o.MaxLines = defaultMaxLines
	}
	if o.Timeout == 0 {
		o.Timeout = defaultTimeout
	}
	if o.Log == nil {
		o.Log = slog.Default()
	}
}

// header returns what all requests have in common.
func header(o *Options) (nethttp.Header, error) {
	h := nethttp.Header{}
	for name, values := range o.Header {
		for _, v := range values {
			// net/http would refuse each request, and show the value.
			if strings.ContainsAny(v, "\r\n\x00") || name == "" || strings.ContainsAny(name, " :\r\n\x00") {
				return nil, fmt.Errorf("http output: header %q: name or value has characters that no header can have", name)
			}
			h.Add(name, v)
		}
	}
	if h.Get("Content-Type") == "" {
		h.Set("Content-Type", map[Form]string{Lines: "application/x-ndjson", Array: "application/json"}[o.Form])
	}
	if h.Get("User-Agent") == "" {
		h.Set("User-Agent", "estream")
	}
	if o.Gzip {
		h.Set("Content-Encoding", "gzip")
	}
	switch {
	case o.Token != "":
		h.Set("Authorization", "Bearer "+o.Token)
	case o.User != "" || o.Password != "":
		r := nethttp.Request{Header: h}
		r.SetBasicAuth(o.User, o.Password)
	}
	// A batch may come twice, so a request that met a connection which the service
	// had just closed for idleness is repeated by net/http itself. An empty value
	// is not sent.
	h["X-Idempotency-Key"] = []string{}
	return h, nil
}

// secrets returns what must not get from an answer into the log.
func secrets(o *Options, u *url.URL, h nethttp.Header) []string {
	list := []string{o.Token, o.Password, u.RawQuery, h.Get("Authorization"), strings.TrimPrefix(h.Get("Authorization"), "Basic ")}
	for _, values := range o.Header {
		list = append(list, values...)
	}
	for _, values := range u.Query() {
		list = append(list, values...)
	}
	// A short one would black out words.
	return slices.DeleteFunc(list, func(s string) bool { return len(s) < 6 })
}

// newTransport returns what sends requests. There is no client above it: that would
// follow redirections and, even when told not to, take a second body for 307 and
// 308 and never close it.
func (o *Output) newTransport() *nethttp.Transport {
	dialer := &net.Dialer{Timeout: dialTimeout}
	return &nethttp.Transport{
		Proxy: nethttp.ProxyFromEnvironment,
		DialContext: func(ctx context.Context, network, addr string) (net.Conn, error) {
			c, err := dialer.DialContext(ctx, network, addr)
			if err == nil {
				o.stats.Connects.Add(1)
			}
			return c, err
		},
		TLSClientConfig:        o.opt.TLS,
		TLSHandshakeTimeout:    dialTimeout,
		ForceAttemptHTTP2:      true,
		MaxIdleConnsPerHost:    1,
		IdleConnTimeout:        idleTimeout,
		DisableCompression:     true, // a compressed answer could be larger than it looks
		MaxResponseHeaderBytes: 64 << 10,
	}
}
