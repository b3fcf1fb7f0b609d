package encore

import (
	"log/slog"
	"testing"
	"time"

	"estream/encore/conf"
)

// FuzzBookmark: what others write into the file is a second or none.
func FuzzBookmark(f *testing.F) {
	f.Add([]byte(`{"1": 1591210950}`))
	f.Add([]byte(`{"1": 1591210950.5}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		second := parseBookmark(data)
		if got := parseBookmark(bookmarkText(second)); got != second {
			t.Errorf("%d was written, %d read", second, got)
		}
	})
}

// FuzzLogFormat: no format of a configuration makes the log panic, or a line of
// absurd length.
func FuzzLogFormat(f *testing.F) {
	f.Add(conf.DefaultFormat)
	f.Add("%(levelno)+08.3f%(msecs)r%%%(name)-1000s")
	f.Fuzz(func(t *testing.T, format string) {
		compiled, err := compileFormat(format)
		if err != nil {
			return
		}
		e := &entry{at: time.Unix(1e9, 5), name: "Monitor", level: slog.LevelWarn, message: "text"}
		if line := compiled.append(nil, e); len(line) > (len(format)+1)*2*maxWidth {
			t.Errorf("%d bytes", len(line))
		}
	})
}

// FuzzDestination: no URI of a configuration panics, and what is accepted can be
// dialled.
func FuzzDestination(f *testing.F) {
	for _, uri := range []string{"udp://h:514", "tcp://[::1]:5", "scp://u@h/a/b{0}", "relfile:///x{0}", "udp://{host}:{port}"} {
		f.Add(uri)
	}
	f.Fuzz(func(t *testing.T, uri string) {
		d, err := parseDestination(conf.Output{Adapter: "json", URI: uri}, "/dir", nil)
		if err != nil {
			return
		}
		if (d.Scheme == "tcp" || d.Scheme == "udp") && (d.Host == "" || d.Port < 1 || d.Port > 65535) {
			t.Errorf("%q: %+v", uri, d)
		}
	})
}
