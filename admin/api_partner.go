package admin

import "fmt"

func (a *api) partner(*call) (any, error) { return a.Partner() }

func (a *api) setPartner(c *call) (any, error) {
	var ask Partner
	if err := c.body(&ask); err != nil {
		return nil, err
	}
	if err := a.Store.SetPartner(c.Context(), &ask); err != nil {
		return nil, err
	}
	a.look()
	return a.Partner()
}

func (a *api) removePartner(c *call) (any, error) {
	return nil, a.Store.SetPartner(c.Context(), nil)
}

func (a *api) export(c *call) (any, error) {
	var ask struct {
		Password  string `json:"password"`
		Authority bool   `json:"authority"`
	}
	if err := c.body(&ask); err != nil {
		return nil, err
	}
	data, err := a.Export(ask.Password, ask.Authority)
	if err != nil {
		return nil, err
	}
	if ask.Authority {
		a.Log.Warn("the CA was exported with its key", "by", c.who.Name, "peer", c.peer().String())
	}
	return &attachment{"registrations.json", contentJSON, data}, nil
}

func (a *api) importFile(c *call) (any, error) {
	var ask struct {
		Password string `json:"password"`
		File     []byte `json:"file"` // base64
	}
	if err := c.body(&ask); err != nil {
		return nil, err
	}
	e, err := ParseExport(ask.File, ask.Password)
	if err != nil {
		return nil, err
	}
	changed, err := a.Import(c.Context(), e)
	if err != nil {
		return nil, err
	}
	hosts := []string{}
	for _, reg := range changed {
		hosts = append(hosts, reg.Host)
	}
	return map[string]any{"changed": hosts}, nil
}

func (a *api) answerExchange(c *call) (any, error) {
	var theirs digest
	if err := c.body(&theirs); err != nil {
		return nil, err
	}
	want, strange, err := a.joinDigest(c.Context(), &theirs)
	if err != nil {
		return nil, err
	}
	ours, err := a.digest()
	if err != nil {
		return nil, err
	}
	ours.Want, ours.Strange = want, strange
	return ours, nil
}

func (a *api) answerGive(c *call) (any, error) {
	var theirs registrations
	if err := c.body(&theirs); err != nil {
		return nil, err
	}
	return struct{}{}, a.take(c.Context(), theirs.Registrations)
}

func (a *api) answerTake(c *call) (any, error) {
	var ask serials
	if err := c.body(&ask); err != nil {
		return nil, err
	}
	if len(ask.Serials) > maxFiles {
		return nil, invalid(fmt.Sprintf("%d serial numbers in one message", len(ask.Serials)), fmt.Sprintf("at most %d", maxFiles), "ask in parts")
	}
	list, err := a.files(ask.Serials)
	return registrations{list}, err
}
