package admin

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"mime"
	"net/http"
	"strconv"
	"strings"
)

// An errorText is why a request was refused, in the words of a Problem.
type errorText struct {
	What     string `json:"what"`
	Expected string `json:"expected,omitempty"`
	Do       string `json:"do,omitempty"`
}

type errorBody struct {
	Error errorText `json:"error"`
}

var statusOf = map[Kind]int{
	Invalid: http.StatusUnprocessableEntity, NotFound: http.StatusNotFound, Conflict: http.StatusConflict, Stale: http.StatusPreconditionFailed,
}

// refuse answers a request that failed. Faults of this side are logged, and the peer
// is told no more than that there was one.
func (a *api) refuse(c *call, r route, err error) {
	var (
		wrong   *loginRefusal
		request *requestError
		problem *Problem
	)
	switch {
	case errors.As(err, &wrong):
		a.refuseLogin(c, wrong)
	case errors.As(err, &request):
		if request.status == http.StatusUnauthorized {
			c.w.Header().Set("WWW-Authenticate", `Bearer realm="estream"`)
		}
		writeError(c.w, request.status, request.errorText)
	case errors.As(err, &problem):
		text := errorText{problem.What, problem.Expected, problem.Do}
		if whole := err.Error(); whole != problem.Error() {
			text.What, text.Expected = whole, "" // somebody said where it was
		}
		writeError(c.w, statusOf[problem.Kind], text)
	case c.Context().Err() != nil:
		writeError(c.w, http.StatusServiceUnavailable, errorText{What: "the request was given up", Do: "try again"})
	default:
		a.Log.Error("administration request failed", "request", r.method+" "+c.URL.Path, "error", err)
		writeError(c.w, http.StatusInternalServerError, errorText{What: "the server could not do it", Do: "its log says why"})
	}
}

func (a *api) refuseLogin(c *call, wrong *loginRefusal) {
	if held, ok := a.wrong.Held(); ok {
		a.Log.Warn("login refused", "peer", c.peer().String(), "throttled", wrong.wait > 0, "others", held)
	}
	if wrong.wait == 0 {
		writeError(c.w, http.StatusUnauthorized, errorText{What: wrong.Error(), Do: "check both; estream admin user password sets another password"})
		return
	}
	seconds := int(math.Ceil(wrong.wait.Seconds()))
	c.w.Header().Set("Retry-After", strconv.Itoa(seconds))
	writeError(c.w, http.StatusTooManyRequests, errorText{What: "too many wrong logins", Do: fmt.Sprintf("try again in %d s", seconds)})
}

// unknown answers requests that are on no route.
func (a *api) unknown(w http.ResponseWriter, req *http.Request) {
	var methods []string
	for _, m := range []string{"GET", "POST", "PUT", "PATCH", "DELETE"} {
		for _, r := range routes() {
			if r.method == m && pathMatches(apiPrefix+r.path, req.URL.Path) {
				methods = append(methods, m)
				break
			}
		}
	}
	if len(methods) == 0 {
		writeError(w, http.StatusNotFound, errorText{What: "nothing is at this path", Expected: "a path below " + apiPrefix, Do: "see docs/admin-api.md"})
		return
	}
	w.Header().Set("Allow", strings.Join(methods, ", "))
	writeError(w, http.StatusMethodNotAllowed, errorText{What: "method " + req.Method, Expected: strings.Join(methods, ", "), Do: "see docs/admin-api.md"})
}

func pathMatches(pattern, path string) bool {
	want, have := strings.Split(pattern, "/"), strings.Split(path, "/")
	if len(want) != len(have) {
		return false
	}
	for i := range want {
		if !strings.HasPrefix(want[i], "{") && want[i] != have[i] {
			return false
		}
	}
	return true
}

func writeError(w http.ResponseWriter, status int, text errorText) {
	writeJSON(w, status, errorBody{text})
}

// writeJSON answers. That the peer has gone meanwhile is no fault of ours.
func writeJSON(w http.ResponseWriter, status int, body any) {
	data, err := json.Marshal(body)
	if err != nil { // not with the types of this package
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", contentJSON)
	w.WriteHeader(status)
	_, _ = w.Write(append(data, '\n'))
}

// A created answers a request that made something.
type created struct {
	location string
	body     any
}

// An attachment answers with a file.
type attachment struct {
	name, kind string
	data       []byte
}

func (f *attachment) write(w http.ResponseWriter) {
	w.Header().Set("Content-Type", f.kind)
	w.Header().Set("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": f.name}))
	w.Header().Set("Content-Length", strconv.Itoa(len(f.data)))
	_, _ = w.Write(f.data) // likewise
}
