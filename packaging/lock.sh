#!/usr/bin/env bash
# Write the lock files anew from pyproject.toml. Needs uv (`pip install uv`); run it when a dependency changes.
set -euo pipefail
cd "$(dirname "$0")/.."
compile() {
    uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header \
        --custom-compile-command "bash packaging/lock.sh" "$@"
}
compile pyproject.toml packaging/build.in --output-file packaging/requirements.lock
compile pyproject.toml packaging/build.in --extra test --extra freeze --output-file packaging/requirements-test.lock
