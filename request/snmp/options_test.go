package snmp

import (
	"errors"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"estream/internal/durable"
	"estream/internal/durable/faultfs"
	"estream/internal/syncbuf"
)

// TestNew: what cannot work is refused at the start. No error and no log line
// holds a password.
func TestNew(t *testing.T) {
	state := filepath.Join(t.TempDir(), "engine")
	v3 := func(change func(*Options)) Options {
		o := Options{Target: "127.0.0.1", Version: "3", User: "alice", AuthPassword: authSecret, PrivPassword: privSecret, State: state}
		change(&o)
		return o
	}
	for _, test := range []struct {
		o    Options
		want string
	}{
		{Options{}, "trap server"},
		{Options{Target: "alice:" + authSecret + "@host"}, "expected host:port"},
		{Options{Target: "nowhere.invalid"}, "correct the host name"},
		{Options{Target: "127.0.0.1", Version: "1"}, "expected 2c or 3"},
		{Options{Target: "127.0.0.1", Community: strings.Repeat("c", 128)}, "127 at most"},
		{Options{Target: "127.0.0.1", User: "alice"}, "the user belongs to version 3"},
		{Options{Target: "127.0.0.1", AuthPassword: authSecret}, "the authentication password belongs to version 3"},
		{Options{Target: "127.0.0.1", Root: "1.3.6.x"}, `"x" is no number`},
		{Options{Target: "127.0.0.1", Root: "enterprises"}, "1 numbers"},
		{Options{Target: "127.0.0.1", Root: "3.1"}, "first number"},
		{Options{Target: "127.0.0.1", Root: "1.40"}, "second number"},
		{v3(func(o *Options) { o.User = "" }), "needs a user"},
		{v3(func(o *Options) { o.User = strings.Repeat("u", 33) }), "32 at most"},
		{v3(func(o *Options) { o.State = "" }), "needs a state file"},
		{v3(func(o *Options) { o.State = filepath.Join(state, "missing", "engine") }), "state file"},
		{v3(func(o *Options) { o.Community = "c" }), "community belongs to version 2c"},
		{v3(func(o *Options) { o.AuthProtocol = "SHA-3" }), "SHA-512"},
		{v3(func(o *Options) { o.PrivProtocol = "3DES" }), "AES-256C"},
		{v3(func(o *Options) { o.AuthPassword = "short" }), "authentication password has 5 characters"},
		{v3(func(o *Options) { o.PrivPassword = "short" }), "privacy password has 5 characters"},
		{v3(func(o *Options) { o.PrivPassword, o.PrivProtocol = "", "AES" }), "privacy password has 0 characters"},
		{v3(func(o *Options) { o.AuthPassword = "" }), "privacy without authentication"},
		{v3(func(o *Options) { o.EngineID = "0x80001" }), "hex digits"},
		{v3(func(o *Options) { o.EngineID = "80001f88" }), "expected 5 to 32"},
		{v3(func(o *Options) { o.EngineID = strings.Repeat("00", 12) }), "too many zeros"},
		{v3(func(o *Options) { o.EngineID = "ffffffffff" }), "nothing but ones"},
	} {
		var log syncbuf.Buffer
		test.o.Log = log.Logger()
		out, err := New(test.o)
		if err == nil {
			t.Errorf("%+v: opened %v", test.o, out)
			_ = out.Close(t.Context())
			continue
		}
		if !strings.Contains(err.Error(), test.want) {
			t.Errorf("%v, expected %q in it", err, test.want)
		}
		if all := err.Error() + log.String(); strings.Contains(all, authSecret) || strings.Contains(all, privSecret) {
			t.Errorf("a password is in %q", all)
		}
	}
	var log syncbuf.Buffer
	out := start(t, v3(func(o *Options) { o.Log = log.Logger() }))
	if !strings.Contains(log.String(), out.EngineID()) || strings.Contains(log.String(), authSecret) || strings.Contains(log.String(), privSecret) {
		t.Errorf("log: %s", log.String())
	}
	if out := start(t, Options{Target: "127.0.0.1"}); out.EngineID() != "" || out.String() != "snmp://127.0.0.1:162" {
		t.Errorf("%s has engine id %q", out, out.EngineID())
	}
}

// TestState: each start is counted, with one engine id, in a file that only one
// sender uses and only its owner reads.
func TestState(t *testing.T) {
	path := filepath.Join(t.TempDir(), "engine")
	first, err := openEngine(durable.OS{}, path, nil)
	if err != nil {
		t.Fatal(err)
	}
	if first.boots != 1 || len(first.id) != 17 || !strings.HasPrefix(string(first.id), "\x80\x00\x1f\x88\x05") {
		t.Errorf("first start: %d, %x", first.boots, first.id)
	}
	if _, err := openEngine(durable.OS{}, path, nil); !errors.Is(err, durable.ErrLocked) {
		t.Errorf("while it is in use: %v", err)
	}
	if err := first.close(); err != nil {
		t.Fatal(err)
	}
	id := []byte{0x80, 0, 0, 1, 5, 9}
	for i, test := range []struct{ id, want []byte }{{nil, first.id}, {id, id}, {nil, id}} {
		e, err := openEngine(durable.OS{}, path, test.id)
		if err != nil {
			t.Fatal(err)
		}
		if e.boots != uint32(i+2) || string(e.id) != string(test.want) {
			t.Errorf("start %d: %d, %x", i+2, e.boots, e.id)
		}
		if err := e.close(); err != nil {
			t.Fatal(err)
		}
	}
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if info.Mode().Perm() != 0o600 {
		t.Errorf("permissions %v", info.Mode())
	}
}

// TestDamagedState is refused, and left as it is.
func TestDamagedState(t *testing.T) {
	path := filepath.Join(t.TempDir(), "engine")
	for content, want := range map[string]string{
		"":              "remove it",
		"{":             "remove it",
		`{"version":2}`: "another release",
		`{"version":1,"engineId":"xx","boots":1}`:        "hex digits",
		`{"version":1,"engineId":"80","boots":1}`:        "expected 5 to 32",
		`{"version":1,"boots":2147483646}`:               "no more are allowed",
		`{"version":1,"boots":-1}`:                       "remove it",
		`{"version":1,"x":"` + strings.Repeat("x", 5000): "more than 4096 bytes",
	} {
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		e, err := openEngine(durable.OS{}, path, nil)
		if err == nil {
			t.Errorf("%q: engine %+v", content, e)
			_ = e.close()
			continue
		}
		if !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), path) {
			t.Errorf("%q: %v, expected %q in it", content, err, want)
		}
		if after, err := os.ReadFile(path); err != nil || string(after) != content {
			t.Errorf("%q became %q, %v", content, after, err)
		}
	}
}

// TestCrash: whatever fails and whenever the machine stops, no number of a start
// that was given out is given out again, and the engine stays the same.
func TestCrash(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 6))
	for _, mode := range []faultfs.Mode{faultfs.Lose, faultfs.Torn, faultfs.Keep} {
		for _, effect := range []faultfs.Effect{faultfs.None, faultfs.Half, faultfs.Full} {
			fsys := faultfs.New()
			last, failed := &engine{}, 0
			for n := range 60 {
				fsys.FailNth(1+n%15, faultfs.Fault{Effect: effect})
				e, err := openEngine(fsys, "/engine", nil)
				if err != nil {
					failed++
				} else {
					if e.boots <= last.boots || last.id != nil && string(e.id) != string(last.id) {
						t.Fatalf("mode %v, effect %v: start %d of %x after %d of %x", mode, effect, e.boots, e.id, last.boots, last.id)
					}
					last = e
				}
				fsys = fsys.Crash(mode, rng)
			}
			if failed == 0 || last.boots == 0 {
				t.Errorf("mode %v, effect %v: %d failures, %d starts", mode, effect, failed, last.boots)
			}
		}
	}
}

// TestEngineTime: the engine's time is in seconds, the system's in hundredths.
func TestEngineTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := &engine{start: time.Now()}
		time.Sleep(90*time.Second + 999*time.Millisecond)
		if e.seconds() != 90 {
			t.Errorf("%d seconds", e.seconds())
		}
		time.Sleep(100 * 365 * 24 * time.Hour)
		if e.seconds() != maxBoots {
			t.Errorf("%d seconds", e.seconds())
		}
	})
}
