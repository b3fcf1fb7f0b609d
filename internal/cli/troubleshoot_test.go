package cli

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"estream/internal/serverstatus"
)

// TestWithoutSecrets: what could help to log in is not shown, wherever it stands.
func TestWithoutSecrets(t *testing.T) {
	name := filepath.Join(t.TempDir(), "settings.json")
	text := `{"role": "center", "users": [{"name": "ann", "hash": "aGlkZGVu", "salt": "aGlkZGVu"}], "tokens": [{"id": "1", "sha256": "aGlkZGVu"}], "partner": {"url": "https://b", "token": "hidden"}}`
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	got, err := withoutSecrets(name)
	if err != nil {
		t.Fatal(err)
	}
	if shown := string(got); strings.Contains(shown, "hidden") || strings.Contains(shown, "aGlkZGVu") || strings.Count(shown, "[removed]") != 4 || !strings.Contains(shown, `"ann"`) {
		t.Errorf("shown: %s", shown)
	}
	if err := os.WriteFile(name, []byte(`{"token": "hidden"`), 0o600); err != nil {
		t.Fatal(err)
	}
	if got, err := withoutSecrets(name); err == nil || len(got) > 0 {
		t.Errorf("no JSON: %s, %v", got, err)
	}
}

// TestPorts: the ports of the server that runs, else those it would listen on.
func TestPorts(t *testing.T) {
	nobody := func() (*serverstatus.Status, error) { return nil, errors.New("nobody answers") }
	running := func() (*serverstatus.Status, error) {
		return &serverstatus.Status{Listen: []string{"127.0.0.1:7", "[::]:8"}}, nil
	}
	for _, c := range []struct {
		listen []string
		status func() (*serverstatus.Status, error)
		want   []uint16
	}{
		{nil, nobody, []uint16{8302}},
		{[]string{"192.0.2.1", ":9", "[::1]:10", ":nothing"}, nobody, []uint16{8302, 9, 10}},
		{[]string{":9"}, running, []uint16{7, 8}},
	} {
		got := (&serverEnv{listen: c.listen}).ports(c.status)
		if !slices.Equal(got, c.want) {
			t.Errorf("%q: %d, want %d", c.listen, got, c.want)
		}
	}
}
