package monitor

import (
	"time"

	"estream/service"
)

// A Report is what a Monitor found. It is never changed.
type Report struct {
	At           time.Time
	Running      bool // the Collector
	Status       service.Status
	Counts       Counts
	Rates        Rates         // over the last minute
	Alarms       []Alarm       // worst first
	NotReady     []Alarm       // critical, raised already or not
	Certificates []Certificate // by name
	Space        Space         // of the state directory's disk; zero if unknown
}

// Ready reports whether nothing stands in the way of work.
func (r *Report) Ready() bool { return r.Running && len(r.NotReady) == 0 }

// nameless gives the source without a name, which then is the only one, that of its server.
func (r *Report) nameless() {
	for i := range r.Status.Sources {
		s := &r.Status.Sources[i]
		if s.Name != "" {
			continue
		}
		s.Name = s.Server
		for j := range r.Counts.Sources {
			replaceEmpty(&r.Counts.Sources[j].Source, s.Server)
		}
		for j := range r.Counts.Categories {
			replaceEmpty(&r.Counts.Categories[j].Source, s.Server)
		}
		for j := range r.Counts.Devices {
			for k := range r.Counts.Devices[j].Sources {
				replaceEmpty(&r.Counts.Devices[j].Sources[k], s.Server)
			}
		}
	}
}

func replaceEmpty(s *string, name string) {
	if *s == "" {
		*s = name
	}
}
