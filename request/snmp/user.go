package snmp

import (
	"errors"
	"fmt"
	"strings"

	"github.com/gosnmp/gosnmp"
)

// Protocols by their usual names, without hyphens.
var (
	authProtocols = map[string]gosnmp.SnmpV3AuthProtocol{
		"MD5": gosnmp.MD5, "SHA": gosnmp.SHA, "SHA1": gosnmp.SHA,
		"SHA224": gosnmp.SHA224, "SHA256": gosnmp.SHA256, "SHA384": gosnmp.SHA384, "SHA512": gosnmp.SHA512,
	}
	privProtocols = map[string]gosnmp.SnmpV3PrivProtocol{
		"DES": gosnmp.DES, "AES": gosnmp.AES, "AES128": gosnmp.AES,
		"AES192": gosnmp.AES192, "AES256": gosnmp.AES256, "AES192C": gosnmp.AES192C, "AES256C": gosnmp.AES256C,
	}
)

const (
	defaultAuth = "SHA-256"
	defaultPriv = "AES"
	minPassword = 8 // RFC 3414 section 11.2; net-snmp takes nothing shorter
	maxUser     = 32
)

// security checks the options that concern version 3 and returns the user's
// parameters and the security level. No error holds a password.
func (o *Options) security() (*gosnmp.UsmSecurityParameters, gosnmp.SnmpV3MsgFlags, error) {
	if o.User == "" {
		return nil, 0, errors.New("snmp: version 3 needs a user")
	}
	if len(o.User) > maxUser {
		return nil, 0, fmt.Errorf("snmp: user %.40q has %d bytes, expected %d at most", o.User, len(o.User), maxUser)
	}
	usm := &gosnmp.UsmSecurityParameters{
		UserName:               o.User,
		AuthenticationProtocol: gosnmp.NoAuth, PrivacyProtocol: gosnmp.NoPriv,
		AuthenticationPassphrase: o.AuthPassword, PrivacyPassphrase: o.PrivPassword,
	}
	level := gosnmp.NoAuthNoPriv
	if o.AuthPassword != "" || o.AuthProtocol != "" {
		p, err := protocol(authProtocols, "authentication", o.AuthProtocol, defaultAuth, "MD5, SHA, SHA-224, SHA-256, SHA-384 or SHA-512", o.AuthPassword)
		if err != nil {
			return nil, 0, err
		}
		usm.AuthenticationProtocol, level = p, gosnmp.AuthNoPriv
	}
	if o.PrivPassword != "" || o.PrivProtocol != "" {
		if level == gosnmp.NoAuthNoPriv {
			return nil, 0, errors.New("snmp: privacy without authentication: version 3 has no such security level: give an authentication password, too")
		}
		p, err := protocol(privProtocols, "privacy", o.PrivProtocol, defaultPriv, "DES, AES, AES-192, AES-256, AES-192C or AES-256C", o.PrivPassword)
		if err != nil {
			return nil, 0, err
		}
		usm.PrivacyProtocol, level = p, gosnmp.AuthPriv
	}
	return usm, level, nil
}

// protocol finds a protocol by its name and checks the password that goes with it.
func protocol[P any](known map[string]P, what, name, usual, names, password string) (p P, err error) {
	if name == "" {
		name = usual
	}
	p, ok := known[strings.ReplaceAll(strings.ToUpper(name), "-", "")]
	if !ok {
		return p, fmt.Errorf("snmp: %s protocol %q: expected %s", what, name, names)
	}
	if len(password) < minPassword {
		return p, fmt.Errorf("snmp: the %s password has %d characters, expected %d or more", what, len(password), minPassword)
	}
	return p, nil
}

// refuseV3 returns an error if options are set that version 2c has no use for.
func (o *Options) refuseV3() error {
	for _, f := range []struct{ name, value string }{
		{"user", o.User}, {"authentication protocol", o.AuthProtocol}, {"authentication password", o.AuthPassword},
		{"privacy protocol", o.PrivProtocol}, {"privacy password", o.PrivPassword}, {"engine id", o.EngineID}, {"state file", o.State},
	} {
		if f.value != "" {
			return fmt.Errorf("snmp: the %s belongs to version 3, and the version is 2c", f.name)
		}
	}
	return nil
}
