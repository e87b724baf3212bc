#!/usr/bin/env bash
# Build dist/swictation_VERSION_ARCHITECTURE.deb and dist/swictation-VERSION-linux-MACHINE.tar.gz from the frozen application, which is
# built first where there is none (packaging/freeze.sh). try_debian.sh installs the one and tries it.
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=packaging/environment.sh
. packaging/environment.sh

need_packages dpkg-dev binutils
frozen=build/frozen/swictation
[ -x "$frozen/swictation" ] || bash packaging/freeze.sh
python=.venv/bin/python
export SWICTATION_VERSION DATE
SWICTATION_VERSION=$("$python" -c 'from importlib.metadata import version; print(version("swictation"))')
SOURCE_DATE_EPOCH=$(git log -1 --format=%ct)
export SOURCE_DATE_EPOCH # dpkg-deb and tar date everything by it: the same tree gives the same package
DATE=$(date --utc --date="@$SOURCE_DATE_EPOCH" +%F)
architecture=$(dpkg --print-architecture)
maintainer=${SWICTATION_MAINTAINER:-"the swictation authors <swictation@localhost>"}

# fill TEMPLATE NAME VALUE...: the template with each @NAME@ replaced.
fill() {
    local text
    text=$(<"$1")
    shift
    while [ $# -gt 0 ]; do
        text=${text//"@$1@"/"$2"}
        shift 2
    done
    printf '%s\n' "$text"
}

root=build/debian/swictation
rm -rf build/debian
mkdir -p "$root"/DEBIAN "$root"/usr/{bin,lib} "$root"/usr/share/{applications,metainfo,man/man1,doc/swictation} dist
share=$root/usr/share

"$python" packaging/licences.py "$frozen" >"$frozen/LICENCES.txt"
cp LICENSE "$frozen/LICENSE.txt"
cp -a "$frozen" "$root/usr/lib/"
# libraries that are Debian's own stay Debian's, with its security updates; the tar.gz keeps its copies of them
for library in "$root"/usr/lib/swictation/_internal/lib*.so*; do
    [ -L "$library" ] || ! cmp -s "$library" "/usr/lib/$(dpkg-architecture -qDEB_HOST_MULTIARCH)/${library##*/}" || rm "$library"
done
for program in swictation swictation-tray; do ln -s "../lib/swictation/$program" "$root/usr/bin/$program"; done
id=io.github.swictation.Swictation # by which the portals of GNOME and KDE know the program
cp "packaging/linux/$id.desktop" "$share/applications/"
fill "packaging/linux/$id.metainfo.xml" VERSION "$SWICTATION_VERSION" DATE "$DATE" >"$share/metainfo/$id.metainfo.xml"
"$python" packaging/icons.py "$share/icons/hicolor"
"$python" packaging/manpage.py | gzip -9n >"$share/man/man1/swictation.1.gz"
ln -s swictation.1.gz "$share/man/man1/swictation-tray.1.gz"
complete() { # SHELL FILE
    mkdir -p "$(dirname "$share/$2")"
    "$python" packaging/completions.py "$1" >"$share/$2"
}
complete bash bash-completion/completions/swictation
complete zsh zsh/vendor-completions/_swictation
complete fish fish/vendor_completions.d/swictation.fish
{
    cat packaging/linux/copyright.in
    sed -n '/^Permission/,$ { s/^$/./; s/^/ /; p }' LICENSE
} >"$share/doc/swictation/copyright"
mkdir -p "$share/lintian/overrides"
cp packaging/linux/lintian-overrides "$share/lintian/overrides/swictation"
printf 'swictation (%s) stable; urgency=medium\n\n  * See CHANGELOG.md in the sources.\n\n -- %s  %s\n' \
    "$SWICTATION_VERSION" "$maintainer" "$(date --utc --date="@$SOURCE_DATE_EPOCH" --rfc-email)" |
    gzip -9n >"$share/doc/swictation/changelog.gz"

find "$root/usr" -type d -exec chmod 755 {} +
find "$root/usr" -type f -exec chmod 644 {} +
chmod 755 "$root"/usr/lib/swictation/swictation{,-tray}
# what the bundle asks of the system, as Debian's own tool computes it from the libraries
mkdir -p build/debian/debian
printf 'Source: swictation\n\nPackage: swictation\nArchitecture: any\n' >build/debian/debian/control
mapfile -t libraries < <(find "$PWD/$root/usr/lib/swictation" -type f \( -name '*.so' -o -name '*.so.*' -o -name swictation -o -name swictation-tray \))
depends=$(cd build/debian && dpkg-shlibdeps -O --ignore-missing-info -l"$PWD/swictation/usr/lib/swictation/_internal" \
    -l"$PWD/swictation/usr/lib/swictation/_internal/PySide6/Qt/lib" "${libraries[@]}" 2>shlibdeps.log | sed 's/^shlibs:Depends=//') ||
    fail "$(cat build/debian/shlibdeps.log)"
fill packaging/linux/control.in VERSION "$SWICTATION_VERSION" ARCHITECTURE "$architecture" MAINTAINER "$maintainer" \
    SIZE "$(du -ks "$root/usr" | cut -f1)" DEPENDS "$depends, libportaudio2" >"$root/DEBIAN/control"
(cd "$root" && find usr -type f -print0 | sort -z | xargs -0 md5sum >DEBIAN/md5sums)
deb=dist/swictation_${SWICTATION_VERSION}_$architecture.deb
dpkg-deb --root-owner-group -Zxz --build "$root" "$deb"

# the tar.gz is the frozen directory with what a desktop wants to know of it; it runs where it is unpacked
tree=swictation-$SWICTATION_VERSION-linux-$(uname -m)
mkdir -p "build/debian/$tree"
cp -a "$frozen/." "build/debian/$tree/"
cp -a "$share" "build/debian/$tree/share"
rm -rf "build/debian/$tree/share/"{doc,lintian}
tar --sort=name --mtime="@$SOURCE_DATE_EPOCH" --owner=0 --group=0 --numeric-owner -C build/debian -c "$tree" |
    gzip -n >"dist/$tree.tar.gz"
ls -l --block-size=MB "$deb" "dist/$tree.tar.gz"
