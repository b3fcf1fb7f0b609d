package encore

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"estream/encore/conf"
	"estream/estreamtest"
	"estream/internal/corpus"
	"estream/wire"
)

// probing is what a center sees of the connection test.
func probing() estreamtest.Step {
	return estreamtest.Steps(
		estreamtest.ExpectRequest(func(q wire.EventStreamRequest) error {
			if q.Start != wire.StartNow || q.Flags != 0x48900061 {
				return fmt.Errorf("connection test asks from %x with flags %v", q.Start, q.Flags)
			}
			return nil
		}),
		estreamtest.SendInformation(5001, 5000, 6667),
		estreamtest.ExpectClose(),
	)
}

// asks checks the start of a session's requests.
func asks(t *testing.T, start uint32) estreamtest.Step {
	return func(c *estreamtest.Conn) error {
		if err := estreamtest.Negotiate()(c); err != nil {
			return err
		}
		if c.Request.Start != start {
			t.Errorf("the session asks from %d, want %d", c.Request.Start, start)
		}
		return nil
	}
}

// TestCorpus: the stream of the corpus through the client of a stock configuration
// gives eNcore's lines of the 94 record types that eNcore writes, and no others,
// in eNcore's files.
func TestCorpus(t *testing.T) {
	stream := corpus.Read(t, corpus.Messages)
	records := stock(t).Records
	want := map[string][]string{}
	types := map[uint16]bool{}
	highest := uint32(0)
	for _, adapter := range []string{"json", "splunk"} {
		refs := corpus.References(t, adapter)
		for i, rest := 0, stream; len(rest) > 0; i++ {
			message, after, err := wire.NextMessage(rest)
			if err != nil {
				t.Fatal(err)
			}
			rest = after
			h, _ := wire.PeekRecord(message)
			highest = max(highest, h.ArchiveTimestamp)
			if !records.Writes(h.Type) {
				continue
			}
			types[h.Type] = true
			if line, ok := refs[i].Compat(); !ok {
				want[adapter] = append(want[adapter], "") // eNcore failed; package format holds what ours should be
			} else if line != "" {
				want[adapter] = append(want[adapter], line)
			}
		}
	}
	if len(types) != 94 {
		t.Fatalf("the corpus has %d of the record types that eNcore writes, want 94", len(types))
	}
	center := estreamtest.Start(t)
	center.Next(probing())
	center.Next(asks(t, 0), estreamtest.Send(stream), estreamtest.Stall(nil))
	r := newRoom(t, center, "estreamer-3.5.4.conf", func(d *conf.Document) {
		d.Set(outputter("splunk"), "handler", "outputters", 1)
		d.Set(1000, "handler", "outputters", 1, "stream", "options", "maxLogs")
	})
	stop := r.start(r.client("secret\n"))
	r.screen.wait(t, "StreamingRequestMessage", 1)
	awaitBookmark(t, r, highest)
	if err := stop(); err != nil {
		t.Fatal(err)
	}
	got := r.outputs("data/json/encore.*.json")
	if len(got) != len(want["json"]) {
		t.Fatalf("%d lines, want %d", len(got), len(want["json"]))
	}
	for i, line := range want["json"] {
		if line != "" && got[i] != line {
			t.Fatalf("line %d:\n got %s\nwant %s", i, got[i], line)
		}
	}
	t.Logf("%d lines of %d record types", len(got), len(types))
	// Files of one second have names in no order.
	count := map[string]int{}
	for _, line := range want["splunk"] {
		count[line]++
	}
	splunk := r.outputs("data/splunk/encore.*.log")
	for _, line := range splunk {
		if count[line]--; count[line] < 0 && count[""] > 0 {
			count[""]--
		} else if count[line] < 0 {
			t.Fatalf("a line too many: %s", line)
		}
	}
	files, err := filepath.Glob(filepath.Join(r.dir, "data/splunk/encore.*.log"))
	if err != nil || len(splunk) != len(want["splunk"]) || len(files) != (len(splunk)+999)/1000 {
		t.Errorf("%d splunk lines in %d files, %v; want %d", len(splunk), len(files), err, len(want["splunk"]))
	}
	if got, want := r.read(r.own("bookmark.dat")), fmt.Sprintf(`{"1": %d}`, highest); got != want {
		t.Errorf("bookmark %s, want %s", got, want)
	}
	if got, want := r.read(r.own("status.dat")), `{"state": {"id": 0, "description": "Stopped"}}`; got != want {
		t.Errorf("status %s, want %s", got, want)
	}
	if _, err := os.Stat(filepath.Join(r.dir, r.own("proc.pid"))); !os.IsNotExist(err) {
		t.Errorf("the pid file is still there: %v", err)
	}
	if info, err := os.Stat(filepath.Join(r.dir, r.own("pkcs.key"))); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("key: %v, %v", info, err)
	}
}

func stock(t *testing.T) *conf.Conf {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("conf", "testdata", "estreamer-3.5.4.conf"))
	if err != nil {
		t.Fatal(err)
	}
	c, _, err := conf.Parse(data)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// awaitBookmark waits until the bookmark holds second: all was written then.
func awaitBookmark(t *testing.T, r *room, second uint32) {
	t.Helper()
	want := fmt.Sprintf(`{"1": %d}`, second)
	for range 6000 { // a minute, for tests that fail only
		if data, err := os.ReadFile(filepath.Join(r.dir, r.own("bookmark.dat"))); err == nil && string(data) == want {
			return
		}
		pause(t.Context(), 10e6)
	}
	t.Fatalf("the bookmark is not %s:\n%s", want, r.screen)
}

// TestLog: the lines of a whole run in their order, as the reference lists them.
func TestLog(t *testing.T) {
	for _, c := range []struct {
		workers int
		sample  string
	}{{1, "estreamer-5.x.conf"}, {2, "estreamer-3.5.4.conf"}, {4, "estreamer-3.5.4.conf"}, {40, "estreamer-3.5.4.conf"}} {
		t.Run(fmt.Sprint(c.workers), func(t *testing.T) {
			center := estreamtest.Start(t)
			center.Next(probing())
			center.Next(asks(t, 0), estreamtest.Stall(nil))
			r := newRoom(t, center, c.sample, func(d *conf.Document) {
				d.Set(c.workers, "workerProcesses")
				d.Set([]any{outputter("json")}, "handler", "outputters")
			})
			stop := r.start(r.client("secret\n"))
			r.screen.wait(t, "StreamingRequestMessage", 1)
			if err := stop(); err != nil {
				t.Fatal(err)
			}
			golden(t, fmt.Sprintf("run-%d.golden", c.workers), r.plain(r.screen.String()))
			if got := r.plain(r.read("estreamer.log")); !strings.Contains(got, "Goodbye") {
				t.Errorf("log file:\n%s", got)
			}
		})
	}
}
