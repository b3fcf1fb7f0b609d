package admin

import "net/url"

func (a *api) domains(*call) (any, error) {
	set, err := a.Store.Settings()
	if err != nil {
		return nil, err
	}
	clients, err := a.Authority.List()
	if err != nil {
		return nil, err
	}
	return map[string]any{"domains": set.Overview(clients)}, nil
}

func (a *api) addDomain(c *call) (any, error) {
	var ask struct {
		Name string `json:"name"`
	}
	if err := c.body(&ask); err != nil {
		return nil, err
	}
	if err := a.Store.AddDomain(c.Context(), ask.Name); err != nil {
		return nil, err
	}
	a.look()
	return &created{apiPrefix + "/domains/" + url.PathEscape(ask.Name), DomainContent{Name: ask.Name, Clients: []string{}, Devices: []string{}}}, nil
}

func (a *api) removeDomain(c *call) (any, error) {
	clients, err := a.Authority.List()
	if err != nil {
		return nil, err
	}
	if err := a.Store.RemoveDomain(c.Context(), c.PathValue("name"), clients); err != nil {
		return nil, err
	}
	a.look()
	return nil, nil
}

// deviceBody is the assignment of one device.
type deviceBody struct {
	Device string `json:"device"`
	Domain string `json:"domain"`
}

func (a *api) devices(*call) (any, error) {
	set, err := a.Store.Settings()
	if err != nil {
		return nil, err
	}
	devices := []deviceBody{}
	for _, d := range set.Assigned("") {
		devices = append(devices, deviceBody{d.Device, d.Domain})
	}
	return map[string]any{"devices": devices}, nil
}

func (a *api) assign(c *call) (any, error) {
	var ask struct {
		Domain string `json:"domain"`
	}
	if err := c.body(&ask); err != nil {
		return nil, err
	}
	if ask.Domain == "" {
		return nil, invalid("no domain", "the name of one", "to take an assignment back, use DELETE")
	}
	if err := a.Store.Assign(c.Context(), c.PathValue("device"), ask.Domain); err != nil {
		return nil, err
	}
	a.look()
	return deviceBody{c.PathValue("device"), ask.Domain}, nil
}

func (a *api) unassign(c *call) (any, error) {
	if err := a.Store.Assign(c.Context(), c.PathValue("device"), ""); err != nil {
		return nil, err
	}
	a.look()
	return nil, nil
}
