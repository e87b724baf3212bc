"""The hotkey on X11: grabbed by a thread with a connection of its own, so that no program sees it.

X delivers nothing to any grab while a menu is open or the screen is locked; the hotkey is not heard then.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import threading

from daemon.errors import HotkeyError
from daemon.hotkey.contract import Listener
from daemon.hotkey.keys import Chord
from daemon.hotkey.press import Pressed, Released
from daemon.hotkey.x11_watch import CANCEL_OFF, CANCEL_ON, Cancelled, Heard, Lost, Ready, Refused, watch

_START_S = 5.0
_STOP_S = 1.0


class X11Hotkey:
    """Grabs ``chord`` on ``display``. See ``contract.Hotkey``."""

    name = "x11"

    def __init__(self, chord: Chord, listener: Listener, *, display: str, release_grace_s: float) -> None:
        self.reason: str | None = None
        self.trigger: str | None = None
        self._chord = chord
        self._listener = listener
        self._display = display
        self._grace_s = release_grace_s
        self._orders: int | None = None  # the writing end of the pipe that commands the thread
        self._ended = asyncio.Event()

    async def start(self) -> None:
        """Grab the key. Raises KeyTaken, or HotkeyError if the display or the key is not there."""
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[None] = loop.create_future()
        commands, self._orders = os.pipe()
        os.set_blocking(self._orders, False)
        ended = self._ended = asyncio.Event()

        def on_loop(heard: Heard) -> None:
            if self._orders is not None and ended is self._ended:
                self._hear(heard, answer)

        def tell(heard: Heard) -> None:
            loop.call_soon_threadsafe(on_loop, heard)

        def run() -> None:
            with contextlib.suppress(RuntimeError):  # the loop is closed: nobody listens any more
                try:
                    watch(
                        self._chord,
                        self._display,
                        commands,
                        tell,
                        grace_s=self._grace_s,
                    )
                finally:
                    loop.call_soon_threadsafe(ended.set)

        threading.Thread(target=run, name="hotkey", daemon=True).start()
        try:
            async with asyncio.timeout(_START_S):
                await answer
        except TimeoutError:
            await self.stop()
            raise HotkeyError(f"no hotkey {self._chord}: the X server {self._display} does not answer") from None
        except (HotkeyError, asyncio.CancelledError):
            await self.stop()
            raise

    async def stop(self) -> None:
        """Give the key back. A thread that waits for a frozen X server is left behind; it ends when the server does."""
        if self._orders is None:
            return
        orders, self._orders = self._orders, None
        os.close(orders)
        # no asyncio.timeout: in a task that is being cancelled it never fires in Python 3.11.2
        ended = asyncio.ensure_future(self._ended.wait())
        await asyncio.wait({ended}, timeout=_STOP_S)
        ended.cancel()

    def cancel_key(self, active: bool) -> None:
        """Grab Escape, or give it back. If another program has it, nothing happens."""
        if self._orders is not None:
            with contextlib.suppress(BrokenPipeError, BlockingIOError):  # the thread has ended, or is stuck
                os.write(self._orders, CANCEL_ON if active else CANCEL_OFF)

    def _hear(self, heard: Heard, answer: asyncio.Future[None]) -> None:
        match heard:
            case Pressed(at_s):
                self._listener.on_press(at_s)
            case Released(at_s):
                self._listener.on_release(at_s)
            case Cancelled(at_s):
                self._listener.on_cancel(at_s)
            case Lost(reason):
                self._listener.on_lost(reason)
            case Ready() if not answer.done():
                answer.set_result(None)
            case Refused(error) if not answer.done():
                answer.set_exception(error)
