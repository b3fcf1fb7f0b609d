package daemon

import (
	"net/netip"
	"slices"

	"estream/doctor"
	"estream/service"
)

// receiveQueue returns how many bytes the kernel holds for a source that the
// collector has not read, false where it cannot tell.
func (d *Daemon) receiveQueue(source string) (int, bool) {
	sources := d.sources.Load()
	if sources == nil {
		return 0, false
	}
	i := slices.IndexFunc(*sources, func(s *service.Source) bool { return s.Name == source })
	if i < 0 || (*sources)[i].Feed != nil {
		return 0, false
	}
	text := (*sources)[i].Stats().Remote.Load()
	if text == nil {
		return 0, false
	}
	remote, err := netip.ParseAddrPort(*text)
	if err != nil {
		return 0, false
	}
	remote = netip.AddrPortFrom(remote.Addr().Unmap(), remote.Port())
	sockets, err := doctor.Sockets()
	if err != nil {
		return 0, false // the doctor says why; here it is one hint among others
	}
	for _, s := range sockets {
		if netip.AddrPortFrom(s.Remote.Addr().Unmap(), s.Remote.Port()) == remote {
			return int(s.Receive), true
		}
	}
	return 0, false
}
