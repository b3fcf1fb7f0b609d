package admin

import (
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"time"

	"estream/pki"
)

// eventsBody is the role and the boxes.
type eventsBody struct {
	Revision uint64 `json:"revision"`
	Role     string `json:"role"`
	Boxes    []Box  `json:"boxes"`
}

func (a *api) events(c *call) (any, error) {
	set, err := a.Store.Settings()
	if err != nil {
		return nil, err
	}
	name, boxes, err := set.Events()
	if err != nil {
		return nil, err
	}
	c.w.Header().Set("ETag", etag(set))
	return eventsBody{set.Revision, name, boxes}, nil
}

// setEvents saves the role, the boxes, or both in one step.
func (a *api) setEvents(c *call) (any, error) {
	var ask struct {
		Role    *string   `json:"role"`
		Checked *[]string `json:"checked"`
	}
	if err := c.body(&ask); err != nil {
		return nil, err
	}
	if ask.Role == nil && ask.Checked == nil {
		return nil, invalid("neither role nor checked", "one of them, or both", "name what is to be changed")
	}
	err := a.Store.Update(c.Context(), func(set *Settings) error {
		if err := c.atRevision(set); err != nil {
			return err
		}
		if ask.Role != nil {
			if _, err := role(*ask.Role); err != nil {
				return err
			}
			set.Role = *ask.Role
		}
		if ask.Checked != nil {
			return set.setBoxes(*ask.Checked)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	a.look()
	return a.events(c)
}

// clientBody is one registration.
type clientBody struct {
	Host     string         `json:"host"`
	Serial   string         `json:"serial"`
	Created  time.Time      `json:"created"`
	NotAfter time.Time      `json:"not_after"`
	Revoked  time.Time      `json:"revoked,omitzero"`
	Domain   string         `json:"domain"`
	Devices  []string       `json:"devices"` // empty: all of the domain
	NetmapID bool           `json:"netmap_id"`
	Also     []netip.Prefix `json:"also"`
	AnyHost  bool           `json:"any_host"`
}

func bodyOf(c pki.Client) clientBody {
	b := clientBody{
		Host: c.Host, Serial: c.Serial, Created: c.Created, NotAfter: c.NotAfter, Revoked: c.Revoked,
		Domain: c.Domain, Devices: c.Devices, NetmapID: c.NetmapID, Also: c.Also, AnyHost: IsAnyHost(c),
	}
	if isGlobal(b.Domain) {
		b.Domain = Global
	}
	if b.Devices == nil {
		b.Devices = []string{}
	}
	if b.Also == nil {
		b.Also = []netip.Prefix{}
	}
	return b
}

func (a *api) clients(c *call) (any, error) {
	list, err := a.Authority.List()
	if err != nil {
		return nil, err
	}
	all := c.URL.Query().Get("all") == "true"
	clients := []clientBody{}
	for _, r := range list {
		if all || r.Revoked.IsZero() {
			clients = append(clients, bodyOf(r))
		}
	}
	return map[string]any{"clients": clients}, nil
}

func (a *api) addClient(c *call) (any, error) {
	var ask NewClient
	if err := c.body(&ask); err != nil {
		return nil, err
	}
	reg, err := a.AddClient(c.Context(), ask)
	if err != nil {
		return nil, err
	}
	a.look()
	at := apiPrefix + "/clients/" + url.PathEscape(reg.Client.Host)
	return &created{at, map[string]any{"client": bodyOf(reg.Client), "pkcs12": at + "/pkcs12", "warnings": append([]string{}, reg.Warnings...)}}, nil
}

func (a *api) client(c *call) (any, error) {
	reg, err := a.Client(c.PathValue("host"))
	if err != nil {
		return nil, err
	}
	return bodyOf(reg), nil
}

func (a *api) changeClient(c *call) (any, error) {
	var ask ClientChange
	if err := c.body(&ask); err != nil {
		return nil, err
	}
	reg, err := a.ChangeClient(c.Context(), c.PathValue("host"), ask)
	if err != nil {
		return nil, err
	}
	return bodyOf(reg), nil
}

func (a *api) removeClient(c *call) (any, error) {
	reg, err := a.RemoveClient(c.Context(), c.PathValue("host"))
	if err != nil {
		return nil, err
	}
	return bodyOf(reg), nil
}

// download returns the PKCS#12 file of a client as it was issued.
func (a *api) download(c *call) (any, error) {
	data, reg, err := a.Authority.Export(c.PathValue("host"))
	if err != nil {
		return nil, clientProblem(err, c.PathValue("host"))
	}
	// A colon is no character for a file's name everywhere.
	name := strings.ReplaceAll(reg.Host, ":", "-") + ".pkcs12"
	a.Log.Info("administration", "request", http.MethodGet+" "+c.URL.Path, "by", c.who.Name, "peer", c.peer().String())
	return &attachment{name, "application/x-pkcs12", data}, nil
}
