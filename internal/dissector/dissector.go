package dissector

import (
	"bytes"
	"embed"
	"fmt"

	"estream/layouts"
	"estream/server/versions"
	"estream/wire"
)

// The parts are joined in the order of their names. Number 2 is what Lua makes.
//
//go:embed lua/*.lua
var parts embed.FS

var order = []string{"1-head", "", "3-fields", "4-values", "5-blocks", "6-records", "7-messages", "8-register"}

// Lua returns the dissector for the layouts in set. The error is a faulty layout, or a
// name that the filters cannot tell from another.
func Lua(set *wire.Layouts) ([]byte, error) {
	b := &bytes.Buffer{}
	for _, name := range order {
		if name == "" {
			if err := tables(b, set); err != nil {
				return nil, fmt.Errorf("wireshark dissector: %w", err)
			}
			continue
		}
		part, err := parts.ReadFile("lua/" + name + ".lua")
		if err != nil {
			return nil, err
		}
		b.Write(part)
		b.WriteByte('\n')
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), nil
}

// tables writes all that is not written by hand: first what numbers mean, then layouts.
func tables(b *bytes.Buffer, set *wire.Layouts) error {
	protocol(b, versions.Default())
	d, err := readDefinitions(set.Source())
	if err != nil {
		return err
	}
	meanings, err := layouts.Glossary()
	if err != nil {
		return err
	}
	values, _, err := layouts.Values()
	if err != nil {
		return err
	}
	writeValues(b, values, meanings)
	if err := d.writeFields(b, meanings); err != nil {
		return err
	}
	d.writeLayouts(b)
	return nil
}
