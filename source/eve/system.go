package eve

import (
	"bytes"

	"estream/hosts"
)

// agentSystems holds how operating systems show in user agents: what precedes the
// version. Those that carry the mark of others come first.
var agentSystems = []struct {
	mark         []byte
	vendor, name string
}{
	{[]byte("Windows Phone "), "Microsoft", "Windows Phone"}, {[]byte("Windows NT "), "Microsoft", "Windows"}, {[]byte("Android "), "Google", "Android"},
	{[]byte("CPU iPhone OS "), "Apple", "iOS"}, {[]byte("CPU OS "), "Apple", "iPadOS"}, {[]byte("Mac OS X "), "Apple", "Mac OS X"},
	{[]byte("CrOS "), "Google", "Chrome OS"}, {[]byte("Ubuntu"), "Canonical", "Ubuntu"}, {[]byte("FreeBSD"), "", "FreeBSD"}, {[]byte("Linux"), "", "Linux"},
}

// windowsNames holds what versions of Windows NT were sold as.
var windowsNames = map[string]string{
	"5.0": "2000", "5.1": "XP", "5.2": "Server 2003", "6.0": "Vista", "6.1": "7", "6.2": "8", "6.3": "8.1", "10.0": "10",
}

// systemOfAgent returns the operating system that a browser names in its user
// agent. It is what the program says, and no more certain than that.
func systemOfAgent(agent []byte) (os hosts.SeenOS) {
	if !bytes.HasPrefix(agent, []byte("Mozilla/")) {
		return os
	}
	for i := range agentSystems {
		s := &agentSystems[i]
		k := bytes.Index(agent, s.mark)
		if k < 0 {
			continue
		}
		os.Vendor, os.Name = s.vendor, s.name
		version := token(agent[k+len(s.mark):])
		switch {
		case len(version) > 16 || len(version) == 0 || version[0] < '0' || version[0] > '9':
		case s.name == "Windows":
			os.Version = windowsNames[string(version)]
		default:
			os.Version = string(bytes.ReplaceAll(version, []byte("_"), dot))
		}
		return os
	}
	return os
}

// bannerSystems holds what SSH implementations add to their version where a
// distribution built them.
var bannerSystems = []struct {
	mark         []byte
	vendor, name string
}{
	{[]byte("Ubuntu"), "Canonical", "Ubuntu"}, {[]byte("Debian"), "", "Debian"}, {[]byte("Raspbian"), "", "Raspbian"}, {[]byte("FreeBSD"), "", "FreeBSD"},
	{[]byte("NetBSD"), "", "NetBSD"}, {[]byte("for_Windows"), "Microsoft", "Windows"}, {[]byte("Cisco"), "Cisco", "IOS"},
}

// systemOfBanner returns the operating system that an SSH version gives away.
func systemOfBanner(version []byte) hosts.SeenOS {
	for i := range bannerSystems {
		if s := &bannerSystems[i]; bytes.Contains(version, s.mark) {
			return hosts.SeenOS{Vendor: s.vendor, Name: s.name}
		}
	}
	return hosts.SeenOS{}
}
