"""The versions of the program and of what it stands on."""

from __future__ import annotations

import platform
from importlib import metadata

from daemon.doctor.finding import Finding, State
from models.bench.machine import describe

_LIBRARIES = ("pyside6-essentials", "sounddevice", "webrtcvad-wheels", "python-xlib", "dbus-fast")


def check() -> Finding:
    """One line of them."""
    machine = describe()
    versions = {**machine["versions"], **{name: found for name in _LIBRARIES if (found := _version(name))}}
    libraries = ", ".join(f"{name} {version}" for name, version in versions.items())
    system = f"{machine['system']} ({platform.machine()}), {machine['cores']} cores, {machine['processor']}"
    return Finding("versions", State.OK, f"Python {machine['python']}, {libraries}; {system}")


def _version(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None
