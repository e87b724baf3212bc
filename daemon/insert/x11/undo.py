"""Taking back the last insertion: a BackSpace for each character, while nothing else has touched the target."""

from __future__ import annotations

import time
from collections.abc import Callable

from daemon.insert.backspaces import MOST, presses
from daemon.insert.x11.focus import Windows
from daemon.insert.x11.keys import Keyboard
from daemon.insert.x11.loop import Loop
from daemon.insert.x11.touch import TouchWatch

_LIMIT_S = 120.0  # what a program does of itself to a text is not seen, and the longer ago, the more likely
_KEYS_UP_S = 1.5
_POLL_S = 0.01
_AT_ONCE = 32  # presses between two looks at the target

_FOCUS_S = 1.0  # a menu that it was chosen in gives the keyboard back as it closes
_TOUCHED = "the window was used since"


class NotTakenBack(Exception):
    """The last insertion was left as it is; the message is the reason for the user."""


class LastInsertion:
    """What is known of the last text that was confirmed. ``tell`` hears whether it can be taken back now."""

    def __init__(self, loop: Loop, windows: Windows, keyboard: Keyboard) -> None:
        self.tell: Callable[[bool], None] = lambda _possible: None
        self._loop = loop
        self._windows = windows
        self._keyboard = keyboard
        self._watch = TouchWatch(loop, self._touched)
        self._window = 0
        self._presses = 0  # 0: there is nothing to take back
        self._why = "nothing was inserted yet"

    def prepare(self) -> None:
        """Watch the window that has the focus, which ``begin`` need not then; not at the cost of what can be undone."""
        if not self._presses and (window := self._windows.focused()) is not None:
            self._watch.begin(window, {}, self._keyboard.modifiers())
            self._stop_in_time(self._why)

    def begin(self, window: int) -> None:
        """A text is about to be inserted into ``window``."""
        self._drop(_TOUCHED)
        self._window = window
        if not self._watch.begin(window, {}, self._keyboard.modifiers()):
            self._why = "this X server does not tell whether the window was used since"

    def expect(self, code: int) -> None:
        """We are about to press a key that is no modifier."""
        self._watch.expect(code, 1)

    def missed(self, code: int) -> bool:
        """Whether it is known that the window did not get the key that we pressed: a shortcut of the desktop has it."""
        return self._watch.missed(code)

    def keep(self, text: str, *, replaced: bool) -> None:
        """The text has arrived; ``replaced`` if it may have taken the place of what was marked there."""
        count = presses(text)
        if not self._watch.watching:
            return
        if count is None or replaced:
            unsure = f"programs remove texts like this one in ways of their own, or it has over {MOST} characters"
            self.forget("it may have replaced what was marked there" if replaced else unsure)
            return
        self._presses = count
        self._stop_in_time(f"it was over {_LIMIT_S:.0f} s ago")
        self.tell(True)

    def forget(self, why: str) -> None:
        """It cannot be taken back any more, and that is the reason."""
        self._watch.stop()
        self._drop(why)

    def _drop(self, why: str) -> None:
        self._loop.cancel("undo")
        self._why = why
        if self._presses:
            self._presses = 0
            self.tell(False)

    def _stop_in_time(self, why: str) -> None:
        self._loop.at(time.monotonic() + _LIMIT_S, "undo", lambda: self.forget(why))

    def close(self) -> None:
        """Watch nothing any more."""
        self._loop.cancel("undo")
        self._watch.close()

    def take_back(self) -> None:
        """Take the last insertion back, once. Raises NotTakenBack."""
        code = self._keyboard.backspace()
        if not self._presses:
            raise NotTakenBack(self._why)
        if code is None:
            raise NotTakenBack("the keyboard map has no BackSpace key")
        # while a shortcut's key is down the desktop holds the keyboard, and would get our keys
        if not self._polled(lambda: not self._keyboard.any_down(), _KEYS_UP_S):
            raise NotTakenBack("a key is held down: let it go and try again")
        if not self._polled(lambda: self._windows.focused() == self._window, _FOCUS_S):
            raise NotTakenBack("another window has the focus: go back to that of the text and try again")
        done, count = 0, self._presses
        while done < count:
            if not (self._watch.look() and self._windows.focused() == self._window):
                self.forget(_TOUCHED)
                part = f"{done} of {count} characters were taken back, then the window was used" if done else _TOUCHED
                raise NotTakenBack(part)
            times = min(_AT_ONCE, count - done)
            self._watch.expect(code, times)
            self._keyboard.press(code, times)
            done += times
        self.forget("it was taken back already")

    def _polled(self, probe: Callable[[], bool], limit_s: float) -> bool:
        """Whether ``probe()``, of which no event tells, comes true in time."""
        until_s = time.monotonic() + limit_s
        while not (true := probe()) and time.monotonic() < until_s:
            self._loop.wait(lambda: False, _POLL_S)
        return true

    def _touched(self) -> None:
        why = _TOUCHED if self._presses else self._why  # before the first text there is nothing to have touched
        self._loop.at(time.monotonic(), "undo", lambda: self.forget(why))
