#!/usr/bin/env bash
# Installs what the tests need and this machine lacks: a C compiler with its headers (the race detector
# is linked through cgo), the openssl command (the peer that certificates and PKCS#12 files are tried
# against) and liblognorm's command (the second opinion on CEF lines). What is there is left alone, so
# nothing is asked of the network on a machine that has it all.
set -euo pipefail

if ! command -v go >/dev/null; then
	echo "needs: go not found: install the Go release that go.mod names, or a newer one" >&2
	exit 1
fi

# Prints the Debian packages that are missing. A compiler without its headers is found too.
missing() {
	printf '#include <stdlib.h>\n' | "$(go env CC)" -fsyntax-only -x c - 2>/dev/null || echo gcc libc6-dev
	command -v openssl >/dev/null || echo openssl
	command -v lognormalizer >/dev/null || echo liblognorm-utils
}

mapfile -t packages < <(missing | tr ' ' '\n')
if [ ${#packages[@]} -eq 0 ]; then
	exit 0
fi

as_root=()
if [ "$(id -u)" -ne 0 ]; then
	as_root=(sudo)
	[ -t 0 ] || as_root+=(-n) # nobody there to type a password
fi
if ! command -v apt-get >/dev/null || { [ ${#as_root[@]} -gt 0 ] && ! command -v sudo >/dev/null; }; then
	echo "needs: missing, and cannot be installed from here: install ${packages[*]} (Debian's names) and run again" >&2
	exit 1
fi

echo "needs: installing ${packages[*]}" >&2
export DEBIAN_FRONTEND=noninteractive
"${as_root[@]}" apt-get -q update >&2
"${as_root[@]}" apt-get -q install -y --no-install-recommends "${packages[@]}" >&2

if [ -n "$(missing)" ]; then
	echo "needs: still missing after the installation: $(missing | tr '\n' ' ')" >&2
	exit 1
fi
