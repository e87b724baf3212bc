"""The page of the engine: what shall decode, and what really does."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel

from gui.settings.controls import Choice, Number
from gui.settings.engine_words import ENGINES, PROVIDERS, fault, measured, running, tested
from gui.settings.page import Page
from gui.settings.values import Values
from gui.settings.words import Words

_SAME_WORDS = "The GPU is used only where it hears the same words as the CPU."


class EnginePage(Page):
    """Three choices, and the answer of the computer."""

    def __init__(self, values: Values) -> None:
        super().__init__("Engine")
        self._link = values.link
        self.field(
            values, "model.engine", "&Engine", Choice(ENGINES), "Automatic takes what was measured to be the fastest."
        )
        self.field(
            values,
            "model.provider",
            "&Runs on",
            Choice(PROVIDERS),
            _SAME_WORDS,
        )
        self.field(
            values,
            "model.threads",
            "&Threads",
            Number("", zero="Automatic"),
            "Of the CPU. More are faster on an idle computer and slower on a busy one.",
        )
        self._running, self._tested, self._measured = _told(), _told(), _told()
        self._fault = Words()
        self.section("At present")
        self.row("Decoding", self._running, self._fault)
        self.row("Self-test", self._tested)
        self.row("Measured", self._measured)
        self.end()
        values.link.changed.connect(self._show)
        self._show()

    def _show(self) -> None:
        status = self._link.snapshot.status
        if status is None:
            return
        self._running.setText(running(status))
        self._tested.setText(tested(status))
        self._measured.setText(measured(status))
        if (line := fault(status)) != self._fault.text():
            self._fault.tell(line, fault=True)


def _told() -> QLabel:
    return QLabel(textFormat=Qt.TextFormat.PlainText, wordWrap=True)
