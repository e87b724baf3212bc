"""The report for others: what was found, without the names of user, machine and devices, and without paths.

No finding ever holds a dictated text.
"""

from __future__ import annotations

import getpass
import os
import re
import socket
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from daemon import paths
from daemon.doctor.finding import Finding, in_words, verdict

_LEFT_OUT = "[left out]"


def text(findings: Sequence[Finding], places: Mapping[str, str], names: Mapping[str, str]) -> str:
    """The report; ``places`` are paths and ``names`` are words, each with what stands for it."""
    lines = [f"swictation doctor, {time.strftime('%Y-%m-%d')}", ""]
    for finding in findings:
        line = in_words(finding)
        for private in finding.private:
            line = line.replace(private, _LEFT_OUT) if private else line
        lines.append(line)
    lines += ["", verdict(findings), ""]
    return redacted("\n".join(lines), places, names)


def redacted(said: str, places: Mapping[str, str], names: Mapping[str, str]) -> str:
    """``said`` with every path and name replaced, the longest paths first, and every other home directory too."""
    for place in sorted(places, key=len, reverse=True):
        said = said.replace(place, places[place])
    said = re.sub(r"(?:/home|/Users)/[^/\s]+|/run/user/\d+|[A-Z]:\\Users\\[^\\\s]+", "~", said)
    for name, instead in names.items():
        said = re.sub(rf"(?<!\w){re.escape(name)}(?!\w)", instead, said, flags=re.IGNORECASE)
    return said


def places_here() -> dict[str, str]:
    """The user's directories."""
    config = paths.config_file().parent
    named = {
        paths.data_directory(): "DATA", paths.runtime_directory(): "RUNTIME", config: "CONFIG", Path.home(): "~",
    }  # fmt: skip
    return {str(path): name for path, name in named.items() if len(str(path)) > 1}


def names_here() -> dict[str, str]:
    """The names of user and machine."""
    names = {socket.gethostname(): "MACHINE", socket.gethostname().partition(".")[0]: "MACHINE"}
    try:
        names[getpass.getuser()] = "USER"
    except (KeyError, OSError):  # a user without an entry
        names.pop("", None)
    for variable in ("USER", "LOGNAME", "USERNAME", "SUDO_USER"):
        names[os.environ.get(variable, "")] = "USER"
    names.pop("", None)
    return names
