package daemon

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"slices"
	"time"

	"estream/internal/control"
	"estream/service"
	"estream/source"
)

// A Monitor watches a collector. Package monitor has the one that `estream run` uses.
type Monitor interface {
	// Watch reads what arrives at the journal until ctx ends.
	Watch(ctx context.Context, j *source.Journal)
	// Run looks for alarms until ctx ends.
	Run(ctx context.Context)
	// Handler answers /metrics, /healthz, /readyz and /status.
	Handler() http.Handler
	// Changed is called after a reload.
	Changed()
}

const (
	readTime = 10 * time.Second // for the head of a request
	idleTime = time.Minute
	maxHead  = 16 << 10 // bytes
	stopTime = time.Second
)

// serve answers requests until ctx ends.
func serve(ctx context.Context, ln net.Listener, h http.Handler) error {
	srv := &http.Server{
		Handler: h, ReadHeaderTimeout: readTime, ReadTimeout: readTime, IdleTimeout: idleTime, MaxHeaderBytes: maxHead,
		BaseContext: func(net.Listener) context.Context { return ctx },
	}
	ended := make(chan struct{})
	defer context.AfterFunc(ctx, func() {
		defer close(ended)
		stop, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopTime)
		defer cancel()
		if srv.Shutdown(stop) != nil {
			_ = srv.Close() // what is still open after that is cut
		}
	})()
	err := srv.Serve(ln)
	if errors.Is(err, http.ErrServerClosed) {
		<-ended
		return nil
	}
	return err
}

// control adds what only the control socket may do.
func (d *Daemon) control(rest http.Handler) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("/", rest)
	mux.HandleFunc("POST /reload", func(w http.ResponseWriter, _ *http.Request) {
		r, err := d.Reload()
		if err != nil {
			http.Error(w, err.Error(), http.StatusConflict)
			return
		}
		control.JSON(w, r)
	})
	mux.HandleFunc("GET /tap", d.tap)
	return mux
}

// tap streams what an output sends from now on.
func (d *Daemon) tap(w http.ResponseWriter, req *http.Request) {
	name := req.URL.Query().Get("output")
	d.reloading.Lock()
	outputs := slices.Clone(d.builder.Outputs)
	d.reloading.Unlock()
	i := slices.IndexFunc(outputs, func(o *service.Output) bool { return o.Name == name })
	if i < 0 {
		names := make([]string, len(outputs))
		for i, o := range outputs {
			names[i] = o.Name
		}
		http.Error(w, fmt.Sprintf("there is no output %q; expected one of %q", name, names), http.StatusNotFound)
		return
	}
	rc := http.NewResponseController(w)
	w.WriteHeader(http.StatusOK)
	_ = rc.Flush() // an error shows at the first write
	_ = outputs[i].Tap(req.Context(), func(lines []byte, missed uint64) error {
		if missed > 0 {
			if _, err := fmt.Fprintf(w, "# %d writes came too fast and are not shown\n", missed); err != nil {
				return err
			}
		}
		if _, err := w.Write(lines); err != nil {
			return err
		}
		return rc.Flush()
	}) // the listener has gone, or we end
}
