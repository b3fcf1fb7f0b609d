package meta

import (
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// compile numbers the tables, finds out who reads what, and fills in the values
// that tables hold at the start.
func (c *compiled) compile() error {
	learned := map[string]bool{}
	for _, fills := range c.Learn {
		for _, f := range fills {
			learned[f.Table] = true
		}
	}
	if len(learned) > 64 {
		return fmt.Errorf("%d learned tables, but the set of changed tables has 64 bits", len(learned))
	}
	c.number = map[string]Table{}
	bit := uint64(1)
	for _, name := range slices.Sorted(maps.Keys(c.rules.Tables)) {
		rule := c.rules.Tables[name]
		sh, ok := shapes[rule.Key]
		if !ok {
			return fmt.Errorf("table %q: unknown kind of key %q", name, rule.Key)
		}
		info := tableInfo{shape: sh}
		if learned[name] {
			info.bit, bit = bit, bit<<1
		}
		members := rule.Members
		if members == nil {
			members = []string{""}
		}
		for _, m := range members {
			info.name = name
			if m != "" {
				info.name += "." + m
			}
			if len(c.tables) == maxTables {
				return fmt.Errorf("more than %d tables", maxTables)
			}
			c.number[info.name] = Table(len(c.tables))
			c.tables = append(c.tables, info)
		}
	}
	if err := c.checkTables(); err != nil {
		return err
	}
	c.text = map[uint16]bool{}
	for _, t := range c.Text {
		c.text[t] = true
	}
	c.types = make([]typeInfo, typesDense)
	for i := range c.types {
		c.types[i] = c.describe(uint16(i))
	}
	return c.fillBase()
}

// checkTables makes sure that every table a rule names exists.
func (c *compiled) checkTables() error {
	for record, rules := range c.Learn {
		for _, r := range rules {
			for m := range r.Value {
				if _, ok := c.lookupTable(r.Table, m); !ok {
					return fmt.Errorf("learn %d: no table %q with member %q", record, r.Table, m)
				}
			}
		}
	}
	for record, rules := range c.View {
		for _, r := range rules {
			if _, ok := c.lookupTable(r.Table, r.Member); r.Op == "" && !ok {
				return fmt.Errorf("view %d: key %q: no table %q with member %q", record, r.Key, r.Table, r.Member)
			}
			if _, ok := c.lookupTable(r.ZeroTable, ""); r.ZeroTable != "" && !ok {
				return fmt.Errorf("view %d: key %q: no table %q", record, r.Key, r.ZeroTable)
			}
		}
	}
	return nil
}

// describe collects the tables that the view of a record type reads. A type that
// nobody knows may well have a device, so it counts as a reader of devices.
func (c *compiled) describe(record uint16) (info typeInfo) {
	info.learns = len(c.Learn[record]) > 0
	for _, r := range c.viewRules(record) {
		for _, name := range []string{r.Table, r.ZeroTable} {
			if t, ok := c.lookupTable(name, r.Member); ok {
				info.reads |= c.tables[t].bit
			}
		}
	}
	if !slices.Contains(c.Plain, record) {
		info.reads |= c.common()
	}
	return info
}

func (c *compiled) fillBase() error {
	for name, entries := range c.values.Tables {
		for key, members := range entries {
			for m, text := range members {
				t, ok := c.lookupTable(name, m)
				if !ok {
					return fmt.Errorf("values of table %q: no member %q", name, m)
				}
				if c.tables[t].shape == shapeText {
					continue // its entries are part of the view, see compileKnown
				}
				k, err := parseKey(c.tables[t].shape, key)
				if err != nil {
					return fmt.Errorf("values of table %q: %w", name, err)
				}
				c.base.put(0, t, k, newValue(source{raw: []byte(text)}))
			}
		}
	}
	events, ok := c.lookupTable("discoveryEvents", "")
	if !ok || c.tables[events].shape != shapeNumbers {
		return errors.New("no table \"discoveryEvents\" with two numbers as key")
	}
	for typ, names := range c.DiscoveryEvents {
		for subtype, name := range names {
			c.base.put(0, events, Key{High: typ, Number: subtype}, newValue(source{raw: []byte(name)}))
		}
	}
	return nil
}

func parseKey(s shape, text string) (Key, error) {
	switch s {
	case shapeNumber:
		n, err := strconv.ParseUint(text, 10, 64)
		return Key{Number: n}, err
	case shapeHash:
		b, err := hex.DecodeString(text)
		if err != nil || len(b) != hashLen {
			return Key{}, fmt.Errorf("%q is no SHA-256 in hexadecimal", text)
		}
		return Key{}.withHash(b), nil
	case shapeUUID:
		b, err := hex.DecodeString(strings.ReplaceAll(text, "-", ""))
		if err != nil || len(b) != 16 {
			return Key{}, fmt.Errorf("%q is no UUID", text)
		}
		return Key{}.withUUID(b), nil
	}
	return Key{}, fmt.Errorf("key %q: only tables with a single key have values at the start", text)
}
