"""The commands that are bound to keys, on the shortest way to the daemon: the whole process has to be over in 80 ms.

Parsing arguments costs as much as everything else here together, so ``toggle`` and its like, given alone, come here
straight from ``daemon.__main__``; the command line calls the same function.
"""

from __future__ import annotations

import sys
from typing import Any

from daemon.client import ask
from daemon.errors import SwictationError


def run(verb: str) -> int:
    """Ask the running daemon and print its state; the exit status is 1 if it cannot be asked."""
    try:
        tell(ask(verb))
    except SwictationError as error:
        print(f"swictation: {error}", file=sys.stderr)
        return 1
    return 0


def tell(result: dict[str, Any]) -> None:
    """Print the state that the daemon answered with, and what is wrong on stderr."""
    print(result["state"])
    for fault in result["faults"]:
        print(f"swictation: {fault}", file=sys.stderr)
