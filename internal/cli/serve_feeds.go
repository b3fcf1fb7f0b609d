package cli

import (
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"

	"estream/internal/assemble"
	"estream/service"
	"estream/source/eve"
	"estream/source/sensor"
	"estream/source/snort3"
	"estream/source/unified2"
	"estream/wire"

	"github.com/spf13/pflag"
)

// feedFlags say where the events of a server come from.
type feedFlags struct {
	eve, snort3, unified2 []string // FILE, or NAME=FILE
	rules                 string
	device                string
	replay, asIs          string
	loop                  bool
	rate, speed           float64
	synth                 int
}

func (o *feedFlags) register(f *pflag.FlagSet) {
	f.StringArrayVar(&o.eve, "eve", nil, "`[NAME=]FILE` with Suricata's EVE JSON to read and follow, or a socket")
	f.StringArrayVar(&o.snort3, "snort3", nil, "`[NAME=]FILE` with Snort 3's alert_json to read and follow")
	f.StringArrayVar(&o.unified2, "unified2", nil, "`[NAME=]DIR` (or one file) with unified2 files to read and follow")
	f.StringVar(&o.rules, "rules", "", "`DIR` with sid-msg.map, gen-msg.map, classification.config, reference.config")
	f.StringVar(&o.rules, "snort-config", "", "the same")
	f.Lookup("snort-config").Hidden = true // its name before there was Suricata
	f.StringVar(&o.device, "device-name", "", "`NAME` of the managed device of a sensor without one")
	f.StringVar(&o.replay, "replay", "", "`FILE` of wire messages (also .gz) to serve")
	f.StringVar(&o.asIs, "replay-as-is", "", "`FILE` of wire messages (also .gz) to send as it is")
	f.BoolVar(&o.loop, "loop", false, "replay again and again, with all times shifted each round")
	f.Float64Var(&o.rate, "rate", 0, "replay at most `N` messages per second (default: no limit)")
	f.Float64Var(&o.speed, "speed", 0, "replay in the time of the recording: 1, or `N` times as fast (default: without pauses)")
	f.IntVar(&o.synth, "synth", 0, "invent `N` events per second")
}

func (o *feedFlags) check() error {
	sensors := len(o.eve) + len(o.snort3) + len(o.unified2)
	switch {
	case o.rate < 0:
		return usagef("--rate is %v; expected 0 (no limit) or more messages per second", o.rate)
	case o.speed < 0:
		return usagef("--speed is %v; expected 1 for the time of the recording, or a multiple of it", o.speed)
	case o.synth < 0:
		return usagef("--synth is %d; expected 1 or more events per second", o.synth)
	case o.replay != "" && o.asIs != "":
		return usagef("--replay and --replay-as-is contradict each other: clients get what they ask for, or everything")
	case o.replay+o.asIs == "" && (o.loop || o.rate != 0 || o.speed != 0):
		return usagef("--loop, --rate and --speed belong to --replay FILE or --replay-as-is FILE")
	case o.rate != 0 && o.speed != 0:
		return usagef("--rate and --speed contradict each other")
	case sensors == 0 && o.rules != "":
		return usagef("--rules belongs to --eve, --snort3 or --unified2")
	case o.asIs != "" && (sensors > 0 || o.synth > 0):
		return usagef("--replay-as-is cannot be combined with other sources: it goes out whatever a request asks for")
	case o.device != "" && sensors != 1:
		return usagef("--device-name is for one sensor; name several as --eve NAME=FILE")
	}
	return nil
}

// sources makes what the flags ask for. What is not there is an error now rather than
// a server without events.
func (o *feedFlags) sources(data string, set *wire.Layouts, log *slog.Logger) ([]*service.Source, error) {
	maps, err := o.maps(log)
	if err != nil {
		return nil, err
	}
	b := &feedBuilder{flags: o, data: data, set: set, maps: maps, log: log, names: map[string]string{}}
	for _, text := range o.unified2 {
		b.add("unified2", "snort", service.Unified2Number, text, func(name, path string, d sensor.Device, log *slog.Logger) *service.Feed {
			return service.Unified2Feed(&unified2.Source{Dir: path, Layouts: set, Maps: maps, Sensor: d, Log: log})
		})
	}
	for _, text := range o.eve {
		b.add("eve", "suricata", 0, text, func(name, path string, d sensor.Device, log *slog.Logger) *service.Feed {
			// A device may have a name that no file can have; a source is never one of two.
			src := &eve.Source{Layouts: set, Maps: maps, Sensor: d, Log: log, State: filepath.Join(data, "eve-"+name)}
			if src.Path = path; isSocket(path) {
				src.Path, src.Listen = "", path
			}
			return service.EVEFeed(src)
		})
	}
	for _, text := range o.snort3 {
		b.add("snort3", "snort", 0, text, func(name, path string, d sensor.Device, log *slog.Logger) *service.Feed {
			return service.Snort3Feed(&snort3.Source{Path: path, Layouts: set, Maps: maps, Sensor: d, Log: log})
		})
	}
	if path := o.replay + o.asIs; path != "" && b.err == nil {
		if b.err = readableFile(path); b.err != nil {
			flag := "--replay"
			if o.asIs != "" {
				flag = "--replay-as-is"
			}
			return nil, fmt.Errorf("%s: %w", flag, b.err)
		}
		f := service.ReplayFeed(path, o.loop, o.rate, o.speed, set, log)
		f.Number = service.ReplayNumber
		b.sources = append(b.sources, &service.Source{Name: "replay", Feed: f})
	}
	if o.synth > 0 {
		b.sources = append(b.sources, &service.Source{Name: "synth", Feed: service.SynthFeed(o.synth, set)})
	}
	return b.sources, b.err
}

// isSocket reports whether a sensor connects to us.
func isSocket(path string) bool {
	kind, _, ok := strings.Cut(path, ":")
	return ok && (kind == "unix" || kind == "unixgram" || kind == "tcp")
}

// maps reads the rule maps.
func (o *feedFlags) maps(log *slog.Logger) (*sensor.Maps, error) {
	if o.rules == "" {
		return nil, nil
	}
	maps, err := sensor.LoadMaps(o.rules, log)
	if err != nil {
		return nil, &configError{fmt.Errorf("--rules: %w", err)}
	}
	if len(maps.Files) == 0 {
		return nil, hint(fmt.Errorf("--rules %s: no map found", o.rules), "expected sid-msg.map, gen-msg.map, classification.config or reference.config there or in its etc directory")
	}
	return maps, nil
}

// A feedBuilder makes the sources of sensors.
type feedBuilder struct {
	flags   *feedFlags
	data    string
	set     *wire.Layouts
	maps    *sensor.Maps
	log     *slog.Logger
	names   map[string]string // of sources, with the flag that has them
	sources []*service.Source
	err     error
}

// add makes a source of "FILE" or "NAME=FILE". A source without a name is called by its
// flag.
func (b *feedBuilder) add(flag, device string, number uint32, text string, feed func(name, path string, d sensor.Device, log *slog.Logger) *service.Feed) {
	if b.err != nil {
		return
	}
	name, path, named := strings.Cut(text, "=")
	if !named || strings.Contains(name, "/") {
		name, path, named = flag, text, false
	}
	if other, taken := b.names[name]; taken {
		b.err = usagef("--%s %s: there is a source %s already, --%s; give each a name of its own, as --%s NAME=%s", flag, text, name, other, flag, path)
		return
	}
	b.names[name] = flag + " " + text
	d := sensor.Device{Name: device}
	switch {
	case b.flags.device != "":
		d.Name = b.flags.device
	case named:
		d.Name = name
	}
	if flag == "unified2" { // a sensor may make its file later, but a mistyped directory has none
		if _, err := os.Stat(path); err != nil {
			b.err = fmt.Errorf("--%s: %w", flag, err)
			return
		}
	} else if _, err := os.Stat(filepath.Dir(path)); err != nil && !isSocket(path) {
		b.err = fmt.Errorf("--%s: %w", flag, err)
		return
	}
	log := b.log.With("source", name)
	if flag != "unified2" && !isSocket(path) {
		assemble.NoteMissing(path, log)
	}
	f := feed(name, path, d, log)
	f.Device = &d
	if !named {
		f.Number = number
	}
	b.sources = append(b.sources, &service.Source{Name: name, Feed: f})
}
