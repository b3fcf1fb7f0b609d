// Command manpages writes the manual pages of estream into a directory:
//
//	go run ./packaging/manpages dist/man
//
// It runs in the directory of the source, from which it takes the page on filters.
// Pages bear the day in $SOURCE_DATE_EPOCH, so that each build of one state of the
// source makes the same ones; without it, today.
package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"estream/config"
	"estream/internal/cli"
	"estream/internal/manual"
)

func main() {
	if len(os.Args) != 2 || strings.HasPrefix(os.Args[1], "-") {
		fmt.Fprintln(os.Stderr, "usage: manpages DIR")
		os.Exit(2)
	}
	if err := write(os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, "manpages:", err)
		os.Exit(1)
	}
}

func write(dir string) error {
	date, err := sourceDate()
	if err != nil {
		return err
	}
	release := manual.Release{Date: date}
	root, exit := cli.Manual()
	pages := release.Pages(root, exit)
	configuration, err := release.Configuration(config.Reference)
	if err != nil {
		return err
	}
	markdown, err := os.ReadFile(filepath.Join("docs", "filters.md"))
	if err != nil {
		return err
	}
	filters, err := release.Filters(markdown)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	for _, p := range append(pages, configuration, filters) {
		if err := os.WriteFile(filepath.Join(dir, fmt.Sprintf("%s.%d", p.Name, p.Section)), p.Text, 0o644); err != nil {
			return err
		}
	}
	return nil
}

// sourceDate returns the date of the source: reproducible-builds.org/docs/source-date-epoch.
func sourceDate() (time.Time, error) {
	text, set := os.LookupEnv("SOURCE_DATE_EPOCH")
	if !set {
		return time.Now(), nil
	}
	seconds, err := strconv.ParseInt(text, 10, 64)
	if err != nil || seconds < 0 {
		return time.Time{}, errors.New("SOURCE_DATE_EPOCH is " + strconv.Quote(text) + "; expected Unix seconds")
	}
	return time.Unix(seconds, 0), nil
}
