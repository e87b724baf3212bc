"""The hotkey on macOS and Windows, by pynput's listener. Not yet run on those systems; under X11 it is, in the tests.

The listener only hears: the key reaches the application too, and so does Escape. macOS asks the user to allow it
(Privacy & Security, Input Monitoring and Accessibility). Windows silently drops a listener whose callback is slow, so
the callback does nothing but hand the key to the loop.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from typing import Any

from pynput import keyboard

from daemon.errors import HotkeyError
from daemon.hotkey import press
from daemon.hotkey.contract import Listener
from daemon.hotkey.keys import Chord, printed

_START_S = 5.0
_STOP_S = 1.0
_NAMES = {
    "print": "print_screen",
    "super_r": "cmd_r",
    "return": "enter",
    "escape": "esc",
    "mic_mute": "",
}
_MODIFIERS = {"ctrl": "ctrl", "alt": "alt", "shift": "shift", "super": "cmd"}


class PynputHotkey:
    """Hears ``chord`` wherever the focus is. See ``contract.Hotkey``."""

    name = "pynput"

    def __init__(self, chord: Chord, listener: Listener, *, release_grace_s: float) -> None:
        self.reason: str | None = None
        self.trigger: str | None = None
        self._chord = chord
        self._listener = listener
        self._grace_s = release_grace_s
        self._key = _pynput_key(chord)
        self._wanted = {getattr(keyboard.Key, _MODIFIERS[name]) for name in chord.modifiers}
        self._held: set[Any] = set()
        self._state: press.State = press.Up()
        self._cancel_wanted = False
        self._stopped = True
        self._keys: Any = None

    async def start(self) -> None:
        """Begin to listen. Raises HotkeyError if the system does not let us."""
        loop = asyncio.get_running_loop()

        def tell(key: Any, down: bool) -> None:
            with contextlib.suppress(RuntimeError):  # the loop is closed: nobody listens any more
                loop.call_soon_threadsafe(self._hear, key, down, time.monotonic())

        self._stopped = False
        self._keys = keyboard.Listener(on_press=lambda key: tell(key, True), on_release=lambda key: tell(key, False))
        self._keys.daemon = True
        self._keys.start()
        try:
            async with asyncio.timeout(_START_S):
                await asyncio.to_thread(self._keys.wait)
        except TimeoutError:
            await self.stop()
            raise HotkeyError(f"no hotkey {self._chord}: allow swictation to listen to the keyboard") from None

    async def stop(self) -> None:
        """Stop listening."""
        self._stopped = True
        if self._keys is not None:
            self._keys.stop()
            await asyncio.to_thread(self._keys.join, _STOP_S)
            self._keys = None

    def cancel_key(self, active: bool) -> None:
        """Report Escape, or not; it reaches the application either way."""
        self._cancel_wanted = active

    def _hear(self, raw: Any, down: bool, at_s: float) -> None:
        if self._stopped or self._keys is None:
            return
        plain = self._keys.canonical(raw)
        same = self._key in (raw, plain)
        if same and down and self._wanted <= self._held:
            self._step(press.press(self._state, at_s, int(at_s * 1000), grace_s=self._grace_s))
        elif same and not down:
            # under X11 its auto-repeat looks like releases, and there is no asking whether the key is down
            self._step(press.release(self._state, at_s, int(at_s * 1000), still_down=False, patient=True))
            asyncio.get_running_loop().call_later(self._grace_s, self._settle)
        elif raw == keyboard.Key.esc and down and self._cancel_wanted:
            self._cancel_wanted = False
            self._listener.on_cancel(at_s)
        if plain in _all_modifiers():
            (self._held.add if down else self._held.discard)(plain)

    def _settle(self) -> None:
        if not self._stopped:
            self._step(press.settle(self._state, time.monotonic(), grace_s=self._grace_s))

    def _step(self, step: press.Step) -> None:
        self._state, edges = step
        for edge in edges:
            match edge:
                case press.Pressed(at_s):
                    self._listener.on_press(at_s)
                case press.Released(at_s):
                    self._listener.on_release(at_s)


def _all_modifiers() -> set[Any]:
    return {getattr(keyboard.Key, name) for name in _MODIFIERS.values()}


def _pynput_key(chord: Chord) -> Any:
    """The key as pynput reports it. Raises HotkeyError for one that this system does not have."""
    character = printed(chord.key)
    if character is not None:
        return keyboard.KeyCode.from_char(character)
    key = getattr(keyboard.Key, _NAMES.get(chord.key, chord.key), None)
    if key is None:
        raise HotkeyError(
            f"the key {chord} cannot be used on this system: choose another with `swictation config set hotkey.key KEY`"
        )
    return key
