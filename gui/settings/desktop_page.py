"""The page of what is seen and heard of swictation on the desktop, and of its start with the login."""

from __future__ import annotations

from PySide6.QtGui import QShowEvent

from gui.autostart import switchable
from gui.settings.controls import Choice, Switch
from gui.settings.page import Page
from gui.settings.values import Json, Values
from gui.settings.words import Words

_PLACES = {
    "bottom": "Bottom",
    "top": "Top",
    "top-left": "Top left",
    "top-right": "Top right",
    "bottom-left": "Bottom left",
    "bottom-right": "Bottom right",
}
_WAYS = {
    "systemd": "As a service of your session.",
    "xdg": "By an entry among the desktop's start-up programs.",
    "launchd": "As an agent of your login.",
    "registry": "By an entry among the start-up programs.",
}


class DesktopPage(Page):
    """Start on login, the overlay, notifications and sounds."""

    def __init__(self, values: Values) -> None:
        super().__init__("Desktop")
        self._link = values.link
        self._login, self._how = Switch("Start on &login"), Words()
        self._login.setEnabled(False)
        self._login.chosen.connect(self._set_login)
        self.row("", self._login, self._how)
        self.field(
            values,
            "overlay.show",
            "",
            Switch("Show the &overlay while dictating"),
            "It never takes the keyboard or the pointer.",
        )
        self.field(
            values,
            "overlay.text",
            "",
            Switch("The o&verlay shows what you say, while you say it"),
            "Costs up to a third of the engine's time while you speak, and never delays the text at the cursor.",
        )
        self.field(values, "overlay.place", "&Place of the overlay", Choice(_PLACES))
        self.field(
            values,
            "notifications.show",
            "",
            Switch("&Notify of what needs you"),
            "A text that was held, a microphone that vanished, a GPU that was lost, a model that is missing.",
        )
        self.field(
            values,
            "notifications.text",
            "",
            Switch("Notifications may show the &words"),
            "Others may see them on your screen.",
        )
        self.field(values, "sounds.on", "", Switch("Play &sounds"), "At the start, at the end and at an error.")
        self.end()

    def showEvent(self, event: QShowEvent) -> None:  # noqa: N802 - Qt's name
        """Look whether it starts on login."""
        super().showEvent(event)
        self._link.ask("autostart", self._take, self._refused, on=None)

    def _set_login(self, on: bool) -> None:
        self._login.setEnabled(False)
        self._link.ask("autostart", self._take, self._refused, on=on)

    def _take(self, answer: Json) -> None:
        possible = switchable(answer)
        self._login.setChecked(answer["on"])
        self._login.setEnabled(possible)
        explained = answer["reason"] or _WAYS.get(answer["way"] or "", "")
        self._how.tell(explained, fault=bool(answer["reason"]) and possible)

    def _refused(self, line: str) -> None:
        self._how.tell(line, fault=True)
        self._link.ask("autostart", self._take_state, lambda _line: None, on=None)

    def _take_state(self, answer: Json) -> None:
        self._login.setChecked(answer["on"])
        self._login.setEnabled(switchable(answer))
