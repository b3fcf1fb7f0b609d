package fault

import (
	"flag"
	"os"
	"regexp"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write the list of faults in docs/test-service.md anew")

// The page has the list of faults that help prints, and every fault that it shows as
// an example is one.
func TestPage(t *testing.T) {
	const page = "../../docs/test-service.md"
	data, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	const begin, end = "\n```\n", "```\n"
	head, rest, ok := strings.Cut(string(data), begin)
	list, tail, closed := strings.Cut(rest, end)
	if *update {
		if err := os.WriteFile(page, []byte(head+begin+Help()+end+tail), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if !ok || !closed || list != Help() {
		t.Errorf("%s: run the test with -update; the list is\n%s", page, list)
	}
	examples := regexp.MustCompile("`--fault ([^`]+)`").FindAllStringSubmatch(string(data), -1)
	if len(examples) < 10 {
		t.Errorf("%d examples", len(examples))
	}
	for _, e := range examples {
		if e[1] == "SPEC" {
			continue
		}
		if _, err := Parse(e[1]); err != nil {
			t.Error(err)
		}
	}
}
