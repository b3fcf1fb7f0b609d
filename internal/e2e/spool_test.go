package e2e

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"testing"
	"time"

	"estream/internal/corpus"
)

const (
	spoolEvents = 30_000
	spoolPace   = 6000 // events a second
	spoolRotate = 2500 // events in a file
)

// TestSpoolThroughProgram has a sensor write a spool that grows and rotates while
// the server, killed up to six times, follows it and a collector writes JSON: all
// that is in the files must be in the output, once and in order.
func TestSpoolThroughProgram(t *testing.T) {
	const mostKills, fewestKills = 6, 3
	rng := random(t)
	p, s, spool := newPlace(t), newSink(t.TempDir()), t.TempDir()
	sample := readSample(t)
	began := time.Now()
	written := make(chan error, 1)
	go func() { written <- writeSpool(spool, sample) }()

	server := p.serve(t, "127.0.0.1:0", "--unified2", spool)
	addr := server.listening()
	c := s.collect(t, addr, p)
	var (
		kills    int
		writeErr error
		finished bool // the sensor has
	)
	for ; kills < mostKills; kills++ {
		before := journalBytes(s.journal())
		awaitThat(c, func() bool { return journalBytes(s.journal()) > before })
		lives(server, time.Duration(rng.IntN(500))*time.Millisecond)
		select {
		case writeErr = <-written:
			finished = true
		default:
		}
		if finished {
			break // on a busy machine
		}
		server.kill()
		server = p.serve(t, addr, "--unified2", spool)
		server.listening()
	}
	if !finished {
		writeErr = <-written
	}
	if writeErr != nil {
		t.Fatal(writeErr)
	}
	if kills < fewestKills {
		t.Errorf("the server was killed %d times while the spool grew, want at least %d", kills, fewestKills)
	}
	took := time.Since(began)
	c.interrupt()
	s.collect(t, addr, p, "--exit-when-idle", "2s").finish()
	server.interrupt()

	want, files := readSpool(t, spool)
	got := readEvents(t, s.file)
	for i := range min(len(got), len(want)) {
		if got[i] != want[i] {
			t.Fatalf("record %d differs: got %+v, want %+v", i+1, got[i], want[i])
		}
	}
	if len(got) != len(want) {
		t.Fatalf("got %d records, want %d", len(got), len(want))
	}
	events := 0
	for _, e := range want {
		if e.record == 400 {
			events++
		}
	}
	if events != spoolEvents {
		t.Errorf("the spool holds %d events, want %d", events, spoolEvents)
	}
	t.Logf("%d events with %d packets and extra data in %d files, %.0f events a second; server killed %d times; nothing lost, repeated or out of order",
		events, len(want)-events, files, float64(events)/took.Seconds(), kills)
}

// An event identifies a record of a spool and of the output: an event, a packet or
// extra data. The last two have no generator and signature.
type event struct {
	record                           uint32
	id, second, generator, signature uint32
}

// Record types of unified2, and where their event id is in the data.
const (
	u2Packet, u2PacketID = 2, 4
	u2Event, u2EventID   = 104, 4
	u2Extra, u2ExtraID   = 110, 12
)

// readSample returns the records of a spool that Snort wrote.
func readSample(t *testing.T) [][]byte {
	t.Helper()
	records, err := splitSpool(corpus.File(t, "source/unified2/testdata/snort29-vlan-extradata.u2.gz"))
	if err != nil {
		t.Fatal(err)
	}
	return records
}

// splitSpool splits a unified2 file into its records: type, length, data.
func splitSpool(data []byte) (records [][]byte, err error) {
	for len(data) > 0 {
		if len(data) < 8 || uint64(len(data)) < 8+uint64(binary.BigEndian.Uint32(data[4:])) {
			return nil, fmt.Errorf("%d bytes at the end of a spool file are no record", len(data))
		}
		n := 8 + int(binary.BigEndian.Uint32(data[4:]))
		records, data = append(records, data[:n:n]), data[n:]
	}
	return records, nil
}

// writeSpool writes the sample again and again with new event ids, at the pace of
// a busy sensor. Writes end at any byte, as those of a sensor with a buffer do.
func writeSpool(dir string, sample [][]byte) error {
	var (
		out    *os.File
		buf    []byte
		events int
		began  = time.Now()
	)
	finish := func() error {
		if out == nil {
			return nil
		}
		if _, err := out.Write(buf); err != nil {
			return err
		}
		buf = buf[:0]
		return out.Close()
	}
	for round := uint32(0); ; round++ {
		for _, record := range sample {
			kind := binary.BigEndian.Uint32(record)
			if kind == u2Event {
				if events == spoolEvents {
					return finish()
				}
				if events%spoolRotate == 0 {
					if err := finish(); err != nil {
						return err
					}
					var err error
					if out, err = os.Create(filepath.Join(dir, "snort.u2."+strconv.Itoa(1700000000+events))); err != nil {
						return err
					}
				}
				events++
				if ahead := time.Duration(events)*time.Second/spoolPace - time.Since(began); ahead > 10*time.Millisecond {
					time.Sleep(ahead)
				}
			}
			at := len(buf)
			buf = append(buf, record...)
			id := buf[at+8+map[uint32]int{u2Packet: u2PacketID, u2Event: u2EventID, u2Extra: u2ExtraID}[kind]:]
			binary.BigEndian.PutUint32(id, binary.BigEndian.Uint32(id)+round*100_000)
			if len(buf) > 8<<10 {
				n := len(buf) - events%61
				if _, err := out.Write(buf[:n]); err != nil {
					return err
				}
				buf = append(buf[:0], buf[n:]...)
			}
		}
	}
}

// readSpool returns what the files of a spool hold.
func readSpool(t *testing.T, dir string) (list []event, files int) {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(dir, "snort.u2.*"))
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(names) // stamps have equally many digits
	for _, name := range names {
		data, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		records, err := splitSpool(data)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		for _, r := range records {
			word := func(at int) uint32 { return binary.BigEndian.Uint32(r[8+at:]) }
			switch kind := binary.BigEndian.Uint32(r); kind {
			case u2Event:
				list = append(list, event{400, word(u2EventID), word(u2EventID + 4), word(20), word(16)})
			case u2Packet:
				list = append(list, event{record: 2, id: word(u2PacketID), second: word(u2PacketID + 4)})
			case u2Extra:
				list = append(list, event{record: 110, id: word(u2ExtraID), second: word(u2ExtraID + 4)})
			default:
				t.Fatalf("%s: record type %d", name, kind)
			}
		}
	}
	return list, len(names)
}

// readEvents returns the same of a file of JSON lines, metadata left out.
func readEvents(t *testing.T, path string) (list []event) {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	lines := bufio.NewScanner(f)
	lines.Buffer(make([]byte, 1<<20), 16<<20)
	for n := 1; lines.Scan(); n++ {
		number := func(name string) uint32 {
			_, rest, _ := bytes.Cut(lines.Bytes(), []byte(`"`+name+`": `))
			end := bytes.IndexAny(rest, ",}")
			v, err := strconv.ParseUint(string(rest[:max(end, 0)]), 10, 32)
			if err != nil {
				t.Fatalf("%s: line %d: %s: %v\n%.500s", path, n, name, err, lines.Bytes())
			}
			return uint32(v)
		}
		e := event{record: number("recordType")}
		switch e.record {
		case 400:
			e.generator, e.signature = number("generatorId"), number("ruleId")
			fallthrough
		case 2, 110:
			e.id, e.second = number("eventId"), number("eventSecond")
			list = append(list, e)
		}
	}
	if err := lines.Err(); err != nil {
		t.Fatal(err)
	}
	return list
}
