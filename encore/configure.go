package encore

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"strconv"
	"strings"
	"time"

	"estream/encore/conf"
	"estream/internal/durable"
	"estream/wire"
)

// A configuration that Configure works on.
type configure struct {
	dir, name string
	layouts   *wire.Layouts
	out       io.Writer
	doc       *conf.Document
	conf      *conf.Conf
	changed   bool
}

// settings are the options of Configure that write a value, in the order in which
// they take effect.
var settings = []struct {
	option string
	kind   func(string) (any, error)
	path   []any
}{
	{"enabled", truth, []any{"enabled"}},
	{"conditions", listOfOne, []any{"conditions"}},
	{"host", text, []any{"subscription", "servers", 0, "host"}},
	{"port", port, []any{"subscription", "servers", 0, "port"}},
	{"logstdout", truth, []any{"logging", "stdOut"}},
	{"logstderr", truth, []any{"logging", "stdErr"}},
	{"connections", truth, []any{"handler", "records", "connections"}},
	{"packets", truth, []any{"handler", "records", "packets"}},
	{"metadata", truth, []any{"handler", "records", "metadata"}},
	{"output", outputs, []any{"handler", "outputters"}},
	{"stream0", text, []any{"handler", "outputters", 0, "stream", "uri"}},
}

// others are the options that do something else; debug takes no value.
var others = []string{"bookmark", "debug", "print"}

func text(v string) (any, error)      { return v, nil }
func listOfOne(v string) (any, error) { return []any{v}, nil }

// truth is true for "true" in any case and for "1", and false for everything else.
func truth(v string) (any, error) { return v == "1" || strings.EqualFold(v, "true"), nil }

func port(v string) (any, error) {
	n, err := strconv.Atoi(v)
	if err != nil || n < 1 || n > 65535 {
		return nil, fmt.Errorf("found %q, expected a port from 1 to 65535", v)
	}
	return n, nil
}

func outputs(v string) (any, error) {
	o := outputter(v)
	if o == nil {
		return nil, fmt.Errorf("found %q, expected splunk, json, cef or cef2", v)
	}
	return []any{o}, nil
}

// Configure is eNcore's command of that name: it changes and shows settings. args
// are a configuration and options, which may be abbreviated as long as they are
// unique. An error is also in estreamer.log, under the name Configure.
func Configure(ctx context.Context, dir string, args []string, set *wire.Layouts, out io.Writer) error {
	c := &configure{dir: dir, name: ConfName, layouts: set, out: out}
	err := c.run(ctx, args)
	if err != nil {
		logged := &conf.Conf{Logging: conf.Logging{File: "estreamer.log", Level: "INFO", Format: conf.DefaultFormat}}
		sink, _, lerr := openLog(logged, dir, nil, nil)
		if lerr != nil {
			return errors.Join(err, lerr)
		}
		sink.logger().With(loggerKey, "Configure").LogAttrs(ctx, slog.LevelError, err.Error())
		err = errors.Join(err, sink.Close())
	}
	return err
}

func (c *configure) run(ctx context.Context, args []string) error {
	if len(args) > 0 && !strings.HasPrefix(args[0], "--") {
		c.name, args = args[0], args[1:]
	}
	values, err := parseOptions(args)
	if err != nil {
		return err
	}
	if _, _, c.doc, err = loadConf(c.dir, c.name); err != nil {
		return err
	}
	for _, s := range settings {
		v, given := values[s.option]
		if !given {
			continue
		}
		value, err := s.kind(v)
		if err != nil {
			return fmt.Errorf("--%s: %w", s.option, err)
		}
		c.doc.Set(value, s.path...)
		c.changed = true
	}
	if c.changed {
		if err := saveConf(c.dir, c.name, c.doc); err != nil {
			return err
		}
	}
	c.conf, _ = c.doc.Conf()
	if v, given := values["bookmark"]; given {
		if err := c.bookmark(v); err != nil {
			return err
		}
	}
	if what, given := values["print"]; given {
		return c.print(ctx, what)
	}
	return nil
}

// parseOptions reads "--name value" and "--name=value".
func parseOptions(args []string) (map[string]string, error) {
	known := slices.Clone(others)
	for _, s := range settings {
		known = append(known, s.option)
	}
	values := map[string]string{}
	for len(args) > 0 {
		word, isOption := strings.CutPrefix(args[0], "--")
		if !isOption || word == "" {
			return nil, fmt.Errorf("found %q, expected an option such as --output", args[0])
		}
		args = args[1:]
		given, value, inline := strings.Cut(word, "=")
		name, err := complete(given, known)
		switch {
		case err != nil:
			return nil, err
		case name == "debug" && inline:
			return nil, errors.New("--debug takes no value")
		case name == "debug":
			continue // accepted: errors are complete without it
		case !inline && len(args) == 0:
			return nil, fmt.Errorf("--%s: a value is missing", name)
		case !inline:
			value, args = args[0], args[1:]
		}
		values[name] = value
	}
	return values, nil
}

// complete finds the option that an abbreviation stands for.
func complete(given string, known []string) (string, error) {
	var like []string
	for _, k := range known {
		if k == given {
			return k, nil
		}
		if strings.HasPrefix(k, given) {
			like = append(like, "--"+k)
		}
	}
	switch len(like) {
	case 1:
		return like[0][2:], nil
	case 0:
		slices.Sort(known)
		return "", fmt.Errorf("--%s is no option; expected one of --%s", given, strings.Join(known, ", --"))
	}
	return "", fmt.Errorf("--%s can mean %s", given, strings.Join(like, " or "))
}

// bookmark sets the bookmark to the current second.
func (c *configure) bookmark(v string) error {
	if v != "now" {
		return fmt.Errorf("--bookmark: found %q, expected now", v)
	}
	f := FilesFor(c.dir, c.conf)
	if err := durable.ReplaceFile(durable.OS{}, f.Bookmark, bookmarkText(uint32(time.Now().Unix())), 0o644); err != nil {
		return fmt.Errorf("--bookmark: %w", err)
	}
	return nil
}
