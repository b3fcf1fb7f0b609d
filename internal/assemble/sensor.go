package assemble

import (
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"

	"estream/config"
	"estream/service"
	"estream/source/eve"
	"estream/source/sensor"
	"estream/source/snort3"
	"estream/source/unified2"
	"estream/wire"
)

func sensorKey(i int) string { return fmt.Sprintf("sensors[%d]", i) }

// makeSensor makes the source that reads what a sensor writes.
func (b *Builder) makeSensor(c *config.Config, s *config.Sensor) (*service.Source, error) {
	var maps *sensor.Maps
	if s.Rules != "" {
		var err error
		if maps, err = sensor.LoadMaps(s.Rules, b.Log); err != nil {
			return nil, fmt.Errorf("rules: %w", err)
		}
		if len(maps.Files) == 0 {
			return nil, fmt.Errorf("rules: no map found in %s, expected sid-msg.map, gen-msg.map, classification.config or reference.config there or in its etc directory", s.Rules)
		}
	}
	if s.Path != "" && !b.Check {
		NoteMissing(s.Path, b.Log.With("source", s.Name))
	}
	return SensorSource(s, c.State, b.Layouts, maps, b.Log)
}

// SensorSource makes the source that reads what a sensor writes. state is the directory
// for what it has to remember beside the journal; maps, which name rules, may be nil.
func SensorSource(s *config.Sensor, state string, set *wire.Layouts, maps *sensor.Maps, log *slog.Logger) (*service.Source, error) {
	device, err := device(s)
	if err != nil {
		return nil, err
	}
	log = log.With("source", s.Name)
	var feed *service.Feed
	switch s.Type {
	case config.Unified2:
		feed = service.Unified2Feed(&unified2.Source{Dir: s.Path, Layouts: set, Maps: maps, Sensor: device, Log: log})
	case config.EVE:
		feed = service.EVEFeed(&eve.Source{
			Path: s.Path, Listen: s.Listen, State: filepath.Join(state, "eve-"+s.Name),
			Layouts: set, Maps: maps, Sensor: device, Log: log,
		})
	case config.Snort3:
		feed = service.Snort3Feed(&snort3.Source{Path: s.Path, Layouts: set, Maps: maps, Sensor: device, Log: log})
	default:
		return nil, fmt.Errorf("type: found %q, which nothing reads", s.Type)
	}
	feed.Device = &device
	return &service.Source{Name: s.Name, Feed: feed}, nil
}

// device returns the managed device that a sensor is.
func device(s *config.Sensor) (sensor.Device, error) {
	d := sensor.Device{
		Name: s.Device.Name, Domain: s.Device.Domain,
		IngressInterface: s.Device.IngressInterface, EgressInterface: s.Device.EgressInterface,
		IngressZone: s.Device.IngressZone, EgressZone: s.Device.EgressZone,
	}
	if d.Name == "" {
		d.Name = s.Name
	}
	if s.Device.UUID != "" {
		if _, err := hex.Decode(d.UUID[:], []byte(strings.ReplaceAll(s.Device.UUID, "-", ""))); err != nil {
			return d, fmt.Errorf("device.uuid: %w", err)
		}
	}
	return d, nil
}

// NoteMissing says in the log that what a sensor writes is not there yet, which is right
// for a new sensor, and all that is ever seen of a mistyped name.
func NoteMissing(path string, log *slog.Logger) {
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		log.Info("the sensor has not made its file yet: it is read as soon as it is there", "file", path)
	}
}
