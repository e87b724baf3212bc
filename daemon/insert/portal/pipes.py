"""A clipboard's content through the file descriptor that the portal hands out, on the asyncio loop, within a time."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from typing import Any

_PIECE = 1 << 16


async def read_all(file: int, *, most: int, limit_s: float) -> bytes:
    """Everything that comes out of ``file`` until its end; closes it.

    Raises OverflowError for more than ``most`` bytes, TimeoutError, and OSError.
    """
    loop = asyncio.get_running_loop()
    pieces: list[bytes] = []
    left = most
    os.set_blocking(file, False)
    try:
        async with asyncio.timeout(limit_s):
            while True:
                try:
                    piece = os.read(file, _PIECE)
                except BlockingIOError:
                    await _ready(file, loop.add_reader, loop.remove_reader)
                    continue
                if not piece:
                    return b"".join(pieces)
                pieces.append(piece)
                left -= len(piece)
                if left < 0:
                    raise OverflowError(f"more than {most} bytes")
    finally:
        os.close(file)


async def write_all(file: int, content: bytes, *, limit_s: float) -> None:
    """Write ``content`` into ``file`` and close it. Raises TimeoutError, and OSError for a reader that went away."""
    loop = asyncio.get_running_loop()
    left = memoryview(content)
    os.set_blocking(file, False)
    try:
        async with asyncio.timeout(limit_s):
            while left:
                try:
                    left = left[os.write(file, left) :]
                except BlockingIOError:
                    await _ready(file, loop.add_writer, loop.remove_writer)
    finally:
        os.close(file)


async def _ready(file: int, watch: Callable[..., Any], leave: Callable[[int], Any]) -> None:
    ready: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    watch(file, lambda: None if ready.done() else ready.set_result(None))
    try:
        await ready
    finally:
        leave(file)
