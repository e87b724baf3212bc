"""The listener for macOS and Windows, run where it can be run here: with pynput's X11 side, in a process of its own.

pynput connects to the display when it is imported, so it cannot share the tests' process.
"""

import asyncio
import importlib.util
import os
import sys

import pytest

pytestmark = [
    pytest.mark.display,
    pytest.mark.skipif(importlib.util.find_spec("pynput") is None, reason="pynput is not a dependency on Linux"),
]

PROGRAM = """
import asyncio, sys
from daemon.hotkey.contract import Listener
from daemon.hotkey.keys import parse
from daemon.hotkey.pynput_keys import PynputHotkey

async def main():
    def say(what):
        return lambda _value: print(what, flush=True)
    hotkey = PynputHotkey(parse(sys.argv[1]), Listener(*map(say, ("press", "release", "cancel", "lost"))),
                          release_grace_s=0.05)
    await hotkey.start()
    hotkey.cancel_key(True)
    print("ready", flush=True)
    await asyncio.to_thread(sys.stdin.readline)
    await hotkey.stop()
    print("stopped", flush=True)

asyncio.run(main())
"""


@pytest.mark.parametrize(
    ("key", "down", "up"),
    [
        ("F9", ["keydown", "F9"], ["keyup", "F9"]),
        ("Right Ctrl", ["keydown", "105"], ["keyup", "105"]),
        (
            "ctrl+alt+d",
            ["keydown", "37", "keydown", "64", "keydown", "40"],
            ["keyup", "40", "keyup", "64", "keyup", "37"],
        ),
    ],
)
async def test_hold_and_cancel(desktop, key, down, up):
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", PROGRAM, key),
        env={**os.environ, "DISPLAY": desktop.name},
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )

    async def said():
        async with asyncio.timeout(30):
            return (await process.stdout.readline()).decode().strip()

    try:
        assert await said() == "ready"
        await asyncio.to_thread(desktop.keys, *down)
        assert await said() == "press"
        await asyncio.sleep(1)  # auto-repeat
        await asyncio.to_thread(desktop.keys, *up)
        assert await said() == "release"
        await asyncio.to_thread(desktop.keys, "key", "Escape")
        assert await said() == "cancel"
        process.stdin.write(b"\n")
        assert await said() == "stopped"
    finally:
        process.stdin.close()
        await process.wait()
