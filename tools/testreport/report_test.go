package main

import (
	"bufio"
	"errors"
	"strings"
	"testing"
	"testing/iotest"
)

// The streams are what go test 1.26 printed, shortened to the keys that matter.
var reports = []struct {
	name   string
	events string
	forbid bool
	want   string
	ok     bool
}{
	{
		name: "passing tests are one line",
		events: `{"Action":"run","Package":"p","Test":"TestA"}
{"Action":"output","Package":"p","Test":"TestA","Output":"=== RUN   TestA\n"}
{"Action":"output","Package":"p","Test":"TestA","Output":"    a_test.go:3: noise\n"}
{"Action":"pass","Package":"p","Test":"TestA"}
{"Action":"output","Package":"p","Output":"PASS\n"}
{"Action":"output","Package":"p","Output":"ok  \tp\t0.1s\n"}
{"Action":"pass","Package":"p"}
`,
		want: "ok  \tp\t0.1s\n\n1 passed, 0 failed, 0 skipped\n",
		ok:   true,
	},
	{
		name: "a failing test shows its output and counts once",
		events: `{"Action":"output","Package":"p","Test":"TestA","Output":"    a_test.go:3: got 1, want 2\n"}
{"Action":"output","Package":"p","Test":"TestA","Output":"--- FAIL: TestA (0.00s)\n"}
{"Action":"fail","Package":"p","Test":"TestA"}
{"Action":"output","Package":"p","Output":"FAIL\tp\t0.1s\n"}
{"Action":"fail","Package":"p"}
`,
		want: "    a_test.go:3: got 1, want 2\n--- FAIL: TestA (0.00s)\nFAIL\tp\t0.1s\n\n0 passed, 1 failed, 0 skipped\n",
	},
	{
		name: "a panic shows in the output of the test it stopped",
		events: `{"Action":"output","Package":"p","Test":"TestA","Output":"panic: index out of range\n"}
{"Action":"output","Package":"p","Output":"FAIL\tp\t0.1s\n"}
{"Action":"fail","Package":"p"}
`,
		want: "panic: index out of range\nFAIL\tp\t0.1s\n\n0 passed, 1 failed, 0 skipped\n",
	},
	{
		name: "a package that does not build",
		events: `{"ImportPath":"p","Action":"build-output","Output":"./a.go:3:1: syntax error\n"}
{"ImportPath":"p","Action":"build-fail"}
{"Action":"output","Package":"p","Output":"FAIL\tp [build failed]\n"}
{"Action":"fail","Package":"p","FailedBuild":"p"}
`,
		want: "./a.go:3:1: syntax error\nFAIL\tp [build failed]\n\n0 passed, 1 failed, 0 skipped\n",
	},
	{
		name: "a skipped test is listed with its reason",
		events: `{"Action":"pass","Package":"p","Test":"TestA"}
{"Action":"output","Package":"p","Test":"TestB","Output":"=== RUN   TestB\n"}
{"Action":"output","Package":"p","Test":"TestB","Output":"    b_test.go:9: no openssl\n"}
{"Action":"output","Package":"p","Test":"TestB","Output":"--- SKIP: TestB (0.00s)\n"}
{"Action":"skip","Package":"p","Test":"TestB"}
{"Action":"pass","Package":"p"}
`,
		want: "\nSKIPPED, so nothing was shown by:\n  p TestB: b_test.go:9: no openssl\n\n1 passed, 0 failed, 1 skipped\n",
		ok:   true,
	},
	{
		name:   "a skipped test fails where skips are forbidden",
		forbid: true,
		events: `{"Action":"pass","Package":"p","Test":"TestA"}
{"Action":"skip","Package":"p","Test":"TestB"}
`,
		want: "\nSKIPPED, so nothing was shown by:\n  p TestB: no reason given\n" +
			"a skipped test fails this run: install what it lacks, or remove it\n\n1 passed, 0 failed, 1 skipped\n",
	},
	{
		name:   "a package without tests is not a skipped test",
		forbid: true,
		events: `{"Action":"output","Package":"p","Output":"?   \tp\t[no test files]\n"}
{"Action":"skip","Package":"p"}
{"Action":"pass","Package":"q","Test":"TestA"}
`,
		want: "?   \tp\t[no test files]\n\n1 passed, 0 failed, 0 skipped\n",
		ok:   true,
	},
	{
		name:   "lines that are no events are passed on, and no test at all is a failure",
		events: "go: cannot find main module\n",
		want:   "go: cannot find main module\n\nno test ran\n\n0 passed, 0 failed, 0 skipped\n",
	},
}

func TestReport(t *testing.T) {
	for _, tt := range reports {
		t.Run(tt.name, func(t *testing.T) {
			var got strings.Builder
			out := bufio.NewWriter(&got)
			r := newReport(out)
			if err := r.read(strings.NewReader(tt.events)); err != nil {
				t.Fatal(err)
			}
			ok := r.finish(tt.forbid)
			if err := out.Flush(); err != nil {
				t.Fatal(err)
			}
			if got.String() != tt.want || ok != tt.ok {
				t.Errorf("got %v and\n%s\nwant %v and\n%s", ok, got.String(), tt.ok, tt.want)
			}
			if len(r.running) != 0 || len(r.order) != 0 {
				t.Errorf("output kept after the last event: %v", r.order)
			}
		})
	}
}

func TestReportReadError(t *testing.T) {
	broken := errors.New("broken pipe")
	r := newReport(bufio.NewWriter(&strings.Builder{}))
	if err := r.read(iotest.ErrReader(broken)); !errors.Is(err, broken) {
		t.Errorf("got %v, want %v", err, broken)
	}
}
