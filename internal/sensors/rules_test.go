package sensors

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// severities of CEF by priority, where the impact is not known, which it never is to a
// sensor: the documented table.
var severities = map[int]string{1: "9", 2: "6", 3: "2"}

// TestRuleNames: a rule's name, classification and priority in CEF and JSON, behind the
// collector, are those of the rule maps of the sensor.
func TestRuleNames(t *testing.T) {
	t.Run("unified2", func(t *testing.T) {
		const file, dir = "source/unified2/testdata/snort29-vlan-extradata.u2.gz", "internal/demo/data"
		maps := readMaps(t, fromRoot(t, dir))
		const each = 25 // events of a rule, at most
		var want []named
		var data []byte
		events, all := map[uint32]int{}, 0
		chosen := map[uint32]bool{} // events by number
		for _, s := range unified2File(t, testFile(t, file)) {
			if s.typ == 104 {
				sid := s.word(16)
				if events[sid]++; events[sid] <= each {
					class := maps.class[s.word(28)-1]
					if class.priority != int(s.word(32)) {
						t.Fatalf("rule %d has another priority than its class", sid)
					}
					want = append(want, named{fmt.Sprintf("%d:%d", s.word(20), sid), maps.message[strconv.Itoa(int(sid))], class.description, class.priority, ""})
					chosen[s.word(4)] = true
				}
			}
			if chosen[s.event()] {
				data = s.append(data)
				all++
			}
		}
		w := serve(t, spoolOf(t, "snort", data, loadMaps(t, dir)))
		lines, objects := w.collect(t, func(y *tally) bool { return y.events() == all })
		sameNames(t, lines, objects, want)
	})
	t.Run("eve", func(t *testing.T) {
		const file, dir = "source/eve/testdata/wrccdc-2018.json.gz", "source/eve/testdata/maps"
		priorities := map[string]int{} // by the description, which is all that EVE has of a class
		for _, class := range readMaps(t, fromRoot(t, dir)).class {
			priorities[class.description] = class.priority
		}
		var want []named
		for _, l := range eveFile(t, testFile(t, file)) {
			if p, ok := priorities[l.Alert.Category]; !ok || p != int(l.Alert.Severity) {
				t.Fatalf("rule %d: class %q with priority %d is not in the map", l.Alert.SID, l.Alert.Category, l.Alert.Severity)
			}
			want = append(want, named{fmt.Sprintf("%d:%d", l.Alert.GID, l.Alert.SID), l.Alert.Signature, l.Alert.Category, int(l.Alert.Severity), ""})
		}
		w := serve(t, events(t, "suricata", file, loadMaps(t, dir)))
		lines, objects := w.collect(t, func(y *tally) bool { return y.of(intrusionRecord) == len(want) })
		sameNames(t, lines, objects, want)
	})
}

// sameNames compares what a collector wrote with what the maps say.
func sameNames(t *testing.T, lines, objects []string, want []named) {
	t.Helper()
	alerts := cefAlerts(t, lines)
	var inJSON []named
	for _, line := range objects {
		var v struct {
			Type     int `json:"recordType"`
			GID      int `json:"generatorId"`
			SID      int `json:"ruleId"`
			Priority int `json:"priorityId"`
			Computed struct {
				Message string `json:"message"`
				Class   string `json:"classificationDescription"`
			} `json:"@computed"`
		}
		if err := json.Unmarshal([]byte(line), &v); err != nil {
			t.Fatal(err)
		}
		if v.Type == intrusionRecord {
			inJSON = append(inJSON, named{fmt.Sprintf("%d:%d", v.GID, v.SID), v.Computed.Message, v.Computed.Class, v.Priority, ""})
		}
	}
	if len(alerts) != len(want) || len(inJSON) != len(want) {
		t.Fatalf("%d alerts in CEF, %d in JSON, want %d", len(alerts), len(inJSON), len(want))
	}
	rules := map[named]int{}
	for i, w := range want {
		if inJSON[i] != w {
			t.Fatalf("JSON: alert %d is %v, want %v", i, inJSON[i], w)
		}
		severity := alerts[i].severity
		alerts[i].severity, alerts[i].priority = "", w.priority
		if alerts[i] != w || severity != severities[w.priority] {
			t.Fatalf("CEF: alert %d is %v with severity %s, want %v with %s", i, alerts[i], severity, w, severities[w.priority])
		}
		rules[w]++
	}
	t.Logf("%6s %-12s %-60s %-45s %s", "alerts", "rule", "name", "classification", "priority, severity")
	list := slices.SortedFunc(maps.Keys(rules), func(a, b named) int { return strings.Compare(a.rule, b.rule) })
	for i, r := range list {
		if i == 20 {
			t.Logf("%6s and %d more rules", "", len(list)-i)
			break
		}
		t.Logf("%6d %-12s %-60.60s %-45s %d, %s", rules[r], r.rule, r.name, r.class, r.priority, severities[r.priority])
	}
}
