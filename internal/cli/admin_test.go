package cli

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// run runs a command that has to succeed and returns its standard output.
func run(t *testing.T, args ...string) string {
	t.Helper()
	var out, errs bytes.Buffer
	if status := Main(t.Context(), args, strings.NewReader(""), &out, &errs); status != exitOK {
		t.Fatalf("estream %s: status %d\n%s", strings.Join(args, " "), status, errs.String())
	}
	return out.String()
}

// startServer runs a server until the test ends, and returns the address of its
// administration.
func startServer(t *testing.T, data string) (address string) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	log := newGrowing()
	p := &process{done: make(chan struct{})}
	go func() {
		defer close(p.done)
		args := []string{"serve", "--data", data, "--listen", "127.0.0.1:0", "--admin-listen", "127.0.0.1:0"}
		if status := Main(ctx, args, strings.NewReader(""), newGrowing(), log); status != exitOK {
			text, _ := log.bytes()
			t.Errorf("server ended with status %d:\n%s", status, text)
		}
	}()
	t.Cleanup(func() {
		cancel()
		<-p.done
	})
	line := regexp.MustCompile(`msg=administration address=(\S+)`)
	text, ok := p.until(log, line.Match)
	if !ok {
		t.Fatalf("the administration does not listen:\n%s", text)
	}
	return string(line.FindSubmatch(text)[1])
}

// Two servers as their users set them up: what is done at one arrives at the other one,
// and a client that was removed there is removed here.
func TestPartners(t *testing.T) {
	dir := t.TempDir()
	at := func(name string) string { return filepath.Join(dir, name) }
	first, second := at("first"), at("second")
	if err := os.WriteFile(at("password"), []byte("correct horse battery staple\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	run(t, "client", "add", "192.0.2.1", "--data", first, "-o", at("1.p12"))
	run(t, "admin", "export", "--with-ca", "--password-file", at("password"), "--data", first, "-o", at("all.json"))
	run(t, "admin", "import", at("all.json"), "--password-file", at("password"), "--data", second)
	if got := run(t, "client", "list", "--data", second); !strings.Contains(got, "192.0.2.1") {
		t.Errorf("imported: %s", got)
	}
	token := run(t, "admin", "token", "add", "first", "--scope", "replicate", "--data", second)
	if err := os.WriteFile(at("token"), []byte(token), 0o600); err != nil {
		t.Fatal(err)
	}
	run(t, "admin", "partner", "set", "https://"+startServer(t, second), "--token-file", at("token"), "--data", first)
	startServer(t, first)
	run(t, "domain", "add", "Lab", "--data", first)
	run(t, "client", "add", "192.0.2.2", "--domain", "Lab", "--data", first, "-o", at("2.p12"))
	// The first server sees the change within a quarter of a second, and tells the
	// second one; until then there is nothing to wait for but the list itself.
	until := func(want string) {
		t.Helper()
		for !regexp.MustCompile("(?m)" + want).MatchString(run(t, "client", "list", "--all", "--data", second)) {
			if t.Context().Err() != nil {
				t.Fatal(t.Context().Err())
			}
		}
	}
	until(`^192\.0\.2\.2 .* Lab +registered$`)
	run(t, "client", "remove", "192.0.2.1", "--data", first)
	until(`^192\.0\.2\.1 .* removed `)
	run(t, "client", "export", "192.0.2.2", "--data", second, "-o", at("again.p12"))
	want, err := os.ReadFile(at("2.p12"))
	if err != nil {
		t.Fatal(err)
	}
	if got, err := os.ReadFile(at("again.p12")); err != nil || !bytes.Equal(got, want) {
		t.Errorf("the partner's PKCS#12 file is another one: %v", err)
	}
}
