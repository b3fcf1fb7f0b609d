// Package assemble makes the parts of a collector from a configuration, and says
// what in it only the parts themselves can judge: filters, formats, certificates.
package assemble

import (
	"cmp"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"estream/config"
	"estream/filter"
	"estream/internal/durable"
	"estream/journal"
	"estream/output/deadletter"
	"estream/output/exec"
	"estream/server"
	"estream/service"
	"estream/source/fmc"
	"estream/wire"
)

// A Builder makes sources and outputs. It remembers what it made, so that after a
// reload only what has changed is made anew. It is for one goroutine.
type Builder struct {
	Layouts *wire.Layouts
	Log     *slog.Logger
	Check   bool          // nothing will be opened, and nothing may be written
	Trace   *server.Trace // of the server; optional
	// Stdout opens standard output, which is for one output.
	Stdout Opener

	config  *config.Config
	parser  *filter.Parser
	dead    *deadletter.File
	pace    map[string]*exec.Backoff // of programs, by output
	stamps  map[string]string        // of the files that an output or source was made from, by key
	Sources []*service.Source
	Outputs []*service.Output
	Server  *service.Server // nil: none
	// Certificates are ours, by whose they are: those with which sources and outputs
	// introduce themselves, and those by which servers are verified.
	Certificates map[string]*x509.Certificate
	certificates map[string]*x509.Certificate // of the Build under way
}

// DeadLetters is the name of the file with dead letters in the state directory.
const DeadLetters = "deadletters.jsonl"

// Build makes sources and outputs of c. Those that the configuration of the last
// Build had in the same way are kept. The errors are config.Problems; after one
// the Builder is as it was before.
func (b *Builder) Build(c *config.Config) error {
	if b.parser == nil {
		b.parser, b.pace = filter.NewParser(b.Layouts), map[string]*exec.Backoff{}
	}
	if b.dead == nil && !b.Check {
		dead, err := deadletter.Open(deadletter.Options{Path: filepath.Join(c.State, DeadLetters)})
		if err != nil {
			return err
		}
		b.dead = dead
	}
	b.certificates = map[string]*x509.Certificate{}
	var problems config.Problems
	note := func(key string, err error) {
		var several config.Problems
		if errors.As(err, &several) {
			problems = append(problems, several...)
		} else if err != nil {
			problems = append(problems, c.Problem(key, "%v", err))
		}
	}
	stamps := map[string]string{}
	kept := keep{}
	if b.config != nil {
		kept = kept.of(config.Diff(b.config, c))
	}
	var outputs []*service.Output
	for i := range c.Outputs {
		o := &c.Outputs[i]
		stamp := "output " + o.Name
		stamps[stamp] = stampOf(outputFiles(o))
		if old := b.output(o.Name); old != nil && kept.outputs(o.Name) && stamps[stamp] == b.stamps[stamp] {
			outputs = append(outputs, old)
			b.keepCertificates("output " + o.Name)
			continue
		}
		made, err := b.makeOutput(c, i)
		note(outputKey(i), err)
		outputs = append(outputs, made)
	}
	var sources []*service.Source
	groups := map[string]*fmc.Group{}
	for i := range c.Groups {
		g := &c.Groups[i]
		for _, s := range b.Sources {
			if s.Feed == nil && s.Group != nil && s.Group.Name == g.Name && kept.group(g.Name) {
				groups[g.Name] = s.Group
			}
		}
		if groups[g.Name] == nil {
			groups[g.Name] = &fmc.Group{Name: g.Name, Members: g.Members, Window: g.Window}
		}
	}
	if len(problems) == 0 { // what is asked for depends on all outputs
		for i := range c.Sources {
			made, err := b.makeSource(c, i, outputs)
			note(sourceKey(i), err)
			if err != nil {
				continue
			}
			for _, g := range c.Groups {
				if slices.Contains(g.Members, made.Name) {
					made.Group = groups[g.Name]
				}
			}
			stamp := "source " + made.Name
			stamps[stamp] = stampOf(sourceFiles(&c.Sources[i]))
			if old := b.source(made.Name); old != nil && old.Feed == nil && kept.sources(made.Name) && old.Group == made.Group && stamps[stamp] == b.stamps[stamp] &&
				old.Session.Flags == made.Session.Flags && slices.Equal(old.Session.Pairs, made.Session.Pairs) {
				made = old
			}
			sources = append(sources, made)
		}
	}
	for i := range c.Sensors {
		s := &c.Sensors[i]
		stamp := "sensor " + s.Name
		stamps[stamp] = stampOf([]string{s.Rules})
		if old := b.source(s.Name); old != nil && old.Feed != nil && kept.sensors(s.Name) && stamps[stamp] == b.stamps[stamp] {
			sources = append(sources, old)
			continue
		}
		made, err := b.makeSensor(c, s)
		note(sensorKey(i), err)
		sources = append(sources, made)
	}
	listening(c, note)
	srv := b.Server
	if len(problems) == 0 && (b.Server == nil || !kept.server()) {
		var err error
		srv, err = b.makeServer(c)
		note("server", err)
	}
	if len(problems) > 0 {
		slices.SortStableFunc(problems, func(a, b config.Problem) int { return cmp.Compare(a.Line, b.Line) })
		return problems
	}
	b.config, b.Sources, b.Outputs, b.Server, b.stamps, b.Certificates = c, sources, outputs, srv, stamps, b.certificates
	return nil
}

// keepCertificates takes over those of a part that is not made anew.
func (b *Builder) keepCertificates(of string) {
	for name, c := range b.Certificates {
		if strings.HasSuffix(name, " of "+of) {
			b.certificates[name] = c
		}
	}
}

func (b *Builder) output(name string) *service.Output {
	i := slices.IndexFunc(b.Outputs, func(o *service.Output) bool { return o.Name == name })
	if i < 0 {
		return nil
	}
	return b.Outputs[i]
}

func (b *Builder) source(name string) *service.Source {
	i := slices.IndexFunc(b.Sources, func(s *service.Source) bool { return s.Name == name })
	if i < 0 {
		return nil
	}
	return b.Sources[i]
}

// keep tells what of the last configuration is still the same.
type keep struct {
	changes config.Changes
	known   bool
}

func (k keep) of(changes config.Changes) keep {
	return keep{changes: changes, known: true}
}

func (k keep) sources(name string) bool {
	return k.known && !slices.Contains(k.changes.Sources.Changed, name)
}

func (k keep) sensors(name string) bool {
	return k.known && !slices.Contains(k.changes.Sensors.Changed, name)
}

func (k keep) server() bool {
	return k.known && !slices.Contains(k.changes.Sections, "server")
}

func (k keep) outputs(name string) bool {
	return k.known && !slices.Contains(k.changes.Outputs.Changed, name) && !k.changesGroups()
}

func (k keep) group(name string) bool {
	return k.known && !slices.Contains(k.changes.Groups.Changed, name)
}

// changesGroups reports whether a filter that names a group may mean other sources.
func (k keep) changesGroups() bool {
	g := &k.changes.Groups
	return len(g.Added)+len(g.Removed)+len(g.Changed) > 0
}

// stampOf changes when one of the files does: a certificate that was renewed under
// its old name is a change of what was made from it.
func stampOf(files []string) string {
	var b strings.Builder
	for _, name := range files {
		if name == "" {
			continue
		}
		if info, err := os.Stat(name); err == nil {
			fmt.Fprintf(&b, "%s %d %d\n", name, info.Size(), info.ModTime().UnixNano())
		}
	}
	return b.String()
}

func sourceFiles(s *config.Source) []string {
	return []string{s.PKCS12, s.Password.File, s.Certificate, s.Key}
}

func outputFiles(o *config.Output) []string {
	files := []string{o.Mapping}
	if o.TLS != nil {
		files = append(files, o.TLS.CA, o.TLS.Certificate, o.TLS.Key)
	}
	if o.HTTP != nil {
		files = append(files, o.HTTP.Password.File, o.HTTP.Token.File)
		for _, name := range slices.Sorted(maps.Keys(o.HTTP.SecretHeaders)) {
			files = append(files, o.HTTP.SecretHeaders[name].File)
		}
	}
	return files
}

// Journal returns the options of the journal.
func Journal(c *config.Config) journal.Options {
	j := &c.Journal
	return journal.Options{
		FS: durable.OS{}, SegmentBytes: int64(j.SegmentSize), RetainBytes: int64(j.RetainSize), RetainAge: j.RetainAge,
		CommitInterval: j.CommitInterval, CommitBytes: int64(j.CommitSize), PendingBytes: int64(j.PendingSize), RecentBytes: int64(j.RecentSize),
	}
}
