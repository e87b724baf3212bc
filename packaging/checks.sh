#!/usr/bin/env bash
# The checks that need no test: style, types, imports, budgets, dead code, licences, vulnerabilities. Under a minute.
# Needs the environment that test.sh makes, on PATH.
set -euo pipefail
cd "$(dirname "$0")/.."

ruff check .
ruff format --check .
mypy
lint-imports
vulture
python packaging/budget.py
python packaging/allowed_licences.py
python packaging/audit.py packaging/requirements.lock packaging/requirements-test.lock
python -m pip check
