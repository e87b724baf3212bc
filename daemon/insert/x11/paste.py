"""One insertion: own the selections, send the paste chord, see the target read, give the user's content back.

The race that this is built against: a fixed delay before giving the clipboard back makes a slow program paste what the
user had copied before. So the target's own read is waited for. Only a read of text, after the chord, by the program
that has the focus is a receipt; clipboard managers read whenever a selection changes hands.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

from daemon.insert.content import TEXT_TARGETS, Held, fault
from daemon.insert.contract import LATER, TYPE
from daemon.insert.x11.clipboard import Clipboard
from daemon.insert.x11.focus import Windows
from daemon.insert.x11.keys import Keyboard
from daemon.insert.x11.loop import Loop
from daemon.insert.x11.ping import Ping
from daemon.insert.x11.receipt import LATE_S, Chord, Late, Sending
from daemon.insert.x11.serve import Read
from daemon.insert.x11.typing import NoWay, Typing
from daemon.insert.x11.undo import LastInsertion

RECEIPT_S = 3.0  # a busy Qt program read 1.4 s after the chord
_PROMPT_S = 0.15  # programs that are not busy have read by then
_IGNORED_S = 0.5  # after its answer to a ping
MODIFIERS_S = 1.5
_MODIFIER_POLL_S = 0.01
_QUIET_S = 0.2  # programs read twice at most, the second time at once
_PASTE_S = 8.0  # then the user's clipboard comes back even if somebody keeps reading
_SOON_S = 10.0  # a program that took one paste comes to the next one within this time

_TYPED = "it was typed: whether it was taken is not known"
_READ_ONCE = "the program has begun to read the text and may not have taken it: see whether it stands there"


class Ignored(Held):
    """It is proved that the chord did nothing."""


@dataclass(frozen=True, slots=True)
class Done:
    """A text that was inserted by ``way`` at ``receipt_s`` (``time.monotonic()``).

    ``outcome`` is ``confirmed``, or ``sent`` for the ``reason``; ``silent`` are the ways that were ignored before.
    """

    way: str
    receipt_s: float
    silent: tuple[str, ...] = ()
    reason: str | None = None

    @property
    def outcome(self) -> str:
        """As the daemon calls it."""
        return "confirmed" if self.reason is None else "sent"


class Paste:
    """Inserts texts through the connection of ``loop``."""

    def __init__(self, loop: Loop) -> None:
        self._loop = loop
        self._text_targets = {loop.atom(name) for name in TEXT_TARGETS}
        self._sending: Sending | None = None
        self._late: list[Late] = []
        self.silent: list[str] = []  # the ways of the last insertion that were proved to be ignored
        self.windows = Windows(loop)
        self._keyboard = Keyboard(loop)
        self.last = LastInsertion(loop, self.windows, self._keyboard)
        self._clipboard = Clipboard(loop, self.windows)
        self.selections = self._clipboard.selections
        self.selections.allow = self._allow
        self.selections.on_read = self._notice_read
        self.selections.on_question = self._notice_question
        self._ping = Ping(loop)
        self._typing = Typing(loop, self._keyboard, self.last)

    def prepare(self) -> None:
        """Copy the user's selections, so that an insertion need not. What cannot be read now is tried again then."""
        self._keyboard.refresh()
        self.last.prepare()
        self._clipboard.prepare()

    def insert(self, text: str, window: int, ways: Sequence[str]) -> Done:
        """Insert ``text`` into ``window`` by the first of ``ways`` that it does not ignore. Raises Held."""
        self.silent = []
        if (reason := fault(text)) is not None:
            raise Held(f"not inserted: {reason}")
        self._check_focus(window)
        self._loop.cancel("give back")
        marked = self._clipboard.may_be_marked(window)
        try:
            done = self._climb(text, Sending(window, strict=self._late_ones(window)), ways)
        finally:
            if self._sending is not None and self._sending.receipt_s is not None:
                self._give_back_after(self._sending.receipt_s)
            else:
                self.give_back()
        if done.reason in {None, _TYPED}:
            self.last.keep(text, replaced=marked)
        return done

    def _climb(self, text: str, sending: Sending, ways: Sequence[str]) -> Done:
        """One way after the other, as long as each is proved to have done nothing."""
        reason: Held | None = None
        for number, way in enumerate(ways):
            try:
                if way == TYPE:
                    return self._type(text, sending)
                self._paste_by(way, text, sending, more=number + 1 < len(ways))
            except Ignored as ignored:
                self.silent.append(way)
                reason = reason or ignored
            except NoWay as fault:
                reason = reason or fault
            else:
                return self._done(way, sending)
        assert reason is not None, "there is at least one way"
        raise reason

    def _done(self, way: str, sending: Sending) -> Done:
        if sending.receipt_s is not None:
            return Done(way, sending.receipt_s, tuple(self.silent))
        if sending.given:
            return Done(way, time.monotonic(), tuple(self.silent), _READ_ONCE)
        raise Held(
            f"{self.windows.title(sending.window)} did not take the text within {RECEIPT_S:.0f} s: click where it "
            f"belongs and {LATER}"
        )

    def _type(self, text: str, sending: Sending) -> Done:
        def check() -> None:
            self._wait_for_modifiers()
            self._check_focus(sending.window)

        if sending.chords:
            self.give_back()  # a chord that was ignored finds no text any more
        check()
        self.last.begin(sending.window)
        self._typing.type(text, check)
        return Done(TYPE, time.monotonic(), tuple(self.silent), _TYPED)

    def give_back(self) -> None:
        """Put the user's selections back now, unless somebody has taken them; refuse whoever pastes late."""
        sending = self._sending
        self._retire()
        unanswered = sending is not None and sending.receipt_s is None
        if unanswered:
            self.last.forget("the last text was not taken")
        self._loop.cancel("give back")
        self._clipboard.give_back(watched=unanswered)

    def _retire(self) -> None:
        """The chords that were sent last are not waited for any more; those that may still come are remembered."""
        sending, self._sending = self._sending, None
        if sending is None:
            return
        now_s = time.monotonic()
        if sending.receipt_s is not None:  # it is awake: what it has not come to by now, it will soon
            for one in self._late:
                if self._is_of(one, sending.window):
                    one.until_s = min(one.until_s, now_s + _SOON_S)
        if sending.left > 0:
            silent = sending.receipt_s is None
            until_s = now_s + (LATE_S if silent else _SOON_S)
            process, blocks = self.windows.process(sending.window), silent and not sending.awake
            self._late.append(Late(sending.window, process, until_s, sending.left, blocks))

    # -- before the chord --------------------------------------------------------------------------------------------

    def _check_focus(self, window: int) -> None:
        focused = self.windows.focused()
        if focused is None:
            raise Held(f"no window has the keyboard focus: click where the text belongs and {LATER}")
        if focused != window:
            raise Held(f"the window in front changed while you were speaking: {LATER}")

    def _is_of(self, late: Late, window: int) -> bool:
        process = self.windows.process(window) if late.process is not None else None
        return self.windows.same_program(late.window, window) if process is None else process == late.process

    def _late_ones(self, window: int) -> bool:
        """Whether the window's program may still come to an earlier chord."""
        now_s = time.monotonic()
        self._late = [one for one in self._late if now_s < one.until_s]
        return any(one.open and self._is_of(one, window) for one in self._late)

    def _check_answered(self, window: int) -> None:
        if self._late_ones(window):
            for one in self._late:
                if one.blocks and one.open and self._is_of(one, window):
                    wait_s = one.until_s - time.monotonic()
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

    # -- the chord, and after ----------------------------------------------------------------------------------------

    def _paste_by(self, way: str, text: str, sending: Sending, *, more: bool) -> None:
        """Send the chord and wait for its receipt; with ``more`` ways to go only until it is proved to be ignored.

        Raises Ignored, NoWay and Held.
        """
        keys = self._keyboard.chord(way)
        if keys is None:
            raise NoWay(f"the keyboard map has no keys for {way}: add them with xmodmap or setxkbmap and {LATER}")
        self._check_answered(sending.window)
        originals = self._clipboard.originals(sending.window, way)
        self._wait_for_modifiers()
        self._check_focus(sending.window)
        self._clipboard.take(text, originals, again=not sending.chords)
        if self._sending is not sending:
            self._retire()
            self.last.begin(sending.window)
        self.last.expect(keys[-1])
        self._loop.display.sync()  # a server that does not answer gets no chord
        self._sending = sending
        sending.send(Chord(way, keys[-1], self._keyboard.tap(keys), time.monotonic()))
        self._loop.display.flush()
        self._await(sending, more=more)

    def _await(self, sending: Sending, *, more: bool) -> None:
        def stirred() -> bool:
            return sending.receipt_s is not None or sending.asked

        def received() -> bool:
            return sending.receipt_s is not None

        chord = sending.chords[-1]
        until_s = chord.sent_s + RECEIPT_S
        if self._loop.wait(received, _PROMPT_S):
            return
        if not stirred() and self.last.missed(chord.code):
            sending.chords.pop()
            sending.strict = True  # if it comes after all
            raise Ignored(f"a shortcut of the desktop has taken {chord.way}: free those keys and {LATER}")
        if self._ping.ask(sending.window):
            self._loop.wait(lambda: stirred() or self._ping.answered, until_s - time.monotonic())
            sending.awake = self._ping.answered and self.windows.answers_for_its_pages(sending.window)
            self._ping.stop()
            if more and sending.awake and not self._loop.wait(stirred, _IGNORED_S):
                title = self.windows.title(sending.window)
                raise Ignored(f"{title} did not take the text: click where it belongs and {LATER}")
        self._loop.wait(received, until_s - time.monotonic())

    def _notice_question(self, read: Read) -> None:
        sending = self._sending
        if sending is not None and self._clipboard.holds_text(read.selection):
            sending.asked |= sending.concerns(read, self.windows.same_program)

    def _notice_read(self, read: Read) -> None:
        sending = self._sending
        if sending is None or not self._clipboard.holds_text(read.selection):
            return
        now_s = time.monotonic()
        if sending.receipt_s is not None:
            self._give_back_after(now_s)
        elif read.target in self._text_targets and sending.concerns(read, self.windows.same_program):
            sending.took(read, now_s)

    def _give_back_after(self, read_s: float) -> None:
        assert self._sending is not None
        due_s = min(read_s + _QUIET_S, self._sending.chords[-1].sent_s + _PASTE_S)
        self._loop.at(due_s, "give back", self.give_back)

    def _allow(self, read: Read) -> bool:
        """Whether a value may be given: not to a program whose paste comes too late, as it would get something else."""
        now_s = time.monotonic()
        if read.target not in self._text_targets:
            return True
        sending = self._sending
        pasting = sending is not None and self._clipboard.holds_text(read.selection)
        if sending is not None and pasting and sending.concerns(read, self.windows.same_program):
            return sending.give(read)
        for one in self._late:
            if now_s < one.until_s and self._is_of(one, read.requestor):
                one.refuse(now_s)
                if not one.open:
                    self._loop.at(one.until_s, "release", self._clipboard.release_empty)
                return False
        return True
