package sensor

import (
	"log/slog"
	"os"
	"reflect"
	"strings"
	"testing"

	"estream/internal/syncbuf"
)

func quiet() *slog.Logger { return slog.New(slog.DiscardHandler) }

func TestLoadConfig(t *testing.T) {
	var out syncbuf.Buffer
	m, err := LoadMaps("testdata/maps", out.Logger())
	if err != nil {
		t.Fatal(err)
	}
	if len(m.Files) != 4 {
		t.Errorf("files read: %q, want four, two of them from etc", m.Files)
	}
	for _, tt := range []struct {
		gid, sid, rev uint32
		want          string
	}{
		{1, 1000, 7, "WEB first rule"},
		{1, 1001, 1, "MAIL café rule"}, // Latin-1 in the file
		{3, 1002, 1, "SHARED object rule"},
		{116, 5, 1, "decoder: too long"},
		{1, 1003, 2, "Snort Alert [1:1003:2]"},
		{119, 1000, 1, "Snort Alert [119:1000:1]"},
	} {
		if got := m.Message(tt.gid, tt.sid, tt.rev); got != tt.want {
			t.Errorf("%d:%d:%d: got %q, want %q", tt.gid, tt.sid, tt.rev, got, tt.want)
		}
	}
	for id, want := range []string{"", "first", "second", "fourth", ""} {
		c, ok := m.Classification(uint32(id))
		if c.Name != want || ok != (want != "") {
			t.Errorf("classification %d: got %q, %v; want %q", id, c.Name, ok, want)
		}
	}
	r, _ := m.Rule(1, 1000, 1)
	want := []Reference{{"cve", "2001-0010", "https://cve.example/?id=2001-0010"}, {"url", "example.com/a", "http://example.com/a"}}
	if got := m.References(r); !reflect.DeepEqual(got, want) {
		t.Errorf("references: got %v, want %v", got, want)
	}
	if m.Malformed != 10 {
		t.Errorf("malformed lines: got %d, want 10", m.Malformed)
	}
	for _, s := range []string{"sid-msg.map line=6", "sid-msg.map line=9", "classification.config line=5", `"FIRST\" appears twice`} {
		if !strings.Contains(out.String(), s) {
			t.Errorf("log does not say %q:\n%s", s, out.String())
		}
	}
}

func TestVersion2Map(t *testing.T) {
	m, err := LoadMaps("testdata/maps2", quiet())
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		gid, sid, rev uint32
		want          string
	}{
		{1, 2000, 3, "NEW rule rev 3"}, {1, 2000, 4, "NEW rule rev 4"}, {1, 2000, 5, "NEW rule rev 5"},
		{1, 2000, 9, "NEW rule rev 5"}, // unknown revision: the newest
		{3, 2001, 1, "SO rule"}, {3, 2000, 3, "NEW rule rev 3"},
		{1, 2001, 1, "Snort Alert [1:2001:1]"},
	} {
		if got := m.Message(tt.gid, tt.sid, tt.rev); got != tt.want {
			t.Errorf("%d:%d:%d: got %q, want %q", tt.gid, tt.sid, tt.rev, got, tt.want)
		}
	}
	if r, _ := m.Rule(1, 2000, 3); r.Classification != "second" || r.Priority != 1 {
		t.Errorf("got %+v, want classification second and priority 1", r)
	}
	if m.Malformed != 1 {
		t.Errorf("malformed lines: got %d, want 1", m.Malformed)
	}
}

func TestLoadConfigErrors(t *testing.T) {
	if _, err := LoadMaps(t.TempDir(), quiet()); err == nil || !strings.Contains(err.Error(), "sid-msg.map") {
		t.Errorf("empty directory: got %v", err)
	}
	dir := t.TempDir()
	if err := os.Mkdir(dir+"/sid-msg.map", 0o700); err != nil {
		t.Fatal(err)
	}
	if _, err := LoadMaps(dir, quiet()); err == nil || !strings.Contains(err.Error(), "regular file") {
		t.Errorf("directory in place of a map: got %v", err)
	}
	var none *Maps
	if got := none.Message(1, 2, 3); got != "Snort Alert [1:2:3]" {
		t.Errorf("no maps: got %q", got)
	}
}

func FuzzMaps(f *testing.F) {
	f.Add([]byte("#v2\n1 || 2 || 3 || c || 1 || m || cve,1\n"))
	f.Add([]byte("1 || m || cve,1\nconfig classification: a,b,1\nconfig reference: a b\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		m := &Maps{log: quiet()}
		for _, parse := range []func(*mapLine) error{m.sidLine, m.genLine, m.classLine, m.referenceLine} {
			m.parse("f", data, parse)
		}
		for k, r := range m.rules {
			if r.Message == "" || r.GeneratorID != k.gid || r.SignatureID != k.sid {
				t.Fatalf("rule %v under key %v", r, k)
			}
			m.References(r)
		}
	})
}
