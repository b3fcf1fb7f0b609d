package daemon

import (
	"fmt"
	"net/http"
	"slices"
	"time"

	"estream/internal/control"
	"estream/service"
)

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
	_ = rc.SetWriteDeadline(time.Time{}) // it goes on as long as somebody listens
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
