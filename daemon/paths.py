"""Where the program keeps its files, and the check that the private ones are private."""

from __future__ import annotations

import os
import stat
import sys
from collections.abc import Mapping
from pathlib import Path

from daemon.errors import UnsafeDirectory

APP_ID = "io.github.swictation.Swictation"  # by which desktops know the program: the name of its .desktop file

_NAME = "swictation"


def config_file() -> Path:
    """The configuration file."""
    if explicit := os.environ.get("SWICTATION_CONFIG"):
        return Path(explicit)
    return _directory("config") / "config.toml"


def data_directory() -> Path:
    """Where history, kept audio and models stay."""
    return _directory("data")


def runtime_directory() -> Path:
    """Where the socket and pending audio are, gone with the session."""
    return _directory("runtime")


def history_file() -> Path:
    """The SQLite file of the history."""
    return data_directory() / "history.sqlite"


def socket_file() -> Path:
    """The socket that the daemon listens on."""
    return runtime_directory() / "ctl"


def session_bus(environment: Mapping[str, str]) -> str | None:
    """The address of the D-Bus session bus; None where there is none."""
    if address := environment.get("DBUS_SESSION_BUS_ADDRESS"):
        return address
    socket = Path(environment.get("XDG_RUNTIME_DIR", "")) / "bus"
    return f"unix:path={socket}" if socket.is_absolute() and socket.exists() else None


def private(directory: Path) -> Path:
    """``directory``, created if need be, for its owner alone (0700). Raises UnsafeDirectory if it is not ours."""
    directory.mkdir(parents=True, exist_ok=True, mode=0o700)
    about = directory.lstat()
    if stat.S_ISLNK(about.st_mode) or not stat.S_ISDIR(about.st_mode):
        raise UnsafeDirectory(f"{directory} must be a directory of its own, not a link: remove it and start again")
    if hasattr(os, "getuid"):
        if about.st_uid != os.getuid():
            raise UnsafeDirectory(f"{directory} belongs to another user: remove it or set XDG_RUNTIME_DIR")
        if about.st_mode & 0o077:
            directory.chmod(0o700)
    return directory


def _directory(kind: str) -> Path:
    if sys.platform == "linux":  # the socket's path is needed by `toggle`, which has no time to import a library
        variable, fallback = _XDG[kind]
        if (base := os.environ.get(variable, "")).startswith("/"):
            return Path(base) / _NAME
        if fallback is not None:
            return Path.home() / fallback / _NAME
    import platformdirs

    finder = {
        "config": platformdirs.user_config_path,
        "data": platformdirs.user_data_path,
        "runtime": platformdirs.user_runtime_path,
    }[kind]
    return finder(_NAME, appauthor=False)


_XDG: dict[str, tuple[str, str | None]] = {
    "config": ("XDG_CONFIG_HOME", ".config"),
    "data": ("XDG_DATA_HOME", ".local/share"),
    "runtime": ("XDG_RUNTIME_DIR", None),
}
