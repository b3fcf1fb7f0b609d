#!/bin/sh
# Prints the notices and licences that go with the binary: ours, and those of all that is linked into it for
# $GOOS and $GOARCH. Runs in the directory of the source.
set -eu

cat NOTICE
printf '\n\nLicences\n\nThe Apache License 2.0 is in LICENSE beside this file or, on Debian, in\n'
printf '/usr/share/common-licenses/Apache-2.0. The others follow.\n'

modules=$(go list -deps -f '{{with .Module}}{{if not .Main}}{{.Path}} {{.Dir}}{{end}}{{end}}' ./cmd/estream | LC_ALL=C sort -u)
printf '%s\n' "$modules" | while read -r module dir; do
	printf '\n\n%s\n\n' "$module"
	found=
	for file in "$dir"/LICEN[CS]E*; do
		[ -f "$file" ] || continue
		found=1
		if grep -q 'Apache License' "$file" && grep -q 'TERMS AND CONDITIONS FOR USE' "$file"; then
			echo 'Apache License 2.0, as above'
		else
			cat "$file"
		fi
	done
	for file in "$dir"/NOTICE*; do # which the Apache License asks for as well
		[ ! -f "$file" ] || { echo && cat "$file"; }
	done
	if [ -z "$found" ]; then
		echo "copyright: $module has no file LICENSE in $dir; find its licence and add it here" >&2
		exit 1
	fi
done

printf "\n\nGo's standard library\n\n"
cat "$(go env GOROOT)/LICENSE"
