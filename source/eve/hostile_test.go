package eve

import (
	"bytes"
	"strings"
	"testing"
)

// TestHostileLines: lines of a quarter of a megabyte, each made to be slow, large or deep, end
// as lines that are not JSON or as events without much in them. What they cost is
// in proportion to their length: the arena is the only memory that grows.
func TestHostileLines(t *testing.T) {
	const mega = 1 << 18
	head := `{"timestamp":"2024-05-04T10:00:00Z","flow_id":1,"event_type":"http",`
	var s scanner
	for name, tt := range map[string]struct {
		line string
		why  Reason
	}{
		"deep":         {head + `"x":` + strings.Repeat("[", mega), ReasonNoJSON},
		"deep objects": {head + `"x":` + strings.Repeat(`{"a":`, mega/5), ReasonNoJSON},
		"closing":      {head + strings.Repeat("]", mega), ReasonNoJSON},
		"backslashes":  {head + `"x":"` + strings.Repeat(`\`, mega), ReasonNoJSON},
		"quotes":       {head + `"x":"` + strings.Repeat(`\"`, mega/2) + `"}`, ""},
		"escapes":      {head + `"http":{"url":"` + strings.Repeat(`\u0041`, mega/6) + `"}}`, ""},
		"surrogates":   {head + `"http":{"url":"` + strings.Repeat(`\ud800`, mega/6) + `"}}`, ""},
		"bad utf-8":    {head + `"http":{"url":"` + strings.Repeat("\xff", mega) + `"}}`, ""},
		"members":      {head + strings.Repeat(`"http":{"url":"/","hostname":"a\n"},`, mega/36) + `"z":0}`, ""},
		"sections":     {head + strings.Repeat(`"flow":{},`, mega/10) + `"z":0}`, ""},
		"list":         {head + `"vlan":[` + strings.Repeat("1,", mega/2) + `1]}`, ""},
		"answers":      {head + `"dns":{"answers":[` + strings.Repeat(`{"rrname":"a","rdata":"::"},`, mega/28) + `{}]}}`, ""},
		"blanks":       {head + strings.Repeat(" ", mega) + `"z":0}`, ""},
		"number":       {head + `"src_port":` + strings.Repeat("9", mega) + `}`, ""},
		"colons":       {head + `"src_ip":"` + strings.Repeat(":", mega) + `"}`, ""},
	} {
		var e event
		why, _ := e.parse(&s, []byte(tt.line))
		if why != tt.why {
			t.Errorf("%s: got %q, want %q", name, why, tt.why)
		}
		if n := cap(s.arena); n > 4*mega {
			t.Errorf("%s: the arena has %d bytes", name, n)
		}
	}
	// Nothing of that size is kept of a flow.
	src := once(t, []byte(head+`"http":{"url":"/`+strings.Repeat("u", mega)+`","http_user_agent":"`+strings.Repeat("ü", 1000)+`"}}`+"\n"))
	list := only(records(t, read(t, src).data), 71)
	if len(list) != 1 || len(list[0].bytes["client_url"]) > maxURL+maxName+20 || len(list[0].bytes["user_agent"]) > maxAgent {
		t.Errorf("%d events with %d bytes of URL", len(list), len(list[0].bytes["client_url"]))
	}
	if ua := list[0].bytes["user_agent"]; !bytes.HasSuffix(ua, []byte("ü")) {
		t.Errorf("user agent is cut within a character: %q", ua[len(ua)-4:])
	}
}
