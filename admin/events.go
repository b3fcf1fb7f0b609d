package admin

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"estream/server/access"
)

// A Box is one event type check box of the administration page.
type Box struct {
	Name    string `json:"name"`
	Checked bool   `json:"checked"`
	// Offered is false for a box that the role does not have. A check is kept then,
	// and counts again when the role changes.
	Offered bool `json:"offered"`
}

// Events returns the role and all boxes, in the order of the page.
func (s *Settings) Events() (roleName string, boxes []Box, err error) {
	r, err := role(s.Role)
	if err != nil {
		return "", nil, err
	}
	offered := r.Boxes().Names()
	for _, name := range access.AllBoxes.Names() {
		boxes = append(boxes, Box{name, slices.Contains(s.Boxes, name), slices.Contains(offered, name)})
	}
	return s.Role, boxes, nil
}

// SetRole makes the server a center or a device. A device has the three intrusion
// boxes only.
func (s *Store) SetRole(ctx context.Context, name string) error {
	if _, err := role(name); err != nil {
		return err
	}
	return s.Update(ctx, func(set *Settings) error {
		set.Role = name
		return nil
	})
}

// CheckBoxes checks and unchecks boxes by name; those in neither list stay as they
// are. From the moment it returns, a server that runs captures and sends nothing of an
// unchecked type within half a second. What was captured stays in the journal, and is
// sent again once the box is checked.
func (s *Store) CheckBoxes(ctx context.Context, check, uncheck []string) error {
	return s.Update(ctx, func(set *Settings) error { return set.checkBoxes(check, uncheck) })
}

func (s *Settings) checkBoxes(check, uncheck []string) error {
	r, err := role(s.Role)
	if err != nil {
		return err
	}
	on, err := parseBoxes(check)
	if err != nil {
		return err
	}
	off, err := parseBoxes(uncheck)
	if err != nil {
		return err
	}
	if both := on & off; both != 0 {
		return invalid("box "+strings.Join(both.Names(), ", ")+" is to be checked and unchecked", "one of the two", "")
	}
	if missing := on &^ r.Boxes(); missing != 0 {
		return conflict("choose the role center first", "the role %s has no box %s; it has %s",
			s.Role, strings.Join(missing.Names(), ", "), strings.Join(r.Boxes().Names(), ", "))
	}
	now, err := access.ParseBoxes(s.Boxes)
	if err != nil {
		return err
	}
	s.Boxes = ((now | on) &^ off).Names()
	return nil
}

// SetBoxes checks exactly the boxes of a list, of those that the role offers; checks
// of other boxes stay.
func (s *Store) SetBoxes(ctx context.Context, names []string) error {
	return s.Update(ctx, func(set *Settings) error { return set.setBoxes(names) })
}

func (s *Settings) setBoxes(names []string) error {
	r, err := role(s.Role)
	if err != nil {
		return err
	}
	on, err := parseBoxes(names)
	if err != nil {
		return err
	}
	return s.checkBoxes(names, (r.Boxes() &^ on).Names())
}

func parseBoxes(names []string) (access.Boxes, error) {
	boxes, err := access.ParseBoxes(names)
	if err != nil {
		return 0, &Problem{
			Kind: Invalid, What: fmt.Sprint(err), Err: err,
			Do: "the boxes are " + strings.Join(access.AllBoxes.Names(), ", "),
		}
	}
	return boxes, nil
}
