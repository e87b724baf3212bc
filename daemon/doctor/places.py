"""Where the program keeps its files and listens: rights, room, and whether a daemon answers."""

from __future__ import annotations

import os
import shlex
import shutil
import stat
import tempfile
import time
from pathlib import Path
from typing import Any

from daemon import paths
from daemon.client import Client
from daemon.doctor.finding import Finding, State
from daemon.errors import NoDaemon, SwictationError, UnsafeDirectory
from daemon.single import Lock

_ANSWER_S = 3.0
_LITTLE_BYTES, _TOO_LITTLE_BYTES = 2 << 30, 50 << 20  # a model, and a day of audio, take half of it


def daemon() -> tuple[Finding, dict[str, Any] | None]:
    """Whether a daemon runs and answers, and its status."""
    name, asked_s = "daemon", time.monotonic()
    try:
        with Client(_ANSWER_S) as client:
            status = dict(client.ask("status"))
    except NoDaemon as error:
        if (holder := _holder()) is not None:
            return Finding(name, State.BAD, f"process {holder}: {error}", f"kill -9 {holder}"), None
        return Finding(name, State.OK, "not running; `swictation` starts it"), None
    except SwictationError as error:
        return Finding(name, State.BAD, str(error), "swictation quit"), None
    ms = (time.monotonic() - asked_s) * 1000
    up = f"running for {status['uptime_s']:.0f} s, answered in {ms:.0f} ms"
    if status["faults"]:
        return Finding(name, State.WARN, f"{up}; it reports: {'; '.join(status['faults'])}"), status
    return Finding(name, State.OK, up), status


def rights() -> Finding:
    """Whether nobody else can reach the socket."""
    name, directory, socket = "socket", paths.runtime_directory(), paths.socket_file()
    before = directory.lstat().st_mode if directory.exists() else None
    try:
        paths.private(directory)
    except UnsafeDirectory as error:
        return Finding(name, State.BAD, str(error), f"rm -r {shlex.quote(str(directory))}")
    except OSError as error:
        return Finding(name, State.BAD, f"{directory} cannot be made: {error.strerror}")
    if before is not None and before & 0o077:
        was = f"{directory} was open to others (mode {stat.S_IMODE(before):o}); it is closed now"
        return Finding(name, State.WARN, was)
    there = f", the socket {stat.S_IMODE(socket.stat().st_mode):o}" if socket.exists() else ""
    return Finding(name, State.OK, f"{directory} is for its owner alone (700){there}")


def disk() -> Finding:
    """Whether there is room for history, audio and models, and whether files can be written."""
    name = "disk"
    for directory in (paths.data_directory(), paths.runtime_directory()):
        try:
            paths.private(directory)
            with tempfile.NamedTemporaryFile(dir=directory, prefix="doctor-") as file:
                file.write(b"x")
                file.flush()
                os.fsync(file.fileno())
        except (OSError, UnsafeDirectory) as error:
            reason = error.strerror if isinstance(error, OSError) else str(error)
            return Finding(name, State.BAD, f"{directory} cannot be written to: {reason}", _open_up(directory))
    return room(shutil.disk_usage(paths.data_directory()).free, paths.data_directory())


def room(free_bytes: int, directory: Path) -> Finding:
    """What so much free space means."""
    says = f"{free_bytes / (1 << 30):.1f} GiB free in {directory}"
    if free_bytes < _TOO_LITTLE_BYTES:
        return Finding("disk", State.BAD, f"{says}: history and audio cannot be kept", "swictation history --clear")
    if free_bytes < _LITTLE_BYTES:
        return Finding("disk", State.WARN, f"{says}: too little to get a model", "swictation models list")
    return Finding("disk", State.OK, says)


def _open_up(directory: Path) -> str:
    """What makes a directory of that name possible: another thing stands there, or it is not to be written."""
    quoted = shlex.quote(str(directory))
    return f"chmod u+rwx {quoted}" if directory.is_dir() else f"mv {quoted} {quoted}.aside"


def _holder() -> int | None:
    """The process that holds the daemon's lock, if one does."""
    try:
        lock = Lock(paths.runtime_directory() / "daemon.lock")
        holder = lock.take()
    except OSError:  # no daemon has run in this session yet
        return None
    lock.release()
    return holder
