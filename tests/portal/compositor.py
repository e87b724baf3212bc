"""The fake portal's desktop: one clipboard, a window that pastes it, and programs that read it whenever it changes."""

import asyncio
import contextlib
import os
from dataclasses import dataclass, field

TEXT = "text/plain;charset=utf-8"
HINT = "x-kde-passwordManagerHint"
SHIFT, CTRL, INSERT, V, RETURN = 0xFFE1, 0xFFE3, 0xFF63, ord("v"), 0xFF0D


@dataclass
class Window:
    """What has the keyboard. It pastes at its ``chords``, ``delay_s`` after them, the first offered of ``reads``."""

    text: str = ""
    chords: tuple = ((SHIFT, INSERT), (CTRL, V))
    delay_s: float = 0.0
    reads: tuple = (TEXT, "UTF8_STRING", "text/plain")
    times: int = 1  # it asks for the text so often at each paste


@dataclass
class Manager:
    """A clipboard manager: reads what is new after ``delay_s``; one that ``obeys`` leaves secrets alone."""

    delay_s: float = 0.0
    obeys: bool = True
    kept: list = field(default_factory=list)


async def drain(file):
    """What comes out of a pipe until its end."""
    return await asyncio.to_thread(_drain, file)


def _drain(file):
    os.set_blocking(file, True)
    with os.fdopen(file, "rb") as pipe:
        return pipe.read()


async def feed(file, content):
    """Write ``content`` into a pipe; who reads it may have gone."""
    await asyncio.to_thread(_feed, file, content)


def _feed(file, content):
    with contextlib.suppress(BrokenPipeError):
        while content:
            content = content[os.write(file, content) :]
