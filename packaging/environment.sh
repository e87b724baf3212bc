# Sourced by run.sh and test.sh: system packages through apt, the virtual environment, the locked dependencies.
# Everything is skipped that is already there, so a second run starts at once.
# shellcheck shell=bash

# What the program itself uses on Debian 12: audio (PortAudio and its way to the sound server) and Qt's xcb platform.
# libasound2-plugins lets PortAudio, which knows ALSA only, reach PulseAudio and PipeWire.
PROGRAM_PACKAGES=(python3-venv libportaudio2 libasound2-plugins pulseaudio-utils
    libgl1 libegl1 libdbus-1-3 libfontconfig1 libglib2.0-0 libxkbcommon-x11-0 libxcb-cursor0 libxcb-icccm4
    libxcb-keysyms1 libxcb-shape0 libx11-xcb1 fonts-dejavu-core)
# A desktop without a screen, for the demonstration.
SCREEN_PACKAGES=(xvfb xauth openbox xterm)
# What the tests drive: a sound server, window tools, and applications that are not ours.
TEST_PACKAGES=("${SCREEN_PACKAGES[@]}" pulseaudio xdotool xclip x11-utils x11-xserver-utils imagemagick
    mousepad featherpad zenity sway foot wtype wl-clipboard xwayland
    trayer dbus dbus-x11 xdg-desktop-portal mutter desktop-file-utils libglib2.0-bin libnotify-bin at-spi2-core)

BIN=.venv/bin
[ "${OS:-}" != Windows_NT ] || BIN=.venv/Scripts

say() { printf 'swictation: %s\n' "$*" >&2; }

fail() {
    say "$*"
    exit 1
}

# need_packages PACKAGE...: install the ones that are missing, or print the one line that does.
need_packages() {
    command -v dpkg-query >/dev/null || return 0 # another distribution: the README names what is needed
    local missing=() package
    for package in "$@"; do
        dpkg-query -W -f='${db:Status-Status}' "$package" 2>/dev/null | grep -qx installed || missing+=("$package")
    done
    [ ${#missing[@]} -eq 0 ] && return 0
    local as_root=()
    if [ "$(id -u)" -ne 0 ]; then
        if command -v sudo >/dev/null && sudo -n true 2>/dev/null; then
            as_root=(sudo)
        else
            fail "these system packages are missing; install them and start again: sudo apt-get install -y ${missing[*]}"
        fi
    fi
    say "installing ${#missing[@]} system packages: ${missing[*]}"
    local apt=("${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=600 -qq)
    "${apt[@]}" update >&2 || say "the package lists could not be renewed; trying with those that are there"
    "${apt[@]}" install -y --no-install-recommends "${missing[@]}" >/dev/null ||
        fail "apt could not install them; see its message above, then: apt-get install -y ${missing[*]}"
}

# make_environment LOCK: a virtual environment in .venv with exactly what the lock file names, and the checkout.
make_environment() {
    local lock=$1 stamp wanted python
    python=$(command -v python3 || command -v python) || fail "python3 is missing: apt-get install -y python3 python3-venv"
    "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || fail "Python 3.11 or newer is needed: $("$python" -V) is too old"
    stamp=.venv/installed
    wanted=$(cat "$lock" pyproject.toml | "$python" -c 'import hashlib, sys; print(hashlib.sha256(sys.stdin.buffer.read()).hexdigest())')
    if [ -x $BIN/python ] && [ "$(cat "$stamp" 2>/dev/null)" = "$wanted" ] && $BIN/python -c '' 2>/dev/null; then
        return 0
    fi
    say "installing the dependencies into .venv"
    [ -x $BIN/python ] && $BIN/python -c '' 2>/dev/null || "$python" -m venv --clear .venv
    $BIN/python -m pip install --quiet --disable-pip-version-check --require-hashes --requirement "$lock"
    $BIN/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
    printf '%s\n' "$wanted" >"$stamp"
}
