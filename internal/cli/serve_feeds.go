package cli

import (
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"

	"estream/config"
	"estream/internal/assemble"
	"estream/service"
	"estream/source/sensor"
	"estream/synth"
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
	case o.synth < 0 || o.synth > synth.MaxEventsPerSecond:
		return usagef("--synth is %d; expected 1 to %d events per second", o.synth, synth.MaxEventsPerSecond)
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
		b.sensor(config.Unified2, "snort", service.Unified2Number, text)
	}
	for _, text := range o.eve {
		b.sensor(config.EVE, "suricata", 0, text)
	}
	for _, text := range o.snort3 {
		b.sensor(config.Snort3, "snort", 0, text)
	}
	b.recording("replay", o.replay)
	b.recording("replay-as-is", o.asIs)
	if o.synth > 0 {
		b.add("synth", fmt.Sprintf("synth %d", o.synth), func() (*service.Source, error) {
			return &service.Source{Feed: service.SynthFeed(o.synth, set)}, nil
		})
	}
	return b.sources, b.err
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

// add makes the source with a name, which only one may have: the journal knows it by that.
func (b *feedBuilder) add(name, flag string, build func() (*service.Source, error)) {
	if b.err != nil {
		return
	}
	if other, taken := b.names[name]; taken {
		b.err = usagef("--%s: there is a source %s already, --%s; give each a name of its own, as NAME=FILE", flag, name, other)
		return
	}
	b.names[name] = flag
	source, err := build()
	if err != nil {
		b.err = err
		return
	}
	source.Name = name
	b.sources = append(b.sources, source)
}

// sensor makes a source of "FILE" or "NAME=FILE". A source without a name is called by
// its flag, which is the type of the sensor, and has the number that it had when there
// were no names.
func (b *feedBuilder) sensor(kind config.SensorType, device string, number uint32, text string) {
	flag := string(kind)
	name, path, named := strings.Cut(text, "=")
	if !named || strings.Contains(name, "/") {
		name, path, named = flag, text, false
	}
	s := &config.Sensor{Name: name, Type: kind, Device: config.Device{Name: device}}
	switch {
	case b.flags.device != "":
		s.Device.Name = b.flags.device
	case named:
		s.Device.Name = name
	}
	b.add(name, flag+" "+text, func() (*service.Source, error) {
		switch kind, _, _ := strings.Cut(path, ":"); {
		case s.Type == config.EVE && (kind == "unix" || kind == "unixgram" || kind == "tcp"):
			s.Listen = path
		case s.Type == config.Unified2:
			// A sensor may make its file later, but a mistyped directory has none.
			if _, err := os.Stat(path); err != nil {
				return nil, fmt.Errorf("--%s: %w", flag, err)
			}
			s.Path = path
		default:
			if _, err := os.Stat(filepath.Dir(path)); err != nil {
				return nil, fmt.Errorf("--%s: %w", flag, err)
			}
			s.Path = path
			assemble.NoteMissing(path, b.log.With("source", name))
		}
		source, err := assemble.SensorSource(s, b.data, b.set, b.maps, b.log)
		if err == nil && !named {
			source.Feed.Number = number
		}
		return source, err
	})
}

// recording makes a source of a file of wire messages, if there is one.
func (b *feedBuilder) recording(flag, path string) {
	if path == "" {
		return
	}
	b.add("replay", flag+" "+path, func() (*service.Source, error) {
		if err := readableFile(path); err != nil {
			return nil, fmt.Errorf("--%s: %w", flag, err)
		}
		o := b.flags
		f := service.ReplayFeed(path, o.loop, o.rate, o.speed, b.set, b.log)
		f.Number = service.ReplayNumber
		return &service.Source{Feed: f}, nil
	})
}
