package admin

import (
	"slices"
	"testing"

	"estream/server/access"
)

// A device has the three intrusion boxes only; what was checked beyond them counts
// again once the server is a center.
func TestRole(t *testing.T) {
	s := newStore(t)
	if err := s.CheckBoxes(t.Context(), nil, []string{"malware", "packets"}); err != nil {
		t.Fatal(err)
	}
	center := access.AllBoxes &^ (access.Malware | access.Packets)
	if s.Boxes() != center {
		t.Errorf("boxes %v, want %v", s.Boxes(), center)
	}
	if err := s.SetRole(t.Context(), "device"); err != nil {
		t.Fatal(err)
	}
	if want := access.Intrusion | access.ExtraData; s.Boxes() != want {
		t.Errorf("boxes of a device %v, want %v", s.Boxes(), want)
	}
	wantProblem(t, s.CheckBoxes(t.Context(), []string{"discovery"}, nil), Conflict)
	if err := s.CheckBoxes(t.Context(), []string{"packets"}, []string{"discovery"}); err != nil {
		t.Fatal(err)
	}
	set, err := s.Settings()
	if err != nil {
		t.Fatal(err)
	}
	role, boxes, err := set.Events()
	if err != nil || role != "device" || len(boxes) != 10 {
		t.Fatalf("role %s, %d boxes, %v", role, len(boxes), err)
	}
	for _, b := range boxes {
		offered := slices.Contains([]string{"intrusion", "packets", "extra-data"}, b.Name)
		checked := !slices.Contains([]string{"malware", "discovery"}, b.Name)
		if b.Offered != offered || b.Checked != checked {
			t.Errorf("%+v, want offered %v, checked %v", b, offered, checked)
		}
	}
	if err := s.SetRole(t.Context(), "center"); err != nil {
		t.Fatal(err)
	}
	if want := access.AllBoxes &^ (access.Malware | access.Discovery); s.Boxes() != want {
		t.Errorf("boxes %v, want %v", s.Boxes(), want)
	}
}

func TestBoxes(t *testing.T) {
	s := newStore(t)
	wantProblem(t, s.SetRole(t.Context(), "king"), Invalid)
	wantProblem(t, s.CheckBoxes(t.Context(), []string{"everything"}, nil), Invalid)
	wantProblem(t, s.CheckBoxes(t.Context(), []string{"file"}, []string{"file"}), Invalid)
	wantProblem(t, s.SetBoxes(t.Context(), []string{"nothing"}), Invalid)
	if err := s.SetBoxes(t.Context(), []string{"file", "malware"}); err != nil {
		t.Fatal(err)
	}
	if want := access.File | access.Malware; s.Boxes() != want {
		t.Errorf("boxes %v, want %v", s.Boxes(), want)
	}
	if err := s.SetBoxes(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	if s.Boxes() != 0 {
		t.Errorf("boxes %v, want none", s.Boxes())
	}
	if err := s.CheckBoxes(t.Context(), []string{"all"}, nil); err != nil {
		t.Fatal(err)
	}
	if s.Boxes() != access.AllBoxes {
		t.Errorf("boxes %v, want all", s.Boxes())
	}
}
