package admin

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/netip"
	"strconv"
	"time"

	"estream/internal/mute"
)

// The HTTP API; docs/admin-api.md describes it for its users.
const (
	apiPrefix   = "/api/v1"
	contentJSON = "application/json"
	maxRequest  = 1 << 20 // bytes of a body, unless a route says otherwise
	maxLogin    = 8 << 10 // of one that anybody may send
)

// A route is one request that the API understands.
type route struct {
	method, path string
	need         Scope // "" for everybody
	most         int64 // bytes of the body; 0 is maxRequest
	answer       func(*api, *call) (any, error)
}

// routes returns all requests. docs/admin-api.md has each of them, which a test checks.
func routes() []route {
	return []route{
		{"POST", "/login", "", maxLogin, (*api).logIn},
		{"POST", "/logout", "", 0, (*api).logOut},
		{"GET", "/session", ScopeRead, 0, (*api).session},

		{"GET", "/events", ScopeRead, 0, (*api).events},
		{"PUT", "/events", ScopeAdmin, 0, (*api).setEvents},

		{"GET", "/clients", ScopeRead, 0, (*api).clients},
		{"POST", "/clients", ScopeAdmin, 0, (*api).addClient},
		{"GET", "/clients/{host}", ScopeRead, 0, (*api).client},
		{"PATCH", "/clients/{host}", ScopeAdmin, 0, (*api).changeClient},
		{"DELETE", "/clients/{host}", ScopeAdmin, 0, (*api).removeClient},
		{"GET", "/clients/{host}/pkcs12", ScopeAdmin, 0, (*api).download},

		{"GET", "/domains", ScopeRead, 0, (*api).domains},
		{"POST", "/domains", ScopeAdmin, 0, (*api).addDomain},
		{"DELETE", "/domains/{name}", ScopeAdmin, 0, (*api).removeDomain},
		{"GET", "/devices", ScopeRead, 0, (*api).devices},
		{"PUT", "/devices/{device}", ScopeAdmin, 0, (*api).assign},
		{"DELETE", "/devices/{device}", ScopeAdmin, 0, (*api).unassign},

		{"GET", "/users", ScopeRead, 0, (*api).users},
		{"POST", "/users", ScopeAdmin, 0, (*api).addUser},
		{"PUT", "/users/{name}/password", ScopeRead, 0, (*api).setPassword},
		{"DELETE", "/users/{name}", ScopeAdmin, 0, (*api).removeUser},
		{"GET", "/tokens", ScopeRead, 0, (*api).tokens},
		{"POST", "/tokens", ScopeAdmin, 0, (*api).addToken},
		{"DELETE", "/tokens/{id}", ScopeAdmin, 0, (*api).removeToken},

		{"GET", "/partner", ScopeRead, 0, (*api).partner},
		{"PUT", "/partner", ScopeAdmin, 0, (*api).setPartner},
		{"DELETE", "/partner", ScopeAdmin, 0, (*api).removePartner},
		{"POST", "/export", ScopeAdmin, 0, (*api).export},
		{"POST", "/import", ScopeAdmin, MaxExport/3*4 + maxRequest, (*api).importFile}, // base64
		{"POST", "/replica/exchange", ScopeReplicate, maxDigest, (*api).answerExchange},
		{"POST", "/replica/give", ScopeReplicate, maxDigest, (*api).answerGive},
		{"POST", "/replica/take", ScopeReplicate, 0, (*api).answerTake},
	}
}

// An api answers requests. Its logins are as old as the process.
type api struct {
	*Service
	logins *logins
	wrong  *mute.Mute // refused logins in the log
}

// newAPI returns the handler of a service: the routes behind a check that the request
// does not come from a page of another site. Browsers tell that with each request that
// could change something (Sec-Fetch-Site, Origin). What is older than these headers
// cannot send a body of type application/json to another site unasked, nor the cookie.
func newAPI(s *Service) http.Handler {
	a := &api{Service: s, logins: newLogins(s.Store), wrong: mute.New(10 * time.Second)}
	mux := http.NewServeMux()
	for _, r := range routes() {
		mux.HandleFunc(r.method+" "+apiPrefix+r.path, func(w http.ResponseWriter, req *http.Request) { a.serve(w, req, r) })
	}
	mux.HandleFunc("/", func(w http.ResponseWriter, req *http.Request) { a.unknown(w, req) })
	cross := http.NewCrossOriginProtection()
	cross.SetDenyHandler(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		writeError(w, http.StatusForbidden, errorText{What: "a request from a page of another site", Expected: "one from this server's pages, or from a program", Do: "open the page of this server"})
	}))
	return cross.Handler(mux)
}

// A call is one request on its way.
type call struct {
	*http.Request
	w    http.ResponseWriter
	who  *identity // nil: nobody that is known
	most int64
}

// Errors of a request itself.
type requestError struct {
	status int
	errorText
}

func (e *requestError) Error() string { return e.What }

// serve answers one request.
func (a *api) serve(w http.ResponseWriter, req *http.Request, r route) {
	h := w.Header()
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	c := &call{Request: req, w: w, most: r.most}
	if c.most == 0 {
		c.most = maxRequest
	}
	answer, err := a.admitted(c, r)
	if err != nil {
		a.refuse(c, r, err)
		return
	}
	if r.method != http.MethodGet && c.who != nil {
		a.Log.Info("administration", "request", r.method+" "+req.URL.Path, "by", c.who.Name, "peer", c.peer().String())
	}
	switch answer := answer.(type) {
	case nil:
		w.WriteHeader(http.StatusNoContent)
	case *attachment:
		answer.write(w)
	case *created:
		h.Set("Location", answer.location)
		writeJSON(w, http.StatusCreated, answer.body)
	default:
		writeJSON(w, http.StatusOK, answer)
	}
}

// admitted calls a route if who asks may.
func (a *api) admitted(c *call, r route) (any, error) {
	var err error
	if c.who, err = a.logins.who(c.Request); err != nil {
		return nil, err
	}
	if r.need != "" {
		if err := c.must(r.need); err != nil {
			return nil, err
		}
	}
	return r.answer(a, c)
}

// must refuses whoever may not do what takes need.
func (c *call) must(need Scope) error {
	switch {
	case c.who == nil:
		return &requestError{http.StatusUnauthorized, errorText{
			What: "nobody is logged in", Expected: "a login or a token",
			Do: "POST " + apiPrefix + "/login with user and password, or send the header Authorization: Bearer TOKEN",
		}}
	case !c.who.Scope.allows(need):
		return &requestError{http.StatusForbidden, errorText{
			What: fmt.Sprintf("%s has the scope %s", c.who.Name, c.who.Scope), Expected: "the scope " + string(need), Do: "ask somebody with the scope admin",
		}}
	}
	return nil
}

// peer returns the address from which a request comes.
func (c *call) peer() netip.Addr {
	ap, err := netip.ParseAddrPort(c.RemoteAddr)
	if err != nil {
		return netip.Addr{}
	}
	return ap.Addr().Unmap()
}

// body reads the JSON object of a request into what to points to.
func (c *call) body(to any) error {
	kind, _, err := mime.ParseMediaType(c.Header.Get("Content-Type"))
	if err != nil || kind != contentJSON {
		return &requestError{http.StatusUnsupportedMediaType, errorText{
			What: fmt.Sprintf("a body of type %q", c.Header.Get("Content-Type")), Expected: contentJSON, Do: "set the header Content-Type",
		}}
	}
	dec := json.NewDecoder(http.MaxBytesReader(c.w, c.Body, c.most))
	dec.DisallowUnknownFields()
	err = dec.Decode(to)
	if err == nil {
		if _, err = dec.Token(); err == io.EOF {
			return nil
		}
		err = errors.New("something follows the object")
	}
	var large *http.MaxBytesError
	if errors.As(err, &large) {
		return &requestError{http.StatusRequestEntityTooLarge, errorText{What: fmt.Sprintf("a body of more than %d bytes", large.Limit), Expected: "less", Do: "send it in parts"}}
	}
	return &requestError{http.StatusBadRequest, errorText{What: "body: " + err.Error(), Expected: "one JSON object as documented", Do: "see docs/admin-api.md"}}
}

// atRevision refuses a change that was meant for other settings: If-Match has the
// revision that the answer to the last look at them had.
func (c *call) atRevision(set *Settings) error {
	match := c.Header.Get("If-Match")
	if match == "" || match == "*" || match == etag(set) {
		return nil
	}
	return &Problem{
		Kind: Stale, What: fmt.Sprintf("a change to revision %s of the settings, which are at revision %s now", match, etag(set)),
		Do: "get the settings again and repeat the change if it still makes sense",
	}
}

// etag is a revision as HTTP has it.
func etag(set *Settings) string { return `"` + strconv.FormatUint(set.Revision, 10) + `"` }
