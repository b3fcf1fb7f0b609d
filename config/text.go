package config

import (
	"encoding/hex"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// maxText bounds every text but filter expressions, in bytes.
const maxText = 4096

// A textRule says what a text is for. check returns it in the form that counts.
type textRule struct {
	what  string
	check func(text string) (string, error)
}

var textRules = map[string]textRule{
	"":           {"text without control characters, of at most 4096 bytes", plainText},
	"name":       {"a name of letters, digits, -, _ and ., of at most 64 characters, beginning with a letter or digit", matching(`[A-Za-z0-9][A-Za-z0-9._-]{0,63}`)},
	"path":       {"the path of a file or directory", filePath},
	"host":       {"a host name or an IP address, without port", hostName},
	"listen":     {"ADDRESS:PORT such as 127.0.0.1:9302, or :9302 for all addresses", listenAddress},
	"stream":     {"unix:PATH, unixgram:PATH or tcp:ADDRESS:PORT", streamAddress},
	"network":    {"a network such as 10.0.0.0/8 or 2001:db8::/32", network},
	"uuid":       {"a UUID such as 12345678-9abc-def0-1234-56789abcdef0", uuid},
	"pin":        {"auto, first-use, or sha256: and the 64 hexadecimal digits of the certificate's fingerprint", pin},
	"variable":   {"the name of an environment variable", matching(`[A-Za-z_][A-Za-z0-9_]{0,254}`)},
	"credential": {"the name of a systemd credential, not a path", matching(`[A-Za-z0-9_][A-Za-z0-9._-]{0,254}`)},
	"facility":   {"one of " + strings.Join(facilities, ", ") + ", or a number from 0 to 23", facility},
	"ascii32":    {"visible ASCII characters without spaces, at most 32", matching(`[!-~]{1,32}`)},
	"ascii48":    {"visible ASCII characters without spaces, at most 48", matching(`[!-~]{1,48}`)},
	"ascii128":   {"visible ASCII characters without spaces, at most 128", matching(`[!-~]{1,128}`)},
	"ascii255":   {"visible ASCII characters without spaces, at most 255", matching(`[!-~]{1,255}`)},
	"device":     {"a managed device's name, UUID or address", nonEmpty},
	"domain":     {"a domain's name or number", nonEmpty},
	"field":      {"the name of an HTTP header field", matching("[A-Za-z0-9!#$%&'*+.^_`|~-]{1,128}")},
	"header":     {"text without control characters, of at most 4096 bytes", plainText},
	"where":      {"a filter expression of at most 65536 bytes", expression},
}

// facilities are the syslog facilities in the order of their numbers.
var facilities = []string{
	"kern", "user", "mail", "daemon", "auth", "syslog", "lpr", "news", "uucp", "cron", "authpriv", "ftp",
	"ntp", "audit", "alert", "clock", "local0", "local1", "local2", "local3", "local4", "local5", "local6", "local7",
}

func matching(pattern string) func(string) (string, error) {
	re := regexp.MustCompile(`^(?:` + pattern + `)$`)
	return func(text string) (string, error) {
		if !re.MatchString(text) {
			return "", errForm
		}
		return text, nil
	}
}

func plainText(text string) (string, error) {
	if len(text) > maxText || strings.ContainsFunc(text, unicode.IsControl) || !utf8.ValidString(text) {
		return "", errForm
	}
	return text, nil
}

func nonEmpty(text string) (string, error) {
	if text == "" {
		return "", errForm
	}
	return plainText(text)
}

func filePath(text string) (string, error) {
	if strings.HasPrefix(text, "~") {
		return "", fmt.Errorf("found %q, expected a path without ~, which only a shell replaces; write the home directory out", clip(text))
	}
	return nonEmpty(text)
}

var hostPattern = regexp.MustCompile(`^[\pL\pN_]([\pL\pN_.-]*[\pL\pN_.])?$`)

// hostName accepts names with characters beyond ASCII, and underscores: resolvers
// know more than the standards.
func hostName(text string) (string, error) {
	bare := strings.TrimSuffix(strings.TrimPrefix(text, "["), "]")
	if a, err := netip.ParseAddr(bare); err == nil {
		return a.String(), nil
	}
	if host, port, err := net.SplitHostPort(text); err == nil && host != "" && port != "" {
		return "", fmt.Errorf("found %q, expected a host name or an IP address alone; the port has a key of its own, port: %s", clip(text), clip(port))
	}
	// A name of digits and dots only is an address with a mistake in it.
	if len(text) > 253 || !hostPattern.MatchString(text) || strings.Trim(text, "0123456789.") == "" {
		return "", errForm
	}
	return text, nil
}

func listenAddress(text string) (string, error) {
	host, port, err := net.SplitHostPort(text)
	n, perr := strconv.ParseUint(port, 10, 16)
	if err != nil || perr != nil || n == 0 {
		return "", errForm
	}
	if host != "" {
		if host, err = hostName(host); err != nil {
			return "", errForm
		}
	}
	return net.JoinHostPort(host, strconv.FormatUint(n, 10)), nil
}

// streamAddress is where a sensor connects to; a socket's path is absolute, as
// nothing makes it relative to the file.
func streamAddress(text string) (string, error) {
	kind, rest, _ := strings.Cut(text, ":")
	switch {
	case kind == "tcp":
		address, err := listenAddress(rest)
		return "tcp:" + address, err
	case (kind == "unix" || kind == "unixgram") && filepath.IsAbs(rest):
		return text, nil
	case kind == "unix" || kind == "unixgram":
		return "", fmt.Errorf("found %q, expected an absolute path behind %s and a colon", clip(text), kind)
	}
	return "", errForm
}

func network(text string) (string, error) {
	p, err := netip.ParsePrefix(text)
	if err != nil {
		return "", errForm
	}
	return p.Masked().String(), nil
}

var uuidPattern = regexp.MustCompile(`^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$`)

func uuid(text string) (string, error) {
	if text = strings.ToLower(text); !uuidPattern.MatchString(text) {
		return "", errForm
	}
	return text, nil
}

func pin(text string) (string, error) {
	if text == "auto" || text == "first-use" {
		return text, nil
	}
	digits, found := strings.CutPrefix(text, "sha256:")
	digits = strings.ToLower(strings.ReplaceAll(digits, ":", ""))
	if sum, err := hex.DecodeString(digits); !found || err != nil || len(sum) != 32 {
		return "", errForm
	}
	return "sha256:" + digits, nil
}

func facility(text string) (string, error) {
	if n, err := strconv.ParseUint(text, 10, 8); err == nil && n < uint64(len(facilities)) {
		return facilities[n], nil
	}
	for _, name := range facilities {
		if text == name {
			return name, nil
		}
	}
	return "", errForm
}

var errEmptyExpression = errors.New("found nothing, expected a filter expression; remove the key to choose everything")

func expression(text string) (string, error) {
	switch {
	case strings.TrimSpace(text) == "":
		return "", errEmptyExpression
	case len(text) > 64<<10:
		return "", fmt.Errorf("found an expression of %d bytes, expected at most 65536", len(text))
	}
	return text, nil
}

// clip makes text fit for a message: one line, not long, and without what passes
// for a password.
func clip(text string) string {
	const most = 60
	text = strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return ' '
		}
		return r
	}, withoutSecrets(text))
	if utf8.RuneCountInString(text) > most {
		return string([]rune(text)[:most]) + "..."
	}
	return text
}
