// Testreport reads the events of `go test -json` and prints what a person wants of them: each package's
// closing line, the output of what failed, every skipped test with its reason, and one line of counts at
// the very end:
//
//	812 passed, 0 failed, 0 skipped
//
// It exits with 1 if a test or package failed, if no test ran at all, and, with -skips=forbid, if a test was
// skipped: a skipped test shows nothing, and in CI nobody is there to notice.
package main

import (
	"bufio"
	"flag"
	"fmt"
	"os"
)

func main() {
	skips := flag.String("skips", "allow", "`allow` skipped tests or forbid them")
	flag.Parse()
	if flag.NArg() > 0 || (*skips != "allow" && *skips != "forbid") {
		flag.Usage()
		os.Exit(2)
	}

	out := bufio.NewWriter(os.Stdout)
	r := newReport(out)
	err := r.read(os.Stdin)
	ok := r.finish(*skips == "forbid")
	if flushed := out.Flush(); err == nil {
		err = flushed
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "testreport:", err)
	}
	if err != nil || !ok {
		os.Exit(1)
	}
}
