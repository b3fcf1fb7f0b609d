package sensors

import (
	"maps"
	"slices"
	"testing"

	"estream/layouts"
	"estream/service"
	"estream/source/eve"
	"estream/source/sensor"
	"estream/source/unified2"
)

// Types of records that come of a sensor's events.
const (
	packetRecord     = 2
	connectionRecord = 71
	extraRecord      = 110
	intrusionRecord  = 400
	fileRecord       = 500
)

// metadata are the records that explain.
func metadata(record uint16) bool {
	def, err := layouts.Default().Source().Record(record)
	return err == nil && def.IsMetadata()
}

// spool is a source of one unified2 file, which it follows for ever.
func spool(t *testing.T, name, file string, maps *sensor.Maps) *service.Source {
	t.Helper()
	return spoolOf(t, name, testFile(t, file), maps)
}

func spoolOf(t *testing.T, name string, data []byte, maps *sensor.Maps) *service.Source {
	t.Helper()
	return &service.Source{Name: name, Feed: service.Unified2Feed(&unified2.Source{
		Dir: place(t, "snort.u2.1", data), Layouts: layouts.Default(), Maps: maps, Sensor: sensor.Device{Name: name}, Log: quiet(),
	})}
}

// events is a source of one EVE file, which it reads to its end.
func events(t *testing.T, name, file string, maps *sensor.Maps) *service.Source {
	t.Helper()
	return &service.Source{Name: name, Feed: service.EVEFeed(&eve.Source{
		Path: place(t, "eve.json", testFile(t, file)), Layouts: layouts.Default(), Maps: maps, Sensor: sensor.Device{Name: name}, Once: true, Log: quiet(),
	})}
}

func loadMaps(t *testing.T, dir string) *sensor.Maps {
	t.Helper()
	m, err := sensor.LoadMaps(fromRoot(t, dir), quiet())
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// TestSpool: of each unified2 file every event, packet and extra data record is in the
// journal, leaves the server and reaches a client, once; and the events are those of
// the file.
func TestSpool(t *testing.T) {
	for _, name := range []string{"snort29-vlan-extradata.u2.gz", "multi-packet-event.u2", "ipv6-alert.u2"} {
		t.Run(name, func(t *testing.T) {
			const dir = "source/unified2/testdata/"
			var alerts []string
			var packets []packet
			extra := 0
			for _, s := range unified2File(t, testFile(t, dir+name)) {
				switch s.typ {
				case 2:
					packets = append(packets, s.packet())
				case 110:
					extra++
				default:
					alerts = append(alerts, s.alert())
				}
			}
			w := serve(t, spool(t, "snort", dir+name, loadMaps(t, "internal/demo/data")))
			c := w.connect(t, nil)
			await(t, "the events arrive", func() bool {
				return c.counts.of(intrusionRecord) >= len(alerts) && c.counts.of(packetRecord) >= len(packets) && c.counts.of(extraRecord) >= extra
			})
			w.stop(t)
			stream := c.all(t)
			w.account(t, stream, map[uint16]int{intrusionRecord: len(alerts), packetRecord: len(packets), extraRecord: extra})
			sameAlerts(t, decode(t, stream, intrusionRecord), true, alerts)
			samePackets(t, received(t, stream), packets)
		})
	}
}

// TestEVE: the same for Suricata's lines. Flows and what was seen in them become
// connection events, so that their number is another one than that of the lines.
func TestEVE(t *testing.T) {
	for _, tt := range []struct {
		name string
		want map[uint16]int // connections and files
	}{
		{"first-org-2015.json.gz", nil},
		{"wrccdc-2018.json.gz", nil},
		{"tenzir-2011.json", map[uint16]int{connectionRecord: 4, fileRecord: 1}},
		{"documented.json", map[uint16]int{connectionRecord: 16, fileRecord: 1}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			const dir = "source/eve/testdata/"
			w := serve(t, events(t, "suricata", dir+tt.name, loadMaps(t, dir+"maps")))
			c := w.connect(t, nil)
			var alerts []string
			var packets []packet
			payloads := 0
			kinds := map[string]int{}
			for _, l := range eveFile(t, testFile(t, dir+tt.name)) {
				kinds[l.Type]++
				if l.Type == "alert" {
					alerts = append(alerts, l.alert(t))
				}
				p, whole := l.packet(t)
				if whole {
					packets = append(packets, p)
				}
				if l.Payload != "" && (!whole || l.Stream == 1) {
					payloads++
				}
			}
			for _, kind := range slices.Sorted(maps.Keys(kinds)) {
				t.Logf("in the file: %4d %s", kinds[kind], kind)
			}
			w.read(t)
			w.stop(t)
			stream := c.all(t)
			want := map[uint16]int{intrusionRecord: kinds["alert"] + kinds["anomaly"], packetRecord: len(packets) + payloads}
			maps.Copy(want, tt.want)
			w.account(t, stream, want)
			var of []record
			for _, r := range decode(t, stream, intrusionRecord) {
				if g := r.nums["generator_id"]; g == 1 { // anomalies have generators of their own
					of = append(of, r)
				}
			}
			sameAlerts(t, of, false, alerts)
			samePackets(t, received(t, stream), packets)
		})
	}
}

// account logs what was where, and holds it against what the file has: want has the
// number of records that have to come of its events, by type. Everything that was
// journaled has to be sent and received, but for metadata that no event refers to.
func (w *world) account(t *testing.T, stream []byte, want map[uint16]int) {
	t.Helper()
	journaled, arrived := tallyOf(t, w.journaled(t)), tallyOf(t, stream)
	types := slices.Sorted(maps.Keys(journaled.counts))
	t.Logf("%-44s %7s %8s %7s %8s", "record", "of file", "journal", "sent", "received")
	for _, typ := range types {
		def, err := layouts.Default().Source().Record(typ)
		if err != nil {
			t.Fatal(err)
		}
		n, counted := want[typ]
		file := "-"
		if counted {
			file = count(n)
		}
		t.Logf("%3d %-40.40s %7s %8d %7d %8d", typ, def.Name, file, journaled.of(typ), w.sent.of(typ), arrived.of(typ))
		switch {
		case counted && journaled.of(typ) != n:
			t.Errorf("record %d: %d in the journal, want %d", typ, journaled.of(typ), n)
		case w.sent.of(typ) != arrived.of(typ):
			t.Errorf("record %d: sent %d, received %d", typ, w.sent.of(typ), arrived.of(typ))
		case arrived.of(typ) > journaled.of(typ), !metadata(typ) && arrived.of(typ) < journaled.of(typ):
			t.Errorf("record %d: %d in the journal, received %d", typ, journaled.of(typ), arrived.of(typ))
		}
	}
	for typ := range want {
		if want[typ] > 0 && journaled.of(typ) == 0 {
			t.Errorf("record %d: none, want %d", typ, want[typ])
		}
	}
	for typ, n := range arrived.counts {
		if journaled.of(typ) == 0 {
			t.Errorf("record %d: %d received, and none in the journal", typ, n)
		}
	}
}

// sameAlerts compares the events of the stream with those of the file, in their order.
func sameAlerts(t *testing.T, got []record, numbered bool, want []string) {
	t.Helper()
	var names []string
	for _, r := range got {
		names = append(names, r.alert(numbered))
	}
	if !slices.Equal(names, want) {
		for i := range min(len(names), len(want)) {
			if names[i] != want[i] {
				t.Fatalf("event %d:\ngot  %s\nwant %s", i, names[i], want[i])
			}
		}
		t.Fatalf("%d events, want %d", len(names), len(want))
	}
	t.Logf("all %d alerts accounted for, each once and in order", len(want))
}
