package fault

import (
	"fmt"
	"slices"
	"strings"
)

// A Kind is one kind of fault, for help pages.
type Kind struct {
	Name  string
	Help  string
	Words []Word   // variants, the usual one first; empty for most
	Keys  []string // in the order of help, the common ones not included

	common []string
	preset Spec
}

// A Word is a variant of a Kind.
type Word struct {
	Name, Help string
	Keys       []string // that only this variant takes
}

// The keys that faults share: by the time they strike, and by the session.
var (
	chosen = []string{"session", "client", "times"}
	timed  = append([]string{"after", "every", "at"}, chosen...)
)

var kinds = []Kind{
	{Name: "drop", Help: "reset the connection, as a crash or a firewall does", Keys: []string{"inside"}, common: timed},
	{Name: "close", Help: "close the connection in an orderly way, without a word", common: timed},
	{Name: "error", Help: "send an error message and close", Keys: []string{"code", "text"}, common: timed,
		preset: Spec{Code: 19, Text: "No space"}},
	{Name: "stall", Help: "send nothing, keep-alives included; with inside, stop in the middle of a message", Keys: []string{"for", "inside"}, common: timed},
	{Name: "garbage", Help: "noise between two messages", Keys: []string{"bytes", "seed"}, common: timed, preset: Spec{Bytes: 64}},
	{Name: "length", Help: "a length that is wrong", Keys: []string{"add", "set"}, common: timed, preset: Spec{Add: 1}, Words: []Word{
		{"message", "in the header of the message or bundle", nil},
		{"inner", "in the header of a message inside a bundle", nil},
		{"record", "in the record header", nil},
		{"block", "in the header of the record's data block", nil},
	}},
	{Name: "header", Help: "a message with another header version", Keys: []string{"version"}, common: timed, preset: Spec{Version: 9}},
	{Name: "unknown", Help: "something that no client knows, well formed", Keys: []string{"type", "bytes"}, common: timed, preset: Spec{Type: 9999, Bytes: 32}, Words: []Word{
		{"record", "an event of an unknown record type, inside the bundle where there is one", nil},
		{"message", "an unknown message type", nil},
	}},
	{Name: "bundle", Help: "a bundle that is wrong", common: timed, preset: Spec{Add: 1, Version: 1}, Words: []Word{
		{"open", "one that never ends: more is announced than comes, then a reset", []string{"for"}},
		{"empty", "one without messages, before the next", nil},
		{"inner", "inner headers of another version: 1 as documented, where servers write 0", []string{"version"}},
		{"sequence", "a sequence number that is not the next one", []string{"add"}},
	}},
	{Name: "duplicate", Help: "the message or bundle twice", common: timed},
	{Name: "keepalive", Help: "no keep-alives", common: chosen, Words: []Word{{"off", "none for the whole session", nil}}},
	{Name: "cert", Help: "a server certificate of its own validity, for all clients", Keys: []string{"expires"}},
}

// Kinds returns every kind of fault. The slice is the caller's, what it holds is
// not to be changed.
func Kinds() []Kind { return slices.Clone(kinds) }

func kindOf(name string) *Kind {
	i := slices.IndexFunc(kinds, func(k Kind) bool { return k.Name == name })
	if i < 0 {
		return nil
	}
	return &kinds[i]
}

func kindNames() []string {
	var names []string
	for i := range kinds {
		names = append(names, kinds[i].Name)
	}
	return names
}

// defaults fills in what the text does not say.
func (k *Kind) defaults(s *Spec) {
	p := &k.preset
	s.Bytes, s.Add, s.Type, s.Version, s.Code, s.Text = p.Bytes, p.Add, p.Type, p.Version, p.Code, p.Text
}

// keys returns the keys that a variant takes, in the order of help.
func (k *Kind) keys(word string) []string {
	list := slices.Clone(k.Keys)
	for _, w := range k.Words {
		if w.Name == word {
			list = append(list, w.Keys...)
		}
	}
	return append(list, k.common...)
}

// title names a variant as in a Spec.
func (k *Kind) title(word string) string {
	if word == "" {
		return k.Name
	}
	return k.Name + ":" + word
}

func (k *Kind) hasWord(word string) bool {
	return slices.ContainsFunc(k.Words, func(w Word) bool { return w.Name == word })
}

// wordHint says which words may stand at place i.
func (k *Kind) wordHint(i int) string {
	if i > 0 || len(k.Words) == 0 {
		return ""
	}
	var names []string
	for _, w := range k.Words {
		names = append(names, w.Name)
	}
	return " and none of " + strings.Join(names, ", ")
}

// Help lists every kind with its words and keys, one per line, for the help of a
// command and the page in docs.
func Help() string {
	var b strings.Builder
	for i := range kinds {
		k := &kinds[i]
		fmt.Fprintf(&b, "  %-11s %s\n", k.Name, k.Help)
		for j, w := range k.Words {
			usual := ""
			if j == 0 && len(k.Words) > 1 {
				usual = " (default)"
			}
			fmt.Fprintf(&b, "    :%-9s %s%s\n", w.Name, w.Help, usual)
			for _, name := range w.Keys {
				k.helpKey(&b, "      ", name)
			}
		}
		for _, name := range k.Keys {
			k.helpKey(&b, "    ", name)
		}
	}
	b.WriteString("  every kind but cert takes these, keepalive only the last three:\n")
	for _, name := range timed {
		fmt.Fprintf(&b, "    %-14s %s\n", name+"="+keys[name].value, keys[name].help)
	}
	return b.String()
}

func (k *Kind) helpKey(b *strings.Builder, indent, name string) {
	fmt.Fprintf(b, "%s%-14s %s%s\n", indent, name+"="+keys[name].value, keys[name].help, k.usual(name))
}

// usual says which value a key has where none is given.
func (k *Kind) usual(key string) string {
	var v any
	switch key {
	case "bytes":
		v = k.preset.Bytes
	case "add":
		v = k.preset.Add
	case "type":
		v = k.preset.Type
	case "version":
		v = k.preset.Version
	case "code":
		v = k.preset.Code
	case "text":
		v = k.preset.Text
	default:
		return ""
	}
	return fmt.Sprintf(" (default %v)", v)
}
