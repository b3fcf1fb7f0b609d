package monitor

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"net/http/pprof"
	"time"
)

const (
	maxHeader      = 16 << 10
	maxConnections = 64
	headerTime     = 5 * time.Second
	readTime       = 10 * time.Second
	// writeTime leaves room for a CPU profile of half a minute.
	writeTime = time.Minute
	idleTime  = time.Minute
	closeTime = 2 * time.Second
)

// HandlerOptions says what a Handler serves.
type HandlerOptions struct {
	Report  func() *Report
	Version string // of the program
	Pprof   bool   // serve /debug/pprof/, too: profiles show what the program works on
}

// Handler returns the pages of the service:
//
//	/metrics       for Prometheus
//	/healthz       200 while the collector runs, else 503
//	/readyz        200 while nothing stands in the way of work, else 503; all alarms as JSON
//	/status        the Page as JSON
//	/debug/pprof/  if asked for
//
// There is no authentication.
func Handler(o HandlerOptions) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", NewMetrics(o.Report, o.Version))
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) {
		running := o.Report().Running
		answer(w, running, struct {
			Running bool `json:"running"`
		}{running})
	})
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, _ *http.Request) {
		r := o.Report()
		answer(w, r.Ready(), struct {
			Ready    bool    `json:"ready"`
			NotReady []Alarm `json:"not_ready"`
			Alarms   []Alarm `json:"alarms"`
		}{r.Ready(), list(r.NotReady), list(r.Alarms)})
	})
	mux.HandleFunc("GET /status", func(w http.ResponseWriter, _ *http.Request) { answer(w, true, NewPage(o.Report(), o.Version)) })
	if o.Pprof {
		mux.HandleFunc("GET /debug/pprof/", pprof.Index)
		mux.HandleFunc("GET /debug/pprof/cmdline", pprof.Cmdline)
		mux.HandleFunc("GET /debug/pprof/profile", pprof.Profile)
		mux.HandleFunc("GET /debug/pprof/symbol", pprof.Symbol)
		mux.HandleFunc("GET /debug/pprof/trace", pprof.Trace)
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "no-store")
		w.Header().Set("X-Content-Type-Options", "nosniff")
		mux.ServeHTTP(w, r)
	})
}

func answer(w http.ResponseWriter, ok bool, v any) {
	data, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	if !ok {
		w.WriteHeader(http.StatusServiceUnavailable)
	}
	// An error means that whoever asked has gone.
	_, _ = w.Write(append(data, '\n'))
}

// Serve answers requests on l, which it closes, until ctx ends, which is no
// error. A client has little time and little room, and only so many are served at once.
func Serve(ctx context.Context, l net.Listener, h http.Handler, log *slog.Logger) error {
	s := &http.Server{
		Handler: h, MaxHeaderBytes: maxHeader, ReadHeaderTimeout: headerTime, ReadTimeout: readTime, WriteTimeout: writeTime, IdleTimeout: idleTime,
		ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelDebug),
	}
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	stopped := make(chan error, 1)
	go func() {
		<-ctx.Done()
		last, cancel := context.WithTimeout(context.WithoutCancel(ctx), closeTime)
		defer cancel()
		err := s.Shutdown(last)
		if err != nil {
			err = s.Close() // a client that is still there has had its time
		}
		stopped <- err
	}()
	err := s.Serve(newLimited(l, maxConnections))
	if errors.Is(err, http.ErrServerClosed) {
		err = nil
	}
	stop()
	return errors.Join(err, <-stopped)
}
