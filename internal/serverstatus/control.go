package serverstatus

import (
	"context"
	"log/slog"
	"net"
	"net/http"
	"time"

	"estream/internal/control"
)

// A Control answers the commands that ask after a running server.
type Control struct {
	Status func() *Status
	// Reload reads the settings again and returns what has changed; nil: there is
	// nothing to be read again.
	Reload func() (changed []string, err error)
	Stop   func() // asks the server to end, and does not wait for it
	Log    *slog.Logger
}

// Limits of a request. Those who may open the socket are trusted; a client that hangs
// must still not stay for ever.
const (
	answerTime = 30 * time.Second
	lastWait   = time.Second
	maxHeader  = 16 << 10 // bytes
)

// Serve answers on ln, which it closes, until ctx ends, which is no error.
func (c *Control) Serve(ctx context.Context, ln net.Listener) error {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /status", func(w http.ResponseWriter, _ *http.Request) { control.JSON(w, c.Status()) })
	mux.HandleFunc("POST /reload", func(w http.ResponseWriter, _ *http.Request) {
		answer := struct {
			Changed []string `json:"changed"`
		}{[]string{}}
		if c.Reload != nil {
			changed, err := c.Reload()
			if err != nil {
				http.Error(w, err.Error(), http.StatusConflict)
				return
			}
			answer.Changed = append(answer.Changed, changed...)
		}
		control.JSON(w, answer)
	})
	mux.HandleFunc("POST /stop", func(w http.ResponseWriter, _ *http.Request) {
		control.JSON(w, struct{}{})
		c.Stop()
	})
	s := &http.Server{
		Handler: mux, MaxHeaderBytes: maxHeader, ReadHeaderTimeout: answerTime, ReadTimeout: answerTime, WriteTimeout: answerTime, IdleTimeout: answerTime,
		ErrorLog: slog.NewLogLogger(c.Log.Handler(), slog.LevelDebug),
	}
	s.SetKeepAlivesEnabled(false) // one command asks one thing, and the end need not wait for it
	ended := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		defer close(ended)
		last, cancel := context.WithTimeout(context.WithoutCancel(ctx), lastWait)
		defer cancel()
		if s.Shutdown(last) != nil {
			_ = s.Close() // a client that is still there has had its time
		}
	})
	err := s.Serve(ln)
	if stop() {
		return err // of the listener
	}
	<-ended
	return nil
}
