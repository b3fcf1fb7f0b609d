package admin

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"estream/internal/durable/faultfs"
	"estream/internal/syncbuf"
	"estream/server/access"
)

func TestDefaults(t *testing.T) {
	s := newStore(t)
	set, err := s.Settings()
	if err != nil {
		t.Fatal(err)
	}
	if set.Revision != 0 || set.Role != "center" || s.Boxes() != access.DefaultBoxes {
		t.Errorf("revision %d, role %s, boxes %v; want 0, center, %v", set.Revision, set.Role, s.Boxes(), access.DefaultBoxes)
	}
	if exists(t, s.dir) {
		t.Error("looking has created something")
	}
}

// What one Store changes another one of the same directory sees; a change that is
// called off leaves everything as it was.
func TestUpdate(t *testing.T) {
	data := t.TempDir()
	one, other := openStore(t, data), openStore(t, data)
	for i := range 5 {
		if err := one.AddDomain(t.Context(), fmt.Sprint("domain ", i)); err != nil {
			t.Fatal(err)
		}
		set, err := other.Settings()
		if err != nil {
			t.Fatal(err)
		}
		if set.Revision != uint64(i+1) || len(set.Domains) != i+1 {
			t.Errorf("after %d changes: revision %d, %d domains", i+1, set.Revision, len(set.Domains))
		}
	}
	before, err := os.ReadFile(one.path)
	if err != nil {
		t.Fatal(err)
	}
	off := errors.New("called off")
	err = one.Update(t.Context(), func(s *Settings) error {
		s.Domains = nil
		return off
	})
	if !errors.Is(err, off) {
		t.Errorf("got %v, want the error of the change", err)
	}
	err = one.Update(t.Context(), func(s *Settings) error {
		s.Role = "king"
		return nil
	})
	wantProblem(t, err, Invalid)
	if after, err := os.ReadFile(one.path); err != nil || string(after) != string(before) {
		t.Errorf("a change that failed was written: %v\n%s", err, after)
	}
	info, err := os.Stat(one.path)
	if err != nil {
		t.Fatal(err)
	}
	if os.PathSeparator == '/' && info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, want 0600", info.Mode().Perm())
	}
}

// A server does not start on settings it cannot read, and does not fall back to the
// defaults when they become so while it runs.
func TestDamaged(t *testing.T) {
	whole := `{"version":1,"revision":3,"role":"device","events":["intrusion"]}`
	tests := []struct{ name, content, want string }{
		{"empty", "", "restore the file"},
		{"cut", whole[:30], "restore the file"},
		{"newer", `{"version":2,"unheard":"of"}`, "version 2, this program reads version 1"},
		{"unknown setting", strings.Replace(whole, "role", "rolle", 1), `unknown field "rolle"`},
		{"more", whole + "{}", "after top-level value; restore the file"},
		{"unknown box", strings.Replace(whole, "intrusion", "intrusions", 1), `"intrusions"`},
		{"two domains", strings.Replace(whole, `"role"`, `"domains":[{"name":"Lab","changed":"2026-01-01T00:00:00Z"},{"name":"lab","changed":"2026-01-01T00:00:00Z"}],"role"`, 1), "twice"},
		{"weak hash", strings.Replace(whole, `"role"`, `"users":[{"name":"a","scope":"admin","hash":"","salt":"","iterations":1,"changed":"2026-01-01T00:00:00Z"}],"role"`, 1), "iterations"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			data := t.TempDir()
			path := filepath.Join(data, settingsDir, settingsFile)
			if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
				t.Fatal(err)
			}
			write := func(content string) {
				t.Helper()
				if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			write(whole)
			s := openStore(t, data)
			write(tt.content)
			if _, err := Open(data, Options{}); err == nil || !strings.Contains(err.Error(), tt.want) || !strings.Contains(err.Error(), path) {
				t.Errorf("got %v, want %q and the file's name", err, tt.want)
			}
			if _, err := s.Settings(); err == nil {
				t.Error("the damage was not noticed")
			}
			if s.Boxes() != access.Intrusion {
				t.Errorf("boxes %v, want those that were read last", s.Boxes())
			}
			if err := s.SetRole(t.Context(), "center"); err == nil {
				t.Error("damaged settings were replaced")
			}
		})
	}
}

func TestVanished(t *testing.T) {
	s := newStore(t)
	if err := s.SetRole(t.Context(), "device"); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(s.path); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Settings(); err == nil {
		t.Error("lost settings became the defaults")
	}
	if want := access.Device.Boxes(); s.Boxes() != want {
		t.Errorf("boxes %v, want %v", s.Boxes(), want)
	}
}

func TestOpenToOthers(t *testing.T) {
	s := newStore(t)
	if err := s.SetRole(t.Context(), "device"); err != nil {
		t.Fatal(err)
	}
	var log syncbuf.Buffer
	for _, mode := range []os.FileMode{0o600, 0o644} {
		if err := os.Chmod(s.path, mode); err != nil {
			t.Fatal(err)
		}
		if _, err := Open(filepath.Dir(s.dir), Options{Log: slog.New(slog.NewTextHandler(&log, nil))}); err != nil {
			t.Fatal(err)
		}
	}
	if n := strings.Count(log.String(), "read by other users"); os.PathSeparator == '/' && n != 1 {
		t.Errorf("%d warnings, want one for mode 0644:\n%s", n, log.String())
	}
}

// Two processes and this one change the settings at once, and no change is lost.
func TestProcesses(t *testing.T) {
	const each = 10
	data := t.TempDir()
	var want []string
	var commands []func() error
	for _, prefix := range []string{"a", "b"} {
		cmd := helperCommand(t, data, prefix, fmt.Sprint(each))
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		commands = append(commands, func() error {
			lines := bufio.NewScanner(out)
			for lines.Scan() {
				want = append(want, lines.Text())
			}
			return errors.Join(lines.Err(), cmd.Wait())
		})
	}
	s := openStore(t, data)
	for i := range each {
		name := fmt.Sprint("c-", i)
		if err := s.AddDomain(t.Context(), name); err != nil {
			t.Fatal(err)
		}
		want = append(want, name)
	}
	for _, wait := range commands {
		if err := wait(); err != nil {
			t.Fatal(err)
		}
	}
	set, err := s.Settings()
	if err != nil {
		t.Fatal(err)
	}
	got := set.DomainNames()[1:]
	slices.Sort(want)
	slices.Sort(got)
	if !slices.Equal(got, want) || len(want) != 3*each || set.Revision != 3*each {
		t.Errorf("revision %d, %d of %d domains: %v", set.Revision, len(got), len(want), got)
	}
}

// After a fault or a power cut at any operation of a change the settings are those of
// before or after, and those of after for certain when the change said so. The next
// change succeeds and leaves no temporary file.
func TestPowerCut(t *testing.T) {
	ctx := context.Background()
	open := func(fsys *faultfs.FS) *Store {
		t.Helper()
		s, err := Open("/data", Options{FS: fsys})
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	prepare := func(before int) (*faultfs.FS, *Store) {
		fsys := faultfs.New()
		s := open(fsys)
		for i := range before {
			if err := s.AddDomain(ctx, fmt.Sprint("before ", i)); err != nil {
				t.Fatal(err)
			}
		}
		return fsys, s
	}
	for before := range 2 {
		fsys, s := prepare(before)
		start := fsys.Ops()
		if err := s.AddDomain(ctx, "new"); err != nil {
			t.Fatal(err)
		}
		ops := fsys.Ops() - start
		if ops < 8 {
			t.Fatalf("%d operations, want directory, lock, read, write, sync, rename, syncdir", ops)
		}
		for k := 1; k <= ops; k++ {
			for _, effect := range []faultfs.Effect{faultfs.None, faultfs.Half, faultfs.Full} {
				for _, mode := range []faultfs.Mode{faultfs.Lose, faultfs.Torn, faultfs.Keep} {
					fsys, s := prepare(before)
					fsys.FailNth(k, faultfs.Fault{Effect: effect})
					err := s.AddDomain(ctx, "new")
					left := open(fsys.Crash(mode, rand.New(rand.NewPCG(uint64(k), uint64(mode)))))
					set, e := left.Settings()
					if e != nil {
						t.Fatalf("operation %d, effect %d, mode %d: %v", k, effect, mode, e)
					}
					names := set.DomainNames()
					if len(names) != 1+before && !slices.Contains(names, "new") || err == nil && !slices.Contains(names, "new") {
						t.Errorf("operation %d, effect %d, mode %d: %v, and the change said %v", k, effect, mode, names, err)
					}
					if e := left.AddDomain(ctx, "next"); e != nil {
						t.Errorf("operation %d, effect %d, mode %d: the next change: %v", k, effect, mode, e)
					}
					entries, e := left.fs.ReadDir(left.dir)
					if e != nil {
						t.Fatal(e)
					}
					for _, entry := range entries {
						if entry.Name() != settingsFile && entry.Name() != lockFile {
							t.Errorf("operation %d, effect %d, mode %d: %s is left", k, effect, mode, entry.Name())
						}
					}
				}
			}
		}
	}
}

func TestClone(t *testing.T) {
	s := newStore(t)
	if err := s.AddUser(t.Context(), "alice", ScopeAdmin, "correct horse battery"); err != nil {
		t.Fatal(err)
	}
	set, err := s.Settings()
	if err != nil {
		t.Fatal(err)
	}
	c, err := set.clone()
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(c, set) {
		t.Errorf("got %+v, want %+v", c, set)
	}
	c.Users[0].Hash[0]++
	if reflect.DeepEqual(c, set) {
		t.Error("the copy shares a hash with the original")
	}
}

func FuzzSettings(f *testing.F) {
	f.Add([]byte(`{"version":1,"revision":3,"role":"device","events":["intrusion"]}`))
	f.Add([]byte(`{"version":1,"role":"center","events":[],"domains":[{"name":"Lab","changed":"2026-01-01T00:00:00Z"}],"devices":[{"device":"s","domain":"Lab","changed":"2026-01-01T00:00:00Z"}]}`))
	f.Add([]byte(`{"version":1,"role":"center","events":null,"partner":{"url":"https://[::1]:8303","token":"estream_0011223344556677_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"}}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		s, err := parseSettings(data)
		if err != nil {
			return // refusing is fine
		}
		again, err := s.encode()
		if err != nil {
			t.Fatal(err)
		}
		back, err := parseSettings(again)
		if err != nil || !reflect.DeepEqual(back, mustClone(t, s)) {
			t.Errorf("%+v did not survive: %v, %+v", s, err, back)
		}
	})
}

func mustClone(t *testing.T, s *Settings) *Settings {
	t.Helper()
	c, err := s.clone()
	if err != nil {
		t.Fatal(err)
	}
	return c
}
