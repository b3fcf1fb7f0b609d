package file

import (
	"encoding/json"
	"reflect"
	"testing"
)

// FuzzState: what parses means the same when it is written and read again.
func FuzzState(f *testing.F) {
	f.Add([]byte(`{"Version":1,"Path":"/events.json","Length":8}`))
	f.Add([]byte(`{"Version":2,"Path":"/e.log","Length":8,"Seq":3,"Lines":2,"Began":"2026-01-31T12:00:00Z","Tail":1,"Ledger":"/l"}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		s, err := parseState(b)
		if err != nil {
			return
		}
		again, err := json.Marshal(s)
		if err != nil {
			return // a year that JSON has no form for
		}
		if s2, err := parseState(again); err != nil || !s2.Began.Equal(s.Began) || s2.Path != s.Path || s2.Length != s.Length || s2.Seq != s.Seq {
			t.Errorf("%+v became %+v, %v", s, s2, err)
		}
	})
}

// FuzzLedger: the same for the list of files.
func FuzzLedger(f *testing.F) {
	f.Add([]byte(`{"version":1,"safe":7,"files":[{"seq":7,"name":"/e","time":"2026-01-31T23:59:59Z"},{"seq":8,"name":"/f","gz":true}]}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		d, err := parseLedger(b)
		if err != nil {
			return
		}
		again, err := json.Marshal(d)
		if err != nil {
			return
		}
		d2, err := parseLedger(again)
		if err != nil || len(d2.Files) != len(d.Files) || d2.Safe != d.Safe {
			t.Fatalf("%+v became %+v, %v", d, d2, err)
		}
		for i := range d.Files {
			d.Files[i].Time, d2.Files[i].Time = d.Files[i].Time.UTC(), d2.Files[i].Time.UTC()
		}
		if len(d.Files) > 0 && !reflect.DeepEqual(d.Files, d2.Files) {
			t.Errorf("%+v became %+v", d.Files, d2.Files)
		}
	})
}
