"""A microphone that is tried: its level, and once on request what it hears. Used by a page only while it is seen."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QObject, QTimer, Signal

from gui.link import Link
from gui.stream import Stream

Json = dict[str, Any]

_AGAIN_MS = 1000


class Listening(QObject):
    """Between ``start`` and ``stop`` the microphone ``device`` is open, unless a dictation has it.

    ``level`` carries every level, ``heard`` what was recognised after ``recognise``, ``fault`` the line why there is
    no level at present, which is tried again; empty when there is one.
    """

    level = Signal(object)
    heard = Signal(object)
    fault = Signal(str)

    def __init__(self, link: Link, parent: QObject) -> None:
        super().__init__(parent)
        self._link = link
        self._device = ""
        self._stream: Stream | None = None
        self._wanted = False
        self._recognising = False
        self._again = QTimer(self)
        self._again.setSingleShot(True)
        self._again.setInterval(_AGAIN_MS)
        self._again.timeout.connect(self._open)

    @property
    def recognising(self) -> bool:
        """Whether something said now will be recognised."""
        return self._recognising

    def start(self, device: str) -> None:
        """Listen to ``device`` from now on."""
        if self._wanted and device == self._device:
            return
        self.stop()
        self._wanted, self._device = True, device
        self._open()

    def stop(self) -> None:
        """Close the microphone."""
        self._wanted = self._recognising = False
        self._hang_up()

    def recognise(self) -> None:
        """Have the next utterance recognised; a second time leaves it."""
        self._recognising = not self._recognising
        self._hang_up()
        self._open()

    def _hang_up(self) -> None:
        self._again.stop()
        if self._stream is not None:
            self._stream.close()
            self._stream = None

    def _open(self) -> None:
        if self._wanted and self._stream is None:
            device = self._device or None
            self._stream = self._link.stream(
                "try_microphone", self._take, self._end, device=device, recognise=self._recognising
            )

    def _take(self, answer: Json) -> None:
        self.fault.emit("")
        if "text" in answer:
            self._recognising = False
            self.heard.emit(answer)
        else:
            self.level.emit(answer)

    def _end(self, line: str | None) -> None:
        self._stream = None
        if line is None and not self._recognising:  # its time was over, or it has heard something
            self._open()
            return
        self._recognising = False
        self.level.emit({"level_dbfs": None, "speech": False})
        self.fault.emit(line or "Nothing was said: try it again.")
        self._again.start()
