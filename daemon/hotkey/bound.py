"""The hotkey over the daemon's life: bound, tried again, changed, and released for a while."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager

from daemon.errors import HotkeyError
from daemon.hotkey.contract import Hotkey
from daemon.hotkey.keys import parse

log = logging.getLogger(__name__)

_RETRY_S = 3.0

NewHotkey = Callable[[str, Callable[[str | None], None]], Hotkey]


class BoundHotkey:
    """The hotkey ``key``; ``new`` makes one for a key, and is given who is to be told that it was lost.

    ``fault`` says in one line why the key cannot be heard; ``changed`` is called when that is another.
    """

    def __init__(self, key: str, new: NewHotkey, *, changed: Callable[[], None]) -> None:
        self.key = key
        self.fault: str | None = None
        self._new = new
        self._changed = changed
        self._hotkey = new(key, self._lost)
        self._pauses = 0
        self._one_at_a_time = asyncio.Lock()  # of all that starts hotkeys and stops them, which takes its time

    @property
    def name(self) -> str:
        """Which way in this is."""
        return self._hotkey.name

    @property
    def trigger(self) -> str | None:
        """What the user has to press, where the desktop has another name for it, or another key."""
        return self._hotkey.trigger

    def cancel_key(self, active: bool) -> None:
        """Listen for Escape, or stop doing so."""
        self._hotkey.cancel_key(active)

    async def start(self) -> None:
        """Bind the key; where it cannot be had, ``fault`` says why."""
        async with self._one_at_a_time:
            await self._bind()

    async def stop(self) -> None:
        """Give the key back."""
        await self._hotkey.stop()

    async def change(self, key: str, *, insist: bool) -> None:
        """Bind another key in the place of this one.

        Raises HotkeyError if ``insist`` and it cannot be had; then this one stays. Without ``insist`` it is tried again
        from time to time.
        """
        async with self._one_at_a_time:
            if parse(key) != parse(self.key):
                await self._replace(self._new(key, self._lost), insist=insist)
            self.key = key

    @asynccontextmanager
    async def paused(self) -> AsyncGenerator[None, None]:
        """Leave the key to whoever has the keyboard focus, for a while."""
        self._pauses += 1
        try:
            async with self._one_at_a_time:
                await self._hotkey.stop()
            yield
        finally:
            self._pauses -= 1
            await self.start()

    async def keep(self) -> None:
        """Try again for a key that was taken or lost: the other program may have ended, the X server come back."""
        while True:
            await asyncio.sleep(_RETRY_S)
            async with self._one_at_a_time:
                if self.fault is not None and self._hotkey.reason is None:
                    await self._bind()

    async def _bind(self) -> None:
        if self._pauses:  # the end of the last one does it
            return
        await self._hotkey.stop()
        try:
            await self._hotkey.start()
        except HotkeyError as error:
            self._lost(str(error))
        else:
            self._note(self._hotkey.reason)

    async def _replace(self, hotkey: Hotkey, *, insist: bool) -> None:
        try:
            await hotkey.start()
            reason = hotkey.reason
            if insist:
                await _changeable(hotkey)
        except HotkeyError as error:
            if insist:
                raise
            reason = str(error)
        before, self._hotkey = self._hotkey, hotkey
        self._note(reason)  # at once: the new one may have news while the old one stops
        await before.stop()
        if self._pauses:
            await hotkey.stop()

    def _lost(self, reason: str | None) -> None:
        if reason is not None and reason != self.fault:
            log.warning("%s", reason)
        self._note(reason)

    def _note(self, fault: str | None) -> None:
        self.fault = fault
        self._changed()


async def _changeable(hotkey: Hotkey) -> None:
    """Raises HotkeyError where the desktop has a key for us already, which only its own settings can change."""
    if hotkey.trigger is not None:
        await hotkey.stop()
        given = f"{hotkey.trigger}, as the desktop says"
        raise HotkeyError(f"the key is {given}: give dictation another one in its settings for shortcuts")
