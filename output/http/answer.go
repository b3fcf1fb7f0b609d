package http

import (
	"errors"
	"fmt"
	"io"
	nethttp "net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

const (
	shownAnswer = 1 << 10  // bytes of an answer that an error quotes
	readAnswer  = 64 << 10 // bytes of an answer that are read so that the connection can be used again
)

// inner takes off the layer of an error that holds the whole URL.
func inner(err error) error {
	var ue *url.Error
	if errors.As(err, &ue) {
		return ue.Err
	}
	return err
}

// answer reads the start of an answer, and as much more as it takes to use the
// connection again.
func answer(body io.ReadCloser) (string, error) {
	head, err := io.ReadAll(io.LimitReader(body, shownAnswer))
	if err == nil {
		_, err = io.CopyN(io.Discard, body, readAnswer-shownAnswer)
		if errors.Is(err, io.EOF) {
			err = nil
		}
	}
	return string(head), errors.Join(err, body.Close())
}

// judge turns an answer into nil, a refusal, or an error that time may mend.
func (o *Output) judge(resp *nethttp.Response, text string) error {
	for _, s := range o.secrets {
		text = strings.ReplaceAll(text, s, "[hidden]")
	}
	code := resp.StatusCode
	said := fmt.Sprintf("http output %s: status %d %s", o.name, code, nethttp.StatusText(code))
	if text != "" {
		said += fmt.Sprintf(": %q", text)
	}
	switch {
	case code/100 == 2:
		o.wait = time.Time{}
		return nil
	case code/100 == 3:
		to := "nowhere"
		if u, err := resp.Location(); err == nil {
			to = u.Scheme + "://" + u.Host + u.EscapedPath()
		}
		return fmt.Errorf("%s: redirections are not followed; this one leads to %s: write that into the configuration if you trust it", said, to)
	case code == 408, code == 425, code == 429, code/100 == 5:
		if wait := retryAfter(resp.Header.Get("Retry-After"), time.Now()); wait > 0 {
			o.wait = time.Now().Add(wait)
			return fmt.Errorf("%s: the service asks to wait for %s", said, wait.Round(time.Second))
		}
		return errors.New(said)
	}
	if cure := cures[code]; cure != "" {
		return fmt.Errorf("%s: %s", said, cure)
	}
	if code/100 != 4 {
		return fmt.Errorf("%s; expected 200 to 299", said)
	}
	return &refusal{code, said}
}

// cures holds the answers that blame the configuration and not the lines.
var cures = map[int]string{
	401: "check user, password or token",
	402: "the service wants to be paid",
	403: "the account must be allowed to write there; check token and path",
	404: "check the path of the URL",
	405: "the service takes no POST there; check the path of the URL",
	406: "the service has no answer in a form that is asked for; check its address",
	407: "the proxy wants a user and password: put them into the proxy's URL",
	410: "the path of the URL is gone; check it",
	411: "something in between removes the length of requests; check proxies",
	414: "the URL is too long",
	415: "the service takes no body of this type: check Content-Type, array or lines, and compression",
	417: "something in between does not understand the request; check proxies",
	421: "the name in the URL is not one that this service answers to",
	426: "the service wants another version of the protocol; check its address",
	428: "the service wants conditions in requests; check the path of the URL",
	431: "headers are too long; check those of the configuration",
	451: "the service is forbidden to take this",
}

// retryAfter returns how long to wait by the header of that name, which holds
// seconds or a date; 0 when it says nothing.
func retryAfter(value string, now time.Time) time.Duration {
	if seconds, err := strconv.ParseUint(value, 10, 64); err == nil {
		return time.Duration(min(seconds, uint64(longestWait/time.Second))) * time.Second
	}
	if at, err := nethttp.ParseTime(value); err == nil {
		return min(max(at.Sub(now), 0), longestWait)
	}
	return 0
}
