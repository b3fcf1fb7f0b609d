package config

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
)

func (k *checker) outputs() {
	files := map[string]int{}
	for i := range k.Outputs {
		o, key := &k.Outputs[i], fmt.Sprintf("outputs[%d]", i)
		k.format(o, key)
		if k.ours(key + ".to") {
			k.sections(o, key)
			k.target(i, key, files)
			k.query(o, key)
		}
		k.filter(o, key)
		k.whenFull(o, key)
	}
}

// What the formats have: the same as in package format/catalog, which a test
// compares.
var (
	profiled  = []Format{"json", "splunk", "cef", "cef2"}
	mapped    = []Format{"splunk", "cef", "cef2"}
	prefixed  = []Format{"cef", "cef2"}
	versioned = []Format{"cef"} // in profile strict
)

// format: settings that the format does not have would be ignored in silence.
func (k *checker) format(o *Output, key string) {
	if !k.ours(key + ".format") {
		return
	}
	for _, s := range []struct {
		key   string
		given bool
		has   []Format
	}{
		{"profile", o.Profile != "", profiled},
		{"mapping", o.Mapping != "", mapped},
		{"prefix", o.Prefix != nil, prefixed},
		{"hostname", o.Hostname != "", prefixed},
		{"device_version", o.DeviceVersion != "", versioned},
	} {
		if at := key + "." + s.key; k.ours(at) && s.given && !slices.Contains(s.has, o.Format) {
			k.wrong(at, "does nothing with format: %s; formats that have it: %s", o.Format, list(s.has))
		}
	}
	for _, name := range []string{"packet_encoding", "original_packet"} {
		if at := key + "." + name; o.Format == "raw" && k.ours(at) && changed(o, name) {
			k.wrong(at, "format raw writes messages as they came; remove the key")
		}
	}
	if !k.fine(key + ".profile") {
		return
	}
	if o.Format == "cef2" && o.Profile == "strict" {
		k.wrong(key+".profile", "format cef2 has no profile strict; expected compat or fixed, or format: cef")
	}
	if at := key + ".device_version"; k.ours(at) && o.Format == "cef" && o.DeviceVersion != "" && o.profile() != "strict" {
		k.wrong(at, "profile %s has the device version of eNcore; only strict can change it", o.profile())
	}
}

// sections: the ones of other destinations would do nothing.
func (k *checker) sections(o *Output, key string) {
	own := o.To.Kind.sections()
	for _, s := range []struct {
		name  string
		given bool
	}{{"network", o.Network != nil}, {"udp", o.UDP != nil}, {"tls", o.TLS != nil}, {"syslog", o.Syslog != nil}, {"relp", o.Relp != nil}, {"file", o.File != nil}, {"http", o.HTTP != nil}, {"exec", o.Exec != nil}} {
		if s.given && !slices.Contains(own, s.name) {
			k.wrong(key+"."+s.name, "does nothing with to: %v; expected a destination of the kinds %s, or remove the section", o.To, kindsWith(s.name))
		}
	}
	if o.TLS != nil && slices.Contains(own, "tls") {
		k.clientTLS(o.TLS, key+".tls")
	}
	if o.Syslog != nil && slices.Contains(own, "syslog") {
		k.syslog(o, key)
	}
	if o.File != nil && slices.Contains(own, "file") {
		k.rotation(o, key+".file")
	}
	if o.HTTP != nil && slices.Contains(own, "http") {
		k.batches(o, key+".http")
	}
}

func (k *checker) clientTLS(t *ClientTLS, key string) {
	if !k.fine(key) {
		return
	}
	if cert, private := key+".certificate", key+".key"; k.fine(cert, private) && (t.Certificate == "") != (t.Key == "") {
		k.wrong(k.either(cert, private), "found one of certificate and key, expected both or none")
	}
	if t.Insecure {
		k.warn(key+".insecure", "the server's certificate is not verified, so anybody on the way can read and change the events; name its CA with ca instead")
		if at := key + ".ca"; k.ours(at) && t.CA != "" {
			k.wrong(at, "does nothing with insecure: true; remove one of them")
		}
	}
	if t.Min < "1.2" && k.ours(key+".min") {
		k.warn(key+".min", "TLS %s is broken and has been withdrawn", t.Min)
	}
}

func (k *checker) rotation(o *Output, key string) {
	r := o.File
	if !k.fine(key) {
		return
	}
	braces := strings.Contains(filepath.Base(o.To.Path), "{0}")
	if at := key + ".naming"; k.ours(at) && (r.Naming == "encore") != braces {
		k.wrong(at, "found %s with to: %v; expected encore where the file's name has {0}, and only there", r.Naming, o.To)
	}
	rotates := r.RotateSize > 0 || r.RotateAge > 0 || r.RotateLines > 0 || r.NewAtStart || braces || r.Naming == "stamped" ||
		!k.fine(key+".rotate_size", key+".rotate_age", key+".rotate_lines", key+".new_at_start", key+".naming")
	for _, s := range []struct {
		key   string
		given bool
	}{{"compress", r.Compress != "none"}, {"keep", r.Keep > 0}, {"keep_age", r.KeepAge > 0}, {"keep_size", r.KeepSize > 0}} {
		if at := key + "." + s.key; s.given && !rotates && k.ours(at) {
			k.wrong(at, "is for rotated files, and nothing rotates them; expected rotate_size, rotate_age, rotate_lines or new_at_start beside it")
		}
	}
	if at := key + ".keep_size"; r.KeepSize > 0 && r.KeepSize < r.RotateSize && r.Compress == "none" && k.ours(at) {
		k.wrong(at, "found %v, expected the %v of one rotated file (rotate_size) at least", r.KeepSize, r.RotateSize)
	}
}

// target: two outputs that write the same file destroy it.
func (k *checker) target(i int, key string, files map[string]int) {
	to := k.Outputs[i].To
	switch to.Kind {
	case ToFile, ToRelFile, ToStdout:
	default:
		return
	}
	name := to.String()
	if to.Kind == ToRelFile {
		name = "file:" + to.Path
	}
	other, taken := files[name]
	switch {
	case !taken:
		files[name] = i
	case to.Kind == ToStdout:
		k.warn(key+".to", "outputs[%d] writes to standard output as well; their lines will be mixed", other)
	default:
		k.wrong(key+".to", "found %q, where outputs[%d] writes already; expected a file of its own", clip(to.String()), other)
	}
	if to.Path != "" && to.Path == k.Log.File && k.fine("log.file") {
		k.wrong(key+".to", "found %q, where the log is written (log.file); expected a file of its own", clip(to.String()))
	}
}

func (k *checker) filter(o *Output, key string) {
	f, key := &o.Filter, key+".filter"
	for _, s := range []struct {
		key string
		n   int
	}{{"sources", len(f.Sources)}, {"categories", len(f.Categories)}, {"types", len(f.Types)}, {"devices", len(f.Devices)}, {"domains", len(f.Domains)}} {
		if at := key + "." + s.key; k.ours(at) && s.n == 0 {
			k.wrong(at, "found an empty list, which lets nothing pass; remove the key to let everything pass")
		}
	}
	sources, ok1 := k.names("sources", len(k.Sources), func(i int) string { return k.Sources[i].Name })
	groups, ok2 := k.names("groups", len(k.Groups), func(i int) string { return k.Groups[i].Name })
	sensors, ok3 := k.names("sensors", len(k.Sensors), func(i int) string { return k.Sensors[i].Name })
	known := slices.Concat(sources, sensors, groups)
	for n, name := range f.Sources {
		if at := fmt.Sprintf("%s.sources[%d]", key, n); ok1 && ok2 && ok3 && k.fine(at) && !slices.Contains(known, name) {
			k.wrong(at, "found %q, expected the name of a source, sensor or group, one of %s%s", name, strings.Join(known, ", "), suggest(name, known))
		}
	}
}

func (k *checker) whenFull(o *Output, key string) {
	w, key := &o.WhenFull, key+".when_full"
	if !k.fine(key, key+".policy") {
		return
	}
	size, age := key+".backlog_size", key+".backlog_age"
	if w.Policy == PolicyDrop {
		if w.BacklogSize == 0 && w.BacklogAge == 0 && k.fine(size, age) {
			k.wrong(key, "policy drop needs a limit; expected backlog_size or backlog_age beside it, which say when to begin")
		}
		return
	}
	for _, s := range []struct {
		key   string
		given bool
	}{{".categories", len(w.Categories) > 0}, {".backlog_size", w.BacklogSize > 0}, {".backlog_age", w.BacklogAge > 0}} {
		if k.ours(key+s.key) && s.given {
			k.wrong(key+s.key, "does nothing with policy: block, which drops nothing; expected policy: drop beside it, or remove the key")
		}
	}
}

func list[T ~string](items []T) string {
	words := make([]string, len(items))
	for i, item := range items {
		words[i] = string(item)
	}
	return strings.Join(words, ", ")
}
