"""The X server's side of the hotkey: which keys are taken from it, and to whom each key event goes.

While a key of ours is held, X sends every other key event to us too, those of a paste chord included. So the keyboard
is then held synchronously: the server stops at each event until we say whose it is. Ours end here; any other is
replayed to the window that has the focus, as if there were no grab. Two costs are known: shortcuts of the window
manager do not work while the hotkey is held, and a process stopped (SIGSTOP) just then leaves the keyboard waiting.
While no key of ours is held all grabs are asynchronous, so a process that is stopped then blocks nothing.
"""

from __future__ import annotations

import logging
from typing import Any

from Xlib import X
from Xlib.display import Display
from Xlib.error import BadAccess, CatchError

from daemon.errors import HotkeyError, KeyTaken
from daemon.hotkey.keys import Chord
from daemon.hotkey.x11_keys import Binding, Keyboard, bind, relevant

log = logging.getLogger(__name__)

_ESCAPE = Chord("escape")
_OTHER_ANSWER = "choose another with `swictation config set hotkey.key KEY`"


class Grabs:
    """The grabs of one connection. ``hotkey`` and ``escape`` say what they hold; None where nothing is grabbed."""

    def __init__(self, display: Display, chord: Chord) -> None:
        self.hotkey: Binding | None = None
        self.escape: Binding | None = None
        self.holding = False  # the whole keyboard waits for our word
        self._display = display
        self._root = display.screen().root
        self._chord = chord
        self._escape_refused = False

    def take_hotkey(self) -> None:
        """Grab the hotkey where the present keyboard map has it, giving up where it was.

        Raises KeyTaken if another client holds it, HotkeyError if no key carries it and none did before.
        """
        try:
            wanted = self._bind(self._chord)
        except HotkeyError:
            if self.hotkey is None:
                raise
            return  # switched to a layout without it: the same physical key stays the hotkey
        if wanted == self.hotkey:
            return
        if self.hotkey is not None:
            self._ungrab(self.hotkey)
        self.hotkey = None
        if not self._grab(wanted):
            raise KeyTaken(f"the key {self._chord} is taken by another program: {_OTHER_ANSWER}")
        self.hotkey = wanted

    def follow_map(self) -> None:
        """Grab anew after the keyboard map changed. Raises KeyTaken."""
        self.take_hotkey()
        if self.escape is not None:
            self.drop_escape()
            self.take_escape()

    def take_escape(self) -> None:
        """Grab Escape. If it is taken there is no cancelling by key, and no harm."""
        if self.escape is not None:
            return
        wanted = self._bind(_ESCAPE)
        if self._grab(wanted):
            self.escape = wanted
        elif not self._escape_refused:
            self._escape_refused = True
            log.warning("Escape is taken by another program: cancel a recording with `swictation cancel`")

    def drop_escape(self) -> None:
        """Give Escape back to the applications."""
        if self.escape is not None:
            self._ungrab(self.escape)
            self.escape = None

    def hold_keyboard(self) -> None:
        """Make the server wait for our word on each key event from now on, see ``keep`` and ``pass_on``."""
        self._press_waits(X.GrabModeSync)
        self._hold()
        self.keep()

    def keep(self) -> None:
        """The event ends here; go on to the next one."""
        self._display.allow_events(X.SyncKeyboard, X.CurrentTime)
        self._display.flush()

    def pass_on(self) -> None:
        """The event belongs to the focused window: deliver it there, and hold the keyboard for the next one."""
        self._display.allow_events(X.ReplayKeyboard, X.CurrentTime)
        self._hold()
        if not self._display.pending_events():  # an event that came in between is answered for itself
            self.keep()

    def free_keyboard(self) -> None:
        """Key events go their usual ways again."""
        self.holding = False
        self._press_waits(X.GrabModeAsync)
        self._display.ungrab_keyboard(X.CurrentTime)
        self._display.flush()

    def down(self) -> frozenset[int]:
        """The key codes that are physically held, whatever events said."""
        rows: Any = self._display.query_keymap()
        return frozenset(8 * row + bit for row, bits in enumerate(rows) for bit in range(8) if bits >> bit & 1)

    def _hold(self) -> None:
        status = self._root.grab_keyboard(False, X.GrabModeAsync, X.GrabModeSync, X.CurrentTime)
        self.holding = status == X.GrabSuccess

    def _press_waits(self, mode: int) -> None:
        """Whether the server waits (GrabModeSync) after a press of the hotkey itself, or goes on (GrabModeAsync).

        Its auto-repeat may come between an event passed on and our holding the keyboard again; going on then, the
        server would give us a key behind it that we could no longer pass on.
        """
        for code, mask in self.hotkey.grabs() if self.hotkey else ():
            self._root.grab_key(code, mask, False, X.GrabModeAsync, mode)

    def _bind(self, chord: Chord) -> Binding:
        codes = {keysym: tuple(self._display.keysym_to_keycodes(keysym)) for keysym in relevant(chord)}
        return bind(chord, Keyboard(codes, self._display.get_modifier_mapping()))

    def _grab(self, wanted: Binding) -> bool:
        """Grab all of it or nothing; False if another client has a part of it."""
        refused = CatchError(BadAccess)
        for code, mask in wanted.grabs():
            self._root.grab_key(code, mask, False, X.GrabModeAsync, X.GrabModeAsync, onerror=refused)
        self._display.sync()
        if refused.get_error() is None:
            return True
        self._ungrab(wanted)
        return False

    def _ungrab(self, held: Binding) -> None:
        for code, mask in held.grabs():
            self._root.ungrab_key(code, mask)
        self._display.sync()
