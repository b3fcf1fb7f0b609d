package conf

import "slices"

// Records says which record types are written. It is eNcore's handler.records.
type Records struct {
	Connections bool
	RNA         bool // discovery
	RUA         bool // users
	Packets     bool
	Intrusion   bool
	Core        bool // files, malware, correlation, impact
	Metadata    bool // names are learned in any case
	Include     []uint16
	Exclude     []uint16
}

// class returns the switch that governs a record type; ok is false for a type that
// belongs to no class and is written only if it is included by number. A type of
// two classes follows the first one here: 69 is metadata, not correlation.
func (r *Records) class(t uint16) (on, ok bool) {
	switch {
	case t == 71 || t == 200 || t == 210:
		return r.Connections, true
	case t >= 10 && t <= 17, t >= 19 && t <= 22, t >= 25 && t <= 28, t == 31, t == 35, t == 101, t == 103, t == 107, t == 160:
		return r.RNA, true
	case t == 170 || t == 171: // VPN has no switch
		return true, true
	case t >= 92 && t <= 95:
		return r.RUA, true
	case isMetadata(t):
		return r.Metadata, true
	case t == 2:
		return r.Packets, true
	case t == 104, t == 105, t == 207, t == 208, t == 400:
		return r.Intrusion, true
	case slices.Contains(core, t):
		return r.Core, true
	}
	return false, false
}

var core = []uint16{9, 110, 112, 125, 131, 145, 146, 322, 500, 502}

func isMetadata(t uint16) bool {
	switch t {
	case 4, 54, 55, 59, 60, 62, 63, 66, 67, 69, 70, 90, 91, 96, 98, 109, 111, 161, 260, 270, 280, 281,
		320, 321, 510, 511, 530, 602, 604, 605, 606, 608, 700:
		return true
	}
	return t >= 115 && t <= 124 || t >= 127 && t <= 130 || t >= 515 && t <= 520
}

// Writes reports whether records of type t are written: its class is on or it is
// included by number, and it is not excluded.
func (r *Records) Writes(t uint16) bool {
	if slices.Contains(r.Exclude, t) {
		return false
	}
	on, _ := r.class(t)
	return on || slices.Contains(r.Include, t)
}

// Classed reports whether eNcore knows what to do with records of type t without
// their number in the configuration.
func (r *Records) Classed(t uint16) bool {
	_, ok := r.class(t)
	return ok
}
