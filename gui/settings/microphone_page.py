"""The page of the microphone: which one, its level, and what is heard through it."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QHideEvent, QShowEvent
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QLabel, QPushButton, QSizePolicy, QWidget

from gui.settings.controls import Limit, Number, Switch
from gui.settings.listening import Listening
from gui.settings.meter import Meter
from gui.settings.microphone_words import heard_words, level_words, offered
from gui.settings.page import Page
from gui.settings.values import Json, Values
from gui.settings.words import Words

_LOOK_MS = 5000  # between two looks which microphones there are
_TEST, _STOP = "&Test: say something", "Leave the &test"
_TOLD = "Recognises one sentence and shows what it cost. Nothing is inserted or kept."
_SPEAK = "Say a sentence, then pause …"


class MicrophoneChoice(QComboBox):
    """The microphones that there are."""

    chosen = Signal(object)

    def __init__(self) -> None:
        super().__init__()
        self._value = ""
        self._listed: list[Json] = []
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setMinimumContentsLength(30)
        self.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.activated.connect(lambda index: self.chosen.emit(self.itemData(index)))

    def offer(self, listed: list[Json]) -> None:
        """These are there now."""
        self._listed = listed
        if not self.editing():
            self._fill()

    def show_value(self, value: str, _limit: Limit) -> None:
        """Show what is."""
        self._value = value
        self._fill()

    def editing(self) -> bool:
        """Whether the user is at it."""
        return self.view().isVisible()

    def _fill(self) -> None:
        wanted = offered(self._listed, self._value)
        if [(self.itemData(index), self.itemText(index)) for index in range(self.count())] != wanted:
            self.clear()
            for value, words in wanted:
                self.addItem(words, value)
        self.setCurrentIndex([value for value, _ in wanted].index(self._value))


class MicrophonePage(Page):
    """Opens the microphone while it is seen, and only then."""

    def __init__(self, values: Values) -> None:
        super().__init__("Microphone")
        self._values = values
        self._link = values.link
        self._choice = MicrophoneChoice()
        self.field(values, "microphone.device", "&Microphone", self._choice)
        self._meter, self._word, self._fault = Meter(), QLabel(), Words()
        self.row("Level", self._level(), self._fault)
        self._test = QPushButton(_TEST)
        self._test.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self._cost = Words(_TOLD)
        self.row("", self._test, self._cost)
        self._heard = QLabel(textFormat=Qt.TextFormat.PlainText, wordWrap=True)
        self._heard.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._heard.setAccessibleName("What was heard")
        self.row("", self._heard)
        self._between(values)
        self.end()
        self._listening = Listening(self._link, self)
        self._listening.level.connect(self._show_level)
        self._listening.heard.connect(self._show_heard)
        self._listening.fault.connect(self._show_fault)
        self._test.clicked.connect(self._try)
        self._looking = QTimer(self)
        self._looking.setInterval(_LOOK_MS)
        self._looking.timeout.connect(self._look)
        values.changed.connect(self._follow)

    def showEvent(self, event: QShowEvent) -> None:  # noqa: N802 - Qt's name
        """Listen."""
        super().showEvent(event)
        self._look()
        self._looking.start()
        self._follow()

    def hideEvent(self, event: QHideEvent) -> None:  # noqa: N802 - Qt's name
        """Close the microphone."""
        super().hideEvent(event)
        self._looking.stop()
        self._listening.stop()
        self._show_level({"level_dbfs": None, "speech": False})
        self._show_test()

    def _between(self, values: Values) -> None:
        self.section("Between dictations")
        self.field(
            values,
            "microphone.linger_s",
            "Stays &open",
            Number("s", zero="not at all", step=10),
            "After a dictation: the next one begins without waiting for it. The icon shows a red dot meanwhile.",
        )
        self.field(
            values,
            "microphone.keep_open",
            "",
            Switch("&Always open"),
            "From the start on, as long as swictation runs, and the desktop shows that it listens.",
        )
        self.field(
            values,
            "microphone.pre_roll_ms",
            "&Kept from before",
            Number("ms", zero="nothing", step=100),
            "While it is open: what was said so shortly before the key belongs to the dictation. "
            "It is kept in memory, never in a file.",
        )

    def _level(self) -> QWidget:
        both = QWidget()
        line = QHBoxLayout(both)
        line.setContentsMargins(0, 0, 0, 0)
        self._word.setFixedWidth(self._word.fontMetrics().horizontalAdvance("silence, "))
        line.addWidget(self._meter, 1, Qt.AlignmentFlag.AlignVCenter)
        line.addWidget(self._word)
        return both

    def _look(self) -> None:
        self._link.ask("microphones", self._choice.offer, lambda _line: None)

    def _follow(self) -> None:
        if self.isVisible() and self._values.values:
            self._listening.start(self._values.values["microphone.device"])
            self._show_test()

    def _try(self) -> None:
        self._listening.recognise()
        self._heard.setText("")
        self._show_test()

    def _show_test(self) -> None:
        trying = self._listening.recognising
        self._test.setText(_STOP if trying else _TEST)
        if trying or self._cost.text() == _SPEAK:
            self._cost.tell(_SPEAK if trying else _TOLD)

    def _show_level(self, answer: dict[str, Any]) -> None:
        self._meter.show_level(answer["level_dbfs"], speech=answer["speech"])
        self._word.setText("" if answer["level_dbfs"] is None else level_words(answer))

    def _show_heard(self, answer: dict[str, Any]) -> None:
        said, cost = heard_words(answer)
        self._show_test()
        self._heard.setText(said)
        self._cost.tell(cost)

    def _show_fault(self, line: str) -> None:
        if line != self._fault.text():
            self._fault.tell(line, fault=True)
        if line:
            self._show_test()
