package pki

import "slices"

// Lookup returns the registration with a serial number as it is on disk now, revoked
// or not; false when there is none.
func (a *Authority) Lookup(serial string) (Client, bool, error) {
	reg, err := a.registry()
	if err != nil {
		return Client{}, false, err
	}
	i, ok := reg.bySerial[serial]
	if !ok {
		return Client{}, false, nil
	}
	return reg.clients[i], true, nil
}

// A Revision is a state of the registrations; the zero value is that of none.
type Revision struct{ reg *registry }

// Equal reports whether two states are the same.
func (r Revision) Equal(o Revision) bool {
	if r.reg == o.reg {
		return true
	}
	// A file is read again for some seconds after each change, see seen.
	return r.reg != nil && o.reg != nil && slices.EqualFunc(r.reg.clients, o.reg.clients, same)
}

// Revision returns the state that is on disk now. Its cost is that of [Authority.List]
// without the list: a stat while the file does not change.
func (a *Authority) Revision() (Revision, error) {
	reg, err := a.registry()
	return Revision{reg}, err
}
