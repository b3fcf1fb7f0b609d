package dissector

import (
	"bytes"
	"encoding/hex"
	"encoding/xml"
	"errors"
	"io"
	"iter"
	"strconv"
	"strings"
	"testing"
)

// A node is one item of Wireshark's tree.
type node struct {
	name      string
	label     string // as people see it
	show      string // the value
	value     []byte // the bytes it stands for
	pos, size int
	hidden    bool
	frame     int
	sub       []*node
}

// all goes through the node's items in the order of the tree, with what is below them.
func (n *node) all() iter.Seq[*node] {
	return func(yield func(*node) bool) { n.walk(yield) }
}

func (n *node) walk(yield func(*node) bool) bool {
	for _, s := range n.sub {
		if !yield(s) || !s.walk(yield) {
			return false
		}
	}
	return true
}

// find returns the first item below n with that name, an empty one if there is none.
func (n *node) find(name string) *node {
	for s := range n.all() {
		if s.name == name {
			return s
		}
	}
	return &node{}
}

// children returns the items directly below n with that name.
func (n *node) children(name string) (list []*node) {
	for _, s := range n.sub {
		if s.name == name {
			list = append(list, s)
		}
	}
	return list
}

// number returns the value as an integer, -1 if it is none.
func (n *node) number() int64 {
	v, err := strconv.ParseInt(n.show, 0, 64)
	if err != nil {
		return -1
	}
	return v
}

// messages returns the eStreamer messages in tshark's PDML, and the names of all
// protocols it saw.
func messages(t testing.TB, pdml []byte) (list []*node, protocols map[string]int) {
	t.Helper()
	protocols = map[string]int{}
	d := xml.NewDecoder(bytes.NewReader(pdml))
	var open []*node
	frame := 0
	for {
		token, err := d.RawToken()
		if errors.Is(err, io.EOF) {
			return list, protocols
		}
		if err != nil {
			t.Fatalf("PDML: %v", err)
		}
		switch e := token.(type) {
		case xml.StartElement:
			if e.Name.Local == "packet" {
				frame++
			}
			n := &node{frame: frame}
			n.read(t, e.Attr)
			if len(open) > 0 {
				parent := open[len(open)-1]
				parent.sub = append(parent.sub, n)
			}
			open = append(open, n)
			if e.Name.Local == "proto" {
				protocols[n.name]++
				if n.name == "estreamer" {
					list = append(list, n)
				}
			}
		case xml.EndElement:
			open = open[:len(open)-1]
		}
	}
}

func (n *node) read(t testing.TB, attrs []xml.Attr) {
	var err error
	for _, a := range attrs {
		switch a.Name.Local {
		case "name":
			n.name = a.Value
		case "showname":
			n.label = a.Value
		case "show":
			n.show = a.Value
		case "value":
			// Of fields that are bits of their bytes it is their number in hex.
			if strings.HasPrefix(n.name, "estreamer.") && len(a.Value)%2 == 0 {
				n.value, err = hex.DecodeString(a.Value)
			}
		case "pos":
			n.pos, err = strconv.Atoi(a.Value)
		case "size":
			n.size, err = strconv.Atoi(a.Value)
		case "hide":
			n.hidden = a.Value == "yes"
		}
		if err != nil {
			t.Fatalf("PDML: %s=%q of %s: %v", a.Name.Local, a.Value, n.name, err)
		}
	}
}
