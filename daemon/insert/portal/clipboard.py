"""The user's clipboard, lent for a dictated text and given back, through a session of the portal.

We go on serving what we gave back until another program copies something: the portal knows no other way.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable, Mapping, Sequence

from daemon.errors import PortalError
from daemon.insert.content import NOT_CONTENT
from daemon.insert.portal.receipt import Reads, others, settle_s, verdict
from daemon.insert.portal.session import RemoteSession
from daemon.messages import Outcome
from daemon.portal import CallRefused

TEXT_TYPES = ("text/plain;charset=utf-8", "text/plain", "UTF8_STRING", "TEXT")
_HINT = "x-kde-passwordManagerHint"  # Klipper and others keep what carries it out of their history
_MOST_BYTES = 64 << 20
_READ_S = 1.0  # for one form; programs answer within some ms
_AGAIN_S = (0.01, 0.02, 0.04)
_NEWS_S = 0.2  # a new session is told at once what the clipboard offers
_IDLE_S = 1.0  # reads of what was given back are counted for so long

Offer = Mapping[str, bytes]  # by media type


class Unreadable(Exception):
    """What the user has copied cannot be copied by us, and would be lost; the message is a clause that says why."""


class PortalClipboard:
    """The clipboard of the session's desktop. What it offers is ours, another program's, or nothing."""

    def __init__(self, session: RemoteSession) -> None:
        self._session = session
        session.on_transfer = self._transfer
        session.on_owner = self._owner_changed
        self._offered: Offer = {}
        self._ours = False
        self._theirs: Sequence[str] = ()
        self._copy: Offer | None = None  # of what another program offers
        self._original: Offer | None = None  # what comes back, while a dictated text is lent
        self._refusing = False
        self._reads = Reads()
        self._idle: list[int] = []
        self._offered_s = self._read_s = 0.0
        self._news = asyncio.Event()
        self._reading = asyncio.Lock()  # Mutter lets a session read one thing at a time
        self._serving: set[asyncio.Task[None]] = set()
        self.on_read: Callable[[], None] = lambda: None

    @property
    def lent(self) -> bool:
        """Whether a dictated text is where the user's content belongs."""
        return self._original is not None and self._ours

    @property
    def ours(self) -> bool:
        """Whether nobody else has copied anything since our last offer."""
        return self._ours

    async def learn(self) -> None:
        """Find out how many others read an offer, by offering what is there; nothing where that is known or empty."""
        if not self._idle and not self._ours and self._copy and _has_text(self._copy):
            await self._offer(self._copy)
            asyncio.get_running_loop().call_later(_IDLE_S, self._learn, self._reads)

    async def copy(self, limit_s: float) -> None:
        """Copy what another program offers, unless that is done. Raises Unreadable if it would be lost."""
        async with self._reading:
            if not self._ours and self._copy is None:
                await self._copy_theirs(limit_s)

    async def _copy_theirs(self, limit_s: float) -> None:
        offer: dict[str, bytes] = {}
        end_s, size, why = time.monotonic() + limit_s, 0, "does not answer"
        theirs = self._theirs
        for media_type in sorted(set(theirs) - set(NOT_CONTENT), key=_rank):
            if time.monotonic() > end_s:
                break
            try:
                offer[media_type] = await self._read(media_type, _MOST_BYTES - size)
            except OverflowError:
                why = f"holds more than {_MOST_BYTES >> 20} MiB"
            except TimeoutError:
                break
            except (PortalError, OSError):
                continue
            else:
                size += len(offer[media_type])
        if theirs is not self._theirs:
            raise Unreadable("changed while it was read")
        if not offer and set(theirs) - set(NOT_CONTENT):
            raise Unreadable(why)
        self._copy = offer

    async def _read(self, media_type: str, most: int) -> bytes:
        """One form of what another program offers. Raises what ``RemoteSession.read`` raises."""
        for wait_s in _AGAIN_S:
            try:
                return await self._session.read(media_type, most=most, limit_s=_READ_S)
            except CallRefused:  # Mutter 43 may not have noticed yet that the read before is over
                await asyncio.sleep(wait_s)
        return await self._session.read(media_type, most=most, limit_s=_READ_S)

    async def lend(self, text: str, limit_s: float) -> None:
        """Offer ``text`` in the place of the user's content. Raises Unreadable if that would be lost, PortalError."""
        await self.copy(limit_s)
        if not self._ours:
            self._original = self._copy
        elif self._original is None:
            self._original = self._offered
        content = text.encode()
        await self._offer({**dict.fromkeys(TEXT_TYPES, content), _HINT: b"secret"})

    async def settle(self) -> None:
        """Let the compositor and the clipboard managers read first: what comes after the keys is then the target's.

        A compositor that has read keeps what it read when we go.
        """
        while (
            wait_s := settle_s(
                others(self._idle),
                self._reads,
                offered_s=time.monotonic() - self._offered_s,
                last_s=time.monotonic() - self._read_s,
            )
        ) > 0:
            await self._wait(wait_s)

    @property
    def pressed(self) -> bool:
        """Whether the paste keys were, since our last offer."""
        return self._reads.pressed

    def note_pressed(self) -> None:
        """The paste keys are being pressed: a read of the text from now on may be the target's."""
        self._reads.pressed = True

    async def receipt(self, limit_s: float) -> Outcome:
        """What the reads say of the paste, as soon as they do."""
        end_s = time.monotonic() + limit_s
        while True:
            left_s = end_s - time.monotonic()
            over = left_s <= 0 or not self._session.alive
            if (outcome := verdict(others(self._idle), self._reads, over=over)) is not None:
                return outcome
            await self._wait(left_s)

    def refuse(self) -> None:
        """Give the lent text to nobody any more: who pastes late must get neither it nor the user's content."""
        self._refusing = True

    async def give_back(self) -> None:
        """Offer the user's content again, unless another program has copied something since. Raises PortalError."""
        original, self._refusing = self._original, False
        if original is not None and self._ours:
            await self._offer(original)  # if that fails, what is to come back is still known
            if _has_text(original):
                asyncio.get_running_loop().call_later(_IDLE_S, self._learn, self._reads)
        self._original = None

    async def reopened(self) -> None:
        """A new session is there: if the lent text is all that the clipboard has, give back what was there before.

        After keys that nothing has answered, that is for ``give_back`` to do later.
        """
        self._ours, self._copy = False, None
        if self._original is None:
            return
        if not self._theirs:
            await self._wait(_NEWS_S)
        lent = self._offered.get(TEXT_TYPES[0])
        theirs, now = self._theirs, None
        with contextlib.suppress(PortalError, OverflowError, TimeoutError, OSError):
            if TEXT_TYPES[0] in theirs:  # a compositor keeps the text of an owner that went
                now = await self._read(TEXT_TYPES[0], _MOST_BYTES)
        self._ours = (now == lent and self._theirs is theirs) if self._theirs else True
        if self._ours and self._reads.pressed and not self._reads.pasted:  # whoever pastes yet is to get nothing
            await self._offer(self._offered)
            self.refuse()
        else:
            await self.give_back()

    def closed(self) -> None:
        """The session ended, and what we offered with it."""
        self._ours, self._copy, self._theirs = False, None, ()
        self._news.set()

    async def _offer(self, offer: Offer) -> None:
        theirs = self._theirs
        before, self._offered = self._offered, offer  # the first read may overtake the reply
        self._reads, self._refusing = Reads(), False
        self._offered_s = self._read_s = time.monotonic()
        try:
            await self._session.offer(list(offer))
        except PortalError:
            self._offered = before
            raise
        if self._theirs is theirs:  # else somebody has copied something since
            self._ours, self._copy, self._theirs = bool(offer), None, ()

    def _owner_changed(self, media_types: Sequence[str], ours: bool) -> None:
        if ours or (_HINT in media_types and set(media_types) == set(self._offered)):  # whatever the portal calls it
            self._ours = True
        else:
            self._ours, self._copy, self._theirs = False, None, list(media_types)
        self._news.set()

    def _transfer(self, media_type: str, serial: int) -> None:
        task = asyncio.create_task(self._serve(media_type, serial), name="give the clipboard's content")
        self._serving.add(task)
        task.add_done_callback(self._serving.discard)

    async def _serve(self, media_type: str, serial: int) -> None:
        reads, text = self._reads, media_type in TEXT_TYPES
        pressed = reads.pressed
        content = None if self._refusing and text else self._offered.get(media_type)
        with contextlib.suppress(PortalError):
            if await self._session.give(serial, content):
                reads.note(text=text, pressed=pressed)
        self._read_s = time.monotonic()
        self._news.set()
        self.on_read()

    def _learn(self, reads: Reads) -> None:
        if reads is self._reads:
            self._idle.append(reads.all)

    async def _wait(self, limit_s: float) -> None:
        """Until a read or another change, ``limit_s`` at most."""
        self._news.clear()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(limit_s):
                await self._news.wait()


def _rank(media_type: str) -> tuple[int, str]:
    """The plain first, then the rich: a slow owner may not give all in time."""
    first = (*TEXT_TYPES[:1], "text/uri-list", "x-special/gnome-copied-files", "image/png", "text/html")
    return (first.index(media_type) if media_type in first else len(first), media_type)


def _has_text(offer: Offer) -> bool:
    """Whether those who read texts read it: of a picture alone, how many do is not learned."""
    return any(media_type in offer for media_type in TEXT_TYPES)
