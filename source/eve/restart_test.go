package eve

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"estream/internal/durable/faultfs"
	"estream/internal/recordtest"
	"estream/layouts"
	"estream/source"
	"estream/wire"
)

// traffic makes lines of many flows that overlap, most of them with an end, some
// without, some that are touched again long after. Each line is longer by pad
// bytes that say nothing, so that fewer of them make a batch.
func traffic(seed uint64, flows, pad int) []byte {
	rng := rand.New(rand.NewPCG(seed, 1))
	var out bytes.Buffer
	now := time.Date(2024, 5, 4, 8, 0, 0, 0, time.UTC)
	type open struct {
		id    uint64
		left  int
		start time.Time
	}
	var all []open
	next := uint64(1)
	filler := strings.Repeat("x", pad)
	line := func(o *open, typ, rest string) {
		now = now.Add(time.Duration(rng.IntN(200)) * time.Millisecond)
		fmt.Fprintf(&out, `{"timestamp":"%s","flow_id":%d,"event_type":"%s","src_ip":"10.0.%d.%d","src_port":%d,"dest_ip":"10.9.0.1","dest_port":80,"proto":"TCP","pad":"%s",%s}`+"\n",
			now.Format("2006-01-02T15:04:05.000000-0700"), o.id, typ, o.id>>8&255, o.id&255, 1024+o.id%60000, filler, rest)
	}
	for next <= uint64(flows) || len(all) > 0 {
		if next <= uint64(flows) && (len(all) < 40 || rng.IntN(3) == 0) {
			all = append(all, open{next, 1 + rng.IntN(5), now})
			next++
		}
		i := rng.IntN(len(all))
		o := &all[i]
		if o.left > 0 {
			o.left--
			switch rng.IntN(6) {
			case 0:
				line(o, "tls", fmt.Sprintf(`"tls":{"sni":"host%d.example","version":"TLS 1.3"}`, o.id))
			case 1, 2:
				line(o, "dns", fmt.Sprintf(`"dns":{"type":"%s","id":%d,"rrname":"n%d.example","rrtype":"A","rcode":"NOERROR"}`,
					[]string{"query", "answer"}[rng.IntN(2)], rng.IntN(8), rng.IntN(8)))
			case 3:
				line(o, "alert", `"alert":{"action":"allowed","gid":1,"signature_id":1000001,"rev":1,"signature":"X","category":"Misc activity","severity":3}`)
			default:
				line(o, "http", fmt.Sprintf(`"http":{"hostname":"host%d.example","url":"/%d","http_user_agent":"curl/8","status":200}`, o.id, rng.IntN(1000)))
			}
			continue
		}
		switch rng.IntN(8) {
		case 0: // nobody says how it ended
		case 1:
			line(o, "netflow", `"netflow":{"pkts":3,"bytes":300}`)
			if rng.IntN(2) == 0 {
				line(o, "flow", `"flow":{"pkts_toserver":3,"bytes_toserver":300}`)
			}
		default:
			line(o, "flow", fmt.Sprintf(`"flow":{"pkts_toserver":5,"pkts_toclient":6,"bytes_toserver":500,"bytes_toclient":600,"start":"%s"}`,
				o.start.Format(time.RFC3339)))
		}
		all[i] = all[len(all)-1]
		all = all[:len(all)-1]
		if rng.IntN(300) == 0 {
			now = now.Add(90 * time.Second)
		}
	}
	return out.Bytes()
}

// events returns the messages of a stream that are no metadata, without their
// archive times.
func events(t testing.TB, stream []byte) (list []string) {
	t.Helper()
	set := layouts.Default()
	for m := range recordtest.Split(t, stream) {
		h, ok := wire.PeekRecord(m)
		if !ok {
			t.Fatalf("message of %d bytes is no record", len(m))
		}
		def, err := set.Source().Record(h.Type)
		if err != nil {
			t.Fatal(err)
		}
		if def.Category != "metadata" {
			list = append(list, fmt.Sprintf("%d %x", h.Type, m[8+h.Size:]))
		}
	}
	return list
}

func compare(t *testing.T, what string, got, want []string) {
	t.Helper()
	for i := range min(len(got), len(want)) {
		if got[i] != want[i] {
			t.Fatalf("%s: event %d of %d differs:\ngot  %.300s\nwant %.300s", what, i, len(want), got[i], want[i])
		}
	}
	if len(got) != len(want) {
		t.Fatalf("%s: %d events, want %d", what, len(got), len(want))
	}
}

// ticking returns a clock that goes on by step with each look at it.
func ticking(step time.Duration) func() time.Time {
	now := fixedNow
	return func() time.Time {
		now = now.Add(step)
		return now
	}
}

var errCrash = errors.New("crash")

// TestRestart: a source that is killed again and again, with a journal that loses
// its newest batches each time, makes exactly the events of one that runs through.
func TestRestart(t *testing.T) {
	data := traffic(1, 1000, 1500)
	path := lineFile(t, data)
	clock := ticking(35 * time.Millisecond) // about 7 seconds per batch
	make := func() *Source {
		return &Source{Path: path, Layouts: layouts.Default(), Log: quiet(), Once: true, Hold: 100 * time.Second, MaxFlows: 60, Now: clock}
	}
	want := events(t, read(t, make()).data)
	if len(want) < 1000 {
		t.Fatalf("%d events of 1000 flows: the test is too small", len(want))
	}
	restored, lost, ahead := 0, 0, 0
	for seed := range uint64(4) {
		rng := rand.New(rand.NewPCG(seed, 2))
		state := filepath.Join(t.TempDir(), "eve")
		var stored sink
		for runs := 0; ; runs++ {
			s := make()
			s.State = state
			if n := len(stored.marks); n > 0 {
				s.Mark = stored.marks[n-1]
			}
			left := rng.IntN(14)
			var last time.Time
			err := s.Run(t.Context(), func(ctx context.Context, b source.Batch) error {
				if left--; left < 0 {
					return errCrash
				}
				last = clock()
				return stored.take(ctx, b)
			})
			if st := s.Stats(); runs > 0 && st.Forgotten == 0 {
				restored++
			}
			if err == nil {
				break
			}
			if !errors.Is(err, errCrash) {
				t.Fatal(err)
			}
			// What was not synced is gone: the last batch, if it is fresh.
			if n := len(stored.marks); n > 1 && rng.IntN(2) == 0 && clock().Sub(last) < letGoEvery {
				stored.marks, stored.ends = stored.marks[:n-1], stored.ends[:n-1]
				stored.data = stored.data[:stored.ends[n-2]]
				lost++
				mark, err := decodeMark(stored.marks[n-2])
				if err != nil {
					t.Fatal(err)
				}
				for _, name := range s.stateNames() {
					data, err := os.ReadFile(name)
					if err != nil {
						continue // the run did not come that far
					}
					if p, _, err := readPosition(data); err == nil && p.lineage == mark.lineage && p.batches > mark.batches {
						ahead++
					}
				}
			}
			if runs > 1000 {
				t.Fatal("no end")
			}
		}
		compare(t, fmt.Sprintf("seed %d", seed), events(t, stored.data), want)
	}
	if t.Logf("restored %d times, lost %d batches, %d of them after the flows were saved", restored, lost, ahead); restored < 10 || lost < 5 || ahead == 0 {
		t.Error("the test shows little")
	}
}

// TestRestartRotated: what was open is restored although the file was rotated, and
// compressed, since it was saved.
func TestRestartRotated(t *testing.T) {
	data := traffic(6, 800, 1000)
	want := events(t, read(t, once(t, data)).data)
	half := len(data)/2 + bytes.IndexByte(data[len(data)/2:], '\n') + 1
	for _, compressed := range []bool{false, true} {
		path := lineFile(t, data[:half])
		s := &Source{Path: path, Layouts: layouts.Default(), Log: quiet(), Once: true, Sensor: once(t, nil).Sensor, State: filepath.Join(t.TempDir(), "eve"), Now: ticking(time.Millisecond)}
		var stored sink
		left := 3
		err := s.Run(t.Context(), func(ctx context.Context, b source.Batch) error {
			if left--; left < 0 {
				return errCrash
			}
			return stored.take(ctx, b)
		})
		if !errors.Is(err, errCrash) {
			t.Fatal(err)
		}
		if err := os.Rename(path, path+".1"); err != nil {
			t.Fatal(err)
		}
		if compressed {
			var z bytes.Buffer
			w := gzip.NewWriter(&z)
			if _, err := w.Write(data[:half]); err != nil {
				t.Fatal(err)
			}
			if err := errors.Join(w.Close(), os.WriteFile(path+".1.gz", z.Bytes(), 0o600), os.Remove(path+".1")); err != nil {
				t.Fatal(err)
			}
		}
		if err := os.WriteFile(path, data[half:], 0o600); err != nil {
			t.Fatal(err)
		}
		s.Mark = stored.marks[len(stored.marks)-1]
		if err := s.Run(t.Context(), stored.take); err != nil {
			t.Fatal(err)
		}
		if n := s.Stats().Forgotten; n != 0 {
			t.Errorf("compressed %v: open flows were forgotten", compressed)
		}
		compare(t, fmt.Sprintf("compressed %v", compressed), events(t, stored.data), want)
	}
}

// TestForgottenState: without the files of open flows a restart makes nothing
// twice; what was open is counted as forgotten.
func TestForgottenState(t *testing.T) {
	data := traffic(2, 1000, 500)
	state := filepath.Join(t.TempDir(), "eve")
	s := once(t, data)
	s.State = state
	var stored sink
	left := 4
	err := s.Run(t.Context(), func(ctx context.Context, b source.Batch) error {
		if left--; left < 0 {
			return errCrash
		}
		return stored.take(ctx, b)
	})
	if !errors.Is(err, errCrash) {
		t.Fatal(err)
	}
	if err := s.RemoveState(); err != nil {
		t.Fatal(err)
	}
	if names, err := filepath.Glob(state + "*"); err != nil || len(names) != 0 {
		t.Fatalf("files left: %v, %v", names, err)
	}
	s.Mark = stored.marks[len(stored.marks)-1]
	if err := s.Run(t.Context(), stored.take); err != nil {
		t.Fatal(err)
	}
	if n := s.Stats().Forgotten; n != 1 {
		t.Errorf("forgotten: got %d, want 1", n)
	}
	// Every alert is there once; so is every flow that ended.
	seen := map[uint64]int{}
	alerts := 0
	for _, r := range records(t, stored.data) {
		switch {
		case r.typ == 400:
			alerts++
			seen[r.nums["event_id"]]++
		}
	}
	if want := bytes.Count(data, []byte(`"event_type":"alert"`)); alerts != want || len(seen) != want {
		t.Errorf("%d alerts with %d numbers, want %d", alerts, len(seen), want)
	}
}

// TestLineage: a mark is not taken together with the open flows of another run,
// whose batches may have been cut otherwise.
func TestLineage(t *testing.T) {
	s := once(t, traffic(5, 100, 0))
	s.State = filepath.Join(t.TempDir(), "eve")
	var marks []*position
	for range 2 {
		out := read(t, s)
		p, err := decodeMark(out.marks[len(out.marks)-1])
		if err != nil {
			t.Fatal(err)
		}
		marks = append(marks, p)
	}
	if a, b := marks[0], marks[1]; a.lineage == b.lineage || a.lines != b.lines || a.batches != b.batches {
		t.Errorf("marks of two equal runs: %+v and %+v, want other lineages only", a, b)
	}
	if old := s.loadState(marks[1]); old.at == nil || old.at.lineage != marks[1].lineage {
		t.Errorf("for the mark of the second run: %+v", old.at)
	}
	marks[0].lineage[0]++
	if old := s.loadState(marks[0]); old.at != nil {
		t.Errorf("for the mark of a run that saved nothing: %+v", old.at)
	}
}

// TestStateFaults: a source goes on when its open flows cannot be saved, and does
// not believe a damaged file.
func TestStateFaults(t *testing.T) {
	data := traffic(3, 600, 500)
	want := events(t, read(t, once(t, data)).data)
	t.Run("write", func(t *testing.T) {
		fs := faultfs.New()
		s := once(t, data)
		s.State, s.FS, s.Now = "/nowhere/eve", fs, ticking(20*time.Millisecond)
		compare(t, "no directory", events(t, read(t, s).data), want)
	})
	for _, damage := range []func([]byte) []byte{
		func(b []byte) []byte { return b[:len(b)/2] },
		func(b []byte) []byte { b[len(b)/2] ^= 1; return b },
		func(b []byte) []byte { return nil },
		func(b []byte) []byte { b[11]++; return b },
	} {
		s := once(t, data)
		s.State, s.Now = filepath.Join(t.TempDir(), "eve"), ticking(20*time.Millisecond)
		var stored sink
		left := 1
		err := s.Run(t.Context(), func(ctx context.Context, b source.Batch) error {
			if left--; left < 0 {
				return errCrash
			}
			return stored.take(ctx, b)
		})
		if !errors.Is(err, errCrash) {
			t.Fatal(err)
		}
		for _, name := range s.stateNames() {
			if b, err := os.ReadFile(name); err == nil {
				if err := os.WriteFile(name, damage(b), 0o600); err != nil {
					t.Fatal(err)
				}
			}
		}
		s.Mark = stored.marks[0]
		if err := s.Run(t.Context(), stored.take); err != nil {
			t.Fatal(err)
		}
		if n := s.Stats().Forgotten; n != 1 {
			t.Errorf("forgotten: got %d, want 1", n)
		}
	}
}

// TestMarks: damaged marks are refused with the reason.
func TestMarks(t *testing.T) {
	p := position{lineage: [8]byte{1, 2}, lines: 1 << 40, last: 1 << 31, batches: 77, event: 1<<32 - 1, clock: 1 << 33, ended: 1 << 20, opened: 3, file: bytes.Repeat([]byte{7}, 192)}
	mark := p.append(nil)
	if len(mark) > 300 {
		t.Errorf("mark has %d bytes, at most 300 promised", len(mark))
	}
	got, err := decodeMark(mark)
	if err != nil || fmt.Sprint(*got) != fmt.Sprint(p) {
		t.Errorf("got %+v, %v; want %+v", got, err, p)
	}
	for n := 1; n < len(mark)-192; n++ {
		if _, err := decodeMark(mark[:n]); err == nil {
			t.Errorf("mark of %d bytes accepted", n)
		}
	}
	s := once(t, nil)
	s.Mark = []byte{9}
	if err := s.Run(t.Context(), new(sink).take); err == nil {
		t.Error("mark of version 9 accepted")
	}
}

const httpLine = `{"timestamp":"2024-05-04T09:00:00.000000+0000","flow_id":5,"event_type":"http","src_ip":"10.0.0.1","src_port":1000,"dest_ip":"10.9.0.1","dest_port":80,"proto":"TCP","http":{"hostname":"a.example","url":"/x"}}`

// TestQuietInput: flows go in time although no line comes, and a restart knows
// that they went: from the newest file of open flows, from the older one and the
// mark, and without any file.
func TestQuietInput(t *testing.T) {
	for lost := range 3 {
		synctest.Test(t, func(t *testing.T) {
			path := lineFile(t, []byte(httpLine+"\n"))
			s := &Source{Path: path, Layouts: layouts.Default(), Log: quiet(), State: filepath.Join(t.TempDir(), "eve")}
			var stored sink
			run := func(wait time.Duration) {
				ctx, cancel := context.WithCancel(t.Context())
				done := make(chan error)
				go func() { done <- s.Run(ctx, stored.take) }()
				time.Sleep(wait)
				cancel()
				if err := <-done; err != nil {
					t.Fatal(err)
				}
				if n := len(stored.marks); n > 0 {
					s.Mark = stored.marks[n-1]
				}
			}
			run(55 * time.Second)
			run(55 * time.Second) // a start without a mark begins anew
			if n := len(stored.marks); n != 0 {
				t.Fatalf("%d batches after 55 seconds, none expected", n)
			}
			run(90 * time.Second)
			if n := len(events(t, stored.data)); n != 1 {
				t.Fatalf("%d events after 90 seconds without a line, want 1", n)
			}
			for slot, name := range s.stateNames() {
				data, err := os.ReadFile(name)
				if err != nil {
					t.Fatal(err)
				}
				p, _, err := readPosition(data)
				if err != nil {
					t.Fatal(err)
				}
				if p.batches >= 2-uint64(lost) {
					if err := os.Remove(name); err != nil {
						t.Fatal(err)
					}
				}
				t.Logf("file %d is from line %d, batch %d", slot, p.lines, p.batches)
			}
			run(200 * time.Second)
			if n := len(events(t, stored.data)); n != 1 {
				t.Errorf("%d events after a restart, want 1", n)
			}
			if got, want := s.Stats().Forgotten, uint64(lost/2); got != want {
				t.Errorf("forgotten: got %d, want %d", got, want)
			}
		})
	}
}
