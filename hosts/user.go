package hosts

// userOf reads the user of blocks 158, 120 and 75, or of the login blocks 167 and
// its predecessors.
func (e *event) userOf() User {
	u := User{
		ID: e.u32("user_id", "id"), Name: e.text("username"), Domain: e.text("domain"),
		Protocol: e.u32("protocol", "application_id"), LastSeen: e.when, Reported: e.text("reported_by"),
	}
	if t := e.view.second("timestamp"); t != 0 {
		u.LastSeen = t
	}
	return u
}

// user handles record 94: a user was identified on a host.
func (e *event) user(h *host) { e.setUser(h, e.userOf()) }

// setUser merges a user. With the list full the one seen longest ago goes:
// terminal servers have many.
func (e *event) setUser(h *host, u User) {
	if old := find(h.Users, func(o *User) bool { return o.ID == u.ID }); old != nil {
		u.LastSeen = max(u.LastSeen, old.LastSeen)
		if u.Name == "" {
			u.Name = old.Name
		}
		if u.Domain == "" {
			u.Domain = old.Domain
		}
		*old = u
		return
	}
	if len(h.Users) >= maxUsers {
		oldest := &h.Users[0]
		for i := range h.Users {
			if h.Users[i].LastSeen < oldest.LastSeen {
				oldest = &h.Users[i]
			}
		}
		*oldest = u
		e.m.stats.Refused++
		return
	}
	grow(&h.Users, maxUsers, u)
}

// loginHost returns the host of a login: the block names it, or else the header.
func (e *event) loginHost() *host {
	a, ok := e.view.addr("ipv6_address")
	if !ok {
		a, ok = e.view.addr("ipv4_address", "ip_address")
	}
	if !ok {
		a, ok = e.ip, e.known
	}
	if !ok {
		return nil
	}
	return e.m.lookup(e.realm, a)
}

// login handles records 95 and 170. A login alone adds no host: it may be that of
// a VPN client anywhere.
func (e *event) login() {
	if h := e.loginHost(); h != nil {
		e.m.before(h)
		e.setUser(h, e.userOf())
		e.m.changed(h)
	}
}

// logoff handles record 171.
func (e *event) logoff() {
	if h := e.loginHost(); h != nil {
		id := e.userOf().ID
		e.m.before(h)
		drop(&h.Users, func(u *User) bool { return u.ID == id })
		e.m.changed(h)
	}
}

// userGone handles record 93: nobody has that user any more.
func (e *event) userGone() {
	id := e.userOf().ID
	is := func(u *User) bool { return u.ID == id }
	for i := range e.m.dense {
		h := e.m.dense[i].host
		if h.Space == e.space && h.Netmap == e.netmap && find(h.Users, is) != nil {
			e.m.before(h)
			drop(&h.Users, is)
			e.m.changed(h)
		}
	}
}
