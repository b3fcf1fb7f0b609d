package pki

import (
	"cmp"
	"slices"
	"strings"
	"time"
)

// Kinds of an Expiry.
const (
	ExpiryCA         = "ca"          // the CA that signs
	ExpiryPreviousCA = "previous ca" // the CA before it: when its certificates stop being accepted
	ExpiryServer     = "server"      // the server's certificate
	ExpiryClient     = "client"      // the certificate of a registration that holds
)

// An Expiry is something whose time ends.
type Expiry struct {
	Kind     string    // one of the Expiry constants
	Name     string    // common name, or the client's host
	Serial   string    // of the certificate
	NotAfter time.Time // in UTC
}

// Expiring returns what expires within that time from now or has expired already, the
// soonest first. A client whose CA ends before its certificate counts with that CA.
// Revoked registrations do not count. The error is one of the registry; what does not
// depend on it is returned nevertheless.
func (a *Authority) Expiring(within time.Duration) ([]Expiry, error) {
	now := a.now()
	cas := a.authorities()
	var out []Expiry
	add := func(kind, name, serial string, end time.Time) {
		if !end.After(now.Add(within)) {
			out = append(out, Expiry{kind, name, serial, end.UTC()})
		}
	}
	current := cas.current()
	add(ExpiryCA, current.cert.Subject.CommonName, current.serial(), current.end())
	if p := cas.previous(now); p != nil {
		add(ExpiryPreviousCA, p.cert.Subject.CommonName, p.serial(), p.end())
	}
	a.serverMu.Lock()
	if a.server != nil {
		leaf := a.server.Leaf
		add(ExpiryServer, leaf.Subject.CommonName, formatSerial(leaf.SerialNumber), leaf.NotAfter)
	}
	a.serverMu.Unlock()
	reg, err := a.registry()
	if err == nil {
		for _, c := range reg.clients {
			if !c.Revoked.IsZero() {
				continue
			}
			end := c.NotAfter
			if by := cas.bySerial(c.Issuer); by != nil && by.end().Before(end) {
				end = by.end()
			}
			add(ExpiryClient, c.Host, c.Serial, end)
		}
	}
	slices.SortStableFunc(out, func(x, y Expiry) int {
		return cmp.Or(x.NotAfter.Compare(y.NotAfter), cmp.Compare(x.Kind, y.Kind), cmp.Compare(x.Name, y.Name))
	})
	return out, err
}

// When Run warns: in time to plan, and not of a server certificate that is about to
// renew itself.
const (
	warnEvery  = 24 * time.Hour
	warnCA     = 365 * 24 * time.Hour
	warnClient = 60 * 24 * time.Hour
	warnServer = renewBefore - 24*time.Hour
	warnNames  = 10 // hosts in one line
)

// warnExpiring writes a line for each CA and the server, and one for all clients.
func (a *Authority) warnExpiring() {
	list, err := a.Expiring(warnCA)
	if err != nil {
		return // Run says that already
	}
	now := a.now()
	var clients, expired []string
	for _, e := range list {
		left := e.NotAfter.Sub(now)
		end := stamp(e.NotAfter)
		switch {
		case e.Kind == ExpiryCA:
			a.log.Warn("the internal CA expires, and every client certificate with it; rotate it", "ca", e.Name, "not_after", end, "hint", "estream ca rotate")
		case e.Kind == ExpiryPreviousCA && left <= warnClient:
			a.log.Warn("clients with certificates of the CA before this one are accepted until its time ends", "ca", e.Name, "not_after", end, "hint", "estream ca show")
		case e.Kind == ExpiryServer && left <= warnServer:
			a.log.Warn("the server certificate ends soon and could not be renewed", "not_after", end)
		case e.Kind == ExpiryClient && left < 0:
			expired = append(expired, e.Name)
		case e.Kind == ExpiryClient && left <= warnClient:
			clients = append(clients, e.Name)
		}
	}
	if len(clients) > 0 {
		a.log.Warn("client certificates expire soon; register these clients again", "within", "60 days", "count", len(clients), "hosts", some(clients))
	}
	if len(expired) > 0 {
		a.log.Warn("client certificates have expired; register these clients again or remove them", "count", len(expired), "hosts", some(expired))
	}
}

// some joins the first names of a list, which may be long.
func some(names []string) string {
	text := strings.Join(names[:min(len(names), warnNames)], " ")
	if len(names) > warnNames {
		text += " ..."
	}
	return text
}
