package config

import (
	"fmt"
	"slices"
	"strings"
)

// A checker looks at how the values of a file fit together. It says nothing of
// what the decoder has complained about already.
type checker struct {
	*Config
	d *decoder
}

// wrong reports a mistake at the place of a key.
func (k *checker) wrong(key, format string, args ...any) {
	k.d.problems = append(k.d.problems, k.Problem(key, format, args...))
}

// warn reports what works, but probably not as it was meant.
func (k *checker) warn(key, format string, args ...any) {
	p := k.Problem(key, format, args...)
	p.Warning = true
	k.d.problems = append(k.d.problems, p)
}

// fine reports whether keys hold what the file says, or their defaults.
func (k *checker) fine(keys ...string) bool {
	return !slices.ContainsFunc(keys, func(key string) bool { return k.d.bad[key] })
}

// ours reports whether the file has the key, with a value that can be used.
func (k *checker) ours(key string) bool { return k.Given(key) && k.fine(key) }

// either returns the first key if the file has it, else the second, to report a
// conflict between the two where the file has its part in it.
func (k *checker) either(first, second string) string {
	if k.Given(first) {
		return first
	}
	return second
}

func (k *checker) verify() {
	j := &k.Journal
	if size, segment := "journal.retain_size", "journal.segment_size"; k.fine(size, segment) && j.RetainSize > 0 && j.RetainSize < 4*j.SegmentSize {
		k.wrong(k.either(size, segment), "retain_size is %v and segment_size %v; expected room for four segments at least, because whole segments are deleted", j.RetainSize, j.SegmentSize)
	}
	if pending, commit := "journal.pending_size", "journal.commit_size"; k.fine(pending, commit) && j.PendingSize < j.CommitSize {
		k.wrong(k.either(pending, commit), "pending_size is %v and commit_size %v; expected pending_size to be as large at least", j.PendingSize, j.CommitSize)
	}
	for _, name := range []string{"rotate_size", "keep"} {
		if key := "log." + name; k.ours(key) && changed(&k.Log, name) && k.fine("log.file") && k.Log.File == "" {
			k.wrong(key, "is for a log file, and log.file names none: the log goes to standard error")
		}
	}
	if k.ours("log.syslog") && k.fine("log.format") && k.Log.Syslog != "" && k.Log.Format != "compat" {
		k.wrong("log.syslog", "is for format compat, and log.format is %s; for others log to standard error, which systemd's journal takes", k.Log.Format)
	}
	k.ends()
	k.sources()
	k.sensors()
	k.server()
	k.groups()
	k.outputs()
	k.unique()
}

func (k *checker) groups() {
	sources, known := k.names("sources", len(k.Sources), func(i int) string { return k.Sources[i].Name })
	group := map[string]int{}
	for i, g := range k.Groups {
		key := fmt.Sprintf("groups[%d]", i)
		if k.ours(key+".members") && len(g.Members) == 1 {
			k.wrong(key+".members", "found one source, expected two or more: the members of a high-availability pair")
		}
		for n, name := range g.Members {
			at := fmt.Sprintf("%s.members[%d]", key, n)
			switch other, taken := group[name]; {
			case !k.fine(at):
			case taken && other == i:
				k.wrong(at, "source %s is in this group already; remove one of them", name)
			case taken:
				k.wrong(at, "source %s is in groups[%d] already, and a source can be in one only", name, other)
			case known && !slices.Contains(sources, name):
				k.wrong(at, "found %q, expected the name of a source, one of %s%s", name, strings.Join(sources, ", "), suggest(name, sources))
			default:
				group[name] = i
			}
		}
	}
}

// names lists the names in a list of sections. all is false if one of them cannot
// be read: what is not found then may still exist.
func (k *checker) names(list string, n int, name func(int) string) (names []string, all bool) {
	all = k.fine(list)
	for i := range n {
		key := fmt.Sprintf("%s[%d]", list, i)
		all = all && k.fine(key, key+".name")
		if name(i) != "" {
			names = append(names, name(i))
		}
	}
	return names, all
}

// unique: a name stands for one thing, also where files are named by it and case
// does not count. Filters name sources and groups alike.
func (k *checker) unique() {
	type list struct {
		key  string
		n    int
		name func(int) string
	}
	for _, lists := range [][]list{
		{
			{"sources", len(k.Sources), func(i int) string { return k.Sources[i].Name }},
			{"sensors", len(k.Sensors), func(i int) string { return k.Sensors[i].Name }},
			{"groups", len(k.Groups), func(i int) string { return k.Groups[i].Name }},
		},
		{{"outputs", len(k.Outputs), func(i int) string { return k.Outputs[i].Name }}},
	} {
		first := map[string]string{}
		for _, l := range lists {
			for i := range l.n {
				key, name := fmt.Sprintf("%s[%d].name", l.key, i), strings.ToLower(l.name(i))
				if other := first[name]; other != "" {
					k.wrong(key, "found %q, which is the name of %s on line %d already; expected another, and not only in case", l.name(i), strings.TrimSuffix(other, ".name"), k.places.find(other).line)
				} else if name != "" {
					first[name] = key
				}
			}
		}
	}
}
