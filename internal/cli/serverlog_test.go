package cli

import (
	"errors"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestServerLog: where the log of a server goes, in each of its forms.
func TestServerLog(t *testing.T) {
	dir := t.TempDir()
	socket := filepath.Join(dir, "log")
	daemon, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: socket, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	defer daemon.Close()
	file := filepath.Join(dir, "server.log")
	for _, c := range []struct {
		name        string
		format      string
		log         serverLog
		trace       bool
		file        string // what is in it, in part
		syslog      string
		screen      string
		quiet, loud bool
	}{
		{name: "text", format: "text", screen: "level=INFO msg=hello n=1\n"},
		{name: "json to file", format: "json", log: serverLog{file: file}, file: `"msg":"hello","n":1}`},
		{name: "text to file and screen", format: "text", log: serverLog{file: file, screen: true}, file: "msg=hello", screen: "msg=hello"},
		{name: "compat", format: compat, trace: true, screen: ":service [INFO] hello n=1\n"},
		{name: "compat to file", format: compat, log: serverLog{file: file}, trace: true, file: "]: ["},
		{name: "compat to syslog", format: compat, log: serverLog{syslog: socket}, trace: true, syslog: ":service [INFO] hello n=1"},
		{name: "everywhere", format: compat, log: serverLog{syslog: socket, file: file, screen: true}, trace: true, syslog: "<30>", file: " SF-IMS[", screen: " SF-IMS["},
		{name: "quiet", format: compat, log: serverLog{file: file, screen: true}, trace: true, quiet: true},
		{name: "loud", format: compat, trace: true, loud: true, screen: "serverlog_test.go:"},
	} {
		t.Run(c.name, func(t *testing.T) {
			screen := new(strings.Builder)
			e := &env{stderr: screen, logFormat: c.format, quiet: c.quiet, verbose: c.loud}
			c.log.rotate = 1 << 20
			log, trace, done, err := c.log.open(e)
			if err != nil {
				t.Fatal(err)
			}
			log.Info("hello", "n", 1)
			if trace != nil {
				trace.Accepted(1, netip.MustParseAddrPort("192.0.2.1:1"))
			}
			if err := done(); err != nil {
				t.Error(err)
			}
			if (trace != nil) != c.trace {
				t.Errorf("trace: %v, want %v", trace != nil, c.trace)
			}
			data, err := os.ReadFile(file)
			if err != nil && !errors.Is(err, os.ErrNotExist) {
				t.Fatal(err)
			}
			_ = os.Remove(file) // where there is none, none is left
			for what, texts := range map[string][2]string{"file": {string(data), c.file}, "screen": {screen.String(), c.screen}} {
				if !strings.Contains(texts[0], texts[1]) || texts[1] == "" && texts[0] != "" {
					t.Errorf("%s has %q, want %q", what, texts[0], texts[1])
				}
			}
			if c.syslog == "" {
				return
			}
			if err := daemon.SetReadDeadline(time.Now().Add(time.Minute)); err != nil {
				t.Fatal(err)
			}
			buf := make([]byte, 1000)
			for i := range 4 { // the four lines
				n, err := daemon.Read(buf)
				if err != nil {
					t.Fatal(err)
				}
				if got := string(buf[:n]); i == 0 && !strings.Contains(got, c.syslog) {
					t.Errorf("syslog got %q, want %q", got, c.syslog)
				}
			}
		})
	}
	var usage *usageError
	for _, c := range []struct {
		e *env
		s serverLog
	}{
		{&env{logFormat: "text"}, serverLog{rotate: 1 << 20, syslog: socket}},
		{&env{logFormat: "xml"}, serverLog{rotate: 1 << 20}},
		{&env{logFormat: compat}, serverLog{rotate: 1000}},
		{&env{logFormat: compat}, serverLog{rotate: 1 << 20, keep: -1}},
		{&env{logFormat: compat, quiet: true, verbose: true}, serverLog{rotate: 1 << 20}},
	} {
		if _, _, _, err := c.s.open(c.e); !errors.As(err, &usage) {
			t.Errorf("%+v: %v, want a mistake in the command line", c.s, err)
		}
	}
	s := serverLog{rotate: 1 << 20, syslog: filepath.Join(dir, "none")}
	if _, _, _, err := s.open(&env{logFormat: compat}); err == nil || !strings.Contains(err.Error(), "--log-syslog") {
		t.Errorf("no daemon: %v", err)
	}
}
