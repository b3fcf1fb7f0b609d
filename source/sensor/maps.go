package sensor

import (
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
)

// A Rule is what a map file says about a rule.
type Rule struct {
	GeneratorID    uint32
	SignatureID    uint32
	Revision       uint32 // 0 when the map does not say: sid-msg.map version 1, gen-msg.map
	Message        string
	Classification string // short name; version 2 only
	Priority       uint32 // version 2 only, 0 when not given

	refs string // "cve,2001-0010 || url,example.com", as in the file
}

// A Classification is one line of classification.config.
type Classification struct {
	Name        string // short name, "attempted-admin"
	Description string
	Priority    uint32 // 1 is the highest
}

// A Reference is a pointer from a rule to a description elsewhere.
type Reference struct {
	System string // as in the map, "cve"
	ID     string
	URL    string // "" when reference.config does not know the system
}

type ruleKey struct{ gid, sid, rev uint32 }

// Maps holds the names that sensors leave out of their files. A nil *Maps knows none.
// After loading it is not modified and safe for concurrent use.
type Maps struct {
	Files     []string // the files that were read
	Malformed int      // lines that could not be understood

	rules      map[ruleKey]Rule
	classes    []Classification
	classNames map[string]bool   // lower-case names in classes
	classTexts map[string]int    // names and descriptions as written -> index in classes
	references map[string]string // lower-case system -> URL prefix
	log        *slog.Logger
}

// maxMapFile bounds the size of a map file in bytes. The largest known
// sid-msg.map has about 20 MB.
const maxMapFile = 128 << 20

// LoadMaps reads the files of these names in dir or, where dir does not have
// them, in dir/etc:
//
//	sid-msg.map            rule names, version 1 or 2
//	gen-msg.map            names of decoder and preprocessor alerts
//	classification.config  classifications, numbered by position from 1
//	reference.config       reference systems
//
// A file that does not exist is left out; it is an error if none exists or if
// one cannot be read. Malformed lines are counted and, up to five per file,
// logged with file and line. Bytes that are not UTF-8 are taken as Latin-1.
func LoadMaps(dir string, log *slog.Logger) (*Maps, error) {
	m := &Maps{log: log}
	files := []struct {
		name string
		line func(*mapLine) error
	}{
		{"sid-msg.map", m.sidLine},
		{"gen-msg.map", m.genLine},
		{"classification.config", m.classLine},
		{"reference.config", m.referenceLine},
	}
	for _, f := range files {
		data, path, err := readMap(dir, f.name)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("load rule names: %w", err)
		}
		m.parse(path, data, f.line)
		m.Files = append(m.Files, path)
	}
	if len(m.Files) == 0 {
		return nil, fmt.Errorf("load rule names: neither %s nor %s has sid-msg.map, gen-msg.map, classification.config or reference.config",
			dir, filepath.Join(dir, "etc"))
	}
	return m, nil
}

func readMap(dir, name string) (data []byte, path string, err error) {
	for _, path = range []string{filepath.Join(dir, name), filepath.Join(dir, "etc", name)} {
		var fi fs.FileInfo
		if fi, err = os.Stat(path); errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, path, err
		}
		if !fi.Mode().IsRegular() || fi.Size() > maxMapFile {
			return nil, path, fmt.Errorf("%s: %v of %d bytes, a regular file of at most %d expected", path, fi.Mode().Type(), fi.Size(), maxMapFile)
		}
		data, err = os.ReadFile(path)
		return data, path, err
	}
	return nil, path, err
}

// Rule returns what the maps say about a rule: the entry of this revision, else
// that of the newest known one. Generator 3 (shared object rules) falls back to
// the rule of generator 1 with the same sid, since version 1 maps have both.
func (m *Maps) Rule(gid, sid, rev uint32) (Rule, bool) {
	if m == nil {
		return Rule{}, false
	}
	for {
		if r, ok := m.rules[ruleKey{gid, sid, rev}]; ok {
			return r, true
		}
		if r, ok := m.rules[ruleKey{gid, sid, 0}]; ok {
			return r, true
		}
		if gid != 3 {
			return Rule{}, false
		}
		gid = 1
	}
}

// Message returns the name of a rule, and "Snort Alert [gid:sid:rev]", as
// Barnyard2 does, when there is none.
func (m *Maps) Message(gid, sid, rev uint32) string {
	if r, ok := m.Rule(gid, sid, rev); ok {
		return r.Message
	}
	return fmt.Sprintf("Snort Alert [%d:%d:%d]", gid, sid, rev)
}

// Classification returns the classification with a number from a unified2
// event: its position in classification.config, from 1.
func (m *Maps) Classification(id uint32) (Classification, bool) {
	if m == nil || id == 0 || uint64(id) > uint64(len(m.classes)) {
		return Classification{}, false
	}
	return m.classes[id-1], true
}

// classificationNamed returns the classification with a short name or else a
// description, as written in the file.
func (m *Maps) classificationNamed(text []byte) (Classification, bool) {
	if m == nil {
		return Classification{}, false
	}
	i, ok := m.classTexts[string(text)]
	if !ok {
		return Classification{}, false
	}
	return m.classes[i], true
}

// Priority returns the priority of a rule: its own or else that of its
// classification, which class names if the sensor does. It is 0 if neither is known.
func (m *Maps) Priority(gid, sid, rev uint32, class []byte) uint32 {
	r, _ := m.Rule(gid, sid, rev)
	if r.Priority != 0 {
		return r.Priority
	}
	c, ok := m.classificationNamed(class)
	if !ok {
		c, _ = m.classOf(r)
	}
	return c.Priority
}

// classOf returns the classification that a map of version 2 gives for a rule.
func (m *Maps) classOf(r Rule) (Classification, bool) {
	if m == nil {
		return Classification{}, false
	}
	i, ok := m.classTexts[r.Classification]
	if !ok {
		return Classification{}, false
	}
	return m.classes[i], true
}

// References returns the references of a rule in the order of the map.
func (m *Maps) References(r Rule) []Reference {
	var all []Reference
	for f := range strings.SplitSeq(r.refs, "||") {
		system, id, ok := strings.Cut(strings.TrimSpace(f), ",")
		if !ok {
			continue
		}
		ref := Reference{System: strings.TrimSpace(system), ID: strings.TrimSpace(id)}
		if m != nil {
			if prefix, ok := m.references[strings.ToLower(ref.System)]; ok {
				ref.URL = prefix + ref.ID
			}
		}
		all = append(all, ref)
	}
	return all
}
