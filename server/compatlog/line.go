package compatlog

import (
	"log/slog"
	"strconv"
	"strings"
	"time"
	"unicode"
)

// maxText is the length in bytes at which the text of a line is cut. Receivers of
// syslog messages take 8 KiB, most of them.
const maxText = 4 << 10

// An Entry is one line, before it is laid out for a file or for syslog.
type Entry struct {
	At      time.Time
	Process uint64 // of the operating system, or the number of the session
	Program string
	Module  string
	Level   slog.Level
	Text    string
}

// appendTag appends the part of the line that files and syslog have in common, from
// "SF-IMS" to the end of the text.
func (e *Entry) appendTag(dst []byte) []byte {
	at := len(dst)
	dst = append(dst, "SF-IMS["...)
	dst = strconv.AppendUint(dst, e.Process, 10)
	dst = append(dst, "]: ["...)
	dst = strconv.AppendUint(dst, e.Process, 10)
	dst = append(dst, "] "...)
	dst = append(dst, e.Program...)
	dst = append(dst, ':')
	dst = append(dst, e.Module...)
	dst = append(dst, " ["...)
	dst = append(dst, levelName(e.Level)...)
	dst = append(dst, "] "...)
	dst = append(dst, oneLine(e.Text)...)
	if e.Level >= slog.LevelError {
		if indexFold(dst[at:], streamer) < 0 {
			dst = append(dst, " (eStreamer)"...)
		}
		return dst
	}
	if indexFold(dst[at:], streamer) >= 0 && indexFold(dst[at:], failure) >= 0 {
		return hyphenate(dst, at)
	}
	return dst
}

// The two words by which operators look for errors, see the package comment.
const streamer, failure = "estreamer", "error"

// hyphenate puts a hyphen into every "error" from at on, so that a search for it does
// not find the line, whereas a person still reads the word.
func hyphenate(dst []byte, at int) []byte {
	for {
		i := indexFold(dst[at:], failure)
		if i < 0 {
			return dst
		}
		at += i + len("err")
		dst = append(dst, 0)
		copy(dst[at+1:], dst[at:])
		dst[at] = '-'
	}
}

// indexFold returns where a word of ASCII letters in lower case is in line, in any
// case; -1: nowhere. All letters of the two words have one lower case form.
func indexFold(line []byte, word string) int {
	for i := 0; i+len(word) <= len(line); i++ {
		j := 0
		for j < len(word) && line[i+j]|0x20 == word[j] {
			j++
		}
		if j == len(word) {
			return i
		}
	}
	return -1
}

func levelName(l slog.Level) string {
	switch {
	case l >= slog.LevelError:
		return "ERROR"
	case l >= slog.LevelWarn:
		return "WARN"
	case l >= slog.LevelInfo:
		return "INFO"
	}
	return "DEBUG"
}

// oneLine returns s fit for one line of a log: control characters become "?", and what
// is longer than any message of ours is cut.
func oneLine(s string) string {
	if len(s) > maxText {
		s = strings.ToValidUTF8(s[:maxText], "") + "..."
	}
	return strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) && r != unicode.ReplacementChar {
			return r
		}
		return '?'
	}, s)
}

// maxName is the length in bytes of the longest name a line shows. Names of registered
// clients have at most 253.
const maxName = 256

// name makes a name that a peer may have chosen fit for the middle of a line.
func name(s string) string {
	if s == "" {
		return `""`
	}
	if len(s) > maxName {
		s = strings.ToValidUTF8(s[:maxName], "") + "..."
	}
	return oneLine(s)
}
