package fault

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
)

// A Spec is one fault, parsed. The zero value of a field that a kind does not
// take is all it ever has.
type Spec struct {
	Kind string
	Word string // the variant, such as "open" of bundle; "" for kinds that have none

	After   uint64 // events that pass before it
	Every   uint64 // strike again after so many events; 0: once in a session
	Times   uint64 // strikes in all sessions together; 0: no limit
	Session uint64 // only in this session, counted from 1; 0: in all
	Client  string // only for the client registered under this name; "": for all
	// AtInformation makes it strike at the streaming information and not at an event.
	AtInformation bool

	Inside  uint64        // bytes of the message that go out before; 0: none
	For     time.Duration // 0: until the client leaves
	Bytes   uint64        // length of what is inserted
	Seed    uint64        // of noise
	Add     int64         // to a length or sequence number
	Set     uint64        // value of a length, with HasSet
	HasSet  bool
	Type    uint64 // number of an unknown record or message
	Version uint64 // of a header
	Code    int64  // of an error message
	Text    string // of an error message
	Expires time.Duration

	text string
}

// String returns the text that the Spec was parsed from.
func (s *Spec) String() string { return s.text }

// MaxBytes bounds what one strike inserts.
const MaxBytes = 1 << 20

// Parse reads one fault. Errors name the part that is wrong and what is expected
// there.
func Parse(text string) (*Spec, error) {
	s, err := parse(text)
	if err != nil {
		return nil, fmt.Errorf("fault %q: %w", text, err)
	}
	return s, nil
}

func parse(text string) (*Spec, error) {
	name, rest, more := strings.Cut(text, ":")
	kind := kindOf(name)
	if kind == nil {
		return nil, fmt.Errorf("no kind %q; expected %s", name, strings.Join(kindNames(), ", "))
	}
	s := &Spec{Kind: kind.Name, text: text}
	if len(kind.Words) > 0 {
		s.Word = kind.Words[0].Name
	}
	kind.defaults(s)
	seen := map[string]bool{}
	for i, part := range strings.Split(rest, ",") {
		key, value, pair := strings.Cut(part, "=")
		switch {
		case !more:
		case pair && !slices.Contains(kind.keys(s.Word), key):
			return nil, fmt.Errorf("%s takes no %q; expected %s", kind.title(s.Word), key, strings.Join(kind.keys(s.Word), ", "))
		case pair && seen[key]:
			return nil, fmt.Errorf("%s is given twice", key)
		case pair:
			seen[key] = true
			if err := keys[key].set(s, value); err != nil {
				return nil, fmt.Errorf("%s=%s: %w", key, value, err)
			}
		case i > 0 || !kind.hasWord(part):
			return nil, fmt.Errorf("%q is no KEY=VALUE%s", part, kind.wordHint(i))
		default:
			s.Word = part
		}
	}
	return s, check(s, seen)
}

// check refuses what can never strike, or strikes otherwise than it reads.
func check(s *Spec, seen map[string]bool) error {
	switch {
	case s.AtInformation && (seen["after"] || seen["every"]):
		return errors.New("at=information comes before every event; after and every do not go with it")
	case s.AtInformation && (s.Kind == "bundle" || s.Kind == "unknown" && s.Word == "record" || s.Kind == "length" && s.Word != "message"):
		return fmt.Errorf("at=information has no record or bundle for %s to strike at", s.Kind)
	case s.Kind == "cert" && !seen["expires"]:
		return errors.New("expires=DURATION is missing, such as expires=2d")
	case seen["add"] && seen["set"]:
		return errors.New("add and set are given; expected one of them")
	case (s.Kind == "length" || s.Word == "sequence") && s.Add == 0 && !s.HasSet:
		return errors.New("add=0 changes nothing")
	}
	return nil
}

// A key is one KEY of the grammar.
type key struct {
	value string // what stands for the value in help
	help  string
	set   func(s *Spec, value string) error
}

var keys = map[string]key{
	"after":   {"N", "strike after N events (records) of the session", number(func(s *Spec) *uint64 { return &s.After }, 0, math.MaxUint32)},
	"every":   {"N", "and again after each N events", number(func(s *Spec) *uint64 { return &s.Every }, 1, math.MaxUint32)},
	"times":   {"N", "N times in all, then never again", number(func(s *Spec) *uint64 { return &s.Times }, 1, math.MaxUint32)},
	"session": {"N", "only in session N, as the log numbers them from 1", number(func(s *Spec) *uint64 { return &s.Session }, 1, math.MaxUint32)},
	"client":  {"HOST", "only for the client that is registered as HOST", word(func(s *Spec) *string { return &s.Client })},
	"at": {"information", "strike at the streaming information, not at an event", func(s *Spec, v string) error {
		if v != "information" {
			return errors.New("expected information")
		}
		s.AtInformation = true
		return nil
	}},
	"inside":  {"BYTES", "so many bytes of the message go out before", number(func(s *Spec) *uint64 { return &s.Inside }, 1, math.MaxUint32)},
	"for":     {"DURATION", "for so long (default: until the client leaves)", duration(func(s *Spec) *time.Duration { return &s.For }, true)},
	"bytes":   {"N", "length of what is inserted, at most 1 MiB", number(func(s *Spec) *uint64 { return &s.Bytes }, 0, MaxBytes)},
	"seed":    {"N", "another noise", number(func(s *Spec) *uint64 { return &s.Seed }, 0, math.MaxUint32)},
	"add":     {"N", "add N, which may be negative", integer(func(s *Spec) *int64 { return &s.Add }, 33)},
	"set":     {"N", "write N", setLength},
	"type":    {"N", "its number", number(func(s *Spec) *uint64 { return &s.Type }, 0, math.MaxUint16)},
	"version": {"N", "the version to write", number(func(s *Spec) *uint64 { return &s.Version }, 0, math.MaxUint16)},
	"code":    {"N", "code of the error message", integer(func(s *Spec) *int64 { return &s.Code }, 32)},
	"text":    {"TEXT", "text of the error message, without commas", word(func(s *Spec) *string { return &s.Text })},
	"expires": {"DURATION", "time to live; negative: expired since", duration(func(s *Spec) *time.Duration { return &s.Expires }, false)},
}

func number(field func(*Spec) *uint64, least, most uint64) func(*Spec, string) error {
	return func(s *Spec, v string) error {
		n, err := strconv.ParseUint(v, 0, 32)
		if err != nil || n < least || n > most {
			return fmt.Errorf("expected a number from %d to %d", least, most)
		}
		*field(s) = n
		return nil
	}
}

func integer(field func(*Spec) *int64, bits int) func(*Spec, string) error {
	return func(s *Spec, v string) error {
		n, err := strconv.ParseInt(v, 0, bits)
		if err != nil {
			return errors.New("expected a whole number of at most 32 bits")
		}
		*field(s) = n
		return nil
	}
}

func setLength(s *Spec, v string) error {
	n, err := strconv.ParseUint(v, 0, 32)
	if err != nil {
		return errors.New("expected a number of at most 32 bits")
	}
	s.Set, s.HasSet = n, true
	return nil
}

func word(field func(*Spec) *string) func(*Spec, string) error {
	return func(s *Spec, v string) error {
		if v == "" {
			return errors.New("nothing found, a text expected")
		}
		*field(s) = v
		return nil
	}
}

// duration takes what time.ParseDuration does, and whole days as "2d".
func duration(field func(*Spec) *time.Duration, positive bool) func(*Spec, string) error {
	return func(s *Spec, v string) error {
		d, err := time.ParseDuration(v)
		if days, ok := strings.CutSuffix(v, "d"); ok {
			var n int64
			n, err = strconv.ParseInt(days, 10, 16)
			d = time.Duration(n) * 24 * time.Hour
		}
		if err != nil || positive && d <= 0 {
			return errors.New("expected a duration such as 500ms, 30s, 12h or 2d")
		}
		*field(s) = d
		return nil
	}
}
