"""What is told without being asked: notifications and sounds, as the configuration allows them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from PySide6.QtCore import QObject

from gui.link import Link
from gui.notices import Notice, due
from gui.notify import Notifier
from gui.sound import Player, sound

Json = dict[str, Any]


class Announcer(QObject):
    """Follows the link. ``choose`` gets a notice whose button was pressed, ``remark`` one that the tray must show."""

    def __init__(self, link: Link, choose: Callable[[Notice], object], remark: Callable[[Notice], object]) -> None:
        super().__init__()
        self._link = link
        self._notifier = Notifier(choose, remark)
        self._player = Player()
        self._values: Json | None = None  # of the configuration; nothing is told before it is known
        self._config_revision: object = None
        self._told: frozenset[str] | None = None
        self._before: Json | None = None
        link.changed.connect(self._follow)

    def close(self) -> None:
        """Fall silent."""
        self._notifier.close()
        self._player.close()

    def _follow(self) -> None:
        status = self._link.snapshot.status
        before, self._before = self._before, status
        if status is None:
            self._config_revision = None  # another daemon may come, with another configuration
            return
        if status["config_revision"] != self._config_revision:
            self._config_revision = status["config_revision"]
            self._link.ask("config", self._configure, lambda _line: None)
        if self._values is None:
            return
        which = sound(before, status)
        if which is not None and self._values["sounds.on"]:
            self._player.play(which)
        self._notify(status, self._values)

    def _configure(self, answer: Json) -> None:
        self._values = answer["values"]
        status = self._link.snapshot.status
        if status is not None:
            self._notify(status, answer["values"])

    def _notify(self, status: Json, values: Json) -> None:
        new, self._told = due(self._told, status, text=values["notifications.text"])
        for notice in new if values["notifications.show"] else ():
            self._notifier.tell(notice)
