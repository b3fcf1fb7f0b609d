package pki

import "testing"

// Lookup and Revision see what another process does, and removed registrations.
func TestLookup(t *testing.T) {
	dir := newDir(t)
	running, err := Open(dir, Options{Resolver: resolver{}})
	if err != nil {
		t.Fatal(err)
	}
	command, err := Open(dir, Options{Resolver: resolver{}})
	if err != nil {
		t.Fatal(err)
	}
	before, err := running.Revision()
	if err != nil {
		t.Fatal(err)
	}
	if _, ok, err := running.Lookup("00112233445566778899aabbccddeeff"); ok || err != nil {
		t.Errorf("a serial that nobody has: %v, %v", ok, err)
	}
	host, err := churn(command, "one", 1)
	if err != nil {
		t.Fatal(err)
	}
	after, err := running.Revision()
	if err != nil || after.Equal(before) || after.Equal(Revision{}) {
		t.Errorf("a new registration is no other revision: %v", err)
	}
	if again, err := command.Revision(); err != nil || !again.Equal(after) {
		t.Errorf("the same registrations, read by somebody else, are another revision: %v", err)
	}
	list, err := running.List()
	if err != nil || len(list) != 1 {
		t.Fatalf("%d registrations, %v", len(list), err)
	}
	if _, err := command.Remove(t.Context(), host); err != nil {
		t.Fatal(err)
	}
	c, ok, err := running.Lookup(list[0].Serial)
	if err != nil || !ok || c.Host != host || c.Revoked.IsZero() {
		t.Errorf("removed registration: %+v, %v, %v", c, ok, err)
	}
	if last, err := running.Revision(); err != nil || last.Equal(after) {
		t.Errorf("a removal is no other revision: %v", err)
	}
}
