package fault

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestParse(t *testing.T) {
	for text, want := range map[string]Spec{
		"drop":                                  {Kind: "drop"},
		"drop:after=1000":                       {Kind: "drop", After: 1000},
		"drop:after=10,inside=20":               {Kind: "drop", After: 10, Inside: 20},
		"close:times=3,session=2":               {Kind: "close", Times: 3, Session: 2},
		"error":                                 {Kind: "error", Code: 19, Text: "No space"},
		"error:code=-1,text=going down":         {Kind: "error", Code: -1, Text: "going down"},
		"stall:after=500,for=30s":               {Kind: "stall", After: 500, For: 30 * time.Second},
		"garbage:bytes=8,seed=7,client=::1":     {Kind: "garbage", Bytes: 8, Seed: 7, Client: "::1"},
		"length":                                {Kind: "length", Word: "message", Add: 1},
		"length:block,add=-4,every=100":         {Kind: "length", Word: "block", Add: -4, Every: 100},
		"length:message,set=0xfffffff0":         {Kind: "length", Word: "message", Add: 1, Set: 0xfffffff0, HasSet: true},
		"header:version=2,at=information":       {Kind: "header", Version: 2, AtInformation: true},
		"unknown":                               {Kind: "unknown", Word: "record", Type: 9999, Bytes: 32},
		"unknown:message,type=4711,bytes=0":     {Kind: "unknown", Word: "message", Type: 4711},
		"bundle":                                {Kind: "bundle", Word: "open", Add: 1, Version: 1},
		"bundle:open,for=1m30s":                 {Kind: "bundle", Word: "open", Add: 1, Version: 1, For: 90 * time.Second},
		"bundle:inner,version=1":                {Kind: "bundle", Word: "inner", Add: 1, Version: 1},
		"bundle:sequence,add=-2":                {Kind: "bundle", Word: "sequence", Add: -2, Version: 1},
		"duplicate:every=10":                    {Kind: "duplicate", Every: 10},
		"keepalive:off":                         {Kind: "keepalive", Word: "off"},
		"keepalive":                             {Kind: "keepalive", Word: "off"},
		"cert:expires=2d":                       {Kind: "cert", Expires: 48 * time.Hour},
		"cert:expires=-12h":                     {Kind: "cert", Expires: -12 * time.Hour},
		"unknown:record,bytes=1048576,type=0x1": {Kind: "unknown", Word: "record", Type: 1, Bytes: MaxBytes},
	} {
		got, err := Parse(text)
		if err != nil {
			t.Errorf("%v", err)
			continue
		}
		want.text = text
		if *got != want {
			t.Errorf("%s: got %+v, want %+v", text, *got, want)
		}
		if got.String() != text {
			t.Errorf("%s prints as %s", text, got)
		}
	}
}

// What cannot strike, or has a part that does nothing, is refused, and the error
// says what is expected.
func TestParseErrors(t *testing.T) {
	for text, want := range map[string]string{
		"":                            `no kind ""; expected drop, close, error, stall,`,
		"crash":                       `no kind "crash"; expected drop,`,
		"drop:":                       `"" is no KEY=VALUE`,
		"drop:later":                  `"later" is no KEY=VALUE`,
		"drop:for=1s":                 `drop takes no "for"; expected inside, after, every, at, session, client, times`,
		"bundle:empty,for=1s":         `bundle:empty takes no "for"; expected after,`,
		"bundle:shut":                 `"shut" is no KEY=VALUE and none of open, empty, inner, sequence`,
		"bundle:after=1,open":         `"open" is no KEY=VALUE`,
		"drop:after=-1":               "after=-1: expected a number from 0 to 4294967295",
		"drop:after=1,after=2":        "after is given twice",
		"drop:times=0":                "times=0: expected a number from 1",
		"drop:session=0":              "session=0: expected a number from 1",
		"drop:client=":                "client=: nothing found, a text expected",
		"drop:at=event":               "at=event: expected information",
		"drop:at=information,after=1": "at=information comes before every event",
		"bundle:open,at=information":  "at=information has no record or bundle",
		"unknown:at=information":      "at=information has no record",
		"length:add=0":                "add=0 changes nothing",
		"bundle:sequence,add=0":       "add=0 changes nothing",
		"length:add=1,set=2":          "add and set are given",
		"length:set=-1":               "set=-1: expected a number of at most 32 bits",
		"error:code=4294967296":       "code=4294967296: expected a whole number",
		"stall:for=0s":                "for=0s: expected a duration such as",
		"stall:for=-1s":               "for=-1s: expected a duration",
		"stall:for=5":                 "for=5: expected a duration",
		"garbage:bytes=1048577":       "bytes=1048577: expected a number from 0 to 1048576",
		"unknown:type=65536":          "type=65536: expected a number from 0 to 65535",
		"keepalive:after=1":           `keepalive:off takes no "after"; expected session, client, times`,
		"keepalive:on":                `"on" is no KEY=VALUE and none of off`,
		"cert":                        "expires=DURATION is missing",
		"cert:expires=soon":           "expires=soon: expected a duration",
		"cert:expires=2d,session=1":   `cert takes no "session"; expected expires`,
	} {
		s, err := Parse(text)
		if err == nil {
			t.Errorf("%s: got %+v, want an error", text, *s)
			continue
		}
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %q", text, err, want)
		}
	}
}

// Errors of all faults come at once.
func TestNewPlan(t *testing.T) {
	_, err := NewPlan([]string{"drop", "crash", "stall:for=x", "cert:expires=1d", "cert:expires=2d"}, nil)
	for _, want := range []string{`fault "crash"`, `fault "stall:for=x"`, "cert is given twice"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q", err, want)
		}
	}
	if _, err := NewPlan([]string{"drop", "help"}, nil); !errors.Is(err, ErrHelp) || !strings.Contains(err.Error(), "keepalive") {
		t.Errorf("help: got %v", err)
	}
	p, err := NewPlan([]string{"drop", "cert:expires=-1h"}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if d, ok := p.Certificate(); !ok || d != -time.Hour {
		t.Errorf("certificate: got %v, %v", d, ok)
	}
}

// Every key and word that help shows is one that Parse takes.
func TestHelp(t *testing.T) {
	help := Help()
	used := map[string]bool{}
	for _, k := range Kinds() {
		words := k.Words
		if len(words) == 0 {
			words = []Word{{}}
		}
		for _, w := range words {
			if !strings.Contains(help, "  "+k.Name) || !strings.Contains(help, w.Help) {
				t.Errorf("help has no %s", k.title(w.Name))
			}
			for _, name := range k.keys(w.Name) {
				used[name] = true
				if !strings.Contains(help, name+"="+keys[name].value) {
					t.Errorf("help has no %s of %s", name, k.title(w.Name))
				}
			}
		}
	}
	for name := range keys {
		if !used[name] {
			t.Errorf("no kind takes %s", name)
		}
	}
	for line := range strings.Lines(help) {
		if len(line) > 110 {
			t.Errorf("line of %d characters: %s", len(line), line)
		}
	}
	if !slices.Equal(timed[3:], chosen) {
		t.Errorf("the last three of %v are not %v, as help says", timed, chosen)
	}
}

func FuzzParse(f *testing.F) {
	for _, text := range []string{"drop:after=1000", "bundle:open,for=3s", "length:block,set=0", "cert:expires=2d", "error:text==,code=1", "a:b:c"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		s, err := Parse(text)
		if err != nil {
			return
		}
		again, err := Parse(s.String())
		if err != nil || *again != *s {
			t.Errorf("%q: got %+v, then %+v, %v", text, s, again, err)
		}
	})
}
