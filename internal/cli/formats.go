package cli

import (
	"errors"
	"fmt"
	"os"
	"strings"

	"estream/filter"
	"estream/format"
	"estream/format/catalog"
	"estream/format/print"
	"estream/meta"
	"estream/wire"

	"github.com/spf13/cobra"
)

// formatFlags are the flags that choose an output format and what is written in it.
type formatFlags struct {
	// people is set by commands whose output is for people's eyes: they have the format
	// print, too, whose records are several lines.
	people   bool
	name     string
	profile  string
	mapping  string
	prefix   string
	hostname string
	version  string
	packets  string
	omit     bool
	types    string
	where    string
}

// packetEncodings are the values of --packet-encoding.
var packetEncodings = map[string]meta.PacketEncoding{
	"hex": meta.PacketHex, "ascii": meta.PacketASCII, "utf-8": meta.PacketUTF8,
}

func (f *formatFlags) register(cmd *cobra.Command) {
	fl := cmd.Flags()
	fl.StringVarP(&f.name, "format", "f", "json", "output `FORMAT`: "+strings.Join(f.names(), ", "))
	fl.StringVar(&f.profile, "profile", "compat", "`PROFILE` of json, splunk and cef: compat (eNcore's bytes), fixed (compat, mended) or strict (the format's own standard)")
	fl.StringVar(&f.mapping, "mapping", "", "`FILE` with a mapping table in place of the built-in one (splunk, cef, cef2)")
	fl.StringVar(&f.prefix, "prefix", "", "`TEXT` in place of the syslog prefix of cef lines (\"<13>Nov 21 10:00:00 host \")")
	fl.StringVar(&f.hostname, "hostname", "", "`NAME` of this host in the syslog prefix of cef lines (default: the system's)")
	fl.StringVar(&f.version, "device-version", "", "device `VERSION` in the header of cef lines in profile strict")
	fl.StringVar(&f.packets, "packet-encoding", "hex", "how the payload of packets is written: `ENCODING` hex, ascii or utf-8")
	fl.BoolVar(&f.omit, "no-original-packet", false, "leave out the packet as a whole where its payload is written")
	fl.StringVar(&f.types, "types", "", "only these record types: a `LIST` of numbers and categories, such as 71,intrusion")
	fl.StringVar(&f.where, "where", "", "only records for which this `EXPRESSION` is true, such as 'device == \"ftd-1\" and initiatorIpAddress in (10.0.0.0/8)'")
}

// printFormat is the name of the format print.
const printFormat = "print"

func (f *formatFlags) names() []string {
	names := catalog.Names()
	if f.people {
		names = append(names, printFormat)
	}
	return names
}

// format returns the format that the flags ask for.
func (f *formatFlags) format(cmd *cobra.Command, set *wire.Layouts) (format.Format, error) {
	profile, err := meta.ParseProfile(f.profile)
	if err != nil {
		return nil, usagef("--%v", err)
	}
	encoding, ok := packetEncodings[f.packets]
	if !ok {
		return nil, usagef("--packet-encoding is %q; expected hex, ascii or utf-8", f.packets)
	}
	o := catalog.Options{
		Profile: profile, Hostname: f.hostname, Version: f.version,
		Packets: meta.Packets{Encoding: encoding, OmitOriginal: f.omit},
	}
	if cmd.Flags().Changed("prefix") {
		o.Prefix = []byte(f.prefix)
	}
	if f.mapping != "" {
		o.Layouts = set
		if o.Mapping, err = readMapping(f.mapping); err != nil {
			return nil, err
		}
	}
	if f.people && f.name == printFormat {
		for _, name := range []string{"profile", "mapping", "prefix", "hostname", "device-version", "packet-encoding", "no-original-packet"} {
			if cmd.Flags().Changed(name) {
				return nil, usagef("format print has no --%s: it shows what a record holds, without packets", name)
			}
		}
		return print.New(print.Options{Layouts: set}), nil
	}
	made, err := catalog.New(f.name, o)
	switch {
	case err != nil && f.mapping != "":
		return nil, usagef("--mapping %s: %v", f.mapping, err)
	case err != nil:
		return nil, usagef("--%v", err)
	}
	return made, nil
}

// maxMapping is the largest mapping table that is read, in bytes; the built-in
// ones have less than 100 KiB.
const maxMapping = 4 << 20

func readMapping(name string) ([]byte, error) {
	file, err := os.Open(name)
	if err != nil {
		return nil, fmt.Errorf("--mapping: %w", err)
	}
	defer file.Close()
	data, err := readLimited(file, maxMapping)
	if err != nil {
		return nil, fmt.Errorf("--mapping: %s: %w", name, err)
	}
	return data, nil
}

// filter returns what --types and --where choose, nil if that is everything.
func (f *formatFlags) filter(set *wire.Layouts) (*filter.Filter, error) {
	if f.types == "" && f.where == "" {
		return nil, nil
	}
	var types, where *filter.Filter
	var err error
	p := filter.NewParser(set)
	if f.types != "" {
		if types, err = p.Types(f.types); err != nil {
			return nil, filterError("--types", err)
		}
	}
	if f.where != "" {
		if where, err = p.Parse(f.where); err != nil {
			return nil, filterError("--where", err)
		}
	}
	return filter.And(types, where), nil
}

// filterError shows the place of a mistake below the message.
func filterError(flag string, err error) error {
	var mistake *filter.SyntaxError
	if errors.As(err, &mistake) {
		return usagef("%s: %v\n%s", flag, err, mistake.Caret())
	}
	return fmt.Errorf("%s: %w", flag, err) // a faulty layout
}
