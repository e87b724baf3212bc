#!/usr/bin/env bash
# Install the Debian package in a fresh Debian 12, dictate with it, remove it, and see that nothing is left but the user's own data.
# As root, for a root file system is made; needs debootstrap. The screen, the window and the one who checks are outside of it.
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=packaging/environment.sh
. packaging/environment.sh

[ "$(id -u)" -eq 0 ] || fail "making a fresh root needs root: sudo bash packaging/try_debian.sh"
need_packages debootstrap lintian desktop-file-utils appstream "${SCREEN_PACKAGES[@]}" imagemagick trayer
debs=(dist/swictation_*_"$(dpkg --print-architecture)".deb)
deb=${debs[0]}
[ -f "$deb" ] || fail "there is no package: bash packaging/debian.sh"
root=$(mktemp -d "${TMPDIR:-/var/tmp}/swictation-root-XXXXXX")
chmod 755 "$root"
shared=$(mktemp -d) # the directories of the demonstration, at the same place in the root
sockets=/tmp/.X11-unix # where every X server has them
cleanup() {
    if umount -R "$root/proc" "$root/dev" "$root$shared" "$root$sockets" 2>/dev/null || ! grep -q " $root/" /proc/mounts; then
        rm -rf --one-file-system "$root" "$shared"
    else
        say "$root is still mounted: umount it and delete it"
    fi
}
trap cleanup EXIT
inside() { env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LANG=C.UTF-8 DEBIAN_FRONTEND=noninteractive "$@"; }
listing() { (cd "$root" && find usr etc opt var/lib root home -xdev \( -path var/lib/apt -o -path var/lib/dpkg \) -prune -o -print | sort); }

say "checking the package"
lintian --fail-on error "$deb" >build/debian/lintian.log || { cat build/debian/lintian.log; fail "lintian finds errors"; }
desktop-file-validate build/debian/swictation/usr/share/applications/*.desktop
appstreamcli validate --no-net build/debian/swictation/usr/share/metainfo/*.metainfo.xml

say "making a fresh Debian 12"
debootstrap --variant=minbase --include=ca-certificates bookworm "$root" ${DEBIAN_MIRROR:+"$DEBIAN_MIRROR"} >build/debian/debootstrap.log ||
    fail "debootstrap failed: see build/debian/debootstrap.log"
cp /etc/resolv.conf /etc/hosts "$root/etc/"
cp /etc/ssl/certs/ca-certificates.crt "$root/etc/ssl/certs/"
cp -a /etc/apt/sources.list* /etc/apt/apt.conf.d "$root/etc/apt/" # the mirror that works here
mount -t proc proc "$root/proc"
mount --rbind /dev "$root/dev"
mount --make-rslave "$root/dev"
[ -d "$sockets" ] || mkdir -m 1777 "$sockets"
for place in "$shared" "$sockets"; do
    mkdir -p "$root$place"
    mount --bind "$place" "$root$place"
done
inside chroot "$root" apt-get -qq update
cp "$deb" "$root/root/swictation.deb"

# its dependencies first, so that removing the package can be compared with the moment before it came
inside chroot "$root" apt-get -qq install -y --no-install-recommends --download-only /root/swictation.deb >/dev/null
dependencies=$(dpkg-deb --field "$deb" Depends | sed 's/([^)]*)//g; s/|[^,]*//g; s/,/ /g')
# shellcheck disable=SC2086
inside chroot "$root" apt-get -qq install -y --no-install-recommends fonts-dejavu-core $dependencies >build/debian/dependencies.log 2>&1
before=$(listing)
say "installing the package"
inside chroot "$root" apt-get -qq install -y --no-install-recommends /root/swictation.deb >build/debian/install.log 2>&1 ||
    fail "it cannot be installed: see build/debian/install.log"
inside chroot "$root" swictation transcribe /usr/lib/swictation/_internal/models/practice/recording.flac
TMPDIR=$shared xvfb-run --auto-servernum --server-args="-screen 0 1280x800x24 -nolisten tcp" \
    .venv/bin/python packaging/demonstrate.py --program "chroot $root swictation" --picture build/debian/dictated.png
say "removing it"
inside chroot "$root" apt-get -qq purge -y swictation >build/debian/remove.log 2>&1
left=$(diff <(printf '%s\n' "$before") <(listing) | grep '^>' | grep -v '^> root/\.\(local\|config\|cache\)' || true)
[ -z "$left" ] || fail "this is left: $left"
say "installed, dictated with and removed; nothing is left"
