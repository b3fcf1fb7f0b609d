package versions

import (
	"encoding/binary"
	"slices"
	"sync"

	"estream/wire"
)

// A nesting converts the elements of lists to the forms of one version of an event
// type. It is shared by all sessions.
type nesting struct {
	set     *wire.Layouts
	event   *Event
	version uint16

	mu   sync.Mutex
	done map[uint32]*converter // by series 1 block type; nil: goes out as it is
}

// appendList writes a list with its elements in the forms of the version. An element
// that this form cannot express is left out.
func (c *converter) appendList(dst []byte, d *wire.Decoder, v *wire.View, o *op) ([]byte, error) {
	list := v.Bytes(o.slot)
	if list == nil {
		return appendHeader(dst, o.size, 0), nil
	}
	if len(c.event.Nested) == 0 {
		return append(dst, list...), nil
	}
	start := len(dst)
	dst = append(dst, list[:8]...) // the number as it came: several are in use
	var fault error
	err := d.Elements(v, o.slot, func(e *wire.View) error {
		conv := c.lists.converter(e)
		if conv == nil {
			dst = append(dst, e.Raw()...)
			return nil
		}
		at := len(dst)
		if dst, fault = conv.appendFields(dst, d, e); fault != nil {
			dst = dst[:at]
		}
		return nil
	})
	binary.BigEndian.PutUint32(dst[start+4:], uint32(len(dst)-start))
	return dst, err
}

// converter returns what converts an element, nil if it goes out as it is.
func (n *nesting) converter(e *wire.View) *converter {
	if e.Layout == nil {
		return nil
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	if c, ok := n.done[e.Block]; ok {
		return c
	}
	c := n.compile(e.Layout)
	n.done[e.Block] = c
	return c
}

func (n *nesting) compile(from *wire.Layout) *converter {
	for _, ladder := range n.event.Nested {
		at := slices.IndexFunc(ladder.Ladder, func(f *Form) bool { return f.Block == from.Block.Type })
		if from.Block.Series != ladder.Series || at < 0 {
			continue
		}
		for i := at; i >= 0; i-- {
			if ladder.Ladder[i].Version > n.version {
				continue
			}
			to, err := n.set.Nested(ladder.Series, ladder.Ladder[i].Block)
			if i == at || err != nil {
				return nil
			}
			return compile(n.event, from, to, 0, false, n)
		}
	}
	return nil
}
