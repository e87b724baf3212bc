"""Ask whether the locked packages have known vulnerabilities: ``python packaging/audit.py [LOCK...]``; 1 if any has.

Where the registry cannot be reached, or does not know a package, that is said and no fault: the tests run offline too.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

_LOCKS = [str(Path(__file__).with_name("requirements.lock"))]
_LIMIT_S = 120.0


def main(locks: list[str]) -> int:
    """Ask about each lock file with pip-audit, which asks the Python Package Index."""
    return max(judge(lock, *ask(lock)) for lock in locks)


def ask(lock: str) -> tuple[str, str]:
    """What pip-audit prints about the packages in ``lock``: its report as JSON, and its messages."""
    command = ["-m", "pip_audit", "--disable-pip", "--require-hashes", "--progress-spinner", "off", "--format", "json"]
    try:
        asked = subprocess.run(
            [sys.executable, *command, "--requirement", lock],
            capture_output=True, text=True, check=False, timeout=_LIMIT_S,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        return "", f"no answer within {_LIMIT_S:.0f} s"
    return asked.stdout, asked.stderr


def judge(lock: str, report: str, messages: str) -> int:
    """Print what the report says; 1 if a package has a known vulnerability."""
    if not report.strip():
        reason = (messages.strip().splitlines() or ["no answer"])[-1]
        print(f"{Path(lock).name}: the registry could not be asked about vulnerabilities: {reason}")
        return 0
    packages = json.loads(report)["dependencies"]
    unknown = sum("skip_reason" in package for package in packages)
    found = [(package, fault) for package in packages for fault in package.get("vulns", [])]
    for package, fault in found:
        mended = ", ".join(fault["fix_versions"]) or "no version yet"
        print(f"{package['name']} {package['version']}: {fault['id']}, mended in {mended}")
    print(
        f"{Path(lock).name}: {len(packages) - unknown} packages asked about, {len(found)} known vulnerabilities", end=""
    )
    print(f"; the registry does not answer for {unknown}" if unknown else "")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:] or _LOCKS))
