"""One insertion: own the selections, send the paste chord, see the target read, give the user's content back.

The race that this is built against: a fixed delay before giving the clipboard back makes a slow program paste what the
user had copied before. So the target's own read is waited for. Only a read of text, after the chord, by the program
that has the focus is a receipt; clipboard managers read whenever a selection changes hands.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass

from daemon.insert.contract import LATER
from daemon.insert.x11_content import GTK_TEXT_VIEW, TEXT_TARGETS, Offer, fault, text_offer
from daemon.insert.x11_focus import Windows
from daemon.insert.x11_keys import Keyboard
from daemon.insert.x11_loop import Loop
from daemon.insert.x11_read import WHILE_SPEAKING, WHILE_WAITING, Reader, Unreadable
from daemon.insert.x11_serve import Read, Selections
from daemon.insert.x11_undo import LastInsertion

RECEIPT_S = 3.0  # a busy Qt program read 1.4 s after the chord
MODIFIERS_S = 1.5
_MODIFIER_POLL_S = 0.01
_QUIET_S = 0.2  # programs read twice at most, the second time at once
_PASTE_S = 8.0  # then the user's clipboard comes back even if somebody keeps reading
_LATE_S = 30.0  # for so long a program that took nothing may still wake up and paste
_LATE_BURST_S = 1.0  # a refused program asks for other forms of the same thing


class Held(Exception):
    """The text was not inserted and will not be; the message is the reason for the user."""


@dataclass(slots=True)
class _Chord:
    """A paste chord that has been sent to ``window`` and not been answered."""

    window: int
    serial: int
    sent_s: float
    receipt_s: float | None = None


@dataclass(slots=True)
class _Unanswered:
    """A program that took nothing: its next paste is the late answer to our chord, and is refused."""

    window: int
    until_s: float
    refused: bool = False


class Paste:
    """Inserts texts through the connection of ``loop``."""

    def __init__(self, loop: Loop) -> None:
        self._loop = loop
        self._atoms = (loop.atom("CLIPBOARD"), loop.atom("PRIMARY"))
        self._text_targets = {loop.atom(name) for name in TEXT_TARGETS}
        self._pasting: dict[int, Offer | None] = {}  # selections that hold dictated text, and what is to come back
        self._chord: _Chord | None = None
        self._unanswered: list[_Unanswered] = []
        self.windows = Windows(loop)
        self._keyboard = Keyboard(loop)
        self.last = LastInsertion(loop, self.windows, self._keyboard)
        self._reader = Reader(loop, self._atoms)
        self.selections = Selections(loop)
        self.selections.allow = self._allow
        self.selections.on_read = self._notice_read

    def prepare(self) -> None:
        """Copy the user's selections, so that an insertion need not. What cannot be read now is tried again then."""
        self._keyboard.refresh()
        self.last.prepare()
        for selection in self._atoms:
            if selection not in self.selections.owned:
                try:
                    self._reader.copy(selection, WHILE_SPEAKING)
                except Unreadable:
                    continue

    def insert(self, text: str, window: int) -> float:
        """Paste ``text`` into ``window``; gives back when it was taken (``time.monotonic()``), else raises Held."""
        if (reason := fault(text)) is not None:
            raise Held(f"not inserted: {reason}")
        self._check_focus(window)
        self._check_answered(window)
        self._loop.cancel("give back")
        try:
            originals = self._originals()
            self._wait_for_modifiers()
            self._check_focus(window)
            marked = self._may_be_marked(window)
            self._take(text, self._without_own_marking(window, originals))
            receipt_s = self._send_chord(window)
        finally:
            if self._chord is not None and self._chord.receipt_s is not None:
                self._give_back_after(self._chord.receipt_s)
            else:
                self.give_back()
        self.last.keep(text, replaced=marked)
        return receipt_s

    def give_back(self) -> None:
        """Put the user's selections back now, unless somebody has taken them; refuse whoever pastes late."""
        chord, self._chord = self._chord, None
        unanswered = chord is not None and chord.receipt_s is None
        if chord is not None and unanswered:
            self.last.forget("the last text was not taken")
            self._unanswered.append(_Unanswered(chord.window, time.monotonic() + _LATE_S))
        self._loop.cancel("give back")
        while self._pasting:
            selection, original = next(iter(self._pasting.items()))
            at_ms = self._loop.timestamp_ms()
            if selection in self.selections.owned:
                if original is not None:
                    self.selections.own(selection, original, at_ms)
                elif unanswered:  # kept, with nothing in it, to see the late paste
                    self.selections.own(selection, {}, at_ms)
                    self._loop.at(time.monotonic() + _LATE_S, "release", self._release_empty)
                else:
                    self.selections.release(selection, at_ms)
            self._pasting.pop(selection, None)

    def _release_empty(self) -> None:
        at_ms = self._loop.timestamp_ms()
        for selection in self._atoms:
            if selection in self.selections.owned and not self.selections.owned[selection].offer:
                self.selections.release(selection, at_ms)

    # -- before the chord --------------------------------------------------------------------------------------------

    def _check_focus(self, window: int) -> None:
        focused = self.windows.focused()
        if focused is None:
            raise Held(f"no window has the keyboard focus: click where the text belongs and {LATER}")
        if focused != window:
            raise Held(f"the window in front changed while you were speaking: {LATER}")

    def _check_answered(self, window: int) -> None:
        now_s = time.monotonic()
        self._unanswered = [one for one in self._unanswered if now_s < one.until_s]
        for one in self._unanswered:
            if not one.refused and self.windows.same_program(one.window, window):
                wait_s = one.until_s - now_s
                raise Held(
                    f"{self.windows.title(window)} has not answered the last paste, and may take this one twice: "
                    f"in {wait_s:.0f} s, {LATER}"
                )

    def _wait_for_modifiers(self) -> None:
        until_s = time.monotonic() + MODIFIERS_S
        while (name := self._keyboard.held_modifier()) is not None:
            if time.monotonic() >= until_s:
                raise Held(f"the {name} key is held down: let it go and {LATER}")
            self._loop.wait(lambda: False, _MODIFIER_POLL_S)

    def _originals(self) -> dict[int, Offer | None]:
        """What each selection holds for the user: our own text of a moment ago is not it."""
        originals: dict[int, Offer | None] = {}
        for selection in self._atoms:
            owned = self.selections.owned.get(selection)
            if owned is None:
                originals[selection] = self._copy(selection)
            else:
                originals[selection] = self._pasting.get(selection, owned.offer or None)
        return originals

    def _without_own_marking(self, window: int, originals: Mapping[int, Offer | None]) -> Mapping[int, Offer | None]:
        """The selections to take. Terminals read PRIMARY and others CLIPBOARD, so both, but see GTK_TEXT_VIEW."""
        clipboard, primary = self._atoms
        owner = self._loop.display.get_selection_owner(primary)
        if (
            owner
            and self._loop.atom(GTK_TEXT_VIEW) in (originals[primary] or {})
            and self.windows.same_program(window, owner.id)
        ):
            return {clipboard: originals[clipboard]}
        return originals

    def _may_be_marked(self, window: int) -> bool:
        """Whether the target's program has text marked somewhere, which a paste may replace."""
        if self._atoms[1] in self.selections.owned:
            return False
        owner = self._loop.display.get_selection_owner(self._atoms[1])
        return bool(owner) and self.windows.same_program(window, owner.id)

    def _copy(self, selection: int) -> Offer | None:
        try:
            return self._reader.copy(selection, WHILE_WAITING)
        except Unreadable as reason:
            what, cure = ("clipboard", "copy") if selection == self._atoms[0] else ("marked text", "mark")
            raise Held(
                f"the program that owns the {what} {reason}, and it would be lost: {cure} something else and {LATER}"
            ) from None

    def _take(self, text: str, originals: Mapping[int, Offer | None]) -> None:
        offer = text_offer(text, self._loop.atom)
        at_ms = self._loop.timestamp_ms()  # before the last look: whoever takes a selection after that look is later
        for selection in originals:
            ours = selection in self.selections.owned
            if not (ours or self._reader.is_current(selection)) or not self.selections.own(selection, offer, at_ms):
                raise Held(f"another program changed the clipboard at that moment: {LATER}")
            self._pasting[selection] = originals[selection]

    # -- the chord, and after ----------------------------------------------------------------------------------------

    def _send_chord(self, window: int) -> float:
        keys = self._keyboard.paste_keys()
        if keys is None:
            raise Held(f"the keyboard map has no Insert key: add one with xmodmap or setxkbmap and {LATER}")
        self.last.begin(window, keys[1])
        self._loop.display.sync()  # a server that does not answer gets no chord
        chord = self._chord = _Chord(window, self._keyboard.paste(keys), time.monotonic())
        if self._loop.wait(lambda: chord.receipt_s is not None, RECEIPT_S):
            assert chord.receipt_s is not None
            return chord.receipt_s
        raise Held(
            f"{self.windows.title(window)} did not take the text within {RECEIPT_S:.0f} s: click where it belongs "
            f"and {LATER}"
        )

    def _notice_read(self, read: Read) -> None:
        chord = self._chord
        if chord is None or read.selection not in self._pasting:
            return
        now_s = time.monotonic()
        if chord.receipt_s is not None:
            self._give_back_after(now_s)
        elif (
            read.target in self._text_targets
            and (read.serial - chord.serial) & 0xFFFF < 0x8000  # asked after the server had handled the chord
            and self.windows.same_program(chord.window, read.requestor)
        ):
            chord.receipt_s = now_s

    def _give_back_after(self, read_s: float) -> None:
        assert self._chord is not None
        due_s = min(read_s + _QUIET_S, self._chord.sent_s + _PASTE_S)
        self._loop.at(due_s, "give back", self.give_back)

    def _allow(self, read: Read) -> bool:
        """Whether a value may be given: not to a program whose paste comes too late, as it would get something else."""
        now_s = time.monotonic()
        if read.target not in self._text_targets:
            return True
        for one in self._unanswered:
            if now_s < one.until_s and self.windows.same_program(one.window, read.requestor):
                if not one.refused:
                    one.refused, one.until_s = True, now_s + _LATE_BURST_S
                    self._loop.at(one.until_s, "release", self._release_empty)
                return False
        return True
