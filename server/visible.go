package server

import "estream/server/access"

// Visible returns which hosts of a network map a client may see, as package hosts asks
// for it: by the domain and the managed device that spoke of the host last. nil: all.
// The result is for one request, and for one goroutine.
func (s *Server) Visible(rights access.Rights) func(space uint32, netmap uint16, device uint32) bool {
	if !rights.Restricted() {
		return nil
	}
	w := newSight(s, s.Journal.Set, rights)
	sources := s.Journal.Names.Sources()
	for _, source := range sources {
		s.Journal.Names.Of(source).Each(func(m []byte) { w.learn(source, m) })
	}
	return func(_ uint32, netmap uint16, device uint32) bool {
		for _, source := range sources {
			if _, named := w.devices[deviceKey{source, device}]; named && w.decide(view{source, device, netmap}) {
				return true
			}
		}
		return false
	}
}
