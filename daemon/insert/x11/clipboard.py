"""The user's selections, and ours in their place while a text is being pasted."""

from __future__ import annotations

import time
from collections.abc import Mapping

from daemon.insert.content import GTK_TEXT_VIEW, WHILE_SPEAKING, WHILE_WAITING, Held, Unreadable
from daemon.insert.contract import LATER, SHIFT_INSERT
from daemon.insert.x11.content import Offer, text_offer
from daemon.insert.x11.focus import Windows
from daemon.insert.x11.loop import Loop
from daemon.insert.x11.read import Reader
from daemon.insert.x11.receipt import LATE_S
from daemon.insert.x11.serve import Selections


class Clipboard:
    """CLIPBOARD and PRIMARY, through the connection of ``loop``."""

    def __init__(self, loop: Loop, windows: Windows) -> None:
        self.selections = Selections(loop)
        self._loop = loop
        self._windows = windows
        self._atoms = (loop.atom("CLIPBOARD"), loop.atom("PRIMARY"))
        self._reader = Reader(loop, self._atoms)
        self._pasting: dict[int, Offer | None] = {}  # selections that hold dictated text, and what is to come back

    def prepare(self) -> None:
        """Copy the user's selections, so that an insertion need not. What cannot be read now is tried again then."""
        for selection in self._atoms:
            if selection not in self.selections.owned:
                try:
                    self._reader.copy(selection, WHILE_SPEAKING)
                except Unreadable:
                    continue

    def holds_text(self, selection: int) -> bool:
        """Whether the selection holds dictated text just now."""
        return selection in self._pasting

    def may_be_marked(self, window: int) -> bool:
        """Whether the window's program has text marked somewhere, which a paste may replace."""
        primary = self._atoms[1]
        return primary not in self.selections.owned and self._owns(window, primary)

    def originals(self, window: int, way: str) -> dict[int, Offer | None]:
        """What each selection that has to be taken holds for the user: our own text of a moment ago is not it.

        For Shift+Insert terminals read PRIMARY and others CLIPBOARD, so both, but see GTK_TEXT_VIEW. Raises Held.
        """
        clipboard, primary = self._atoms
        found = {clipboard: self._original(clipboard)}
        if way == SHIFT_INSERT:
            found[primary] = self._original(primary)
            marked_in_gtk = self._loop.atom(GTK_TEXT_VIEW) in (found[primary] or {})
            if marked_in_gtk and primary not in self.selections.owned and self._owns(window, primary):
                del found[primary]
        return found

    def take(self, text: str, originals: Mapping[int, Offer | None], *, again: bool) -> None:
        """Own the selections, those that have the text already not ``again``. Raises Held."""
        offer = text_offer(text, self._loop.atom)
        at_ms = self._loop.timestamp_ms()  # before the last look: whoever takes a selection after that look is later
        for selection, original in originals.items():
            ours = selection in self.selections.owned
            if ours and selection in self._pasting and not again:
                continue
            if not (ours or self._reader.is_current(selection)) or not self.selections.own(selection, offer, at_ms):
                raise Held(f"another program changed the clipboard at that moment: {LATER}")
            self._pasting[selection] = original

    def give_back(self, *, watched: bool) -> None:
        """Put the user's selections back, unless somebody has taken them; ``watched`` keeps those that were empty.

        These have nothing in them then: whoever pastes late is seen.
        """
        while self._pasting:
            selection, original = next(iter(self._pasting.items()))
            at_ms = self._loop.timestamp_ms()
            if selection in self.selections.owned:
                if original is not None:
                    self.selections.own(selection, original, at_ms)
                elif watched:
                    self.selections.own(selection, {}, at_ms)
                    self._loop.at(time.monotonic() + LATE_S, "release", self.release_empty)
                else:
                    self.selections.release(selection, at_ms)
            self._pasting.pop(selection, None)

    def release_empty(self) -> None:
        """Leave the selections that are ours with nothing in them."""
        at_ms = self._loop.timestamp_ms()
        for selection in self._atoms:
            if selection in self.selections.owned and not self.selections.owned[selection].offer:
                self.selections.release(selection, at_ms)

    def _owns(self, window: int, selection: int) -> bool:
        owner = self._loop.display.get_selection_owner(selection)
        return bool(owner) and self._windows.same_program(window, owner.id)

    def _original(self, selection: int) -> Offer | None:
        owned = self.selections.owned.get(selection)
        if owned is not None:
            return self._pasting.get(selection, owned.offer or None)
        try:
            return self._reader.copy(selection, WHILE_WAITING)
        except Unreadable as reason:
            what, cure = ("clipboard", "copy") if selection == self._atoms[0] else ("marked text", "mark")
            raise Held(
                f"the program that owns the {what} {reason}, and it would be lost: {cure} something else and {LATER}"
            ) from None
