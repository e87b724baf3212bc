"""Waiting on the loop that the part under test runs on."""

import asyncio
import time


async def until(what, probe, limit_s=10.0):
    """Wait for ``probe``, a coroutine function, to give something true."""
    deadline_s = time.monotonic() + limit_s
    while not await probe():
        assert time.monotonic() < deadline_s, f"{what}: not within {limit_s:.0f} s"
        await asyncio.sleep(0.02)
