package config

import "fmt"

// ends: something has to come in, and something to go out.
func (k *checker) ends() {
	if k.fine("sources", "sensors") && len(k.Sources)+len(k.Sensors) == 0 {
		k.wrong("sources", "missing; expected a list with at least one Management Center, or sensors")
	}
	if k.fine("outputs", "server") && len(k.Outputs) == 0 && k.Server == nil {
		k.wrong("outputs", "missing; expected a list with at least one output, or a server")
	}
}

func (k *checker) sensors() {
	seen := map[string]string{}
	for i := range k.Sensors {
		s, key := &k.Sensors[i], fmt.Sprintf("sensors[%d]", i)
		if !k.fine(key) {
			continue
		}
		switch {
		case !k.fine(key+".path", key+".listen", key+".type"):
		case s.Path != "" && s.Listen != "":
			k.wrong(key+".listen", "found listen beside path; expected one or the other")
		case s.Listen != "" && s.Type != EVE:
			k.wrong(key+".listen", "is for type eve; %s is read from path", s.Type)
		case s.Path == "" && s.Listen == "" && s.Type == Unified2:
			k.wrong(key+".path", "missing; expected the directory with the sensor's unified2 files, or one file")
		case s.Path == "" && s.Listen == "":
			k.wrong(key+".path", "missing; expected the file that the sensor writes")
		}
		what := s.Path + s.Listen
		if other := seen[what]; other != "" && what != "" && k.fine(key+".path", key+".listen") {
			k.warn(key+".path", "sensor %s reads the same, %s; every event will come twice", other, what)
		}
		seen[what] = s.Name
	}
}

func (k *checker) server() {
	if k.Server == nil || !k.fine("server") {
		return
	}
	used := map[string]string{}
	note := func(key, address string) {
		if address == "" || !k.fine(key) {
			return
		}
		if other := used[address]; other != "" {
			k.wrong(key, "found %s, which %s has already; expected another address or port", address, other)
			return
		}
		used[address] = key
	}
	note("monitoring.listen", k.Monitoring.Listen)
	if k.fine("server.listen") && len(k.Server.Listen) == 0 {
		k.wrong("server.listen", "found an empty list, expected addresses to listen on, such as \":8302\"")
	}
	for i, address := range k.Server.Listen {
		note(fmt.Sprintf("server.listen[%d]", i), address)
	}
	note("server.admin", k.Server.Admin)
}
