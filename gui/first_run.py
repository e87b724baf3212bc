"""The first run: microphone, model and hotkey on one page, each seen to work before it is green."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

from PySide6.QtCore import QSize
from PySide6.QtGui import QHideEvent, QKeySequence, QShortcut, QShowEvent
from PySide6.QtWidgets import (
    QHBoxLayout,
    QLabel,
    QLayout,
    QPlainTextEdit,
    QProgressBar,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from gui import first_run_memory, first_run_steps
from gui.first_run_row import StepRow
from gui.first_run_steps import Mark, Step
from gui.link import Link
from gui.settings.command import Command
from gui.settings.controls import Switch
from gui.settings.key_field import KeyField
from gui.settings.listening import Listening
from gui.settings.meter import Meter
from gui.settings.microphone_page import MicrophoneChoice
from gui.settings.model_words import follow
from gui.settings.page import Field
from gui.settings.values import Values
from gui.settings.words import Words

_SIZE = QSize(640, 470)


def offer(link: Link, show: Callable[[], object]) -> None:
    """Call ``show`` if the first run should open by itself, as far as the daemon and what was kept say."""
    proved = first_run_memory.proved()
    if proved.hidden:
        return

    def judge(history: dict[str, Any], config: dict[str, Any]) -> None:
        if first_run_steps.wanted(proved, dictated=history["total"], model_dir=config["values"]["model.dir"]):
            show()

    link.ask(
        "history",
        lambda history: link.ask("config", lambda config: judge(history, config), _let_be),
        _let_be,
        search=None,
        outcomes=None,
        limit=1,
        before=None,
    )


def _let_be(_line: str) -> None:
    """Who cannot be asked is not bothered."""


class FirstRun(QWidget):
    """Three steps, in any order. It can be closed at any time and says the same when it is opened again."""

    def __init__(self, link: Link) -> None:
        super().__init__()
        self.setWindowTitle("Welcome to swictation")
        self.resize(_SIZE)
        self._link = link
        self._values = Values(link, self)
        self._proved = first_run_memory.proved()
        self._fault = ""
        self._trying = False  # the field is empty and waits for a dictation
        self._listening = Listening(link, self)
        self._command = Command(self)
        self._steps = [StepRow(number, name) for number, name in ((1, "Microphone"), (2, "Model"), (3, "Hotkey"))]
        self._meter, self._choice = Meter(), MicrophoneChoice()
        self._get, self._cancel = QPushButton("&Get the model that suits this computer"), QPushButton("&Cancel")
        self._bar, self._said = QProgressBar(), Words()
        self._key, self._typed = KeyField(link), QPlainTextEdit()
        self._hide, self._done = Switch("&Do not show this again"), QPushButton("Close")
        self._lay_out()
        self._connect()
        self._show()

    def showEvent(self, event: QShowEvent) -> None:  # noqa: N802 - Qt's name
        """Take up again what is not proved."""
        super().showEvent(event)
        self._link.ask("microphones", self._choice.offer, _let_be)
        self._typed.setFocus()
        self._show()

    def hideEvent(self, event: QHideEvent) -> None:  # noqa: N802 - Qt's name
        """Close the microphone."""
        super().hideEvent(event)
        self._listening.stop()

    def close_down(self) -> None:
        """The tray ends: so does what the page has at work."""
        self._command.close()

    # -- laying out ----------------------------------------------------------------------------------------------------

    def _lay_out(self) -> None:
        whole = QVBoxLayout(self)
        whole.setContentsMargins(24, 18, 24, 14)
        whole.setSpacing(16)
        title = QLabel("Three things, and you can dictate")
        font = title.font()
        font.setPointSizeF(font.pointSizeF() * 1.5)
        font.setBold(True)
        title.setFont(font)
        whole.addWidget(title)
        for step, fill in zip(self._steps, (self._microphone, self._model, self._hotkey), strict=True):
            whole.addWidget(step)
            fill(step.inside)
        whole.addStretch(1)
        foot = QHBoxLayout()
        foot.addWidget(self._hide)
        foot.addStretch(1)
        foot.addWidget(self._done)
        whole.addLayout(foot)
        self._hide.setChecked(self._proved.hidden)

    def _microphone(self, inside: QVBoxLayout) -> None:
        self._choice.setAccessibleName("Microphone")
        self._choice.setAccessibleDescription("Microphone")  # on Linux the name of a box of choices is what is chosen
        words = Words()
        inside.addLayout(_line(self._choice, self._meter))
        inside.addWidget(words)
        Field(self._values, "microphone.device", self._choice, words, None)

    def _model(self, inside: QVBoxLayout) -> None:
        self._bar.setTextVisible(False)
        self._bar.setAccessibleName("Progress of the download")
        inside.addLayout(_line(self._get, self._bar, self._cancel))
        inside.addWidget(self._said)

    def _hotkey(self, inside: QVBoxLayout) -> None:
        words = Words()
        self._key.said.connect(lambda line, fault: words.tell(line, fault=fault))
        Field(self._values, "hotkey.key", self._key, words, None)
        self._key.setAccessibleName("Hotkey")
        self._typed.setAccessibleName("Where the words arrive")
        self._typed.setPlaceholderText("The words arrive here.")
        self._typed.setTabChangesFocus(True)
        self._typed.setFixedHeight(3 * self._typed.fontMetrics().lineSpacing() + 12)
        line = QHBoxLayout()
        line.addWidget(self._key)
        line.addWidget(QLabel("Click it to take another key."), 1)
        inside.addLayout(line)
        inside.addWidget(words)
        inside.addWidget(self._typed)

    def _connect(self) -> None:
        self._link.changed.connect(self._show)
        self._values.changed.connect(self._show)
        self._listening.level.connect(self._take_level)
        self._listening.fault.connect(self._take_fault)
        self._typed.textChanged.connect(self._show)
        self._get.clicked.connect(self._pull)
        self._cancel.clicked.connect(self._command.cancel)
        self._command.told.connect(lambda told: follow(told, self._bar, self._said.tell))
        self._command.done.connect(lambda _last: self._end(""))
        self._command.failed.connect(self._end)
        self._hide.toggled.connect(lambda hidden: self._prove(hidden=hidden))
        self._done.clicked.connect(self.close)
        QShortcut(QKeySequence(QKeySequence.StandardKey.Close), self, self.close)

    # -- showing -------------------------------------------------------------------------------------------------------

    def _show(self) -> None:
        status = self._link.snapshot.status
        if not self.isVisible():
            return
        if status is None:
            for row in self._steps:
                row.show_step(Step(Mark.OPEN, self._link.snapshot.why or "swictation is not running."))
            return
        self._see_dictation(status)
        proved = self._proved
        steps = (
            first_run_steps.microphone(status, proved, self._fault),
            first_run_steps.model(status),
            first_run_steps.hotkey(status, proved),
        )
        for row, told in zip(self._steps, steps, strict=True):
            row.show_step(told)
        self._listen(status, proved=steps[0].mark == Mark.PROVED)
        busy = self._command.running
        self._get.setVisible(not busy and bool(status["engine"]["practice"]))
        self._bar.setVisible(busy)
        self._cancel.setVisible(busy)
        self._done.setText("&Done" if all(step.mark == Mark.PROVED for step in steps) else "&Later")

    def _listen(self, status: dict[str, Any], *, proved: bool) -> None:
        """The microphone is open until it is proved, and never while a dictation or the field wants it."""
        self._meter.setVisible(not proved)
        free = status["state"] not in {"opening", "listening", "working"}
        if proved or not free:
            self._listening.stop()
        elif "microphone.device" in self._values.values:
            self._listening.start(self._values.values["microphone.device"])

    def _see_dictation(self, status: dict[str, Any]) -> None:
        """The hotkey is proved by a dictation that began while the field had the keyboard, and filled it."""
        if status["state"] in {"opening", "listening"} and status["mode"] != "hands_free" and self._typed.hasFocus():
            self._trying = True
        last = status["last_utterance"]
        arrived = last is not None and last["outcome"] in {"confirmed", "sent"} and self._typed.toPlainText().strip()
        if self._trying and status["state"] == "idle" and arrived:
            self._trying = False
            self._prove(hotkey=status["hotkey"]["key"])

    def _take_level(self, level: dict[str, Any]) -> None:
        self._meter.show_level(level["level_dbfs"], speech=level["speech"])
        status = self._link.snapshot.status
        if status is not None and first_run_steps.loud_enough(level):
            self._prove(microphone=status["microphone"]["device"])

    def _take_fault(self, line: str) -> None:
        if line != self._fault:
            self._fault = line
            self._show()

    def _prove(self, **what: Any) -> None:
        self._proved = dataclasses.replace(self._proved, **what)
        first_run_memory.keep(self._proved)
        self._show()

    # -- getting a model -----------------------------------------------------------------------------------------------

    def _pull(self) -> None:
        self._said.tell("Looking which model suits …")
        self._bar.setRange(0, 0)
        self._command.start("models", "pull", "--progress", "json")
        self._show()

    def _end(self, line: str) -> None:
        self._said.tell(line, fault=bool(line))
        self._show()


def _line(*parts: QWidget) -> QLayout:
    line = QHBoxLayout()
    for part in parts:
        line.addWidget(part, 1 if isinstance(part, (Meter, QProgressBar)) else 0)
    line.addStretch(0)
    return line
