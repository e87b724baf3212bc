#!/usr/bin/env bash
# Install what is missing and dictate: with a screen and a microphone that is the daemon and the tray; without them the
# same daemon is shown on the bundled recording and a virtual screen. `--demonstrate` shows that in any case.
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=packaging/environment.sh
. packaging/environment.sh

need_packages "${PROGRAM_PACKAGES[@]}"
if [ -f .venv/bin/pytest ]; then # the tests' environment holds all that the program needs
    make_environment packaging/requirements-test.lock
else
    make_environment packaging/requirements.lock
fi

lacking() {
    [ -n "${DISPLAY:-}${WAYLAND_DISPLAY:-}" ] || printf 'no screen (DISPLAY is not set)'
    .venv/bin/swictation devices --json 2>/dev/null | grep -q '"name"' || printf '%s' "${DISPLAY:+no microphone}${DISPLAY:- and no microphone}"
}

if [ "${1:-}" = --demonstrate ]; then
    missing="as asked"
else
    missing=$(lacking)
fi
if [ -z "$missing" ]; then
    .venv/bin/swictation
    .venv/bin/swictation status
    exit 0
fi
say "$missing: showing the same job on the bundled recording and a virtual screen"
need_packages "${SCREEN_PACKAGES[@]}"
exec xvfb-run --auto-servernum --server-args="-screen 0 1280x800x24 -nolisten tcp" .venv/bin/python packaging/demonstrate.py
