package admin

import (
	"bytes"
	"encoding/json"
	"fmt"
	"time"

	"estream/server/access"
)

// settingsVersion is the version of settings.json.
const settingsVersion = 1

// maxSettings bounds settings.json, in bytes.
const maxSettings = 16 << 20

// Settings is the content of settings.json. What [Store.Settings] returns is shared
// and must not be altered; [Store.Update] hands out a copy for that.
type Settings struct {
	// Version is that of the file's form, always 1.
	Version int `json:"version"`
	// Revision counts the changes, from 1; 0 are the defaults without a file.
	Revision uint64 `json:"revision"`
	// Role is "center" or "device".
	Role string `json:"role"`
	// Boxes are the event type boxes that are checked, by name. Those that the role
	// does not offer are kept and have no effect.
	Boxes []string `json:"events"`
	// Domains are those that exist beside Global, and for a year those that did.
	Domains []Domain `json:"domains,omitempty"`
	// Devices are the managed devices that were assigned to a domain.
	Devices []Device `json:"devices,omitempty"`
	// Users may log in to the HTTP API.
	Users []User `json:"users,omitempty"`
	// Tokens are accepted by the HTTP API in place of a login.
	Tokens []Token `json:"tokens,omitempty"`
	// Partner is where registrations are replicated to; nil: nowhere.
	Partner *Partner `json:"partner,omitempty"`
}

// defaults are in effect while there is no file.
func defaults() *Settings {
	return &Settings{Version: settingsVersion, Role: access.Center.String(), Boxes: access.DefaultBoxes.Names()}
}

// role returns the value that belongs to a name.
func role(name string) (access.Role, error) {
	r, err := access.ParseRole(name)
	if err != nil {
		return r, &Problem{Kind: Invalid, What: err.Error(), Do: "choose center for all event types, device for intrusion data only", Err: err}
	}
	return r, nil
}

// parseSettings reads a file's content and checks it.
func parseSettings(data []byte) (*Settings, error) {
	// The version alone first: a newer file may have fields this program lacks. This
	// also sees to it that nothing follows the settings.
	var version struct {
		Version int `json:"version"`
	}
	if err := json.Unmarshal(data, &version); err != nil {
		return nil, fmt.Errorf("%w; restore the file from a backup", err)
	}
	if version.Version != settingsVersion {
		return nil, fmt.Errorf("version %d, this program reads version %d; use the release that wrote it", version.Version, settingsVersion)
	}
	s := new(Settings)
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.DisallowUnknownFields() // a misspelt setting must not be one that is missing
	if err := dec.Decode(s); err != nil {
		return nil, fmt.Errorf("%w; correct the file or restore it from a backup", err)
	}
	if err := s.check(); err != nil {
		return nil, fmt.Errorf("%w; correct the file or restore it from a backup", err)
	}
	return s, nil
}

func (s *Settings) encode() ([]byte, error) {
	data, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		return nil, err
	}
	if len(data) >= maxSettings {
		return nil, conflict("remove domains, devices or tokens that are not needed any more",
			"the settings need %d bytes, at most %d are possible", len(data), maxSettings)
	}
	return append(data, '\n'), nil
}

// clone returns a copy that shares nothing.
func (s *Settings) clone() (*Settings, error) {
	data, err := json.Marshal(s)
	if err != nil {
		return nil, err
	}
	c := new(Settings)
	return c, json.Unmarshal(data, c)
}

// stamp returns the time of a change to something that was last changed at before:
// now, but always later than before, so that the change counts as the later one
// even where the clock was set back.
func stamp(now, before time.Time) time.Time {
	now = now.UTC().Truncate(time.Microsecond)
	if !now.After(before) {
		now = before.Add(time.Microsecond)
	}
	return now
}
