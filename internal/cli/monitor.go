package cli

import (
	"context"
	"net/http"

	"estream/internal/control"
	"estream/internal/daemon"
	"estream/source"
)

func newMonitor(d *daemon.Daemon) (daemon.Monitor, error) { return plainMonitor{d}, nil }

type plainMonitor struct{ d *daemon.Daemon }

func (m plainMonitor) Watch(ctx context.Context, _ *source.Journal) { <-ctx.Done() }
func (m plainMonitor) Run(ctx context.Context)                      { <-ctx.Done() }
func (m plainMonitor) Changed()                                     {}
func (m plainMonitor) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /status", func(w http.ResponseWriter, _ *http.Request) {
		s, _ := m.d.Collector().Status()
		control.JSON(w, s)
	})
	return mux
}
