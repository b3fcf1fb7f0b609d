//go:build !race

package alert

import (
	"context"
	"testing"

	"estream/layouts"
	"estream/meta"
	"estream/wire"
)

// silent throws alerts away.
type silent struct{ to }

func (*silent) Send(context.Context, *Alert) error { return nil }

// TestAllocs: an event costs no allocation, be it sent at once or collected.
func TestAllocs(t *testing.T) {
	l := intrusionLayouts(t)[0]
	tables, d := meta.NewTables(), wire.NewDecoder(layouts.Default(), nil)
	r, err := d.Decode(ruleMessage(t, "text"))
	if err != nil {
		t.Fatal(err)
	}
	tables.Apply(r)
	s := tables.Snapshot()
	for _, priority := range []int{1, 3} {
		c := New(&silent{}, Options{})
		message := event(t, l, map[string]any{"priority_id": priority})
		allocs := testing.AllocsPerRun(100, func() {
			r, err := d.Decode(message)
			if err := c.Record(d, r, message, s, err); err != nil {
				t.Fatal(err)
			}
		})
		if allocs != 0 {
			t.Errorf("priority %d: %.1f allocations for an event", priority, allocs)
		}
		if c.alert.Message != "text" {
			t.Errorf("priority %d: the text is %q", priority, c.alert.Message)
		}
	}
}
