package admin

import "estream/pki"

// A DomainContent is a domain with what belongs to it.
type DomainContent struct {
	Name    string   `json:"name"`
	Clients []string `json:"clients"` // hosts of registrations that hold
	Devices []string `json:"devices"` // names or UUIDs, only those that were assigned
	// Missing is set for a domain that clients or devices are in and that does not
	// exist: they were put there while it was removed elsewhere. Its clients see
	// nothing but the devices that are in it, too.
	Missing bool `json:"missing,omitempty"`
}

// Overview returns the domains, Global first, with what belongs to them. clients are
// the registrations.
func (s *Settings) Overview(clients []pki.Client) []DomainContent {
	content := []DomainContent{}
	at := map[string]int{}
	of := func(name string, missing bool) *DomainContent {
		if isGlobal(name) {
			name = Global
		}
		i, ok := at[fold(name)]
		if !ok {
			i = len(content)
			at[fold(name)] = i
			content = append(content, DomainContent{Name: name, Clients: []string{}, Devices: []string{}, Missing: missing})
		}
		return &content[i]
	}
	for _, name := range s.DomainNames() {
		of(name, false)
	}
	for _, d := range s.Assigned("") {
		c := of(d.Domain, true)
		c.Devices = append(c.Devices, d.Device)
	}
	for _, reg := range clients {
		if reg.Revoked.IsZero() {
			c := of(reg.Domain, true)
			c.Clients = append(c.Clients, reg.Host)
		}
	}
	return content
}
