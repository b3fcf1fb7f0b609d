package monitor

import (
	"slices"
	"strings"
	"time"

	"estream/service"
)

// Page is a Report as "estream status --json" and /status show it: the keys of
// service.Status and more. Names stay, new ones may come.
type Page struct {
	Version string `json:"version"`
	Ready   bool   `json:"ready"`
	Running bool   `json:"running"`
	service.Status
	Rates        Rates         `json:"rates"`
	Alarms       []Alarm       `json:"alarms"`    // worst first
	NotReady     []Alarm       `json:"not_ready"` // what stands in the way of work, an alarm already or not
	Categories   []EventCount  `json:"categories"`
	Devices      []EventCount  `json:"devices"`
	Certificates []Certificate `json:"certificates"`
	Space        Space         `json:"state_disk"`
}

// An EventCount is how many events of a category or device came since the start.
type EventCount struct {
	Name         string    `json:"name"`
	Sources      []string  `json:"sources"`
	Events       uint64    `json:"events"`
	LastReceived time.Time `json:"last_received,omitzero"`
	LastEvent    time.Time `json:"last_event,omitzero"` // archive time of the newest
}

// NewPage returns the page of a report. version is the program's.
func NewPage(r *Report, version string) Page {
	p := Page{
		Version: version, Ready: r.Ready(), Running: r.Running, Status: r.Status, Rates: r.Rates,
		Alarms: list(r.Alarms), NotReady: list(r.NotReady), Categories: []EventCount{}, Devices: []EventCount{},
		Certificates: list(r.Certificates), Space: r.Space,
	}
	p.At = r.At
	p.Sources, p.Outputs = list(p.Sources), list(p.Outputs)
	at := map[string]int{}
	for _, c := range r.Counts.Categories {
		i, ok := at[c.Category]
		if !ok {
			i = len(p.Categories)
			at[c.Category] = i
			p.Categories = append(p.Categories, EventCount{Name: c.Category})
		}
		p.Categories[i].add(c.Count, c.Source)
	}
	slices.SortFunc(p.Categories, func(a, b EventCount) int { return strings.Compare(a.Name, b.Name) })
	for _, d := range r.Counts.Devices {
		e := EventCount{Name: d.Device}
		e.add(d.Count, d.Sources...)
		p.Devices = append(p.Devices, e)
	}
	return p
}

func (e *EventCount) add(c Count, sources ...string) {
	e.Sources = append(e.Sources, sources...)
	e.Events += c.Events
	if t := time.Unix(0, c.Arrival); c.Arrival != 0 && t.After(e.LastReceived) {
		e.LastReceived = t
	}
	if t := time.Unix(int64(c.Archive), 0); c.Archive != 0 && t.After(e.LastEvent) {
		e.LastEvent = t
	}
}

// list returns a slice that JSON shows as a list even when it is empty.
func list[T any](s []T) []T {
	if s == nil {
		return []T{}
	}
	return s
}
