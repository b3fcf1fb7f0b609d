package sensors

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"slices"
	"testing"

	"estream/service"
)

// TestTwoSensors: two sensors number their events alike, which is what sensors do. In
// JSON behind the collector each packet and each extra data record is found by device
// and number, and belongs to its own sensor's event.
func TestTwoSensors(t *testing.T) {
	const events = 60
	all := unified2File(t, testFile(t, "source/unified2/testdata/snort29-vlan-extradata.u2.gz"))
	inputs := map[string][]spooled{"north": cut(all, 0, events), "south": cut(all, 3000, events)}
	var sources []*service.Source
	records := 0
	for _, name := range []string{"north", "south"} {
		var data []byte
		for _, s := range inputs[name] {
			data = s.append(data)
		}
		records += len(inputs[name])
		sources = append(sources, spoolOf(t, name, data, nil))
	}
	w := serve(t, sources...)
	_, objects := w.collect(t, func(y *tally) bool { return y.events() == records })

	got, want := map[event][]string{}, map[event][]string{}
	for name, list := range inputs {
		for _, s := range list {
			id := event{name, s.event()}
			switch s.typ {
			case 2:
				want[id] = append(want[id], fmt.Sprintf("packet %d.%06d of %d bytes", s.word(12), s.word(16), s.word(24)))
			case 110:
				want[id] = append(want[id], fmt.Sprintf("extra data of type %d", s.word(20)))
			default:
				want[id] = append(want[id], fmt.Sprintf("alert %d.%06d %d:%d", s.word(8), s.word(12), s.word(20), s.word(16)))
			}
		}
	}
	devices := map[uint32]string{}
	for _, o := range objects {
		var v line
		if err := json.Unmarshal([]byte(o), &v); err != nil {
			t.Fatal(err)
		}
		id := event{v.Computed.Sensor, v.Event}
		switch v.Type {
		case packetRecord:
			got[id] = append(got[id], fmt.Sprintf("packet %d.%06d of %d bytes", v.PacketSecond, v.PacketMicrosecond, v.PacketLength))
		case extraRecord:
			got[id] = append(got[id], fmt.Sprintf("extra data of type %v", v.ExtraType))
		case intrusionRecord:
			got[id] = append(got[id], fmt.Sprintf("alert %d.%06d %d:%d", v.Second, v.Microsecond, v.GID, v.SID))
		default:
			continue
		}
		if name, known := devices[v.Device]; known && name != v.Computed.Sensor {
			t.Fatalf("device %d is called %q, and was %q", v.Device, v.Computed.Sensor, name)
		}
		devices[v.Device] = v.Computed.Sensor
	}
	if len(devices) != 2 || len(got) != len(want) || len(want) != 2*events {
		t.Errorf("devices %v, %d events, want two and %d", devices, len(got), len(want))
	}
	differ := 0
	for id, parts := range want {
		slices.Sort(parts)
		slices.Sort(got[id])
		if !slices.Equal(got[id], parts) {
			t.Errorf("%s, event %d:\ngot  %q\nwant %q", id.sensor, id.number, got[id], parts)
		}
		if id.sensor == "north" && !slices.Equal(parts, want[event{"south", id.number}]) {
			differ++
		}
	}
	t.Logf("devices %v", devices)
	t.Logf("%d numbers, each used by both; %d of them for events that differ: every alert, packet and extra data record is with its own", events, differ)
}

// An event is named by its sensor and the sensor's number for it.
type event struct {
	sensor string
	number uint32
}

// A line is what this test reads of a line of JSON.
type line struct {
	Type        int    `json:"recordType"`
	Device      uint32 `json:"deviceId"`
	Event       uint32 `json:"eventId"`
	Second      uint32 `json:"eventSecond"`
	Microsecond uint32 `json:"eventMicrosecond"`
	GID         uint32 `json:"generatorId"`
	SID         uint32 `json:"ruleId"`

	PacketSecond      uint32 `json:"packetSecond"`
	PacketMicrosecond uint32 `json:"packetMicrosecond"`
	PacketLength      int    `json:"packetLength"`
	ExtraType         any    `json:"type"` // metadata has others

	Computed struct {
		Sensor string `json:"sensor"`
	} `json:"@computed"`
}

// cut returns the records of some events, numbered from 1 on.
func cut(all []spooled, skip, events uint32) (list []spooled) {
	for _, s := range all {
		if n := s.event(); n > skip && n <= skip+events {
			body := slices.Clone(s.body)
			binary.BigEndian.PutUint32(body[s.eventAt():], n-skip)
			list = append(list, spooled{s.typ, body})
		}
	}
	return list
}
