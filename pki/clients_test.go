package pki

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

func TestParseHost(t *testing.T) {
	good := map[string]string{
		"10.1.2.3":              "10.1.2.3",
		"::ffff:10.1.2.3":       "10.1.2.3",
		"2001:DB8:0:0::1":       "2001:db8::1",
		"::1":                   "::1",
		"SIEM.Example.COM.":     "siem.example.com",
		"collector_1":           "collector_1",
		"3com.example":          "3com.example",
		strings.Repeat("a", 63): strings.Repeat("a", 63),
	}
	for in, want := range good {
		if got, err := ParseHost(in); err != nil || got != want {
			t.Errorf("ParseHost(%q) = %q, %v, want %q", in, got, err, want)
		}
	}
	bad := []string{
		"", " ", "a b", " siem", "siem\n", "a..b", ".a", ".", "-a", "a-.b", "10.0.0.256", "1.2.3", "12", "a/b", "*.example",
		"müller.example", "0.0.0.0", "::", "::ffff:0.0.0.0", "224.0.0.1", "ff02::1", "fe80::1%eth0", "10.0.0.1:8302", "[::1]",
		strings.Repeat("a", 64), strings.Repeat("abc.", 16) + "x", strings.Repeat("a", 1<<20), "a\x00b", "\xff",
	}
	for _, in := range bad {
		got, err := ParseHost(in)
		if !errors.Is(err, ErrHost) {
			t.Errorf("ParseHost(%.80q) = %q, %v, want ErrHost", in, got, err)
		} else if len(err.Error()) > 300 {
			t.Errorf("ParseHost(%.80q): error of %d bytes", in, len(err.Error()))
		}
	}
}

func FuzzParseHost(f *testing.F) {
	for _, s := range []string{"10.1.2.3", "::ffff:1.2.3.4", "A.b.", "a-b_c", "x--y"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, in string) {
		host, err := ParseHost(in)
		if err != nil {
			return
		}
		if again, err := ParseHost(host); err != nil || again != host {
			t.Errorf("ParseHost(%q) = %q, which parses as %q, %v", in, host, again, err)
		}
		if len(host) > maxHost {
			t.Errorf("%q has %d characters", host, len(host))
		}
	})
}

func TestRegisterRemoveListExport(t *testing.T) {
	ctx := context.Background()
	now := time.Date(2026, 5, 1, 12, 0, 0, 500, time.UTC)
	a := open(t, newDir(t), Options{Now: func() time.Time { return now }})
	first := register(t, a, "SIEM.example", RegisterOptions{Password: "secret"})
	want := Client{Host: "siem.example", CN: "siem.example", Serial: first.Client.Serial,
		Created: now.Truncate(time.Second), NotAfter: now.Add(defaultValidFor).Truncate(time.Second)}
	if !same(first.Client, want) {
		t.Errorf("registered %+v, want %+v", first.Client, want)
	}
	if len(first.Warnings) != 1 || !strings.Contains(first.Warnings[0], "no address at the moment") {
		t.Errorf("warnings %q, want one about the name", first.Warnings)
	}
	if _, err := a.Register(ctx, "siem.example.", RegisterOptions{}); !errors.Is(err, ErrRegistered) || !strings.Contains(err.Error(), "remove it first") {
		t.Errorf("second registration: %v, want ErrRegistered with a hint", err)
	}
	if data, client, err := a.Export("siem.example"); err != nil || !same(client, want) || !bytes.Equal(data, first.PKCS12) {
		t.Errorf("export: %+v, %v", client, err)
	}

	removed, err := a.Remove(ctx, "Siem.Example")
	if err != nil {
		t.Fatal(err)
	}
	want.Revoked = now.Truncate(time.Second)
	if !same(removed, want) {
		t.Errorf("removed %+v, want %+v", removed, want)
	}
	if _, err := os.Stat(a.pkcs12Path(removed)); !os.IsNotExist(err) {
		t.Errorf("the file of a removed client is still there: %v", err)
	}
	if _, err := a.Remove(ctx, "siem.example"); !errors.Is(err, ErrNotRegistered) {
		t.Errorf("second removal: %v, want ErrNotRegistered", err)
	}
	if _, _, err := a.Export("siem.example"); !errors.Is(err, ErrNotRegistered) {
		t.Errorf("export after removal: %v, want ErrNotRegistered", err)
	}

	second := register(t, a, "siem.example", RegisterOptions{})
	if second.Client.Serial == first.Client.Serial {
		t.Error("the new registration has the old serial")
	}
	list, err := a.List()
	if err != nil || !slices.EqualFunc(list, []Client{want, second.Client}, same) {
		t.Errorf("list %+v, %v", list, err)
	}
	// A fresh process sees the same.
	if again, err := open(t, a.dir, Options{Now: a.now}).List(); err != nil || !slices.EqualFunc(again, list, same) {
		t.Errorf("list after a restart %+v, %v, want %+v", again, err, list)
	}
	// Revocations are forgotten once the certificate has expired.
	now = now.Add(defaultValidFor + 48*time.Hour)
	third := register(t, a, "10.0.0.9", RegisterOptions{})
	if list, err := a.List(); err != nil || !slices.EqualFunc(list, []Client{third.Client, second.Client}, same) {
		t.Errorf("list ten years later %+v, %v", list, err)
	}
}

func TestRegisterRefuses(t *testing.T) {
	a := open(t, newDir(t), Options{})
	ctx := context.Background()
	for _, password := range []string{"a\x00b", "tab\t", "\xff\xfe", "clef 𝄞", strings.Repeat("x", maxPassword+1)} {
		if _, err := a.Register(ctx, "10.0.0.1", RegisterOptions{Password: password}); err == nil || !strings.Contains(err.Error(), "password") {
			t.Errorf("password %.20q: %v, want a refusal", password, err)
		} else if strings.Contains(err.Error(), "clef") {
			t.Errorf("the error repeats the password: %v", err)
		}
	}
	if _, err := a.Register(ctx, "a b", RegisterOptions{}); !errors.Is(err, ErrHost) {
		t.Errorf("bad host: %v, want ErrHost", err)
	}
	canceled, cancel := context.WithCancel(ctx)
	cancel()
	unlock, err := lockDir(ctx, a.dir)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := a.Register(canceled, "10.0.0.1", RegisterOptions{}); !errors.Is(err, context.Canceled) || !strings.Contains(err.Error(), "another process") {
		t.Errorf("locked directory: %v, want canceled", err)
	}
	if err := unlock(); err != nil {
		t.Fatal(err)
	}
	if list, err := a.List(); err != nil || len(list) != 0 {
		t.Errorf("list %v, %v, want none", list, err)
	}
}

// A registration whose file cannot be written is not one.
func TestRegisterFailsAsAWhole(t *testing.T) {
	a := open(t, newDir(t), Options{})
	dir := a.path(clientsDir)
	if err := os.Remove(dir); err != nil {
		t.Fatal(err)
	}
	write(t, dir, "in the way")
	if r, err := a.Register(context.Background(), "10.0.0.1", RegisterOptions{}); err == nil {
		t.Fatalf("registered %+v", r.Client)
	}
	if list, err := a.List(); err != nil || len(list) != 0 {
		t.Errorf("list %v, %v, want none", list, err)
	}
}

func TestConcurrentRegistrationsLoseNone(t *testing.T) {
	dir := newDir(t)
	own := open(t, dir, Options{})
	other := open(t, dir, Options{})
	var want []string
	var wg sync.WaitGroup
	for _, prefix := range []string{"p1", "p2"} {
		hosts := []string{prefix + "-a.example", prefix + "-b.example", prefix + "-c.example"}
		want = append(want, hosts...)
		cmd := helperCommand(t, "register", append([]string{dir}, hosts...)...)
		wg.Go(func() {
			if err := cmd.Run(); err != nil {
				t.Errorf("other process: %v", err)
			}
		})
	}
	for i, a := range []*Authority{own, own, other} {
		host := "own-" + string(rune('a'+i)) + ".example"
		want = append(want, host)
		wg.Go(func() {
			if _, err := a.Register(context.Background(), host, RegisterOptions{}); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	list, err := own.List()
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, c := range list {
		got = append(got, c.Host)
		if _, _, err := own.Export(c.Host); err != nil {
			t.Error(err)
		}
	}
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("registered %v, want %v", got, want)
	}
}

// What a process has reported as written survives when it is killed, and the
// directory can be used at once.
func TestKilledWriterLosesNothing(t *testing.T) {
	dir := newDir(t)
	open(t, dir, Options{})
	want := make(map[string]bool)
	for _, round := range []string{"a", "b", "c", "d"} {
		cmd := helperCommand(t, "churn", dir, round, strconv.Itoa(math.MaxInt32))
		stdout, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		out := bufio.NewScanner(stdout)
		for _, host := range lines(t, out, 25) {
			want[host] = true
		}
		if err := cmd.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		for out.Scan() {
			want[out.Text()] = true
		}
		if err := cmd.Wait(); err == nil {
			t.Fatal("the process ended by itself")
		}
		a := open(t, dir, Options{})
		list, err := a.List()
		if err != nil {
			t.Fatal(err)
		}
		have := make(map[string]bool)
		for _, c := range list {
			have[c.Host] = true
		}
		for host := range want {
			if !have[host] {
				t.Errorf("%s was reported and is lost", host)
			}
		}
		if left, err := filepath.Glob(a.path(registryFile) + "?*"); err != nil || len(left) > 0 {
			t.Errorf("left behind: %v, %v", left, err)
		}
	}
}

// Adding registrations costs a few milliseconds here, so that writers meet all the
// time: without the lock most of these would be lost.
func TestConcurrentUpdatesLoseNone(t *testing.T) {
	dir := newDir(t)
	open(t, dir, Options{})
	const each = 30
	var wg sync.WaitGroup
	for _, prefix := range []string{"p1", "p2"} {
		cmd := helperCommand(t, "churn", dir, prefix, strconv.Itoa(each))
		wg.Go(func() {
			if err := cmd.Run(); err != nil {
				t.Errorf("other process: %v", err)
			}
		})
	}
	for _, prefix := range []string{"g1", "g2"} {
		a := open(t, dir, Options{})
		wg.Go(func() {
			for i := range each {
				if _, err := churn(a, prefix, i); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	list, err := open(t, dir, Options{}).List()
	if err != nil || len(list) != 4*each {
		t.Errorf("%d registrations, %v, want %d", len(list), err, 4*each)
	}
}

// The same size, time and inode do not hide a change that was made right after a
// read; a file that has been at rest is not read again.
func TestRegistryChangeInTheSameInstantIsSeen(t *testing.T) {
	a := open(t, newDir(t), Options{})
	path := a.path(registryFile)
	now := time.Now()
	for i, test := range []struct {
		changed time.Time
		seen    bool
	}{{now, true}, {now.Add(-time.Second), true}, {now.Add(time.Hour), true}, {now.Add(-time.Hour), false}} {
		var want []Client
		for _, host := range []string{"old", "new"} {
			c, err := entry(fmt.Sprintf("%s-%d.example", host, i))
			if err != nil {
				t.Fatal(err)
			}
			data, err := json.Marshal(registryJSON{registryVersion, []Client{c}})
			if err != nil {
				t.Fatal(err)
			}
			// In place, unlike ours, for the same inode.
			if err := os.WriteFile(path, data, 0o600); err != nil {
				t.Fatal(err)
			}
			if err := os.Chtimes(path, test.changed, test.changed); err != nil {
				t.Fatal(err)
			}
			if host == "old" || test.seen {
				want = []Client{c}
			}
			if list, err := a.List(); err != nil || !slices.EqualFunc(list, want, same) {
				t.Errorf("changed %v: list %v, %v, want %v", test.changed.Sub(now), list, err, want)
			}
		}
	}
}
