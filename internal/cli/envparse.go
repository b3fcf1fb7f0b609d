package cli

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"unicode/utf8"
)

func readEnvFile(name string) (string, error) {
	info, err := os.Stat(name)
	if err != nil {
		return "", err
	}
	if !info.Mode().IsRegular() || info.Size() > maxEnvFile {
		return "", fmt.Errorf("found %v of %d bytes, expected a file of at most %d", info.Mode().Type(), info.Size(), maxEnvFile)
	}
	data, err := os.ReadFile(name)
	return string(data), err
}

// parseEnv reads an environment file as systemd.exec(5) describes it: NAME=VALUE, lines
// that begin with # or ; are comments, a backslash at the end of a line continues it,
// values may be quoted.
func parseEnv(text string) (map[string]string, error) {
	if !utf8.ValidString(text) {
		return nil, errors.New("found bytes that are not UTF-8, expected lines of text")
	}
	values := map[string]string{}
	lines := strings.Split(text, "\n")
	for i := 0; i < len(lines); i++ {
		at := i + 1
		line := strings.TrimSpace(strings.TrimSuffix(lines[i], "\r"))
		if line == "" || line[0] == '#' || line[0] == ';' {
			continue
		}
		for strings.HasSuffix(line, `\`) && i+1 < len(lines) {
			i++
			line = strings.TrimSuffix(line, `\`) + strings.TrimSpace(lines[i])
		}
		name, value, ok := strings.Cut(line, "=")
		if name = strings.TrimSpace(name); !ok || !envName(name) {
			return nil, fmt.Errorf("line %d: found %.40q, expected NAME=VALUE", at, line)
		}
		value, err := unquote(strings.TrimSpace(value))
		if err != nil {
			return nil, fmt.Errorf("line %d: %s: %w", at, name, err)
		}
		values[name] = value
	}
	return values, nil
}

func envName(s string) bool {
	return s != "" && (s[0] < '0' || s[0] > '9') && strings.Trim(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_") == ""
}

// unquote takes quotes off a value that is quoted as a whole. What is in double quotes
// may have escapes; a value without quotes stays as it is, so that the words of
// ESTREAM_OPTIONS keep theirs.
func unquote(s string) (string, error) {
	if len(s) < 2 || s[0] != '"' && s[0] != '\'' || strings.IndexByte(s[1:], s[0]) != len(s)-2 && s[0] == '\'' {
		return s, nil
	}
	if s[0] == '\'' {
		return s[1 : len(s)-1], nil
	}
	words, err := splitWords(s)
	if err != nil {
		return "", err
	}
	if len(words) != 1 {
		return s, nil // several quoted words
	}
	return words[0], nil
}

// splitWords splits at white space as a shell does: quotes keep words together, a
// backslash takes the next character as it is.
func splitWords(s string) (words []string, err error) {
	var word strings.Builder
	open, quote := false, rune(0)
	escaped := false
	for _, r := range s {
		switch {
		case escaped:
			if quote == '"' && !strings.ContainsRune("\"\\$`", r) {
				word.WriteByte('\\')
			}
			word.WriteRune(r)
			escaped = false
		case r == '\\' && quote != '\'':
			escaped, open = true, true
		case quote != 0:
			if r == quote {
				quote = 0
			} else {
				word.WriteRune(r)
			}
		case r == '"' || r == '\'':
			quote, open = r, true
		case r == ' ' || r == '\t' || r == '\n':
			if open {
				words = append(words, word.String())
				word.Reset()
				open = false
			}
		default:
			word.WriteRune(r)
			open = true
		}
	}
	switch {
	case quote != 0:
		return nil, fmt.Errorf("found a quote %c that is not closed in %.60q", quote, s)
	case escaped:
		return nil, fmt.Errorf("found a backslash at the end of %.60q, expected a character behind it", s)
	}
	if open {
		words = append(words, word.String())
	}
	return words, nil
}
