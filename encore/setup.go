package encore

import (
	_ "embed"
	"errors"
	"io"
	"os"

	"estream/encore/conf"
	"estream/internal/durable"
)

//go:embed default.conf
var defaultConf []byte

// outputter returns the entry that the setup dialogue and configure --output write
// for an adapter; nil for one that has none.
func outputter(adapter string) map[string]any {
	uri := map[string]string{
		"splunk": "relfile:///data/splunk/encore.{0}.log",
		"json":   "relfile:///data/json/encore.{0}.json",
		"cef2":   "relfile:///data/cef2/encore{0}.cef",
		"cef":    "udp://{host}:{port}", // to be edited
	}[adapter]
	if uri == "" {
		return nil
	}
	stream := map[string]any{"uri": uri}
	if adapter != "cef" {
		stream["options"] = map[string]any{"maxLogs": conf.DefaultMaxLogs, "rotate": true}
	}
	return map[string]any{"adapter": adapter, "enabled": true, "stream": stream}
}

// Setup is the dialogue that chooses an output. It switches the client on, also
// when the answer is none of the three, which is ErrTold.
func Setup(dir, name string, t *Terminal) error {
	if err := t.printf("Would you like to output to (1) Splunk, (2) CEF or (3) JSON?\n"); err != nil {
		return err
	}
	answer, err := t.line()
	if err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	_, _, doc, err := loadConf(dir, name)
	if err != nil {
		return err
	}
	doc.Set(true, "enabled")
	adapter := map[string]string{"1": "splunk", "2": "cef", "3": "json"}[answer]
	if adapter != "" {
		doc.Set([]any{outputter(adapter)}, "handler", "outputters")
	}
	if err := saveConf(dir, name, doc); err != nil {
		return err
	}
	switch adapter {
	case "":
		return errors.Join(t.printf("No changes made\n"), ErrTold)
	case "cef":
		return t.printf("Set host and port of the syslog server in %s,\nunder $.handler.outputters[0].stream.uri\n", name)
	}
	return t.printf("If you wish to change where data is written, edit %s:\n$.handler.outputters[0].stream.uri\n", name)
}

// firstRun makes the configuration from default.conf, the one in the directory if
// there is one, and reports whether there was none before.
func firstRun(dir, name string) (bool, error) {
	path := In(dir, name)
	if _, err := os.Stat(path); !errors.Is(err, os.ErrNotExist) {
		return false, err
	}
	text, err := readSmallOr(In(dir, "default.conf"), defaultConf)
	if err != nil {
		return false, err
	}
	return true, durable.ReplaceFile(durable.OS{}, path, text, 0o644)
}

// readSmallOr reads a file, or returns what stands for one that is missing.
func readSmallOr(path string, missing []byte) ([]byte, error) {
	f, err := os.Open(path)
	if errors.Is(err, os.ErrNotExist) {
		return missing, nil
	}
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, conf.MaxBytes+1))
}
