#!/usr/bin/env bash
# Makes the deb and the rpm in a directory: packaging/build.sh DIR. Two builds of one state of the source
# with the same Go release make the same files, byte for byte. From the environment:
#
#   VERSION            of the program; that of git by default
#   SOURCE_DATE_EPOCH  the time that all files bear, in Unix seconds; that of the last commit by default
#   ARCH               amd64 (default), arm64 or 386
#   KINDS              deb, rpm or both (default)
#   MAINTAINER         who answers for the package: Name <address>; those of $DEBFULLNAME and $DEBEMAIL by default
set -euo pipefail
export LC_ALL=C
cd "$(dirname "$0")/.."

out=${1:?usage: packaging/build.sh DIR}
mkdir -p "$out"
out=$(cd "$out" && pwd)
VERSION=${VERSION:-$(git describe --tags --always --dirty)}
SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct)}
ARCH=${ARCH:-amd64}
MAINTAINER=${MAINTAINER:-${DEBFULLNAME:-The estream authors} <${DEBEMAIL:-nobody@estream.invalid}>}

# v1.2.3-rc.1 comes before 1.2.3, for which both kinds of package have the tilde; v1.2.3-4-g0123abc comes
# after it. Without a tag there is only the commit, which comes before every release.
case $VERSION in
v[0-9]*-[0-9]*-g*) PACKAGE_VERSION=$(sed -E 's/^v//; s/-([0-9]+-g[0-9a-f]+(-dirty)?)$/+\1/; s/-(rc|beta|alpha)/~\1/; s/-/./g' <<<"$VERSION") ;;
v[0-9]*) PACKAGE_VERSION=$(sed -E 's/^v//; s/-dirty$/+dirty/; s/-/~/; s/-/./g' <<<"$VERSION") ;;
*) PACKAGE_VERSION=0~git.${VERSION//-/.} ;;
esac
unset GOOS GOARCH # of whoever calls; what is built for another machine than this says so below
export CGO_ENABLED=0
export VERSION SOURCE_DATE_EPOCH ARCH MAINTAINER PACKAGE_VERSION

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
root=$work/root
doc=$root/usr/share/doc/estream
umask 022
mkdir -p "$root"/usr/{bin,lib/systemd/system} "$root"/etc/estream "$root/zsh" "$doc/examples" \
	"$root"/usr/share/{man,bash-completion/completions,fish/vendor_completions.d}

# The program, and one for this machine that writes the completions.
build() { go build -trimpath -buildvcs=false -ldflags "-s -w -X estream/internal/cli.Version=$VERSION" -o "$1" ./cmd/estream; }
GOOS=linux GOARCH=$ARCH build "$root/usr/bin/estream"
estream=$root/usr/bin/estream
if [ "$(go env GOHOSTOS)/$(go env GOHOSTARCH)" != "linux/$ARCH" ]; then
	estream=$work/estream
	build "$estream"
fi
"$estream" completion bash >"$root/usr/share/bash-completion/completions/estream"
"$estream" completion fish >"$root/usr/share/fish/vendor_completions.d/estream.fish"
"$estream" completion zsh >"$root/zsh/_estream"

cp packaging/estream.service packaging/estream-server.service "$root/usr/lib/systemd/system/"

# In the installed file everything is a comment, so that nothing but what the administrator has written is
# in effect. Without the first # of their lines the keys are as they are in the reference.
{
	echo '# Configuration of "estream run": see estream.yaml(5). Remove the # in front of the keys you need, and'
	echo '# correct them; "estream config check" says what is still missing. Then: systemctl enable --now estream'
	echo
	sed -E '/^ *(#|$)/! s/^/#/' config/estream.yaml
} >"$root/etc/estream/estream.yaml"

go run -trimpath ./packaging/manpages "$work/man"
for page in "$work"/man/*; do
	section=$root/usr/share/man/man${page##*.}
	mkdir -p "$section"
	gzip -9n <"$page" >"$section/${page##*/}.gz"
done

cp config/estream.yaml "$doc/examples/"
cp README.md docs/*.md "$doc/"
cp -r contrib "$doc/"
cp LICENSE "$root/"
{
	printf 'estream (%s) unstable; urgency=medium\n\n' "$PACKAGE_VERSION"
	printf '  * Made from the source; changelog.gz says what has changed.\n\n'
	printf ' -- %s  %s\n' "$MAINTAINER" "$(LC_ALL=C date -u -R -d "@$SOURCE_DATE_EPOCH")"
} | gzip -9n >"$doc/changelog.Debian.gz"
gzip -9n <CHANGELOG.md >"$doc/changelog.gz"
gzip -9n "$doc/records.md"

GOOS=linux GOARCH=$ARCH packaging/copyright.sh >"$doc/copyright"

go -C tools build -o "$work/nfpm" github.com/goreleaser/nfpm/v2/cmd/nfpm
cp -r packaging "$work/packaging"
# Neither the umask under which the source was checked out shows, nor when.
chmod -R u=rwX,go=rX "$work/root" "$work/packaging"
find "$work/root" "$work/packaging" -exec touch -h -d "@$SOURCE_DATE_EPOCH" {} +
cd "$work"
for kind in ${KINDS:-deb rpm}; do
	# A deb has no field for the licence: its copyright file says more.
	if [ "$kind" = deb ]; then sed '/^license:/d' packaging/nfpm.yaml; else cat packaging/nfpm.yaml; fi >nfpm.yaml
	./nfpm package --config nfpm.yaml --packager "$kind" --target "$out" >&2
done
