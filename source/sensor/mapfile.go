package sensor

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"
)

// A mapLine is one line of a map file that is neither empty nor a comment.
type mapLine struct {
	text    string
	version int // of a sid-msg.map: 1 or 2
}

// maxLogged is how many malformed lines of a file are logged one by one.
const maxLogged = 5

// parse goes through the lines of a file.
func (m *Maps) parse(path string, data []byte, line func(*mapLine) error) {
	l := mapLine{version: 1}
	bad, number, first := 0, 0, true
	text := strings.TrimPrefix(string(data), "\ufeff")
	for s := range strings.Lines(text) {
		number++
		s = strings.TrimSpace(s)
		if s == "" {
			continue
		}
		if strings.HasPrefix(s, "#") {
			// Version 2 says so in the first line: "#v2".
			if first && strings.HasPrefix(strings.ToLower(s), "#v2") {
				l.version = 2
			}
			first = false
			continue
		}
		first = false
		if !utf8.ValidString(s) {
			s = latin1(s)
		}
		l.text = s
		if err := line(&l); err != nil {
			if bad++; bad <= maxLogged {
				m.log.Warn("sensor: malformed line left out", "file", path, "line", number, "error", err)
			}
		}
	}
	if bad > maxLogged {
		m.log.Warn("sensor: more malformed lines left out", "file", path, "lines", bad-maxLogged)
	}
	m.Malformed += bad
}

func latin1(s string) string {
	b := make([]rune, len(s))
	for i := range len(s) {
		b[i] = rune(s[i])
	}
	return string(b)
}

// cut splits off n fields at "||"; rest is what follows them.
func cut(s string, n int) (fields []string, rest string) {
	for range n {
		f, r, ok := strings.Cut(s, "||")
		fields = append(fields, strings.TrimSpace(f))
		s = r
		if !ok {
			break
		}
	}
	return fields, strings.TrimSpace(s)
}

func uint32Field(what, s string) (uint32, error) {
	n, err := strconv.ParseUint(s, 10, 32)
	if err != nil {
		return 0, fmt.Errorf("%s is %q, a number up to 4294967295 expected", what, s)
	}
	return uint32(n), nil
}

// sidLine takes a line of sid-msg.map:
//
//	version 1: sid || message [|| reference]...
//	version 2: gid || sid || revision || classification || priority || message [|| reference]...
func (m *Maps) sidLine(l *mapLine) error {
	if l.version == 1 {
		f, refs := cut(l.text, 2)
		if len(f) < 2 || f[1] == "" {
			return errors.New(`"sid || message" expected`)
		}
		sid, err := uint32Field("sid", f[0])
		if err != nil {
			return err
		}
		m.addRule(Rule{GeneratorID: 1, SignatureID: sid, Message: f[1], refs: refs})
		return nil
	}
	f, refs := cut(l.text, 6)
	if len(f) < 6 || f[5] == "" {
		return errors.New(`"gid || sid || revision || classification || priority || message" expected`)
	}
	var n [3]uint32
	for i, what := range []string{"gid", "sid", "revision"} {
		var err error
		if n[i], err = uint32Field(what, f[i]); err != nil {
			return err
		}
	}
	r := Rule{GeneratorID: n[0], SignatureID: n[1], Revision: n[2], Classification: f[3], Message: f[5], refs: refs}
	if r.Classification == "NOCLASS" {
		r.Classification = ""
	}
	// The priority is 0 or left out for rules that take their classification's.
	if f[4] != "" {
		var err error
		if r.Priority, err = uint32Field("priority", f[4]); err != nil {
			return err
		}
	}
	m.addRule(r)
	return nil
}

// genLine takes a line of gen-msg.map: "gid || alert id || message".
func (m *Maps) genLine(l *mapLine) error {
	f, _ := cut(l.text, 3)
	if len(f) < 3 || f[2] == "" {
		return errors.New(`"generator || alert || message" expected`)
	}
	gid, err := uint32Field("generator", f[0])
	if err != nil {
		return err
	}
	sid, err := uint32Field("alert", f[1])
	if err != nil {
		return err
	}
	// sid-msg.map says more about a rule, so it comes first.
	if _, ok := m.rules[ruleKey{gid, sid, 0}]; !ok {
		m.addRule(Rule{GeneratorID: gid, SignatureID: sid, Message: f[2]})
	}
	return nil
}

// addRule keeps a rule under its revision, and under revision 0 if it is the
// newest. Of equal ones the last counts.
func (m *Maps) addRule(r Rule) {
	if m.rules == nil {
		m.rules = make(map[ruleKey]Rule)
	}
	if r.Revision != 0 {
		m.rules[ruleKey{r.GeneratorID, r.SignatureID, r.Revision}] = r
	}
	newest := ruleKey{r.GeneratorID, r.SignatureID, 0}
	if old, ok := m.rules[newest]; !ok || old.Revision <= r.Revision {
		m.rules[newest] = r
	}
}

// classLine takes a line of classification.config:
//
//	config classification: name,description,priority
func (m *Maps) classLine(l *mapLine) error {
	text, ok := strings.CutPrefix(l.text, "config classification:")
	f := strings.Split(text, ",")
	if !ok || len(f) != 3 {
		return errors.New(`"config classification: name,description,priority" expected`)
	}
	c := Classification{Name: strings.TrimSpace(f[0]), Description: strings.TrimSpace(f[1])}
	var err error
	if c.Priority, err = uint32Field("priority", strings.TrimSpace(f[2])); err != nil {
		return err
	}
	if c.Name == "" {
		return errors.New("name is empty")
	}
	// Snort leaves out a second classification of the same name without
	// counting it, so it must not shift the numbers here either.
	key := strings.ToLower(c.Name)
	if m.classNames[key] {
		return fmt.Errorf("classification %q appears twice, the second is ignored", c.Name)
	}
	if m.classNames == nil {
		m.classNames, m.classTexts = make(map[string]bool), make(map[string]int)
	}
	m.classNames[key] = true
	// A short name goes before an equal description, the first description before
	// later ones.
	m.classTexts[c.Name] = len(m.classes)
	if _, ok := m.classTexts[c.Description]; !ok {
		m.classTexts[c.Description] = len(m.classes)
	}
	m.classes = append(m.classes, c)
	return nil
}

// referenceLine takes a line of reference.config:
//
//	config reference: system URL-prefix
func (m *Maps) referenceLine(l *mapLine) error {
	text, ok := strings.CutPrefix(l.text, "config reference:")
	f := strings.Fields(text)
	if !ok || len(f) != 2 {
		return errors.New(`"config reference: system URL" expected`)
	}
	if m.references == nil {
		m.references = make(map[string]string)
	}
	m.references[strings.ToLower(f[0])] = f[1]
	return nil
}
