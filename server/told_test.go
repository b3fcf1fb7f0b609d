package server

import (
	"fmt"
	"testing"

	"estream/layouts"
	"estream/wire"
)

// TestTold: what a session has told its client is forgotten when the table of
// statements starts anew, and then told again; nothing is ever kept back that the client
// does not have.
func TestTold(t *testing.T) {
	all := newStatements(layouts.Default())
	all.most = 4
	one, two := newTold(all), newTold(all)
	has := map[*told]map[int]string{one: {}, two: {}} // what the clients' tables hold
	tell := func(s *told, id int, name string) bool {
		m := user(t, id, name)
		h, _ := wire.PeekRecord(m)
		sent := s.tell(m, &h, 1)
		if sent {
			has[s][id] = name
		}
		if got := has[s][id]; got != name {
			t.Fatalf("user %d is %q for the client, want %q", id, got, name)
		}
		return sent
	}
	if !tell(one, 1, "a") || tell(one, 1, "a") || !tell(two, 1, "a") || !tell(one, 1, "b") || !tell(one, 1, "a") {
		t.Error("a session tells what its client has, or keeps back what it has not")
	}
	for round := range 5 {
		for id := range 10 {
			tell(one, id, fmt.Sprint("name", round))
			tell(two, id%3, fmt.Sprint("name", round))
			tell(one, id, fmt.Sprint("name", round)) // maybe again: the table may have started anew
		}
	}
	if len(all.list) > all.most {
		t.Errorf("%d statements are kept", len(all.list))
	}
	odd := []byte{0, 1, 0, 4, 0, 0, 0, 9, 0, 0, 0, 123, 0, 0, 0, 1, 7} // record 123 of one byte
	h, ok := wire.PeekRecord(odd)
	if !ok || !one.tell(odd, &h, 1) || !one.tell(odd, &h, 1) {
		t.Error("metadata that cannot be decoded is kept back")
	}
}
