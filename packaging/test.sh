#!/usr/bin/env bash
# Install what is missing and pass the checks: those of checks.sh (style, types, imports, licences, ...) and every test.
# Arguments go to pytest; with any of them only the tests run.
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=packaging/environment.sh
. packaging/environment.sh

need_packages "${PROGRAM_PACKAGES[@]}" "${TEST_PACKAGES[@]}"
make_environment packaging/requirements-test.lock
export PATH="$PWD/$BIN:$PATH"

if [ $# -eq 0 ]; then
    bash packaging/checks.sh
    set -- -n 4 --dist loadfile # most tests wait for sound and windows, each file on a desktop of its own
fi
exec python -m pytest "$@"
