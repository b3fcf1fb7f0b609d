package encore

import (
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// Levels of eNcore that slog has no name for.
const (
	levelTrace   = slog.Level(-12)
	levelVerbose = slog.Level(-8)
	levelFatal   = slog.Level(12)
)

// levelOf returns the least level that is logged at a level of the configuration.
func levelOf(name string) slog.Level {
	switch name {
	case "TRACE":
		return levelTrace
	case "VERBOSE":
		return levelVerbose
	case "DEBUG":
		return slog.LevelDebug
	case "WARNING":
		return slog.LevelWarn
	case "ERROR":
		return slog.LevelError
	case "FATAL":
		return levelFatal
	}
	return slog.LevelInfo
}

// pythonLevel returns name and number of a level as Python's logging shows them.
func pythonLevel(l slog.Level) (string, int) {
	switch {
	case l >= levelFatal:
		return "CRITICAL", 50
	case l >= slog.LevelError:
		return "ERROR", 40
	case l >= slog.LevelWarn:
		return "WARNING", 30
	case l >= slog.LevelInfo:
		return "INFO", 20
	case l >= slog.LevelDebug:
		return "DEBUG", 10
	case l >= levelVerbose:
		return "Level 5", 5
	}
	return "Level 1", 1
}

// An entry is what a log line can show.
type entry struct {
	at      time.Time
	name    string // of the logger
	level   slog.Level
	message string
}

// A lineFormat is a compiled %-format of Python's logging package.
type lineFormat []linePart

type linePart struct {
	text  string // literal text if value is nil
	value func(*entry) any
	flags string // "-", "0", "+", " "
	width int
	prec  int // -1: none
	verb  byte
}

// attributes are what a format can name. Those that tell a place in eNcore's
// program have no meaning here and are the name of ours.
var attributes = map[string]func(*entry) any{
	"asctime":         func(e *entry) any { return e.at.Format("2006-01-02 15:04:05,000") },
	"created":         func(e *entry) any { return float64(e.at.UnixNano()) / 1e9 },
	"msecs":           func(e *entry) any { return float64(e.at.Nanosecond()) / 1e6 },
	"relativeCreated": func(e *entry) any { return float64(e.at.Sub(started).Nanoseconds()) / 1e6 },
	"name":            func(e *entry) any { return e.name },
	"levelname":       func(e *entry) any { s, _ := pythonLevel(e.level); return s },
	"levelno":         func(e *entry) any { _, n := pythonLevel(e.level); return n },
	"message":         func(e *entry) any { return e.message },
	"process":         func(*entry) any { return os.Getpid() },
	"processName":     func(e *entry) any { return e.name },
	"thread":          func(*entry) any { return 0 },
	"threadName":      func(*entry) any { return "MainThread" },
	"filename":        func(*entry) any { return filepath.Base(os.Args[0]) },
	"pathname":        func(*entry) any { return os.Args[0] },
	"module":          func(*entry) any { return "estream" },
	"funcName":        func(*entry) any { return "estream" },
	"lineno":          func(*entry) any { return 0 },
}

var started = time.Now()

// maxWidth bounds a field's width: formats come from a file.
const maxWidth = 1000

// compileFormat reads a format. The error says what is wrong in which place.
func compileFormat(s string) (lineFormat, error) {
	var f lineFormat
	for rest := s; rest != ""; {
		text, after, found := strings.Cut(rest, "%")
		if text != "" {
			f = append(f, linePart{text: text})
		}
		if !found {
			break
		}
		at := len(s) - len(after)
		if strings.HasPrefix(after, "%") {
			f, rest = append(f, linePart{text: "%"}), after[1:]
			continue
		}
		part, length, err := compilePart(after)
		if err != nil {
			return nil, fmt.Errorf("position %d: %w", at, err)
		}
		f, rest = append(f, part), after[length:]
	}
	return f, nil
}

// compilePart reads what follows a percent sign: (name)flags width.precision verb.
func compilePart(s string) (p linePart, length int, err error) {
	name, after, closed := strings.Cut(strings.TrimPrefix(s, "("), ")")
	if !strings.HasPrefix(s, "(") || !closed {
		return p, 0, fmt.Errorf("found %%%.10s, expected a name in parentheses such as %%(message)s", s)
	}
	if p.value = attributes[name]; p.value == nil {
		return p, 0, fmt.Errorf("found %%(%s), expected one of asctime, name, levelname, message, process", name)
	}
	flags := after[:len(after)-len(strings.TrimLeft(after, "-0+ #"))]
	p.flags, after = strings.ReplaceAll(flags, "#", ""), after[len(flags):]
	p.width, after = leadingNumber(after)
	p.prec = -1
	if digits, ok := strings.CutPrefix(after, "."); ok {
		p.prec, after = leadingNumber(digits)
	}
	if after == "" || !strings.Contains("sdifr", after[:1]) || p.width > maxWidth || p.prec > maxWidth {
		return p, 0, fmt.Errorf("found %%(%s)%.10s, expected s, d or f after a width up to %d", name, after, maxWidth)
	}
	p.verb = after[0]
	return p, len(s) - len(after) + 1, nil
}

func leadingNumber(s string) (int, string) {
	digits := s[:len(s)-len(strings.TrimLeft(s, "0123456789"))]
	if digits == "" {
		return 0, s
	}
	n, err := strconv.Atoi(digits)
	if err != nil {
		n = maxWidth + 1 // too large to be read, and to be allowed
	}
	return n, s[len(digits):]
}

// append appends the line of an entry without line end.
func (f lineFormat) append(dst []byte, e *entry) []byte {
	for i := range f {
		p := &f[i]
		if p.value == nil {
			dst = append(dst, p.text...)
			continue
		}
		dst = p.append(dst, p.value(e))
	}
	return dst
}

func (p *linePart) append(dst []byte, v any) []byte {
	number, isFloat := v.(float64)
	if n, ok := v.(int); ok {
		number = float64(n)
	}
	var text string
	_, isText := v.(string)
	switch {
	case isText:
		text = v.(string)
		if p.prec >= 0 {
			text = string([]rune(text)[:min(p.prec, len([]rune(text)))])
		}
	case p.verb == 'd' || p.verb == 'i' || !isFloat && p.verb != 'f':
		text = strconv.FormatInt(int64(number), 10)
	case p.verb == 'f':
		prec := p.prec
		if prec < 0 {
			prec = 6
		}
		text = strconv.FormatFloat(number, 'f', prec, 64)
	default:
		text = strconv.FormatFloat(number, 'f', -1, 64)
	}
	if !isText && strings.Contains(p.flags, "+") && !strings.HasPrefix(text, "-") {
		text = "+" + text
	}
	pad := max(0, p.width-len([]rune(text)))
	switch {
	case strings.Contains(p.flags, "-"):
		return append(append(dst, text...), strings.Repeat(" ", pad)...)
	case !isText && strings.Contains(p.flags, "0"):
		return append(append(dst, strings.Repeat("0", pad)...), text...)
	}
	return append(append(dst, strings.Repeat(" ", pad)...), text...)
}
