package admin

import (
	"context"
	"time"
)

// A Partner is the HTTP API of another server of the same CA.
type Partner struct {
	// URL is https://HOST:PORT.
	URL string `json:"url"`
	// Token is one of the partner's, with scope replicate.
	Token string `json:"token"`
}

// SetPartner has registrations replicated to a partner; nil ends that.
func (s *Store) SetPartner(ctx context.Context, p *Partner) error {
	if p != nil {
		if err := p.check(); err != nil {
			return err
		}
	}
	return s.Update(ctx, func(set *Settings) error {
		if p == nil && set.Partner == nil {
			return notFound("", "no partner is configured")
		}
		set.Partner = p
		return nil
	})
}

// PartnerStatus tells how replication goes.
type PartnerStatus struct {
	URL string `json:"url"` // empty: no partner is configured
	// Exchanged is when both sides last had the same, in UTC.
	Exchanged time.Time `json:"exchanged,omitzero"`
	// Error is why the last attempt failed, Failing since when attempts have.
	Error   string    `json:"error,omitempty"`
	Failing time.Time `json:"failing,omitzero"`
}

// Partner returns how replication goes.
func (s *Service) Partner() (PartnerStatus, error) {
	set, err := s.Store.Settings()
	if err != nil {
		return PartnerStatus{}, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case set.Partner == nil:
		return PartnerStatus{}, nil
	case set.Partner.URL != s.status.URL:
		return PartnerStatus{URL: set.Partner.URL}, nil
	}
	return s.status, nil
}
