"""The user's permission to press keys: asked for once, kept by a token, and never asked for again by itself."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from pathlib import Path

from daemon.errors import PortalError, PortalRefused
from daemon.insert.contract import LATER
from daemon.insert.portal import token
from daemon.insert.portal.session import RemoteSession

log = logging.getLogger(__name__)

_ASK_S = 120.0  # the user reads what he is asked
_OPEN_S = 3.0  # a session that needs no answer is there at once
_NO_S = 0.5  # and so is the portal's answer that it cannot

WANTED = "the first text will need your permission to press keys: the desktop will ask for it once"
ASKING = f"the desktop asks whether swictation may press keys: allow it there and {LATER}"
REFUSED = f"swictation was not allowed to press keys: {LATER}, and the desktop asks again"


class PortalAccess:
    """Opens ``session`` with the token in ``token_file``.

    ``opened`` is awaited after it was opened; ``changed`` is called when ``notice`` is another one.
    """

    def __init__(
        self,
        session: RemoteSession,
        token_file: Path,
        *,
        opened: Callable[[], Awaitable[None]],
        changed: Callable[[], None],
        open_s: float = _OPEN_S,
    ) -> None:
        self._session = session
        self._token_file = token_file
        self._when_opened = opened
        self._changed = changed
        self._open_s = open_s
        self._opening: asyncio.Task[None] | None = None
        self._refused = self._asking = False
        self._fault: str | None = None  # why the last attempt came to nothing, apart from that

    @property
    def notice(self) -> str | None:
        """What the user has yet to do or to know, in one line; None where a session is open."""
        if self._session.alive:
            return None
        if self._refused:
            return REFUSED
        if self._opening is not None:
            return ASKING if self._asking or not self._granted else None
        return self._fault or (None if self._granted else WANTED)

    @property
    def is_open(self) -> bool:
        """Whether there is a session, and what follows its opening is done."""
        return self._session.alive and self._opening is None

    @property
    def _granted(self) -> bool:
        return token.load(self._token_file) is not None

    def open_if_granted(self) -> None:
        """Open a session if that needs no question."""
        if not self._session.alive and not self._refused and self._granted:
            self._open()

    def forgive(self) -> None:
        """The user acts now: what he refused may be asked for again."""
        self._refused = False

    async def ready(self) -> str | None:
        """See that there is a session; why there is none yet, in one line.

        A question to the user is not waited for: the window that he answers it in has the keyboard then.
        """
        if self.is_open:
            return None
        if self._refused:
            return REFUSED
        opening = self._open()
        await asyncio.wait({opening}, timeout=self._open_s if self._granted else _NO_S)
        if not opening.done():
            self._asking = True
            self._changed()
            return ASKING
        if self._session.alive:
            return None
        return REFUSED if self._refused else f"{self._fault or 'the desktop ended the session'}: {LATER}"

    async def stop(self) -> None:
        """Ask no longer."""
        if self._opening is not None:
            self._opening.cancel()
            await asyncio.wait({self._opening})

    def _open(self) -> asyncio.Task[None]:
        if self._opening is None:
            self._opening = asyncio.create_task(self._open_session(), name="open a session of the portal")
            self._opening.add_done_callback(self._done)
        return self._opening

    async def _open_session(self) -> None:
        try:
            await self._session.open(token.load(self._token_file), limit_s=_ASK_S)
        except PortalRefused:
            token.keep(self._token_file, None)
            self._refused = True
        except PortalError as error:
            self._fault = str(error)
            log.warning("no session of the portal: %s", error)
        else:
            self._fault = None
            token.keep(self._token_file, self._session.token)
            await self._when_opened()

    def _done(self, opening: asyncio.Task[None]) -> None:
        self._opening, self._asking = None, False
        if not opening.cancelled():
            opening.result()
        self._changed()
