package config

import (
	"fmt"
	"reflect"
	"strings"
	"time"

	"estream/wire"
)

func (k *checker) sources() {
	servers := map[string]string{}
	for i := range k.Sources {
		s, key := &k.Sources[i], fmt.Sprintf("sources[%d]", i)
		if !k.fine(key) {
			continue
		}
		k.credentials(s, key)
		if s.TLSMin < "1.2" && k.ours(key+".tls_min") {
			k.warn(key+".tls_min", "TLS %s is broken and has been withdrawn; upgrade the Management Center if you can", s.TLSMin)
		}
		if s.Margin%time.Second != 0 && k.fine(key+".margin") {
			k.wrong(key+".margin", "found %s, expected whole seconds: archive time has no fractions", formatDuration(s.Margin))
		}
		if is6 := s.LocalAddress.Is6() && !s.LocalAddress.Is4In6(); s.LocalAddress.IsValid() && (s.AddressFamily == "ipv4" && is6 || s.AddressFamily == "ipv6" && !is6) {
			k.wrong(key+".local_address", "found %v, expected an address of the family that address_family demands, %s", s.LocalAddress, s.AddressFamily)
		}
		k.request(s, key+".request")
		server := strings.ToLower(fmt.Sprintf("%s:%d", s.Host, s.Port))
		if other := servers[server]; other != "" && k.fine(key+".host") && k.fine(key+".port") && s.Host != "" {
			k.warn(key+".host", "source %s has the same server, %s; both will receive its events", other, server)
		}
		servers[server] = s.Name
	}
}

// credentials: a PKCS#12 file, or a certificate and its key.
func (k *checker) credentials(s *Source, key string) {
	if !k.fine(key+".pkcs12", key+".certificate", key+".key", key+".password") {
		return
	}
	switch pem := s.Certificate != "" || s.Key != ""; {
	case s.PKCS12 != "" && pem:
		k.wrong(key+".pkcs12", "found pkcs12 beside certificate or key; expected one or the other: the PKCS#12 file holds both")
	case s.PKCS12 == "" && !pem:
		k.wrong(key+".pkcs12", "missing; expected the PKCS#12 file of this client, or certificate and key; the Management Center makes it under System > Integration > eStreamer")
	case pem && s.Certificate == "":
		k.wrong(key+".certificate", "missing; expected the certificate that belongs to key")
	case pem && s.Key == "":
		k.wrong(key+".key", "missing; expected the private key that belongs to certificate")
	case pem && !s.Password.IsZero():
		k.wrong(key+".password", "is for pkcs12, which is not given; private keys in PEM form are read without password")
	}
}

func (k *checker) request(s *Source, key string) {
	extended := wire.RequestFlags(s.Request.Flags).Has(wire.FlagExtendedRequest)
	if k.fine(key + ".flags") {
		if !wire.RequestFlags(s.Request.Flags).Has(wire.FlagArchiveTimestamp) {
			k.warn(key+".flags", "archive_timestamp is missing; without it events of a broken session come twice or not at all")
		}
		if wire.RequestFlags(s.Request.Flags).Has(wire.FlagNoEvents) {
			k.wrong(key+".flags", "found no_events, with which a server sends no event at all; remove it")
		}
	}
	newestOf, asked := reflect.New(reflect.TypeFor[Versions]()).Elem(), false
	defaults(newestOf) // the current set
	for _, f := range fieldsOf(newestOf.Type()) {
		at := key + ".versions." + f.key
		version, newest := reflect.ValueOf(s.Request.Versions).Field(f.index).Int(), newestOf.Field(f.index).Int()
		asked = asked || version > 0 || !k.fine(at)
		if !k.ours(at) {
			continue
		}
		if !extended && version != newest && k.fine(key+".flags") {
			k.wrong(at, "is for extended requests, and request.flags leaves extended_request out; add it there")
		} else if version > newest {
			k.warn(at, "version %d is newer than %d, the newest with a known layout; events of it are kept raw unless layouts has one", version, newest)
		}
	}
	if !asked && extended {
		k.wrong(key+".versions", "found none for every event class, expected at least one to ask for")
	}
}
