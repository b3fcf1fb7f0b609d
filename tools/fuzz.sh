#!/usr/bin/env bash
# Fuzzes every target of every package in turn, FUZZTIME each, and fails if one of them finds something.
# FUZZ is a regular expression that selects targets by name. An input that was found is in the package's
# testdata/fuzz: mend the code, and commit the input with it.
set -euo pipefail
cd "$(dirname "$0")/.."
fuzztime=${FUZZTIME:-5m} select=${FUZZ:-.}

log=$(mktemp)
trap 'rm -f "$log"' EXIT

# Prints "package target" for each. `go test -list` prints a package's targets and then its "ok" line.
targets() {
	go test -list '^Fuzz' ./... | awk '/^Fuzz/ { names[++n] = $1 } /^ok/ { for (i = 1; i <= n; i++) print $2, names[i]; n = 0 }'
}

# Go 1.26 sometimes reports the end of -fuzztime itself as a failure (golang/go#75804, mended in 1.27): two
# lines, no input, after the whole time was spent. Only exactly that is forgiven.
ran_out_of_time() {
	local rest
	rest=$(grep -v -E '^(fuzz: |FAIL|exit status 1$)' "$log")
	[[ $rest =~ ^"--- FAIL: $1 ("[0-9.]+"s)"$'\n'"    context deadline exceeded"$ ]]
}

list=$(targets | awk -v select_re="$select" '$2 ~ select_re')
if [ -z "$list" ]; then
	echo "fuzz: no target matches '$select'" >&2
	exit 1
fi

passed=0 failed=0
while read -r package target; do
	echo "=== $target in $package, $fuzztime"
	if go test -run '^$' -fuzz "^$target\$" -fuzztime "$fuzztime" -fuzzminimizetime 5x "$package" >"$log" 2>&1 </dev/null; then
		grep '^fuzz: elapsed' "$log" | tail -n 1
		passed=$((passed + 1))
	elif ran_out_of_time "$target"; then
		echo "    time is up (reported by Go as a failure, golang/go#75804)"
		passed=$((passed + 1))
	else
		cat "$log"
		failed=$((failed + 1))
	fi
done <<<"$list"
echo "fuzz targets: $passed passed, $failed failed"
[ "$failed" -eq 0 ]
