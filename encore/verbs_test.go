package encore

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"estream/encore/conf"
	"estream/estreamtest"
	"estream/layouts"
	"estream/wire"
)

// TestProbe: what the server may answer to the connection test, and what is said.
func TestProbe(t *testing.T) {
	event := estreamtest.Event(71, second0, []byte("body"))
	for name, c := range map[string]struct {
		script []estreamtest.Step
		lines  []string // in this order
		ok     bool
	}{
		"information": {[]estreamtest.Step{estreamtest.SendInformation(6667)}, []string{"Streaming info response", "Connection successful"}, true},
		"null":        {[]estreamtest.Step{estreamtest.KeepAlive()}, []string{"INFO     Null", "Connection successful"}, true},
		"bundle":      {[]estreamtest.Step{estreamtest.Bundle(0, event)}, []string{"INFO     Bundle", "Connection successful"}, true},
		"event": {[]estreamtest.Step{estreamtest.Send(event)}, []string{
			"Response message=" + base64.StdEncoding.EncodeToString(event), "Parsing response message",
			fmt.Sprintf(`Response record={"recordType": 71, "recordLength": 4, "archiveTimestamp": %d}`, second0), "Connection successful",
		}, true},
		"error":   {[]estreamtest.Step{estreamtest.SendError(7, "too many")}, []string{"ERROR    Error message received: 7: too many"}, false},
		"unknown": {[]estreamtest.Step{estreamtest.Send(wire.AppendHeader(nil, 999, 0))}, []string{"WARNING  Unknown message received: type 999", "Connection successful"}, true},
		"version": {[]estreamtest.Step{estreamtest.Send([]byte("HTTP/1.1 400"))}, []string{"CSCve44987"}, false},
		"giant":   {[]estreamtest.Step{estreamtest.Send(wire.AppendHeader(nil, wire.TypeEventData, 1<<31))}, []string{"a message of 2147483648 bytes was announced"}, false},
		"closes":  {[]estreamtest.Step{estreamtest.Close()}, []string{"ERROR    ConnectionClosedException: " + closedText}, false},
		"silent":  {[]estreamtest.Step{estreamtest.ExpectClose()}, []string{"Receiving response message", "i/o timeout"}, false},
	} {
		t.Run(name, func(t *testing.T) {
			center := estreamtest.Start(t)
			center.Next(append([]estreamtest.Step{estreamtest.ExpectRequest(nil)}, append(c.script, estreamtest.ExpectClose())...)...)
			r := newRoom(t, center, "estreamer-3.5.4.conf", func(d *conf.Document) {
				if name == "silent" {
					d.Set(0.05, "responseTimeout")
				}
			})
			err := Diagnostics(t.Context(), r.dir, ConfName, r.terminal("secret\n"), false)
			if (err == nil) != c.ok {
				t.Errorf("%v", err)
			}
			log := r.screen.String()
			if strings.Contains(log, "Connection successful") != c.ok {
				t.Errorf("log:\n%s", log)
			}
			rest := log
			for _, line := range c.lines {
				i := strings.Index(rest, line)
				if i < 0 {
					t.Fatalf("%q is missing in\n%s", line, log)
				}
				rest = rest[i:]
			}
		})
	}
}

// TestProbeQuiet: without an extended request the server has nothing to say.
func TestProbeQuiet(t *testing.T) {
	center := estreamtest.Start(t)
	center.Next(estreamtest.ExpectRequest(func(q wire.EventStreamRequest) error {
		if q.Flags != 0x08900061 {
			return fmt.Errorf("flags %v", q.Flags)
		}
		return nil
	}), estreamtest.ExpectClose())
	r := newRoom(t, center, "estreamer-3.5.4-no-extended.conf", func(d *conf.Document) { d.Set(0.05, "responseTimeout") })
	if err := Diagnostics(t.Context(), r.dir, ConfName, r.terminal("secret\n"), true); err != nil {
		t.Fatal(err)
	}
	golden(t, "test.golden", r.plain(r.screen.String()))
}

func TestPreflight(t *testing.T) {
	for name, c := range map[string]struct {
		change  func(*conf.Document)
		noFile  bool
		noStdin bool
		answer  string
		out     string
		told    bool
		host    string
	}{
		"fine":     {nil, false, false, "", "", false, ""},
		"no file":  {nil, true, false, "", "The pkcs12 file specified in your config (estreamer.conf) does not exist.", true, ""},
		"no host":  {func(d *conf.Document) { d.Set("", "subscription", "servers", 0, "host") }, false, false, "fmc.example.com\n", "You have not configured your FMC host\nPlease enter it here (enter blank host to ignore)\nHost updated to fmc.example.com\n", false, "fmc.example.com"},
		"1.2.3.4":  {func(d *conf.Document) { d.Set("1.2.3.4", "subscription", "servers", 0, "host") }, false, false, "\n", "Exiting\n", true, "1.2.3.4"},
		"no input": {func(d *conf.Document) { d.Set("1.2.3.4", "subscription", "servers", 0, "host") }, false, false, "", "Exiting\n", true, "1.2.3.4"},
		"nostdin":  {func(d *conf.Document) { d.Set("1.2.3.4", "subscription", "servers", 0, "host") }, false, true, "x\n", "You have not configured your FMC host\n", true, "1.2.3.4"},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRoom(t, nil, "estreamer-5.x.conf", c.change)
			if !c.noFile {
				r.write("client.pkcs12", "x")
			}
			err := Preflight(r.dir, ConfName, r.terminal(c.answer), c.noStdin)
			if errors.Is(err, ErrTold) != c.told || err != nil && !c.told {
				t.Errorf("%v", err)
			}
			if got := r.screen.String(); !strings.Contains(got, c.out) || (c.out == "") != (got == "") {
				t.Errorf("%q, want %q", got, c.out)
			}
			if host := mustConf(t, r).Server().Host; c.host != "" && host != c.host {
				t.Errorf("host %q, want %q", host, c.host)
			}
		})
	}
	r := newRoom(t, nil, "estreamer-5.x.conf", nil)
	r.write(ConfName, "{")
	if err := Preflight(r.dir, ConfName, r.terminal(""), false); err != nil || !strings.Contains(r.screen.String(), "line 1") {
		t.Errorf("unreadable settings: %v, %s", err, r.screen)
	}
}

func TestSetup(t *testing.T) {
	for answer, want := range map[string]string{"1\n": "relfile:///data/splunk/encore.{0}.log", "2": "udp://{host}:{port}", "3\r\n": "relfile:///data/json/encore.{0}.json", "x\n": "", "": ""} {
		r := newRoom(t, nil, "estreamer-5.x.conf", func(d *conf.Document) {
			d.Set(false, "enabled")
			if want == "" {
				d.Set("kept://", "handler", "outputters", 0, "stream", "uri")
			}
		})
		err := Setup(r.dir, ConfName, r.terminal(answer))
		c := mustConf(t, r)
		if !c.Enabled || !strings.HasPrefix(r.screen.String(), "Would you like to output to (1) Splunk, (2) CEF or (3) JSON?\n") {
			t.Errorf("%q: enabled %v, %s", answer, c.Enabled, r.screen)
		}
		if want == "" {
			if !errors.Is(err, ErrTold) || c.Outputs[0].URI != "kept://" || !strings.HasSuffix(r.screen.String(), "No changes made\n") {
				t.Errorf("%q: %v, %s", answer, err, r.screen)
			}
			continue
		}
		if err != nil || len(c.Outputs) != 1 || c.Outputs[0].URI != want || !strings.Contains(r.screen.String(), "$.handler.outputters[0].stream.uri") && !strings.Contains(r.screen.String(), "outputters[0].stream.uri") {
			t.Errorf("%q: %v, %+v", answer, err, c.Outputs)
		}
	}
}

// TestConfigure: each option, abbreviations, and what is written.
func TestConfigure(t *testing.T) {
	r := newRoom(t, nil, "estreamer-5.x.conf", nil)
	run := func(args ...string) (string, error) {
		s := newScreen()
		err := Configure(t.Context(), r.dir, append([]string{ConfName}, args...), layouts.Default(), s)
		return s.String(), err
	}
	if _, err := run("--enabled", "TRUE", "--conditions", "splunk", "--host=h", "--port", "99", "--output", "splunk", "--stream", "relfile:///x", "--logstdout", "0",
		"--logstderr", "1", "--conn", "false", "--pack", "false", "--meta", "false", "--debug"); err != nil {
		t.Fatal(err)
	}
	golden(t, "configured.conf", r.read(ConfName))
	stem := filepath.Join(r.dir, "h-99_")
	for what, want := range map[string]string{
		"host": "h\n", "port": "99\n", "stream0": "relfile:///x\n", "enabled": "True\n", "pkcs12": filepath.Join(r.dir, "client.pkcs12") + "\n",
		"privateKey": stem + "pkcs.key\n", "publicKey": stem + "pkcs.cert\n", "statusFile": stem + "status.dat\n", "pidFile": stem + "proc.pid\n",
		"stem": stem + "\n", "pid": "-1\n", "splunkstatus": "status_id=0 status=\"Stopped\"\n", "metadata": "{}\n", "nonsense": "",
	} {
		if got, err := run("--print", what); got != want || err != nil {
			t.Errorf("%s: %q, %v, want %q", what, got, err, want)
		}
	}
	if _, err := run("--bookmark", "now"); err != nil {
		t.Fatal(err)
	}
	if second := parseBookmark([]byte(r.read("h-99_bookmark.dat"))); time.Since(time.Unix(int64(second), 0)) > time.Hour {
		t.Errorf("bookmark %d", second)
	}
	for want, args := range map[string][]string{
		"is no option":                 {"--bogus", "1"},
		"can mean":                     {"--p", "1"},
		"a value is missing":           {"--host"},
		"found \"x\", expected a port": {"--port", "x"},
		"expected splunk, json":        {"--output", "xml"},
		"expected now":                 {"--bookmark", "5"},
		"expected an option":           {"host", "h"},
	} {
		if _, err := run(args...); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v: %v", args, err)
		}
		if log := r.read("estreamer.log"); !strings.Contains(log, "Configure    ERROR    ") || !strings.Contains(log, want) {
			t.Errorf("%v: log %s", args, log)
		}
	}
}

// TestMetadataPrint: names from the journal of a client that ran.
func TestMetadataPrint(t *testing.T) {
	t.Parallel()
	center := estreamtest.Start(t)
	r := newRoom(t, center, "estreamer-3.5.4.conf", nil)
	center.Next(probing())
	center.Next(asks(t, 0), estreamtest.Send(append(batch(t, 123, second0, 2), batch(t, 71, second0+5, 1)...)), estreamtest.Stall(nil))
	stop := r.start(r.client("secret\n"))
	awaitBookmark(t, r, second0+5)
	if err := stop(); err != nil {
		t.Fatal(err)
	}
	s := newScreen()
	if err := Configure(t.Context(), r.dir, []string{ConfName, "--print", "metadata"}, layouts.Default(), s); err != nil || !strings.HasPrefix(s.String(), `{"123":[{"recordType":123`) && !strings.HasPrefix(s.String(), `{"123":[{"recordType": 123`) {
		t.Errorf("%.200s, %v", s, err)
	}
}

// TestFirstRun: a directory with nothing but the PKCS#12 file becomes one that works.
func TestFirstRun(t *testing.T) {
	r := &room{t: t, dir: t.TempDir(), screen: newScreen()}
	r.write("client.pkcs12", "x")
	l := &Launcher{Dir: r.dir, Terminal: r.terminal("2\nfmc.example.com\n")}
	if err := l.Init(); err != nil {
		t.Fatalf("%v\n%s", err, r.screen)
	}
	c := mustConf(t, r)
	if !c.Enabled || c.Server().Host != "fmc.example.com" || len(c.Outputs) != 1 || c.Outputs[0].Adapter != "cef" || c.Workers != 1 {
		t.Errorf("%+v", c)
	}
	d, err := conf.ParseDocument(defaultConf)
	if err != nil || string(d.Bytes()) != string(defaultConf) {
		t.Errorf("default.conf is not as our own tool would write it: %v", err)
	}
	if _, warnings := d.Conf(); len(warnings) > 0 {
		t.Errorf("default.conf: %v", warnings)
	}
	if err := l.Stop(t.Context()); err != nil || !strings.HasSuffix(r.screen.String(), "Not running\n") {
		t.Errorf("%v, %s", err, r.screen)
	}
}

// TestLauncher: a process is started, found, stopped and waited for. It is this
// test's own binary, which runs no test and so ends at once.
func TestLauncher(t *testing.T) {
	center := estreamtest.Start(t)
	r := newRoom(t, center, "estreamer-3.5.4.conf", nil)
	slept := 0
	l := &Launcher{Dir: r.dir, Terminal: r.terminal(""), Title: "service", Command: []string{os.Args[0], "-test.run=^$"}, Sleep: func(context.Context, time.Duration) error {
		slept++
		return nil
	}}
	if err := l.Init(); err != nil {
		t.Fatal(err)
	}
	if err := l.Restart(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := r.screen.String(); !strings.HasPrefix(got, "Not running\nStarting \"service\". Started. pid=") || slept != 1 {
		t.Errorf("%s, %d pauses", got, slept)
	}
	l.Command = []string{filepath.Join(r.dir, "missing")}
	if err := l.Start(t.Context()); err == nil || !strings.Contains(err.Error(), "start service") {
		t.Errorf("%v", err)
	}
	r.write(ConfName, "{")
	if err := l.Stop(t.Context()); !errors.Is(err, ErrTold) {
		t.Errorf("unreadable settings: %v", err)
	}
	if err := l.Usage("bogus"); !errors.Is(err, ErrTold) || !strings.HasSuffix(r.screen.String(), "\nbogus\n") {
		t.Errorf("%v", err)
	}
}

func TestStages(t *testing.T) {
	for workers := 1; workers <= conf.MaxWorkers; workers++ {
		want := max(workers, 1)
		if workers == 3 {
			want = 4 // as eNcore
		}
		if got := stages(workers); len(got) != want {
			t.Errorf("%d workers: %v", workers, got)
		}
	}
	if got := fmt.Sprint(stages(7)); got != "[{subscriber Subscriber} {parser 0 Parser} {parser 1 Parser} {decorator Decorator} {transformer 0 Transformer} {transformer 1 Transformer} {writer Writer}]" {
		t.Errorf("%s", got)
	}
}

func TestVelocity(t *testing.T) {
	for _, c := range []struct {
		handled, received uint64
		want              float64
	}{{0, 0, 1}, {5, 0, 1}, {5, 10, 0.5}, {10, 10, 1}, {20, 10, 2}} {
		if got := velocity(c.handled, c.received); got != c.want {
			t.Errorf("%d of %d: %v", c.handled, c.received, got)
		}
	}
}
