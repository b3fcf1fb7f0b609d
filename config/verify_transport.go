package config

import (
	"slices"
	"strings"
)

// syslog: header, prefix and framing have to go together.
func (k *checker) syslog(o *Output, key string) {
	s, at := o.Syslog, key+".syslog"
	if !k.fine(at) {
		return
	}
	if f := at + ".framing"; k.ours(f) {
		switch o.To.Kind {
		case ToSyslogTCP:
		case ToSyslogTLS:
			if s.Framing != "octet-counting" {
				k.wrong(f, "found %s, expected octet-counting with to: %v: RFC 5425 knows no other", s.Framing, o.To)
			}
		default:
			k.wrong(f, "does nothing with to: %v, which frames messages by itself; remove the key", o.To)
		}
	}
	if app := at + ".app_name"; s.Header == "rfc3164" && k.ours(app) && k.fine(at+".header") && (len(s.AppName) > 32 || strings.ContainsAny(s.AppName, ":[")) {
		k.wrong(app, "found %q, expected at most 32 characters without : and [ with header: rfc3164", s.AppName)
	}
	if !k.fine(at+".header", key+".format", key+".prefix") {
		return
	}
	if s.Header == noHeader {
		for _, name := range []string{"facility", "severity", "hostname", "app_name", "proc_id", "msg_id"} {
			if key := at + "." + name; k.ours(key) && changed(s, name) {
				k.wrong(key, "does nothing with header: none; remove one of them")
			}
		}
		if own := slices.Contains(prefixed, o.Format) && (o.Prefix == nil || strings.HasPrefix(*o.Prefix, "<")); !own {
			k.wrong(at+".header", "found none, and the lines begin with no syslog header of their own; expected rfc5424 or rfc3164, or format cef or cef2 without prefix, or with one that begins with <PRIORITY>")
		}
	} else if o.Prefix != nil && strings.HasPrefix(*o.Prefix, "<") {
		k.warn(key+".prefix", "begins like a syslog header, and syslog.header is not none: each line will have two headers")
	}
}

// batches: secrets stand nowhere but in files, and a request has one Authorization.
func (k *checker) batches(o *Output, key string) {
	b := o.HTTP
	if !k.fine(key) {
		return
	}
	if at := key + ".body"; k.ours(at) && b.Body == "array" && o.Format != "json" && o.Format != "" {
		k.wrong(at, "found array with format: %s, whose lines are no JSON; expected ndjson, or format: json", o.Format)
	}
	if user, password := key+".user", key+".password"; k.fine(user, password) && (b.User == "") != b.Password.IsZero() {
		k.wrong(k.either(user, password), "found one of user and password, expected both or none")
	}
	if token := key + ".token"; k.fine(token, key+".user") && !b.Token.IsZero() && b.User != "" {
		k.wrong(token, "found token beside user; expected one or the other: a request has one Authorization field")
	}
	for _, name := range sortedKeys(b.Headers) {
		at := join(key+".headers", name)
		switch lower := strings.ToLower(name); {
		case containsAny(lower, secretWords):
			k.wrong(at, "is likely to be a secret (not shown); expected it in secret_headers, where its value comes from a file, the environment or a credential")
		case slices.Contains(ownHeaders, lower):
			k.wrong(at, "is set by the output itself; remove it")
		}
	}
	for _, name := range sortedKeys(b.SecretHeaders) {
		at, lower := join(key+".secret_headers", name), strings.ToLower(name)
		switch {
		case lower == "authorization" && (!b.Token.IsZero() || b.User != ""):
			k.wrong(at, "found Authorization beside token or user; expected one of them")
		case slices.Contains(ownHeaders, lower):
			k.wrong(at, "is set by the output itself; remove it")
		}
	}
	if o.To.Kind == ToHTTP && (!b.Token.IsZero() || !b.Password.IsZero() || len(b.SecretHeaders) > 0) {
		k.warn(key, "secrets are sent in the clear to an http destination; use https")
	}
}

// query: a secret in a URL is in everything that names the destination.
func (k *checker) query(o *Output, key string) {
	if o.To.Kind != ToHTTP && o.To.Kind != ToHTTPS {
		return
	}
	if _, query, _ := strings.Cut(o.To.Path, "?"); containsAny(strings.ToLower(query), secretWords) {
		k.warn(key+".to", "has what looks like a secret behind the ?, where everything shows it that names the destination; use http.token or http.secret_headers if the service knows them")
	}
}

func containsAny(text string, words []string) bool {
	return slices.ContainsFunc(words, func(word string) bool { return strings.Contains(text, word) })
}

// secretWords are in names of header fields and parameters that carry secrets.
var secretWords = []string{"authorization", "token", "secret", "password", "passwd", "api-key", "apikey", "api_key", "cookie", "credential", "access-key"}

// ownHeaders are what an output decides about its requests, in lower case.
var ownHeaders = []string{"content-length", "content-encoding", "host", "transfer-encoding", "connection"}
