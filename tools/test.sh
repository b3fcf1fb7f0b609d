#!/usr/bin/env bash
# Runs every test of the product and of its tools with the race detector, and closes with one line of
# counts. Arguments go to `go test`. With CI=true a skipped test fails the run.
set -euo pipefail
cd "$(dirname "$0")/.."

# Results are never taken from the cache: it knows the files and variables that a test reads, but not the
# openssl command it talks to, nor that a race needs many runs to show.
flags=(-race -count=1 -timeout 20m)

report=$(mktemp -d)
trap 'rm -rf "$report"' EXIT
go -C tools build -o "$report/testreport" ./testreport

skips=allow
[ "${CI:-}" != true ] || skips=forbid

# Both modules run whatever the first one says, so that one run shows all that fails.
tests() {
	local failed=0
	CGO_ENABLED=1 go test -json "${flags[@]}" "$@" ./... || failed=1
	CGO_ENABLED=1 go -C tools test -json "${flags[@]}" "$@" ./... || failed=1
	return "$failed"
}
tests "$@" | "$report/testreport" -skips="$skips"
