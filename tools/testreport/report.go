package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
)

// An event is one line of `go test -json` (see `go doc test2json`). Build events carry ImportPath instead
// of Package, package events no Test.
type event struct {
	Action     string
	Package    string
	ImportPath string
	Test       string
	Output     string
}

// A testID names a test or subtest; with an empty test, the package itself.
type testID struct{ pkg, test string }

func (id testID) String() string { return id.pkg + " " + id.test }

// A report collects events and writes what is worth reading as soon as it is known. Output is kept only
// while its test runs, and afterwards only of skipped tests.
type report struct {
	out     *bufio.Writer
	running map[testID]*strings.Builder
	order   []testID       // the keys of running, oldest first, for a stable listing
	failed  map[string]int // failed tests by package

	passed, failures int
	skipped          []string
}

func newReport(out *bufio.Writer) *report {
	return &report{out: out, running: make(map[testID]*strings.Builder), failed: make(map[string]int)}
}

// read takes events until the end of in. Lines that are no events (a test binary or go itself writing past
// test2json) are passed on as they are.
func (r *report) read(in io.Reader) error {
	lines := bufio.NewReader(in)
	for {
		line, err := lines.ReadBytes('\n')
		if len(line) > 0 {
			var e event
			if json.Unmarshal(line, &e) != nil || e.Action == "" {
				r.out.Write(line)
			} else {
				r.add(e)
			}
		}
		if errors.Is(err, io.EOF) {
			return r.out.Flush()
		}
		if err != nil {
			return fmt.Errorf("read test events: %w", err)
		}
	}
}

func (r *report) add(e event) {
	id := testID{e.Package, e.Test}
	switch e.Action {
	case "build-output":
		r.out.WriteString(e.Output)
	case "output":
		r.buffer(id).WriteString(e.Output)
	case "pass", "fail", "skip":
		if e.Test == "" {
			r.endPackage(id, e.Action)
		} else {
			r.endTest(id, e.Action)
		}
	}
}

// buffer returns what id has written so far.
func (r *report) buffer(id testID) *strings.Builder {
	b := r.running[id]
	if b == nil {
		b = new(strings.Builder)
		r.running[id] = b
		r.order = append(r.order, id)
	}
	return b
}

// take removes and returns what id has written.
func (r *report) take(id testID) string {
	b := r.running[id]
	if b == nil {
		return ""
	}
	delete(r.running, id)
	for i := range r.order {
		if r.order[i] == id {
			r.order = append(r.order[:i], r.order[i+1:]...)
			break
		}
	}
	return b.String()
}

func (r *report) endTest(id testID, action string) {
	output := r.take(id)
	switch action {
	case "pass":
		r.passed++
	case "fail":
		r.failures++
		r.failed[id.pkg]++
		r.out.WriteString(output)
	case "skip":
		r.skipped = append(r.skipped, fmt.Sprintf("%v: %s", id, skipReason(output)))
	}
}

// endPackage prints the package's closing line, and all that is left of a failed one: a panic or a time-out
// ends the process while tests are still running, and their output is where it shows.
func (r *report) endPackage(id testID, action string) {
	output := r.take(id)
	if action != "fail" {
		for line := range strings.Lines(output) {
			if strings.HasPrefix(line, "ok ") || strings.HasPrefix(line, "? ") {
				r.out.WriteString(line)
			}
		}
	} else {
		var unfinished []testID
		for _, other := range r.order {
			if other.pkg == id.pkg {
				unfinished = append(unfinished, other)
			}
		}
		for _, other := range unfinished {
			r.out.WriteString(r.take(other))
		}
		r.out.WriteString(output)
		if r.failed[id.pkg] == 0 {
			r.failures++ // it did not build, or ended outside a test
		}
	}
	r.out.Flush() // a failing flush is seen again at the end: bufio.Writer keeps its first error
}

// skipReason returns what a skipped test wrote, without the lines that go test adds, on one line.
func skipReason(output string) string {
	var reason []string
	for line := range strings.Lines(output) {
		line = strings.TrimSpace(line)
		if line != "" && !strings.HasPrefix(line, "=== ") && !strings.HasPrefix(line, "--- SKIP") {
			reason = append(reason, line)
		}
	}
	if len(reason) == 0 {
		return "no reason given"
	}
	return strings.Join(reason, " ")
}

// finish lists the skipped tests, writes the counts, and tells whether the run was good.
func (r *report) finish(forbidSkips bool) bool {
	ok := r.failures == 0
	if len(r.skipped) > 0 {
		fmt.Fprintf(r.out, "\nSKIPPED, so nothing was shown by:\n")
		for _, s := range r.skipped {
			fmt.Fprintf(r.out, "  %s\n", s)
		}
		if forbidSkips {
			fmt.Fprintf(r.out, "a skipped test fails this run: install what it lacks, or remove it\n")
			ok = false
		}
	}
	if r.passed+r.failures == 0 {
		fmt.Fprintf(r.out, "\nno test ran\n")
		ok = false
	}
	fmt.Fprintf(r.out, "\n%d passed, %d failed, %d skipped\n", r.passed, r.failures, len(r.skipped))
	return ok
}
