package demo

import (
	"context"
	"io"
	"log/slog"
	"strings"
	"testing"
	"time"

	"estream/layouts"
	"estream/wire"
)

func run(t *testing.T, fault func([]byte, int) ([]byte, int)) (*Counts, string) {
	t.Helper()
	var out strings.Builder
	c, err := Run(context.Background(), Options{
		Dir: t.TempDir(), For: time.Second, Out: &out, Layouts: layouts.Default(), Log: slog.New(slog.DiscardHandler), Fault: fault,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Log(out.String())
	return c, out.String()
}

// TestDemo: real events and synthetic ones arrive, once, and both formats show.
func TestDemo(t *testing.T) {
	c, out := run(t, nil)
	if !c.OK() || c.Written < sensorRecords || c.CEF == 0 {
		t.Errorf("counts %+v", *c)
	}
	for _, want := range []string{"CEF:0|Cisco|Firepower|6.0|INTRUSION:400:1:18608|POLICY Dropbox desktop software in use|", `{"recordType": 400, `, "everything arrived, once"} {
		if !strings.Contains(out, want) {
			t.Errorf("output lacks %q", want)
		}
	}
}

// TestDemoSeesLoss drops one record between network and journal: the counts
// must say so.
func TestDemoSeesLoss(t *testing.T) {
	dropped := false
	c, out := run(t, func(batch []byte, count int) ([]byte, int) {
		if dropped || count == 0 {
			return batch, count
		}
		message, rest, err := wire.NextMessage(batch)
		if err != nil {
			t.Error(err)
		}
		if h, ok := wire.PeekRecord(message); !ok || h.Type != 400 && h.Type != 71 && h.Type != 2 {
			return batch, count // metadata is not missed by its id
		}
		dropped = true
		return rest, count - 1
	})
	if !dropped || c.Lost != 1 || c.OK() || c.Received != c.Journaled+1 {
		t.Errorf("counts %+v after one record was dropped", *c)
	}
	if !strings.Contains(out, "DO NOT ADD UP") {
		t.Error("the report does not say so")
	}
}

// TestDemoEnds: a context that ends is an orderly end with counts that add up.
func TestDemoEnds(t *testing.T) {
	ctx, cancel := context.WithTimeout(context.Background(), 300*time.Millisecond)
	defer cancel()
	c, err := Run(ctx, Options{Dir: t.TempDir(), Out: io.Discard, Layouts: layouts.Default(), Log: slog.New(slog.DiscardHandler)})
	if err != nil || !c.OK() {
		t.Errorf("counts %+v, error %v", c, err)
	}
}
