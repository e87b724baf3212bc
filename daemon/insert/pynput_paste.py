"""Insertion on macOS and Windows: the clipboard and the paste chord, by pynput. Not yet run on those systems.

Neither system tells who reads the clipboard, so the best outcome here is ``sent``, and the user's text is given back
after a fixed time. Only text is given back: a picture on the clipboard is lost. Never used on Linux, where pynput's
letters do not reach a default xterm and its changes to the keyboard map stay.
"""

from __future__ import annotations

import asyncio
import ctypes
import importlib
import subprocess
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from daemon.insert.contract import CTRL_V, LATER
from daemon.messages import Insertion, Outcome, Target

_TOOL_S = 5.0  # the first PowerShell of a session takes seconds
_CMD_V = "cmd+v"
_GIVE_BACK_S = 0.8  # fixed timers of 300 ms have lost the race against slow programs

_POWERSHELL = ("powershell", "-NoProfile", "-NonInteractive", "-Command")
_UTF8 = "[Console]::InputEncoding = [Console]::OutputEncoding = New-Object Text.UTF8Encoding $false; "


@dataclass(frozen=True, slots=True)
class Desktop:
    """What differs between the systems. ``read`` and ``write`` are the commands of the clipboard, in UTF-8.

    ``front`` gives the window or program in front, ``chord`` presses and lets go the paste keys.
    """

    read: Sequence[str]
    write: Sequence[str]
    front: Callable[[], Target | None]
    chord: Callable[[], None]
    way: str = CTRL_V


def desktop(platform: str) -> Desktop:
    """The desktop of ``platform``: ``darwin`` or ``win32``."""
    if platform == "darwin":
        return Desktop(("pbpaste",), ("pbcopy",), _front_on_macos, lambda: _press("cmd"), _CMD_V)
    return Desktop(
        (*_POWERSHELL, _UTF8 + "[Console]::Out.Write((Get-Clipboard -Raw))"),
        (*_POWERSHELL, _UTF8 + "Set-Clipboard -Value ([Console]::In.ReadToEnd())"),
        _front_on_windows,
        lambda: _press("ctrl"),
    )


class PynputPaste:
    """Inserts by the system's paste chord. See ``contract.Desktop``."""

    name = "pynput"
    undoable = False
    notice: str | None = None

    def __init__(self, on: Desktop, *, give_back_s: float = _GIVE_BACK_S) -> None:
        self.ways = (on.way,)
        self._on = on
        self._give_back_s = give_back_s
        self._one_at_a_time = asyncio.Lock()  # a dictation may end while an older text is inserted by command
        self._original: str | None = None  # the user's text while ours is on the clipboard
        self._timer: asyncio.TimerHandle | None = None  # after which it comes back
        self._giving_back: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Do nothing: everything is ready."""

    async def stop(self) -> None:
        """Give the clipboard back now."""
        await self._stop_waiting()
        await self._give_back()

    async def ask(self) -> str | None:
        """Nothing has to be asked for."""

    async def prepare(self) -> None:
        """Do nothing: the clipboard is read when a text is inserted."""

    async def focus(self) -> Target | None:
        """The window in front on Windows, the program in front on macOS; None if the system does not say."""
        return await asyncio.to_thread(self._on.front)

    async def insert(self, text: str, target: Target, ways: Sequence[str]) -> Insertion:  # noqa: ARG002 - the contract's
        """Paste ``text`` if ``target`` is still in front."""
        async with self._one_at_a_time:
            return await self._insert(text, target)

    async def _insert(self, text: str, target: Target) -> Insertion:
        if (front := await self.focus()) is None or front.window != target.window:
            return _held(f"the window in front changed while you were speaking: {LATER}")
        await self._stop_waiting()
        try:
            if self._original is None:
                self._original = await self._clipboard(self._on.read)
            await self._clipboard(self._on.write, text)
            await asyncio.to_thread(self._on.chord)
        except (OSError, subprocess.SubprocessError, RuntimeError) as error:
            await self._give_back()
            return _held(f"the paste keys could not be sent ({' '.join(str(error).split())}): {LATER}")
        self._timer = asyncio.get_running_loop().call_later(self._give_back_s, self._waited)
        return Insertion(Outcome.SENT, "this system does not tell whether the text was taken", way=self._on.way)

    async def undo(self) -> str | None:
        """Refuse: whether the text arrived, or was changed since, is not known."""
        return "this system does not tell whether the window was used since: take it back there"

    async def _stop_waiting(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._giving_back is not None:  # what it runs cannot be stopped, and would end after the next text's
            await asyncio.wait({self._giving_back})

    def _waited(self) -> None:
        self._timer = None
        self._giving_back = asyncio.create_task(self._give_back(), name="give the clipboard back")

    async def _give_back(self) -> None:
        if self._original is not None:
            await self._clipboard(self._on.write, self._original)
            self._original = None

    async def _clipboard(self, command: Sequence[str], text: str = "") -> str:
        done = await asyncio.to_thread(
            subprocess.run, command, input=text.encode(), capture_output=True, check=True, timeout=_TOOL_S
        )
        return done.stdout.decode(errors="replace")


def _held(reason: str) -> Insertion:
    return Insertion(Outcome.HELD, reason)


def _press(modifier: str) -> None:
    keyboard = importlib.import_module("pynput.keyboard")
    controller = keyboard.Controller()
    with controller.pressed(getattr(keyboard.Key, modifier)):
        controller.tap("v")


def _front_on_macos() -> Target | None:
    workspace = importlib.import_module("AppKit").NSWorkspace.sharedWorkspace()  # pynput brings it on macOS
    program = workspace.frontmostApplication()
    if program is None:
        return None
    name, pid = str(program.localizedName()), int(program.processIdentifier())
    return Target(pid, name, name.lower(), pid, "pynput")


def _front_on_windows() -> Target | None:
    windows: Any = ctypes
    user32 = windows.windll.user32
    window = user32.GetForegroundWindow()
    if not window:
        return None
    title = ctypes.create_unicode_buffer(256)
    user32.GetWindowTextW(window, title, len(title))
    return Target(int(window), title.value, kind="pynput")
