package doctor

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"net/url"
	"regexp"
	"slices"
	"strings"
)

// removed stands where a secret stood.
const removed = "[removed]"

// leastSecret is the length in bytes from which a secret is looked for by itself.
const leastSecret = 4

// A redactor removes secrets from text: the ones it was given, and what looks like
// one. It rather removes too much.
type redactor struct{ exact [][]byte }

var (
	// What must be there, in any case, for the last two expressions to match: they are
	// too slow for megabytes in which there is nothing to find.
	hints = []string{"authorization", "passw", "passphrase", "secret", "token", "key"}

	// Private keys in PEM form, also within JSON, and those of which the end is missing.
	pemKey = regexp.MustCompile(`(?s)-----BEGIN [A-Z0-9 ]*PRIVATE KEY-----.*?(?:-----END [A-Z0-9 ]*PRIVATE KEY-----|\z)`)
	pemEnd = regexp.MustCompile(`-----END [A-Z0-9 ]*PRIVATE KEY-----`)
	// User information of URLs; an "@" in the password is not always escaped.
	userInfo = regexp.MustCompile(`(://)[^\s/"'<>]+@`)
	// HTTP header lines, as they are logged or configured.
	authorization = regexp.MustCompile(`(?i)(authorization["']?\s*[:=]\s*["']?)[^\r\n"']+`)
	// The end of a name and its value in YAML, JSON, logfmt or a command line: quoted, a
	// YAML block scalar with its indented lines, or one word.
	named = regexp.MustCompile(`(?i)((?:passw(?:or)?d|passphrase|secret|token|api[_-]?key|private[_-]?key)[A-Z0-9_.-]*)(\\?["']?\s*[:=][ \t]*)([|>][+-]?[0-9]*[ \t]*\n(?:[ \t]+[^\n]*\n?)+|\\?"(?:[^"\\\n]|\\[^"\n])*\\?"|"(?:[^"\\]|\\.)*"|'(?:[^'\n]|'')*'|[^\s,;"'}\]]+)`)
)

func newRedactor(secrets []string) *redactor {
	r := new(redactor)
	for _, s := range secrets {
		if len(s) < leastSecret {
			continue
		}
		forms := []string{s, url.QueryEscape(s), url.PathEscape(s), url.UserPassword("", s).String()[1:],
			base64.StdEncoding.EncodeToString([]byte(s)), base64.RawStdEncoding.EncodeToString([]byte(s)),
			base64.URLEncoding.EncodeToString([]byte(s)), base64.RawURLEncoding.EncodeToString([]byte(s)),
			hex.EncodeToString([]byte(s)), strings.ToUpper(hex.EncodeToString([]byte(s)))}
		if quoted, err := json.Marshal(s); err == nil { // of a string there is none
			forms = append(forms, string(quoted[1:len(quoted)-1]))
		}
		var plain bytes.Buffer
		e := json.NewEncoder(&plain)
		e.SetEscapeHTML(false)
		if e.Encode(s) == nil {
			forms = append(forms, strings.Trim(plain.String(), "\"\n"))
		}
		for _, f := range forms {
			if len(f) >= leastSecret {
				r.exact = append(r.exact, []byte(f))
			}
		}
	}
	// The longest first, else a part of one is left over.
	slices.SortFunc(r.exact, func(a, b []byte) int {
		if len(a) != len(b) {
			return len(b) - len(a)
		}
		return bytes.Compare(a, b)
	})
	r.exact = slices.CompactFunc(r.exact, bytes.Equal)
	return r
}

// apply returns data without secrets and how many it removed. It may alter data.
func (r *redactor) apply(data []byte) (_ []byte, count int) {
	for _, s := range r.exact {
		if n := bytes.Count(data, s); n > 0 {
			count += n
			data = bytes.ReplaceAll(data, s, []byte(removed))
		}
	}
	replace := func(p *regexp.Regexp, with func(groups [][]byte) []byte) {
		data = p.ReplaceAllFunc(data, func(m []byte) []byte {
			text := with(p.FindSubmatch(m))
			if !bytes.Equal(text, m) {
				count++
			}
			return text
		})
	}
	replace(pemKey, func([][]byte) []byte { return []byte(removed) })
	data = cutKeyEnds(data, &count)
	replace(userInfo, func(g [][]byte) []byte { return slices.Concat(g[1], []byte(removed), []byte("@")) })
	lower := bytes.ToLower(data)
	if !slices.ContainsFunc(hints, func(h string) bool { return bytes.Contains(lower, []byte(h)) }) {
		return data, count
	}
	replace(authorization, func(g [][]byte) []byte { return slices.Concat(g[1], []byte(removed)) })
	replace(named, func(g [][]byte) []byte {
		if pointsElsewhere(string(g[1])) || bytes.Contains(g[3], []byte(removed)) {
			return g[0]
		}
		end := ""
		if bytes.HasSuffix(g[3], []byte("\n")) {
			end = "\n"
		}
		return slices.Concat(g[1], g[2], []byte(quotedLike(g[3])), []byte(end))
	})
	return data, count
}

// cutKeyEnds removes private keys of which the beginning is missing, because a log was
// cut there: the lines of base64 before their end mark.
func cutKeyEnds(data []byte, count *int) []byte {
	var out []byte
	at := 0
	for _, m := range pemEnd.FindAllIndex(data, -1) {
		from := m[0]
		for from > at && isBase64(data[from-1]) {
			from--
		}
		out = append(append(out, data[at:from]...), removed...)
		at = m[1]
		*count++
	}
	if at == 0 {
		return data
	}
	return append(out, data[at:]...)
}

// isBase64 reports whether c occurs in base64 text, white space and its escaped form
// in JSON included.
func isBase64(c byte) bool {
	return c >= 'A' && c <= 'Z' || c >= 'a' && c <= 'z' || c >= '0' && c <= '9' || strings.IndexByte("+/=\\ \t\r\n", c) >= 0
}

// pointsElsewhere reports whether a name like password_file says where a secret is
// rather than what it is.
func pointsElsewhere(name string) bool {
	name = strings.ToLower(name)
	for _, suffix := range []string{"file", "path", "env", "dir"} {
		if strings.HasSuffix(name, suffix) {
			return true
		}
	}
	return false
}

// quotedLike returns the mark in the quotes that value has, so that JSON stays JSON.
func quotedLike(value []byte) string {
	for _, q := range []string{`\"`, `"`, `'`} {
		if bytes.HasPrefix(value, []byte(q)) {
			return q + removed + q
		}
	}
	return removed
}
