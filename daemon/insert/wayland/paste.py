"""One insertion on Wayland: own the selections, press the paste chord, see the target read, give everything back.

Only a read of text that the compositor handed on after the chord, by the program that has the focus, is a receipt.
Wayland has no question that a program must answer, so that one that is stalled looks like one that ignores the chord.
Therefore, once a chord has gone unanswered, the text is given to that program a single time, whichever chord asks: the
next way in can be tried, and nothing comes twice.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from daemon.insert.content import (
    GTK_TEXT_VIEW,
    HISTORY_HINT,
    TEXT_TARGETS,
    WHILE_SPEAKING,
    WHILE_WAITING,
    Held,
    Unreadable,
    fault,
)
from daemon.insert.contract import CTRL_V, LATER, SHIFT_INSERT, TYPE
from daemon.insert.wayland.focus import Window, Windows
from daemon.insert.wayland.keyboard import Keyboard
from daemon.insert.wayland.loop import Loop
from daemon.insert.wayland.read import Reader
from daemon.insert.wayland.readers import Audience, holds, visible
from daemon.insert.wayland.selections import CLIPBOARD, PRIMARY, Content, Read, Selections

RECEIPT_S = 3.0  # a busy Qt program read 1.4 s after the chord
NEXT_S = 1.5  # while another way is left to try
_QUIET_S = 0.2  # programs read twice at most, the second time at once
_PASTE_S = 8.0  # then the user's clipboard comes back even if somebody keeps reading
_APART_S = 0.05  # GTK drops the text that it is about to insert when the selection changes hands
_LATE_S = 30.0  # for so long a program that took nothing may still wake up and paste
_LATE_BURST_S = 1.0  # a refused program asks for other forms of the same thing
_TYPED_MOST = 1_000  # characters: what a program that is busy for a moment can have waiting for it

_TYPED = "it was typed: whether it was taken is not known"
_BEGUN = "the program has begun to read the text and may not have taken it: see whether it stands there"
_WHO = "a program read the text, but it cannot be seen which: see whether it stands there"


@dataclass(frozen=True, slots=True)
class Inserted:
    """The text got in by ``way`` at ``at_s`` of ``time.monotonic()``; ``doubt`` is why it is not sure that it did."""

    way: str
    at_s: float
    doubt: str | None = None


@dataclass(slots=True)
class _Chord:
    """Paste chords for one text, to ``window`` of ``process`` (None if not known): the first and the last when."""

    window: Window
    process: int | None
    once: bool  # an earlier chord may still be waiting there
    first_s: float = 0.0
    sent_s: float = 0.0
    handled: Callable[[], bool] = lambda: False
    given: list[Read] = field(default_factory=list)
    doubt: str | None = None  # about who it was given to
    receipt_s: float | None = None


@dataclass(slots=True)
class _Unanswered:
    """A program that took nothing: if it pastes late, it is to get nothing."""

    window: Window
    until_s: float
    refused: bool = False


class Paste:
    """Inserts texts through the connection of ``loop``."""

    def __init__(self, loop: Loop, environment: Mapping[str, str]) -> None:
        self.silent: list[str] = []  # ways that the target did not answer, of the last insertion
        self.windows = Windows(loop, environment)
        self.selections = Selections(loop)
        self._loop = loop
        self._keyboard = Keyboard(loop)
        self._reader = Reader(loop, self.selections)
        self._audience = Audience(loop.connection.peer)
        self._pasting: dict[str, Content | None] = {}  # selections that hold dictated text, and what is to come back
        self._chord: _Chord | None = None
        self._unanswered: list[_Unanswered] = []
        self.selections.allow = self._allow
        self.selections.on_read = self._notice_read
        loop.sync()

    def prepare(self) -> None:
        """Copy the user's selections, so that an insertion need not. What cannot be read now is tried again then."""
        for selection in self.selections.kinds:
            if selection not in self.selections.owned:
                try:
                    self._reader.copy(selection, WHILE_SPEAKING)
                except Unreadable:
                    continue

    def insert(self, text: str, number: int, ways: Sequence[str]) -> Inserted:
        """Insert ``text`` into the window ``number`` by the first of ``ways`` that it answers, else raise Held."""
        self.silent = []
        if (reason := fault(text)) is not None:
            raise Held(f"not inserted: {reason}")
        window = self._check_focus(number)
        self._loop.cancel("give back")
        try:
            return self._try(text, window, ways)
        finally:
            if self._chord is not None and self._chord.receipt_s is not None:
                self._give_back_after(self._chord.receipt_s)
            else:
                self.give_back()

    def give_back(self) -> None:
        """Put the user's selections back now, unless somebody has taken them; refuse whoever pastes late."""
        chord, self._chord = self._chord, None
        if chord is not None and chord.sent_s and chord.receipt_s is None:
            self._unanswered.append(_Unanswered(chord.window, time.monotonic() + _LATE_S))
        self._loop.cancel("give back")
        for selection, original in self._pasting.items():
            if selection not in self.selections.owned:
                continue
            if original:
                self.selections.own(selection, original)
            else:
                self.selections.release(selection)
        self._pasting.clear()
        self._loop.connection.flush()

    # -- before the chord --------------------------------------------------------------------------------------------

    def _check_focus(self, number: int) -> Window:
        self._loop.sync()
        focused = self.windows.focused()
        if focused is None:
            raise Held(f"no window has the keyboard focus: click where the text belongs and {LATER}")
        if focused.number != number:
            raise Held(f"the window in front changed while you were speaking: {LATER}")
        return focused

    def _take(self, text: str, chords: Sequence[str]) -> None:
        """Own what the chords paste: terminals read the marked text at Shift+Insert, and others the clipboard."""
        kinds = self.selections.kinds if SHIFT_INSERT in chords else (CLIPBOARD,)
        originals = {kind: self._original(kind) for kind in kinds}
        self._loop.sync()
        for kind in kinds:
            if kind not in self.selections.owned and not self._reader.is_current(kind):
                raise Held(f"another program changed the clipboard at that moment: {LATER}")
        content = dict.fromkeys(TEXT_TARGETS, text.encode()) | {HISTORY_HINT: b"secret"}
        for kind in kinds:
            self.selections.own(kind, content)
            self._pasting[kind] = originals[kind]

    def _original(self, kind: str) -> Content | None:
        """What the selection holds for the user: our own text of a moment ago is not it."""
        if kind in self.selections.owned:
            return self._pasting.get(kind, self.selections.owned[kind])
        try:
            return self._reader.copy(kind, WHILE_WAITING)
        except Unreadable as reason:
            what, cure = ("clipboard", "copy") if kind == CLIPBOARD else ("marked text", "mark")
            raise Held(
                f"the program that owns the {what} {reason}, and it would be lost: {cure} something else and {LATER}"
            ) from None

    def _suited(self, ways: Sequence[str]) -> list[str]:
        """GTK's editor unmarks its text when it loses the marked text: what was to be replaced would stay."""
        offered = self.selections.offered.get(PRIMARY)
        marked = offered is not None and PRIMARY not in self.selections.owned and GTK_TEXT_VIEW in offered.mimes
        return [way for way in ways if not (marked and CTRL_V in ways and way == SHIFT_INSERT)]

    # -- the chords, and after ---------------------------------------------------------------------------------------

    def _try(self, text: str, window: Window, ways: Sequence[str]) -> Inserted:
        left = self._suited(ways)
        if left[0] == TYPE:
            return self._type(text, window)
        if self._chord is not None and self._chord.receipt_s is not None:
            self._loop.wait(lambda: False, self._chord.receipt_s + _APART_S - time.monotonic())
        chord = self._chord = _Chord(window, visible(window.pid), once=self._is_stalled(window))
        if chord.process is None:  # who reads is a guess, and too little to try a second way on
            del left[1:]
        self._take(text, [way for way in left if way != TYPE])
        if chord.process is None:
            self._audience.meet(self._loop)
        while left:
            way = left.pop(0)
            if way == TYPE:
                return self._type(text, window)
            if self._press(way, chord, NEXT_S if left else RECEIPT_S):
                self._loop.wait(lambda: chord.receipt_s, chord.sent_s + _PASTE_S - time.monotonic())
                if chord.receipt_s is None:
                    return Inserted(way, time.monotonic(), _BEGUN)
                return Inserted(way, chord.receipt_s, chord.doubt)
            self.silent.append(way)
            chord.once = True
        raise Held(
            f"{window.quoted} did not take the text within {time.monotonic() - chord.first_s:.0f} s: click where it "
            f"belongs and {LATER}"
        )

    def _press(self, way: str, chord: _Chord, limit_s: float) -> bool:
        """Whether the target begins to read within ``limit_s`` after the chord of ``way``."""
        self._check_focus(chord.window.number)
        chord.sent_s = time.monotonic()
        chord.first_s = chord.first_s or chord.sent_s
        self._keyboard.chord(way)
        chord.handled = self._loop.asked()
        return self._loop.wait(lambda: bool(chord.given), limit_s)

    def _type(self, text: str, window: Window) -> Inserted:
        if len(text) > _TYPED_MOST:
            raise Held(f"a text of over {_TYPED_MOST} characters is not typed: {LATER}")
        self.give_back()  # from here on nobody can paste the text
        self._check_focus(window.number)
        self._keyboard.type(text)
        self._loop.sync()
        return Inserted(TYPE, time.monotonic(), _TYPED)

    def _is_stalled(self, window: Window) -> bool:
        now_s = time.monotonic()
        self._unanswered = [one for one in self._unanswered if now_s < one.until_s]
        return any(not one.refused and _same_program(one.window, window) for one in self._unanswered)

    def _allow(self, read: Read) -> bool:
        """Whether a value may be given: to a program that may have two chords before it only once, and not too late."""
        if read.mime not in TEXT_TARGETS:
            return True
        if read.selection not in self._pasting:
            return not self._is_late(read)
        chord = self._chord
        if chord is None or not self._is_answer(read, chord):
            return True
        if chord.once and chord.given:
            return False
        chord.given.append(read)
        return True

    def _is_answer(self, read: Read, chord: _Chord) -> bool:
        """Whether the target reads, and because of the chord."""
        if chord.handled():
            known = self._audience.is_from(chord.process, read.pipe)
            if known is None:  # a read of somebody else's does not settle it
                chord.doubt = _WHO
            return known is not False
        if chord.process is None:
            self._audience.note_early(read.pipe)
        return False

    def _is_late(self, read: Read) -> bool:
        """Whether a program that took nothing pastes now; a guess would cost the user a paste of his own."""
        now_s = time.monotonic()
        for one in self._unanswered:
            if now_s < one.until_s and one.window.pid is not None and holds(one.window.pid, read.pipe):
                if not one.refused:
                    one.refused, one.until_s = True, now_s + _LATE_BURST_S
                return True
        return False

    def _notice_read(self, read: Read) -> None:
        chord = self._chord
        if chord is None or read not in chord.given:
            return
        now_s = time.monotonic()
        if chord.receipt_s is None:
            chord.receipt_s = now_s
        else:
            self._give_back_after(now_s)

    def _give_back_after(self, read_s: float) -> None:
        assert self._chord is not None
        self._loop.at(min(read_s + _QUIET_S, self._chord.sent_s + _PASTE_S), "give back", self.give_back)


def _same_program(one: Window, other: Window) -> bool:
    if one.pid is not None or other.pid is not None:
        return one.pid == other.pid
    return one.application == other.application
