#!/usr/bin/env bash
# Installs what the tests need and this machine lacks: a C compiler with its headers (the race detector
# is linked through cgo), the openssl command (the peer that certificates and PKCS#12 files are tried
# against), liblognorm's command (the second opinion on CEF lines), rsyslog with RELP and TLS (what syslog
# outputs are sent to), network namespaces with nftables (what breaks the network in tests), promtool
# (what reads our metrics), Python (the clients in another language that are
# tried against our server), tshark (what reads packets, captures and our dissector), Net-SNMP (what takes our traps), and what
# judges packages, units and man pages. What is there is left alone, so nothing is asked of
# the network on a machine that has it all.
set -euo pipefail

if ! command -v go >/dev/null; then
	echo "needs: go not found: install the Go release that go.mod names, or a newer one" >&2
	exit 1
fi

# Commands of the system administrator may stand outside the path of others.
has() { PATH=$PATH:/usr/sbin:/sbin command -v "$1" >/dev/null; }
has_module() { compgen -G "/usr/lib/*/rsyslog/$1.so" >/dev/null; }

# Prints the Debian packages that are missing. A compiler without its headers is found too.
missing() {
	printf '#include <stdlib.h>\n' | "$(go env CC)" -fsyntax-only -x c - 2>/dev/null || echo gcc libc6-dev
	command -v openssl >/dev/null || echo openssl
	command -v lognormalizer >/dev/null || echo liblognorm-utils
	has rsyslogd || echo rsyslog
	has_module imrelp || echo rsyslog-relp
	has_module lmnsd_gtls || echo rsyslog-gnutls
	has ip || echo iproute2
	has nft || echo nftables
	has nsenter || echo util-linux
	has promtool || echo prometheus
	has systemd-analyze || echo systemd
	has mandoc || echo mandoc
	has lintian || echo lintian
	has rpm || echo rpm
	has python3 || echo python3
	has tshark || echo tshark
	has snmptrapd || echo snmptrapd
	has snmptranslate || echo snmp
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
