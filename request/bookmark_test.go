package request

import (
	"os"
	"path/filepath"
	"testing"
	"time"
)

func TestBookmark(t *testing.T) {
	path := filepath.Join(t.TempDir(), BookmarkFile)
	now := time.Unix(1700000000, 0)
	b, at, found, err := OpenBookmark(path, now)
	if err != nil || found || at != 1700000000 {
		t.Fatalf("%d, %v, %v", at, found, err)
	}
	holds := func(want string) {
		t.Helper()
		if got, err := os.ReadFile(path); err != nil || string(got) != want {
			t.Errorf("%q, %v; want %q", got, err, want)
		}
	}
	for _, step := range []struct {
		at    uint32
		after time.Duration
		final bool
		want  string
	}{
		{1600000000, 0, false, "1600000000\n"},
		{1600000001, time.Millisecond, false, "1600000000\n"}, // written soon
		{1600000002, time.Second, false, "1600000002\n"},
		{1500000000, time.Minute, true, "1600000002\n"}, // it only grows
		{1600000003, time.Minute, true, "1600000003\n"},
	} {
		if err := b.Save(step.at, now.Add(step.after), step.final); err != nil {
			t.Fatal(err)
		}
		holds(step.want)
	}
	if _, at, found, err = OpenBookmark(path, now); err != nil || !found || at != 1600000003 {
		t.Errorf("%d, %v, %v", at, found, err)
	}
	for _, bad := range []string{"", "soon\n", "-1", "4294967296"} {
		if err := os.WriteFile(path, []byte(bad), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, _, _, err := OpenBookmark(path, now); err == nil {
			t.Errorf("%q was read", bad)
		}
	}
}
