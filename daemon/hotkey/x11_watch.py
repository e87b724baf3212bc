"""The thread that listens to the hotkey on its own X connection. It owns everything it touches.

It is told what to do by single bytes on a pipe, whose end of file means stop, and tells what it hears by ``tell``.
"""

from __future__ import annotations

import os
import select
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from Xlib import X
from Xlib.display import Display
from Xlib.error import ConnectionClosedError, DisplayError, XError

from daemon.errors import HotkeyError, KeyTaken
from daemon.hotkey import press
from daemon.hotkey.keys import Chord
from daemon.hotkey.x11_grabs import Grabs
from daemon.hotkey.x11_keys import MODIFIER_BITS

CANCEL_ON, CANCEL_OFF = b"+", b"-"

_POLL_S = 0.25  # a release that never comes (a switched console, a removed keyboard) is seen this soon
_POLL_LOOSE_S = 0.02  # the same while another client holds the keyboard, so that no release reaches us
_MAP_SETTLE_S = 0.1  # setxkbmap announces one change many times
_GONE = (ConnectionClosedError, DisplayError, XError, OSError)


@dataclass(frozen=True, slots=True)
class Ready:
    """The key is grabbed."""


@dataclass(frozen=True, slots=True)
class Refused:
    """The key cannot be had."""

    error: HotkeyError


@dataclass(frozen=True, slots=True)
class Cancelled:
    """Escape went down while it was listened for."""

    at_s: float


@dataclass(frozen=True, slots=True)
class Lost:
    """The key can no longer be heard."""

    reason: str


Heard = Ready | Refused | press.Pressed | press.Released | Cancelled | Lost


def watch(chord: Chord, display_name: str, commands: int, tell: Callable[[Heard], None], *, grace_s: float) -> None:
    """Listen until the pipe ``commands`` (a file descriptor, closed here) ends or the X server does."""
    try:
        try:
            display = Display(display_name)
        except _GONE as error:
            reason = " ".join(str(error).split())
            tell(Refused(HotkeyError(f"no hotkey {chord}: the display {display_name} cannot be opened: {reason}")))
            return
        try:
            _listen(_Watch(display, chord, tell, grace_s), commands, tell)
        finally:
            display.display.socket.close()  # not display.close(): on a dead server that waits or raises
    finally:
        os.close(commands)


def _listen(keys: _Watch, commands: int, tell: Callable[[Heard], None]) -> None:
    try:
        keys.grabs.take_hotkey()
    except HotkeyError as error:
        tell(Refused(error))
        return
    except _GONE:
        tell(Refused(HotkeyError("no hotkey: the X server closed the connection")))
        return
    tell(Ready())
    try:
        keys.run(commands)
    except KeyTaken as error:
        tell(Lost(str(error)))
    except _GONE:
        tell(Lost("the X server closed the connection"))


class _Watch:
    """What is known of the keys, and what is done about each event."""

    def __init__(self, display: Display, chord: Chord, tell: Callable[[Heard], None], grace_s: float) -> None:
        self.grabs = Grabs(display, chord)
        self._display = display
        self._tell = tell
        self._grace_s = grace_s
        self._state: press.State = press.Up()
        self._bounces = False  # the hotkey has come down by itself after a release that was told
        self._ours: set[int] = set()  # key codes whose press came to us, so the rest of it does too
        self._half_a_repeat = False
        self._cancel_wanted = False
        self._map_changed_s: float | None = None
        self._looked_s = 0.0  # when the keyboard itself was last asked what is held
        display.set_error_handler(lambda _error, _request: None)  # python-xlib would print them

    def run(self, commands: int) -> None:
        """Handle events until ``commands`` ends."""
        while True:
            while self._display.pending_events():
                self._handle(self._display.next_event(), time.monotonic())
            self._answer_half_a_repeat()
            self._pass_time(time.monotonic())
            if self._display.pending_events():  # read along with an answer: select would not wake for them
                continue
            readable, _, _ = select.select([self._display.fileno(), commands], [], [], self._wait_s(time.monotonic()))
            if commands in readable:
                orders = os.read(commands, 64)
                if not orders:
                    return
                self._set_cancel(orders[-1:] == CANCEL_ON)

    def _set_cancel(self, wanted: bool) -> None:
        self._cancel_wanted = wanted
        if wanted:
            self.grabs.take_escape()
        else:
            self.grabs.drop_escape()

    def _handle(self, event: Any, now_s: float) -> None:
        if event.type == X.MappingNotify:
            self._display.refresh_keyboard_mapping(event)
            self._map_changed_s = now_s
        elif event.type == X.KeyPress:
            self._key_pressed(event.detail, event.state & MODIFIER_BITS, event.time, now_s)
        elif event.type == X.KeyRelease:
            self._key_released(event.detail, event.time, now_s)

    def _key_pressed(self, code: int, modifiers: int, stamp_ms: int, now_s: float) -> None:
        hotkey, escape = self.grabs.hotkey, self.grabs.escape
        if code in self._ours:  # auto-repeat
            self._half_a_repeat = False
            self.grabs.keep()
        elif hotkey is not None and code in hotkey.codes and modifiers in hotkey.masks:
            self._take(code, now_s)
            before = self._state
            self._step(press.press(before, now_s, stamp_ms, grace_s=self._grace_s))
            self._bounces = self._bounces or press.bounced(before, self._state)
        elif escape is not None and code in escape.codes and self._cancel_wanted:
            self._take(code, now_s)
            self._cancel_wanted = False  # once: what follows from it takes the loop a moment
            self._tell(Cancelled(now_s))
        else:
            self._not_ours()

    def _take(self, code: int, now_s: float) -> None:
        if self._ours:
            self.grabs.keep()
        else:
            self.grabs.hold_keyboard()
            self._looked_s = now_s
        self._ours.add(code)

    def _answer_half_a_repeat(self) -> None:
        """Keep a release of auto-repeat that came without its press.

        The server waits once for the pair. Two words for it would be one too many: the second lets the next event,
        which may be another key, go before its turn, and that key is lost.
        """
        if self._half_a_repeat:
            self._half_a_repeat = False
            self.grabs.keep()

    def _not_ours(self) -> None:
        if self._ours:
            self.grabs.pass_on()
            self._looked_s = 0.0  # what was queued behind the event went with it, perhaps the release of our key
        else:  # the tail of a grab given up meanwhile
            self.grabs.free_keyboard()

    def _key_released(self, code: int, stamp_ms: int, now_s: float) -> None:
        if code not in self._ours:
            self._not_ours()
            return
        if code in self.grabs.down():  # auto-repeat
            self._half_a_repeat = True
            return
        self._let_go({code})
        held = self._hotkey_held()
        self._step(press.release(self._state, now_s, stamp_ms, still_down=held, patient=self._bounces))

    def _let_go(self, codes: set[int]) -> None:
        self._ours -= codes
        if self._ours:
            self.grabs.keep()
        else:
            self.grabs.free_keyboard()

    def _hotkey_held(self) -> bool:
        return self.grabs.hotkey is not None and bool(self.grabs.hotkey.codes & self._ours)

    def _pass_time(self, now_s: float) -> None:
        self._step(press.settle(self._state, now_s, grace_s=self._grace_s))
        if self._map_changed_s is not None and now_s >= self._map_changed_s + _MAP_SETTLE_S:
            self._map_changed_s = None
            self.grabs.follow_map()
        if self._ours and now_s >= self._looked_s + self._poll_s():
            self._looked_s = now_s
            self._look(now_s)

    def _look(self, now_s: float) -> None:
        """Compare with the keyboard itself: a release can be lost, a press that counts cannot."""
        missing = self._ours - self.grabs.down()
        if not missing:
            return
        self._let_go(missing)
        if not self._hotkey_held():
            self._step(press.missed(self._state, now_s))

    def _poll_s(self) -> float:
        return _POLL_S if self.grabs.holding else _POLL_LOOSE_S

    def _wait_s(self, now_s: float) -> float | None:
        """How long nothing can become due; None for as long as no event comes."""
        due_s = []
        if (settled_s := press.due_s(self._state, grace_s=self._grace_s)) is not None:
            due_s.append(settled_s)
        if self._map_changed_s is not None:
            due_s.append(self._map_changed_s + _MAP_SETTLE_S)
        if self._ours:
            due_s.append(self._looked_s + self._poll_s())
        return max(0.0, min(due_s) - now_s) if due_s else None

    def _step(self, step: press.Step) -> None:
        self._state, edges = step
        for edge in edges:
            self._tell(edge)
