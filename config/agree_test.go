package config_test

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"

	"estream/config"
	"estream/format/catalog"
	"estream/layouts"
	"estream/meta"
	"estream/session"
	"estream/wire"
)

func parse(output string) (*config.Config, error) {
	return config.Parse("estream.yaml", []byte("version: 1\nsources: [{name: s, host: h, pkcs12: p}]\noutputs: [{name: o, to: stdout, "+output+"}]\n"))
}

// TestDefaultsAgree: what other packages do by default is what the file says.
func TestDefaultsAgree(t *testing.T) {
	c, err := parse("format: json")
	if err != nil {
		t.Fatal(err)
	}
	s := &c.Sources[0]
	if got, want := s.Request.Versions.Pairs(), wire.DefaultPairs(); !slices.Equal(got, want) {
		t.Errorf("pairs: found %v, expected %v", got, want)
	}
	if got := wire.RequestFlags(s.Request.Flags); got != wire.DefaultFlags {
		t.Errorf("flags: found %v, expected %v", got, wire.DefaultFlags)
	}
	if strconv.Itoa(s.Port) != session.DefaultPort || s.ConnectTimeout != session.DefaultHandshakeTimeout {
		t.Errorf("port %d, timeout %v", s.Port, s.ConnectTimeout)
	}
}

// TestFormatsAgree: a combination of settings is accepted where the formats accept it.
func TestFormatsAgree(t *testing.T) {
	for _, name := range catalog.Names() {
		for _, profile := range []string{"compat", "fixed", "strict"} {
			p, err := meta.ParseProfile(profile)
			if err != nil {
				t.Fatal(err)
			}
			_, err = parse("format: " + name + ", profile: " + profile)
			// A format with one form takes no profile at all here.
			if want := len(catalog.Profiles(name)) > 1 && slices.Contains(catalog.Profiles(name), p); (err == nil) != want {
				t.Errorf("%s %s: found %v, expected %v", name, profile, err, want)
			}
		}
		for text, o := range map[string]catalog.Options{
			"mapping: m.json":         {Mapping: []byte("{}")},
			"prefix: x":               {Prefix: []byte("x")},
			"hostname: x":             {Hostname: "x"},
			"packet_encoding: ascii":  {Packets: meta.Packets{Encoding: meta.PacketASCII}},
			"original_packet: false":  {Packets: meta.Packets{OmitOriginal: true}},
			"device_version: \"7.4\"": {Version: "7.4"},
		} {
			c, err := parse("format: " + name)
			if err != nil {
				t.Fatal(err)
			}
			if profile := string(c.Outputs[0].Profile); profile != "" {
				if o.Profile, err = meta.ParseProfile(profile); err != nil {
					t.Fatal(err)
				}
			}
			_, theirs := catalog.New(name, o)
			refused := theirs != nil && (strings.Contains(theirs.Error(), " has no ") || strings.Contains(theirs.Error(), "only strict"))
			if _, ours := parse("format: " + name + ", " + text); (ours != nil) != refused {
				t.Errorf("%s, %s: found %v, and the format says %v", name, text, ours, theirs)
			}
		}
	}
	if _, err := parse("format: none"); err == nil || !strings.Contains(err.Error(), "one of "+strings.Join(catalog.Names(), ", ")) {
		t.Errorf("found %v, expected the names %v", err, catalog.Names())
	}
}

// TestCategoriesAgree: every category of the layouts is one that a filter can name.
// Only security_intelligence is ours: a part of connection.
func TestCategoriesAgree(t *testing.T) {
	set, want := layouts.Default(), []string{}
	for record := range uint16(1000) {
		def, err := set.Source().Record(record)
		if err == nil && def.Category != "" && !slices.Contains(want, def.Category) {
			want = append(want, def.Category)
		}
	}
	if len(want) < 10 {
		t.Fatalf("categories %v", want)
	}
	for _, category := range append(want, "security_intelligence") {
		if _, err := parse(fmt.Sprintf("format: json, filter: {categories: [%s]}", category)); err != nil {
			t.Error(err)
		}
	}
	_, err := parse("format: json, filter: {categories: [nosuch]}")
	if n := strings.Count(fmt.Sprint(err), ","); err == nil || n != len(want)+1 {
		t.Errorf("found %v, expected the %d categories %v", err, len(want)+1, want)
	}
}
