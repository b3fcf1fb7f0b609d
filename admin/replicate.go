package admin

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"
)

// Times of replication.
const (
	firstRetry   = time.Second
	lastRetry    = time.Minute
	exchangeTime = 2 * time.Minute // for one message and its answer

	// maxRounds is how many an exchange may take: two, unless somebody makes changes
	// meanwhile.
	maxRounds = 10
)

// replicate exchanges registrations with the partner whenever something changed here,
// and every so often to learn what changed there. It returns when ctx is done.
func (s *Service) replicate(ctx context.Context) {
	var retry time.Duration
	for {
		pause := s.Every
		if set, err := s.Store.Settings(); err == nil && set.Partner != nil {
			err := s.exchange(ctx, *set.Partner)
			if ctx.Err() != nil {
				return
			}
			s.noteExchange(set.Partner.URL, err)
			if err == nil {
				retry = 0
			} else {
				retry = min(max(2*retry, firstRetry), lastRetry)
				pause = min(retry, s.Every)
			}
		} // settings that cannot be read are reported by look
		timer := time.NewTimer(pause)
		select {
		case <-ctx.Done():
			timer.Stop()
			return
		case <-timer.C:
		case <-s.kick:
			timer.Stop()
		}
	}
}

// noteExchange keeps the status, and logs when it becomes another.
func (s *Service) noteExchange(url string, err error) {
	now := s.Store.now().UTC().Truncate(time.Second)
	s.mu.Lock()
	defer s.mu.Unlock()
	before := s.status
	if before.URL != url {
		before = PartnerStatus{URL: url}
	}
	s.status = before
	if err == nil {
		s.status.Exchanged, s.status.Error, s.status.Failing = now, "", time.Time{}
		if before.Error != "" || before.Exchanged.IsZero() {
			s.Log.Info("registrations are the same as the partner's", "partner", url)
		}
		return
	}
	s.status.Error = err.Error()
	if before.Error == "" {
		s.status.Failing = now
	}
	if before.Error != s.status.Error {
		s.Log.Warn("registrations cannot be exchanged with the partner, will be tried again", "partner", url, "error", err)
	}
}

// exchange makes both sides have the same.
func (s *Service) exchange(ctx context.Context, p Partner) error {
	s.init()
	// A connection of its own for each exchange: they are minutes apart, and a
	// certificate that was replaced meanwhile is looked at again.
	secure, err := s.partnerTLS()
	if err != nil {
		return err
	}
	transport := &http.Transport{
		TLSClientConfig: secure, Proxy: http.ProxyFromEnvironment,
		TLSHandshakeTimeout: 10 * time.Second, ResponseHeaderTimeout: exchangeTime, MaxResponseHeaderBytes: 64 << 10,
	}
	defer transport.CloseIdleConnections()
	c := &partnerClient{
		Partner: p,
		http: http.Client{
			Transport: transport, Timeout: exchangeTime,
			// The token must not follow to another address.
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
	}
	for range maxRounds {
		moved, err := s.round(ctx, c)
		if err != nil || moved == 0 {
			return err
		}
	}
	return fmt.Errorf("registrations still differ after %d rounds: somebody is changing them all the time", maxRounds)
}

// round tells both sides what the other one has, and moves what either lacks. It
// returns how many registrations were moved: one that came may have revoked another,
// which only the next round makes known.
func (s *Service) round(ctx context.Context, c *partnerClient) (moved int, err error) {
	ours, err := s.digest()
	if err != nil {
		return 0, err
	}
	var theirs digest
	if err := c.call(ctx, "/replica/exchange", ours, &theirs); err != nil {
		return 0, err
	}
	for part := range slices.Chunk(theirs.Want, maxFiles) {
		list, err := s.files(part)
		if err != nil {
			return 0, err
		}
		if len(list) == 0 {
			continue
		}
		if err := c.call(ctx, "/replica/give", registrations{list}, nil); err != nil {
			return 0, err
		}
		moved += len(list)
	}
	want, strange, err := s.joinDigest(ctx, &theirs)
	if err != nil {
		return 0, err
	}
	for part := range slices.Chunk(want, maxFiles) {
		var got registrations
		if err := c.call(ctx, "/replica/take", serials{part}, &got); err != nil {
			return 0, err
		}
		if err := s.take(ctx, got.Registrations); err != nil {
			return 0, err
		}
		moved += len(got.Registrations)
	}
	if moved == 0 && strange+theirs.Strange > 0 {
		return 0, fmt.Errorf("%d registrations of the partner and %d of this server are from a CA that the other one has not: its CA was rotated; set the server that lacks it up anew from an export of the other one with the CA", strange, theirs.Strange)
	}
	return moved, nil
}

// partnerTLS accepts servers whose certificate is from the CA that both share. Names
// are not compared: the certificates do not carry those under which a server can be
// reached, and a client's certificate does not pass for a server's.
func (s *Service) partnerTLS() (*tls.Config, error) {
	t, err := s.trust()
	if err != nil {
		return nil, err
	}
	return &tls.Config{
		MinVersion:         tls.VersionTLS12,
		InsecureSkipVerify: true, // the check of names; VerifyConnection makes the others
		VerifyConnection: func(cs tls.ConnectionState) error {
			between := x509.NewCertPool()
			for _, c := range cs.PeerCertificates[1:] {
				between.AddCert(c)
			}
			_, err := cs.PeerCertificates[0].Verify(x509.VerifyOptions{
				Roots: t.roots, Intermediates: between, CurrentTime: s.Store.now(), KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
			})
			var unknown x509.UnknownAuthorityError
			if errors.As(err, &unknown) {
				return fmt.Errorf("the partner's certificate is from another CA; both servers must have the same: export it on one with the CA and import it on the other: %w", err)
			}
			return err
		},
	}, nil
}

// A partnerClient speaks to the partner's HTTP API.
type partnerClient struct {
	Partner
	http http.Client
}

func (c *partnerClient) call(ctx context.Context, path string, ask, answer any) error {
	body, err := json.Marshal(ask)
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, strings.TrimSuffix(c.URL, "/")+apiPrefix+path, bytes.NewReader(body))
	if err != nil {
		return err
	}
	req.Header.Set("Authorization", "Bearer "+c.Token)
	req.Header.Set("Content-Type", contentJSON)
	resp, err := c.http.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close() // read to its end or given up
	data, err := io.ReadAll(io.LimitReader(resp.Body, maxDigest+1))
	if err != nil {
		return fmt.Errorf("answer of the partner to %s: %w", path, err)
	}
	if len(data) > maxDigest {
		return fmt.Errorf("answer of the partner to %s has more than %d bytes", path, maxDigest)
	}
	if resp.StatusCode != http.StatusOK {
		return refused(path, resp.StatusCode, data)
	}
	if answer == nil {
		return nil
	}
	if err := json.Unmarshal(data, answer); err != nil {
		return fmt.Errorf("answer of the partner to %s: %w", path, err)
	}
	return nil
}

// refused says why the partner did not do what it was asked for.
func refused(path string, status int, data []byte) error {
	var e errorBody
	if json.Unmarshal(data, &e) != nil || e.Error.What == "" {
		return fmt.Errorf("the partner answers %s with status %d; expected 200 from an HTTP API of this program", path, status)
	}
	text := e.Error.What
	if e.Error.Do != "" {
		text += "; " + e.Error.Do
	}
	return fmt.Errorf("the partner refuses %s (status %d): %q", path, status, text)
}
