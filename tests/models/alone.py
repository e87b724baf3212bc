"""Run a command where there is no network, and count what was tried of it. Linux only.

    python -m tests.models.alone COMMAND...

In a network namespace of its own every attempt, of whatever library and in whatever language, ends at the kernel's look
for a route over IP version 4, which it counts: a connection, a datagram, a question to a name server. (It does not
count those over version 6, but whoever reaches for an address there has asked a name server for it.) The last line
printed is a JSON object with the exit status and the count.
"""

import json
import subprocess
import sys
from pathlib import Path


def command(*arguments):
    """The command line that runs ``arguments`` so."""
    return [*_UNSHARE, sys.executable, "-m", "tests.models.alone", *map(str, arguments)]


def possible():
    """Whether this machine lets us."""
    try:
        return subprocess.run([*_UNSHARE, "true"], capture_output=True, check=False).returncode == 0
    except FileNotFoundError:
        return False


def tries():
    """How often a route was looked for in vain in this namespace."""
    lines = Path("/proc/net/snmp").read_text("ascii").splitlines()
    names, values = (line.split() for line in lines if line.startswith("Ip: "))
    return int(dict(zip(names, values, strict=True))["OutNoRoutes"])


_UNSHARE = ("unshare", "--user", "--map-root-user", "--net")

if __name__ == "__main__":
    status = subprocess.run(sys.argv[1:], check=False).returncode
    print(json.dumps({"status": status, "tries": tries()}))
