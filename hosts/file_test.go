package hosts

import (
	"bytes"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"os"
	"reflect"
	"strings"
	"sync"
	"testing"

	"estream/internal/corpus"
	"estream/internal/durable"
	"estream/internal/durable/faultfs"
	"estream/internal/recordtest"
	"estream/layouts"
)

// TestRestart: a map that is saved and opened anew at any point, also after a crash
// long behind the last Save, ends as one that never stopped.
func TestRestart(t *testing.T) {
	stream := append(onlyHosts(t, corpus.Read(t, corpus.Messages)), onlyHosts(t, mixed(t))...)
	messages := 0
	for range recordtest.Split(t, stream) {
		messages++
	}
	for _, opt := range []Options{{}, {MaxHosts: 50}, {MaxBytes: 100_000}} {
		whole := open(t, newFS(t), opt)
		feed(t, whole, stream, 7)
		want := dump(t, whole)
		if s := whole.Stats(); opt.MaxHosts+int(opt.MaxBytes) > 0 && s.Evicted == 0 {
			t.Errorf("%+v: nothing was forgotten: %+v", opt, s)
		}

		fsys := newFS(t)
		m := open(t, fsys, opt)
		seq, saves, crashes := uint64(0), 0, 0
		for message := range recordtest.Split(t, stream) {
			if seq >= m.Seq() {
				m.Observe(seq, 1, message)
			}
			seq++
			if seq%97 == 0 {
				if err := m.Save(); err != nil {
					t.Fatal(err)
				}
				saves++
			}
			if seq%150 == 0 { // a crash: what was learned since is in the journal
				fsys = fsys.Crash(faultfs.Lose, nil)
				m = open(t, fsys, opt)
				if m.Seq() != seq/97*97 {
					t.Fatalf("after a crash at %d the map is at %d, want %d", seq, m.Seq(), seq/97*97)
				}
				feed(t, m, prefix(t, stream, seq), 13)
				crashes++
			}
		}
		if got := dump(t, m); got != want {
			t.Errorf("%d hosts, %d bytes: after %d saves and %d crashes\n%s", opt.MaxHosts, opt.MaxBytes, saves, crashes, firstDifference(got, want))
		}
		if saves < 5 || crashes < 3 {
			t.Errorf("%d saves and %d crashes among %d messages prove little", saves, crashes, messages)
		}
	}
}

func prefix(t *testing.T, stream []byte, n uint64) []byte {
	t.Helper()
	size := 0
	for message := range recordtest.Split(t, stream) {
		if n == 0 {
			break
		}
		n--
		size += len(message)
	}
	return stream[:size]
}

func firstDifference(a, b string) string {
	x, y := strings.Split(a, "\n"), strings.Split(b, "\n")
	for i := range min(len(x), len(y)) {
		if x[i] != y[i] {
			return x[i] + "\nwant\n" + y[i]
		}
	}
	return "one has more lines"
}

// TestSaveWhileLearning: the file has the state at the beginning of Save, whatever
// happens to the hosts before they are written.
func TestSaveWhileLearning(t *testing.T) {
	stream := onlyHosts(t, mixed(t))
	var batches [][]byte
	starts := []uint64{0}
	for _, b := range recordtest.Batches(t, stream, 2000) {
		n := uint64(0)
		for range recordtest.Split(t, b) {
			n++
		}
		batches, starts = append(batches, b), append(starts, starts[len(starts)-1]+n)
	}
	// States by sequence number, from a map that nobody saves.
	reference := empty(t)
	states := map[uint64]string{}
	for i, b := range batches {
		reference.Observe(starts[i], 1, b)
		states[reference.Seq()] = dump(t, reference)
	}
	fsys := newFS(t)
	m := open(t, fsys, Options{})
	var wg sync.WaitGroup
	wg.Go(func() {
		for i, b := range batches {
			m.Observe(starts[i], 1, b)
		}
	})
	for m.Seq() < starts[len(batches)] {
		if err := m.Save(); err != nil {
			t.Fatal(err)
		}
		saved, err := Open(file, fsys, layouts.Default(), Options{})
		if err != nil {
			t.Fatal(err)
		}
		if want, ok := states[saved.Seq()]; saved.Seq() > 0 && (!ok || dump(t, saved) != want) {
			t.Fatalf("the file at %d: %s", saved.Seq(), firstDifference(dump(t, saved), want))
		}
	}
	wg.Wait()
}

// TestImage interleaves by hand what TestSaveWhileLearning leaves to chance: hosts
// change, go and come while an image is taken.
func TestImage(t *testing.T) {
	m := empty(t)
	addrs := []string{"10.0.0.1", "10.0.0.2", "10.0.0.3", "10.0.0.4"}
	for _, a := range addrs {
		learn(t, m, a, message(t, 22, 0, a, 100, recordtest.Fields{"hops": 1}))
	}
	before := dump(t, m)
	m.epoch++
	m.image = &codec{}
	learn(t, m, addrs[1], message(t, 22, 0, addrs[1], 101, recordtest.Fields{"hops": 2})) // changes
	learn(t, m, addrs[1], message(t, 22, 0, addrs[1], 102, recordtest.Fields{"hops": 3})) // again
	learn(t, m, addrs[0], message(t, 19, 0, addrs[0], 103, nil))                          // goes
	learn(t, m, "10.0.0.9", message(t, 22, 0, "10.0.0.9", 104, nil))                      // comes
	learn(t, m, addrs[2], message(t, 71, 174, addrs[2], 105, nil))                        // is touched
	for i := len(m.dense); i > 0; i-- {
		m.before(m.dense[i-1].host)
	}
	c := m.image
	m.image = nil
	got := empty(t)
	rest := c.buf
	for len(rest) > 0 {
		size := binary.BigEndian.Uint32(rest)
		r := &codec{buf: rest[4 : 4+size], reading: true}
		h := &host{}
		h.order = r.uint(0)
		r.profile(&h.Profile)
		h.key = as16(h.Address)
		if got.lookup(realm{}, h.key) != nil {
			t.Fatalf("%v is in the image twice", h.Address)
		}
		got.insert(h)
		rest = rest[4+size:]
	}
	got.seq, got.clock = 4, 4
	if err := got.chain(); err != nil {
		t.Fatal(err)
	}
	if s := dump(t, got); s != before {
		t.Errorf("image\n%s\nwant\n%s", s, before)
	}
}

// TestSaveMatrix: after a fault or a crash at any operation of Save the file has the
// old or the new state, and the next Save writes it.
func TestSaveMatrix(t *testing.T) {
	for k := 1; ; k++ {
		var done bool
		for _, then := range []string{"crash, lost", "crash, kept", "save again"} {
			fsys := newFS(t)
			m := open(t, fsys, Options{})
			learn(t, m, host1, message(t, 22, 0, host1, 100, nil))
			if err := m.Save(); err != nil {
				t.Fatal(err)
			}
			learn(t, m, host1, message(t, 22, 0, host1, 101, nil))
			fsys.FailNth(k, faultfs.Fault{Effect: faultfs.Half})
			err := m.Save()
			fsys.SetHook(nil)
			if done = err == nil; !done && !errors.Is(err, faultfs.ErrInjected) {
				t.Errorf("operation %d: %v", k, err)
			}
			mode := faultfs.Lose
			if then == "crash, kept" {
				mode = faultfs.Keep
			}
			if then == "save again" {
				if err = m.Save(); err != nil {
					t.Errorf("after operation %d failed: %v", k, err)
				}
			}
			after := open(t, fsys.Crash(mode, nil), Options{})
			if s := after.Seq(); s != 2 && (s != 1 || err == nil) || after.Stats().Damaged != "" {
				t.Errorf("operation %d fails with %v, %s: the map is at %d; %+v", k, err, then, s, after.Stats())
			}
		}
		if done {
			if k < 6 {
				t.Errorf("%d operations, want more", k-1)
			}
			return
		}
	}
}

// TestJournal: a file is never ahead of what the journal has for sure, and a map that
// is ahead of another journal goes on from there.
func TestJournal(t *testing.T) {
	fsys := newFS(t)
	var waited []uint64
	lost := errors.New("no journal")
	m := open(t, fsys, Options{WaitDurable: func(seq uint64) error {
		if waited = append(waited, seq); len(waited) == 2 {
			return lost
		}
		return nil
	}})
	for i, want := range []uint64{1, 1, 3} { // what the file has after each Save
		learn(t, m, host1, message(t, 22, 0, host1, 100+i, nil))
		if err := m.Save(); (i == 1) != errors.Is(err, lost) || i != 1 && err != nil {
			t.Errorf("Save %d: %v", i, err)
		}
		if got := open(t, fsys, Options{}).Seq(); got != want {
			t.Errorf("after Save %d the file is at %d, want %d", i, got, want)
		}
	}
	if !reflect.DeepEqual(waited, []uint64{1, 2, 3}) {
		t.Errorf("waited for %v", waited)
	}
	m = open(t, fsys, Options{})
	if m.Resume(7); m.Seq() != 3 {
		t.Errorf("the map is at %d", m.Seq())
	}
	m.Resume(1)
	m.Observe(1, 1, message(t, 22, 0, host1, 200, recordtest.Fields{"hops": 9}))
	if p, _ := m.Profile(0, 0, unmapped(m.oldest.key)); m.Seq() != 2 || p.Hops != 9 || p.FirstSeen != 100 {
		t.Errorf("at %d: %+v", m.Seq(), p)
	}
}

// saved returns a small file.
func saved(t testing.TB) []byte {
	fsys := newFS(t)
	m := open(t, fsys, Options{})
	m.Observe(0, 1, message(t, 46, 55, host1, 100, recordtest.Fields{"id": 3, "name": "Notes"}))
	m.Observe(1, 1, message(t, 42, 35, host1, 100, recordtest.Fields{"value": "PC"}))
	m.Observe(2, 1, message(t, 11, 103, "2001:db8::1", 100, recordtest.Fields{"port": 22}))
	if err := m.Save(); err != nil {
		t.Fatal(err)
	}
	data, err := durable.ReadFile(fsys, file, maxFile)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// TestDamage: a file with any byte changed, or cut anywhere, is set aside, and the
// map starts empty; one of a later release stays where it is and is an error.
func TestDamage(t *testing.T) {
	good := saved(t)
	try := func(data []byte) (*Map, *faultfs.FS, error) {
		fsys := newFS(t)
		if err := durable.ReplaceFile(fsys, file, data, 0o600); err != nil {
			t.Fatal(err)
		}
		m, err := Open(file, fsys, layouts.Default(), Options{})
		return m, fsys, err
	}
	if m, _, err := try(good); err != nil || m.Seq() != 3 || m.Stats().Hosts != 2 {
		t.Fatalf("the file itself: %v", err)
	}
	damaged := func(what string, at int, data []byte) {
		m, fsys, err := try(data)
		if at >= 8 && at < 12 && err != nil && what == "changed" {
			if kept, rerr := durable.ReadFile(fsys, file, maxFile); rerr != nil || !bytes.Equal(kept, data) || !strings.Contains(err.Error(), "version") {
				t.Errorf("a later version: %v, and the file: %v", err, rerr)
			}
			return
		}
		if err != nil || m.Seq() != 0 || m.Stats().Hosts != 0 || m.Stats().Damaged == "" {
			t.Errorf("%s at %d: %v, %+v", what, at, err, m)
			return
		}
		// Then the map works as any other.
		m.Observe(0, 1, message(t, 22, 0, host1, 100, nil))
		if err := m.Save(); err != nil {
			t.Errorf("%s at %d: %v", what, at, err)
		}
		if aside, err := durable.ReadFile(fsys.Crash(faultfs.Lose, nil), file+".damaged", maxFile); err != nil || !bytes.Equal(aside, data) {
			t.Errorf("%s at %d: the damaged file is not set aside: %v", what, at, err)
		}
	}
	for at := range good {
		data := bytes.Clone(good)
		data[at] ^= 0x41
		damaged("changed", at, data)
		damaged("cut", at, good[:at])
	}
	damaged("longer", len(good), append(bytes.Clone(good), 0))
}

// TestFileIsStable: a file that this version wrote is read by all later ones. Run
// with -update only when fileVersion changes.
func TestFileIsStable(t *testing.T) {
	const name = "testdata/version1.netmap"
	data, err := os.ReadFile(name)
	if *update && errors.Is(err, os.ErrNotExist) {
		data, err = saved(t), os.WriteFile(name, saved(t), 0o644)
	}
	if err != nil {
		t.Fatal(err)
	}
	m := empty(t)
	if err := m.load(data); err != nil {
		t.Fatal(err)
	}
	p, ok := m.Profile(0, 0, unmapped(as16(m.oldest.Address)))
	if !ok || p.NetBIOS != "PC" || m.seq != 3 || !reflect.DeepEqual(m.names, map[definitionKey]definition{{id: 3}: {"Notes", 0}}) || len(m.newest.Servers) != 1 {
		t.Errorf("%s", dump(t, m))
	}
}

// FuzzFile: no bytes of a file make load panic, or take memory beyond their size;
// what it takes it writes again as it was.
func FuzzFile(f *testing.F) {
	good := saved(f)
	f.Add(good[fileSummed:])
	f.Add([]byte{})
	f.Add(append(bytes.Clone(good[fileSummed:len(good)-3]), 0xff, 0xff, 0xff))
	f.Fuzz(func(t *testing.T, body []byte) {
		data := append([]byte(fileMagic), 0, 0, 0, fileVersion)
		data = binary.BigEndian.AppendUint32(data, crc32.Checksum(body, castagnoli))
		data = append(data, body...)
		fsys := newFS(t)
		if err := durable.ReplaceFile(fsys, file, data, 0o600); err != nil {
			t.Fatal(err)
		}
		m := open(t, fsys, Options{})
		if m.Stats().Damaged != "" {
			return
		}
		want := dump(t, m)
		m.saved = m.seq + 1
		if err := m.Save(); err != nil {
			t.Fatal(err)
		}
		if got := dump(t, open(t, fsys, Options{})); got != want {
			t.Errorf("written and read again\n%s\nwant\n%s", got, want)
		}
	})
}
