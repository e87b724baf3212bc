"""Short sounds at the start, the end and at an error, for who has switched them on."""

from __future__ import annotations

from enum import StrEnum
from importlib.resources import files
from typing import Any

from PySide6.QtCore import QObject, QProcess, QStandardPaths, QTimer

Json = dict[str, Any]

_PLAYERS = ("pw-play", "paplay", "aplay", "afplay")
_LIMIT_MS = 3000  # a frozen sound server lets no player end


class Sound(StrEnum):
    """The sounds; each value is the name of its file in ``gui/sounds``."""

    START = "start"
    STOP = "stop"
    ERROR = "error"


def sound(before: Json | None, after: Json | None) -> Sound | None:
    """Which sound the step from one status to the next is worth."""
    if before is None or after is None:
        return None
    if _went_wrong(after) - _went_wrong(before):
        return Sound.ERROR
    was, is_now = (status["state"] == "listening" for status in (before, after))
    if was != is_now:
        return Sound.START if is_now else Sound.STOP
    return None


def _went_wrong(status: Json) -> set[str]:
    last = status["last_utterance"]
    missed = {f"utterance {last['id']}"} if last is not None and last["outcome"] in {"held", "failed"} else set()
    return missed | set(status["faults"])


class Player(QObject):
    """Plays sounds by the system's own player, one at a time; silent where there is none."""

    def __init__(self) -> None:
        super().__init__()
        self._process = QProcess(self)
        self._limit = QTimer(self, singleShot=True, interval=_LIMIT_MS)
        self._limit.timeout.connect(self._process.kill)
        self._process.finished.connect(self._limit.stop)

    def play(self, which: Sound) -> None:
        """Begin to play. A sound that still plays is not cut."""
        command = next(filter(None, map(QStandardPaths.findExecutable, _PLAYERS)), "")
        if command and self._process.state() == QProcess.ProcessState.NotRunning:
            self._process.start(command, [str(files("gui").joinpath("sounds", f"{which}.wav"))])
            self._limit.start()

    def close(self) -> None:
        """End what plays."""
        self._process.kill()
        self._process.waitForFinished(_LIMIT_MS)
