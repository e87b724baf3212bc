"""Insertion on GNOME and KDE: the clipboard and the paste keys, through one long session of the desktop's portal.

The portal tells neither which window has the keyboard nor who reads the clipboard; ``portal.receipt`` says what can be
claimed all the same.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from daemon.errors import PortalError
from daemon.insert.content import fault
from daemon.insert.contract import LATER, TYPE, Front, nothing_known
from daemon.insert.portal.access import PortalAccess
from daemon.insert.portal.clipboard import PortalClipboard, Unreadable
from daemon.insert.portal.keys import Keys, keys_of, typed, way_of
from daemon.insert.portal.session import RemoteSession
from daemon.limits import WAYS
from daemon.messages import Insertion, Outcome, Target

log = logging.getLogger(__name__)

_COPY_SPEAKING_S, _COPY_WAITING_S = 2.0, 1.0
_RECEIPT_S = 3.0  # a busy Qt program read 1.4 s after the keys
_QUIET_S = 0.2  # programs read twice at most, the second time at once
_LATE_S, _LATE_BURST_S = 10.0, 1.0  # for so long a program that took nothing may still wake up and paste

_CHANGED = f"the window in front changed while you were speaking: {LATER}"
_NO_CLIPBOARD = f"this desktop's portal lends no clipboard (GNOME's does from 45 on, Plasma's from 6.4): {LATER}"
_UNTOLD = "this desktop does not tell who took the text: see whether it stands there"
_INTERRUPTED = f"the desktop ended the session, see whether the text stands there: if not, {LATER}"


class PortalDesktop:
    """Inserts through ``session``. See ``contract.Desktop``.

    ``changed`` is called when ``notice`` is another one; the token of the session is kept in ``token_file``. ``front``
    tells the number of the window in front and its program's name, as far as that is known.
    """

    name = "portal"
    undoable = False
    ways: tuple[str, ...] = WAYS

    def __init__(
        self,
        session: RemoteSession,
        token_file: Path,
        *,
        front: Front = nothing_known,
        changed: Callable[[], None] = lambda: None,
        receipt_s: float = _RECEIPT_S,
        late_s: float = _LATE_S,
    ) -> None:
        self._session = session
        session.on_closed = self._closed
        self._clipboard = PortalClipboard(session)
        self._clipboard.on_read = self._noticed_read
        self._access = PortalAccess(session, token_file, opened=self._opened, changed=changed)
        self._front = front
        self._changed = changed
        self._receipt_s, self._late_s = receipt_s, late_s
        self._one_at_a_time = asyncio.Lock()  # a dictation may end while an older text is inserted by command
        self._copying: asyncio.Task[None] | None = None
        self._giving_back: asyncio.Task[None] | None = None
        self._timer: asyncio.TimerHandle | None = None  # after which the user's content comes back
        self._outcome: Outcome | None = None  # of the last insertion, unless another is under way
        self._unanswered: Target | None = None  # where that pressed keys, which may be taken yet

    @property
    def notice(self) -> str | None:
        """What an insertion still needs of the user, in one line."""
        if self._session.alive and not self._session.clipboard:
            return _NO_CLIPBOARD
        return self._access.notice

    async def usable(self) -> bool:
        """Whether this portal can press keys and lend the clipboard; one that does not answer yet may do so later."""
        try:
            return await self._session.usable()
        except PortalError as error:
            log.warning("what the portal can do is not known: %s", error)
            return True

    async def start(self) -> None:
        """Open the session if no question stands before it."""
        self._access.open_if_granted()

    async def stop(self) -> None:
        """Give the user's content back and end the session."""
        await self._access.stop()
        if self._copying is not None:
            self._copying.cancel()
            await asyncio.wait({self._copying})
        await self._stop_waiting()
        if self._session.alive and self._clipboard.lent:
            await self._give_back()
            await self._clipboard.settle()
        await self._session.close()

    async def ask(self) -> str | None:
        """Ask for the permission again if it is missing; what the user has to do, or None."""
        self._access.forgive()
        return await self._access.ready()

    async def focus(self) -> Target | None:
        """The window in front, of which the portal itself knows nothing."""
        window, application = await self._front()
        return Target(window, application=application, kind="portal")

    async def prepare(self) -> None:
        """Open the session if it needs no question, and copy the user's clipboard."""
        self._access.open_if_granted()
        if self._access.is_open and self._session.clipboard and (self._copying is None or self._copying.done()):
            self._copying = asyncio.create_task(self._copy(), name="copy the clipboard")

    async def insert(self, text: str, target: Target, ways: Sequence[str]) -> Insertion:
        """Insert ``text`` by the first of ``ways``: that it was ignored can never be proved here."""
        if (reason := fault(text)) is not None:
            return _held(f"not inserted: {reason}")
        began_s = time.monotonic()
        async with self._one_at_a_time:
            return await self._insert(text, target, ways, began_s)

    async def _insert(self, text: str, target: Target, ways: Sequence[str], began_s: float) -> Insertion:
        if (reason := await self._obstacle(target)) is not None:
            return _held(reason)
        if self._timer is not None and _may_be(target, self._unanswered):
            return _held(f"the last paste is not answered, and this one may be taken twice: in a few seconds, {LATER}")
        way = way_of(ways, target.application)
        if way == TYPE:
            return await self._type(text)
        if not self._session.clipboard:
            return _held(_NO_CLIPBOARD)
        await self._stop_waiting()
        if self._copying is not None:
            await asyncio.wait({self._copying})
        if (reason := await self._lend(text)) is not None:
            await self._give_back()
            return _held(reason)
        inserted = await self._paste(way, began_s)
        self._unanswered = target if inserted.silent else None
        return inserted

    async def undo(self) -> str | None:
        """Refuse: whether the window was used since is not known."""
        return "this desktop does not tell whether the window was used since: take it back there"

    # -- before the keys -----------------------------------------------------------------------------------------------

    async def _opened(self) -> None:
        try:
            await self._clipboard.reopened()
        except PortalError as error:
            log.warning("the clipboard was not given back: %s", error)
        if self._clipboard.lent and self._timer is None and self._outcome is not None:  # the timer was over before
            self._wait(self._late_s)

    def _closed(self) -> None:
        lent = self._clipboard.lent
        self._clipboard.closed()
        if lent:
            self._access.open_if_granted()  # the compositor may have kept the dictated text
        self._changed()

    async def _obstacle(self, target: Target) -> str | None:
        """Why nothing can be inserted into ``target`` now, in one line."""
        if (reason := await self._access.ready()) is not None:
            return reason
        window, _application = await self._front()
        return _CHANGED if window and target.window and window != target.window else None

    async def _copy(self) -> None:
        try:
            await self._clipboard.copy(_COPY_SPEAKING_S)
            if not self._one_at_a_time.locked():  # an insertion that begins now waits for us
                await self._clipboard.learn()
        except (Unreadable, PortalError):
            return  # tried again when it is needed

    async def _lend(self, text: str) -> str | None:
        """Put ``text`` on the clipboard; why that cannot be done, in one line."""
        try:
            await self._clipboard.lend(text, _COPY_WAITING_S)
        except Unreadable as reason:
            return (
                f"the program that owns the clipboard {reason}, and it would be lost: copy something else and {LATER}"
            )
        except PortalError as error:
            return f"{error}: {LATER}"
        await self._clipboard.settle()
        if not self._session.alive:
            return f"the desktop ended the session: {LATER}"
        return None if self._clipboard.ours else f"another program changed the clipboard at that moment: {LATER}"

    # -- the keys, and after -------------------------------------------------------------------------------------------

    async def _type(self, text: str) -> Insertion:
        keys = typed(text)
        if keys is None:
            return _held(f"only plain letters can be typed here, and the text has others: {LATER}")
        if await self._press(keys) is not None:
            await self._renew()
            return _held(_INTERRUPTED)
        return Insertion(Outcome.SENT, _UNTOLD, way=TYPE)

    async def _paste(self, way: str, began_s: float) -> Insertion:
        pressed_s = time.monotonic()
        error = await self._press(keys_of(way))
        if error is not None and not self._clipboard.pressed:
            await self._renew()
            return _held(f"{error}: {LATER}")
        outcome = await self._clipboard.receipt(self._receipt_s)
        insert_ms = (time.monotonic() - began_s) * 1000
        self._give_back_later(outcome, pressed_s)
        if outcome is Outcome.CONFIRMED:
            return Insertion(outcome, None, insert_ms, way=way)
        if outcome is Outcome.SENT:
            return Insertion(outcome, _UNTOLD, insert_ms, way=way)
        if not self._session.alive or error is not None:
            await self._renew()
            return _held(_INTERRUPTED)
        reason = f"nothing took the text within {self._receipt_s:.0f} s: click where it belongs and {LATER}"
        return Insertion(outcome, reason, silent=(way,))

    async def _press(self, keys: Keys) -> PortalError | None:
        """Press and release ``keys``; none stays down. What went wrong, if anything."""
        down: list[int] = []
        last = max(index for index, (_key, goes_down) in enumerate(keys) if goes_down)
        try:
            for index, (key, goes_down) in enumerate(keys):
                if index == last:
                    self._clipboard.note_pressed()
                await self._session.key(key, down=goes_down)
                if goes_down:
                    down.append(key)
                else:
                    down.remove(key)
        except PortalError as error:
            for key in reversed(down):
                await self._let_go(key)
            return error
        return None

    async def _let_go(self, key: int) -> None:
        try:
            await self._session.key(key, down=False)
        except PortalError as error:
            log.warning("a key may be held down: %s", error)

    async def _renew(self) -> None:
        """Leave a session that does not work any more; the next one gives the user's content back."""
        if self._session.alive:
            await self._session.close()
            self._closed()

    def _give_back_later(self, outcome: Outcome, pressed_s: float) -> None:
        self._outcome = outcome
        if outcome is Outcome.CONFIRMED:
            self._wait(_QUIET_S)
        elif outcome is Outcome.SENT:
            self._wait(pressed_s + self._receipt_s - time.monotonic())
        else:
            self._clipboard.refuse()
            self._wait(self._late_s)

    def _noticed_read(self) -> None:
        if self._timer is None:
            return
        if self._outcome is Outcome.CONFIRMED:
            self._wait(_QUIET_S)
        elif self._outcome is Outcome.HELD:
            self._wait(min(_LATE_BURST_S, self._late_s))

    def _wait(self, wait_s: float) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = asyncio.get_running_loop().call_later(max(0.0, wait_s), self._waited)

    def _waited(self) -> None:
        self._timer = self._unanswered = None
        self._giving_back = asyncio.create_task(self._give_back(), name="give the clipboard back")

    async def _stop_waiting(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = self._outcome = None
        if self._giving_back is not None:
            await asyncio.wait({self._giving_back})

    async def _give_back(self) -> None:
        if not self._access.is_open:  # what follows the next opening does it
            self._access.open_if_granted()
            return
        try:
            await self._clipboard.give_back()
        except PortalError as error:
            log.warning("the clipboard was not given back: %s", error)


def _may_be(target: Target, other: Target | None) -> bool:
    """Whether both may be one window."""
    return other is not None and (target.window == other.window or 0 in {target.window, other.window})


def _held(reason: str) -> Insertion:
    return Insertion(Outcome.HELD, reason)
