package filter_test

import (
	"errors"
	"os"
	"slices"
	"strings"
	"testing"

	"estream/filter"
	"estream/layouts"
)

// TestMistakes checks what is said about an expression, and where.
func TestMistakes(t *testing.T) {
	deep := strings.Repeat("(", 101) + "record == 1" + strings.Repeat(")", 101)
	tests := []struct {
		expr   string
		offset int
		want   string // part of the message
	}{
		{``, 0, "the expression ends here; expected the name of a field"},
		{`record`, 6, "expected a comparison"},
		{`record = 71`, 7, "write == to compare"},
		{`record == 71 & port == 1`, 13, "write &&"},
		{`record == 71 port == 1`, 13, "unexpected port; expected and, or, or the end"},
		{`record == `, 10, "expected a value"},
		{`record == -1`, 10, "never negative"},
		{`record == 99999999999999999999`, 10, "up to 64 bits"},
		{`record == 0xzz`, 10, "hexadecimal"},
		{`record == 7x`, 10, "need quotes"},
		{`record == "71"`, 10, "record is a number; it cannot be compared"},
		{`record in 71`, 10, "unexpected 71; expected ("},
		{`record in (71 72)`, 14, "expected , or )"},
		{`record in (71, `, 15, "expected a value"},
		{`record not == 71`, 11, "expected in, contains"},
		{`(record == 71`, 13, "expected )"},
		{`and record == 71`, 0, "unexpected and"},
		{`initatorPort == 443`, 0, "did you mean initiatorPort?"},
		{`initiatorPort == 443 and clientURL == "x"`, 25, "did you mean clientUrl?"},
		{`initiatorPort == "443"`, 17, "initiatorPort is a number"},
		{`initiatorPort contains "4"`, 23, "needs a name that is text"},
		{`clientUrl == 5`, 13, "clientUrl is text"},
		{`clientUrl contains 10.0.0.1`, 19, "text in quotes"},
		{`clientUrl matches "("`, 18, "missing closing )"},
		{`clientUrl matches "\d"`, 19, "unknown escape"},
		{`clientUrl == "\u12"`, 14, "4 hex digits"},
		{`clientUrl == "abc`, 13, "does not end"},
		{`clientUrl == abc`, 13, `text needs quotes: "abc"`},
		{`ip == 10.0.0.1/8`, 6, "the network is 10.0.0.0/8"},
		{`ip < 10.0.0.1`, 5, "no order"},
		{`initiatorIpAddress == "ten"`, 22, "initiatorIpAddress is an address"},
		{`@mesage == "x"`, 0, "did you mean message?"},
		{`.clientUlr == "x"`, 0, "did you mean clientUrl?"},
		{`category == "conection"`, 12, "did you mean connection?"},
		{`time > "yesterday"`, 7, "time is a time in Unix seconds"},
		{`eventSecond > "2026-01-01"`, 0, ""}, // also a computed value: mere text
		{`record == 71 ; port == 1`, 13, "unexpected ';'"},
		{"record == 71 and \xff", 17, "UTF-8"},
		{deep, 100, "deeper than 100"},
		{strings.Repeat("not ", 101) + "record == 1", 400, "deeper than 100"},
		{strings.Repeat(" ", filter.MaxExpression+1), filter.MaxExpression, "the limit is 65536"},
	}
	for _, tt := range tests {
		_, err := parser().Parse(tt.expr)
		if tt.want == "" {
			if err != nil {
				t.Errorf("%s: %v, want no error", tt.expr, err)
			}
			continue
		}
		var e *filter.SyntaxError
		if !errors.As(err, &e) || e.Offset != tt.offset || !strings.Contains(e.Msg, tt.want) {
			t.Errorf("%.60q: got %#v, want offset %d and %q", tt.expr, err, tt.offset, tt.want)
		}
	}
}

func TestCaret(t *testing.T) {
	_, err := parser().Parse("record == 71 and\n \"ü\" == 5")
	var e *filter.SyntaxError
	if !errors.As(err, &e) {
		t.Fatalf("got %v, want a *SyntaxError", err)
	}
	if want := "filter: line 2, column 2: "; !strings.HasPrefix(e.Error(), want) {
		t.Errorf("got %q, want it to begin with %q", e.Error(), want)
	}
	if got, want := e.Caret(), " \"ü\" == 5\n ^"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	e = &filter.SyntaxError{Expr: strings.Repeat("x", 500), Offset: 300}
	line, mark, _ := strings.Cut(e.Caret(), "\n")
	if len(line) != 76 || mark != strings.Repeat(" ", 50)+"^" {
		t.Errorf("a long line shows as %q and %q", line, mark)
	}
}

func TestTypes(t *testing.T) {
	f, err := filter.Types(layouts.Default(), "71, 400,connection,9999")
	if err != nil {
		t.Fatal(err)
	}
	if got, want := f.String(), `record in (71, 400, 9999) or category in ("connection")`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	for list, want := range map[string]int{"": 0, "71,,400": 3, "71,intrusoin": 3, "71, 65536": 4} {
		_, err := filter.Types(layouts.Default(), list)
		var e *filter.SyntaxError
		if !errors.As(err, &e) || e.Offset != want {
			t.Errorf("%q: got %v, want an error at offset %d", list, err, want)
		}
	}
}

func TestAnd(t *testing.T) {
	a, b := mustParse(t, `record == 71 or record == 400`), mustParse(t, `not initiatorPort == 443`)
	if filter.And(nil, nil) != nil || filter.And(a, nil) != a || filter.And(nil, b) != b {
		t.Error("a nil filter does not stand for all records")
	}
	both := filter.And(a, b)
	list := samples(t, 11)
	ma, mb := compareAll(t, a, list), compareAll(t, b, list)
	again := compareAll(t, mustParse(t, both.String()), list)
	for i, got := range compareAll(t, both, list) {
		if got != (ma[i] && mb[i]) || got != again[i] {
			t.Fatalf("%s: got %v for record %+v, want %v and %v", both, got, list[i].header, ma[i], mb[i])
		}
	}
}

// TestSets compares large sets, which are searched in another way, with small ones.
func TestSets(t *testing.T) {
	var numbers, texts, nets []string
	for _, n := range []string{"443", "80", "53", "8080", "22", "25", "123", "3389", "445", "139"} {
		numbers = append(numbers, n)
		texts = append(texts, `"10.1.0.`+n+`", "https://`+n+`"`)
	}
	for _, b := range []string{"0", "8", "16", "24", "32", "40", "48", "56", "64", "72"} {
		nets = append(nets, "10."+b+".0.0/13")
	}
	list := samples(t, 5)
	for _, large := range []struct {
		name string
		set  []string
	}{{"responderPort", numbers}, {"initiatorIpAddress", nets}} {
		var parts []string
		for _, one := range large.set {
			parts = append(parts, large.name+" == "+one)
		}
		want := compareAll(t, mustParse(t, strings.Join(parts, " or ")), list)
		got := compareAll(t, mustParse(t, large.name+" in ("+strings.Join(large.set, ", ")+")"), list)
		if !slices.Equal(got, want) || !slices.Contains(got, true) || !slices.Contains(got, false) {
			t.Errorf("%s: a set and its members one by one do not agree", large.name)
		}
	}
	if got := compareAll(t, mustParse(t, "clientUrl in ("+strings.Join(texts, ", ")+")"), list); slices.Contains(got, true) {
		t.Error("a set of texts that do not occur matches")
	}
}

// TestDocument runs the examples of the page about the language.
func TestDocument(t *testing.T) {
	page, err := os.ReadFile("../docs/filters.md")
	if err != nil {
		t.Fatal(err)
	}
	list, examples := samples(t, 29), 0
	for line := range strings.Lines(string(page)) {
		expr, ok := strings.CutPrefix(line, "    ")
		if !ok || strings.HasPrefix(expr, "estream ") || strings.TrimSpace(expr) == "" {
			continue
		}
		examples++
		expr, _, _ = strings.Cut(expr, "  #")
		compare(t, mustParse(t, strings.TrimSpace(expr)), list, nil)
	}
	if examples < 15 {
		t.Errorf("found %d examples, want 15 or more: the test does not see them", examples)
	}
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{
		`record == 71 and not (ip in (10.0.0.0/8, 2001:db8::/32) || has(clientUrl))`, `blocked in (1, "Yes", 'x')`,
		`clientUrl matches '^a+' && time >= "2026-01-01T00:00:00Z"`, `.x == 1`, `@message icontains "\u00fc\x41"`,
		`mac == 00:11:22:33:44:55`, `policyRevision != 00000000-0000-0000-0000-000000000000`, `record == 0x47`, `!`, `((((`, `"`,
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, expr string) {
		p := parser()
		got, err := p.Parse(expr)
		if err != nil {
			var e *filter.SyntaxError
			if !errors.As(err, &e) || e.Offset < 0 || e.Offset > len(expr) || e.Error() == "" || !strings.HasSuffix(e.Caret(), "^") {
				t.Errorf("%q: %#v is no error with a place in the expression", expr, err)
			}
			return
		}
		if _, err := p.Parse(got.String()); err != nil {
			t.Errorf("%q is not accepted again: %v", got, err)
		}
		if _, err := p.Parse(filter.And(got, got).String()); len(expr) < filter.MaxExpression/3 && err != nil && !strings.Contains(err.Error(), "deeper") {
			t.Errorf("%q and itself: %v", got, err)
		}
	})
}
