"""A server that freezes, goes away or was never there, and a worker that dies."""

import asyncio
import os
import signal
import time

import pytest

from daemon.insert.ladder import Ladder
from daemon.insert.x11.desktop import X11Desktop
from daemon.messages import Outcome, Target
from tests.desktop import Desktop, wait_until

pytestmark = pytest.mark.display


async def usable(inserter):
    await inserter.desktop.wait_ready(30)


async def test_a_frozen_server_holds_the_text_for_good(desktop, terminal, clipboard):
    inserter = Ladder(X11Desktop(desktop.environment["DISPLAY"], insert_limit_s=1.0))
    await inserter.start()
    await usable(inserter)
    target = await inserter.focus()
    os.kill(desktop.server_pid, signal.SIGSTOP)
    try:
        began_s = time.monotonic()
        result = await inserter.insert("frozen", target)
        assert result.outcome is Outcome.HELD
        assert "does not answer" in result.reason
        assert time.monotonic() - began_s < 5
        assert await inserter.focus() is None
    finally:
        os.kill(desktop.server_pid, signal.SIGCONT)
    await usable(inserter)
    await asyncio.sleep(0.5)
    assert terminal.text() == ""
    inserter.desktop._insert_limit_s = 16.0  # a new worker's first text takes its time on a busy machine
    assert (await inserter.insert("thawed", target)).outcome is Outcome.CONFIRMED
    wait_until("the text", lambda: terminal.text() == "thawed", 5)
    await inserter.stop()


async def test_a_server_that_freezes_after_the_chord_pastes_nothing_later(desktop, terminal, clipboard):
    inserter = Ladder(X11Desktop(desktop.environment["DISPLAY"], insert_limit_s=1.5))
    await inserter.start()
    await usable(inserter)
    target = await inserter.focus()
    os.kill(terminal._process.pid, signal.SIGSTOP)
    task = asyncio.create_task(inserter.insert("frozen", target))
    await asyncio.sleep(0.5)
    os.kill(desktop.server_pid, signal.SIGSTOP)
    result = await task
    assert result.outcome is Outcome.HELD
    os.kill(desktop.server_pid, signal.SIGCONT)
    os.kill(terminal._process.pid, signal.SIGCONT)
    await asyncio.sleep(1)
    assert terminal.text() == ""
    await inserter.stop()


async def test_a_worker_that_dies_is_replaced_and_nothing_is_tried_twice(desktop, terminal, inserter):
    target = await inserter.focus()
    os.kill(terminal._process.pid, signal.SIGSTOP)
    task = asyncio.create_task(inserter.insert("lost", target))
    await asyncio.sleep(0.5)
    os.kill(inserter.desktop.pid, signal.SIGKILL)
    result = await task
    assert result.outcome is Outcome.HELD
    assert "interrupted" in result.reason
    os.kill(terminal._process.pid, signal.SIGCONT)
    await usable(inserter)
    await asyncio.sleep(0.5)
    assert terminal.text() == ""
    assert (await inserter.insert("found", target)).outcome is Outcome.CONFIRMED
    wait_until("the text", lambda: terminal.text() == "found", 5)


async def test_a_server_that_goes_away_is_waited_for(tmp_path):
    desktop = Desktop(tmp_path)
    desktop.start()
    inserter = Ladder(X11Desktop(desktop.environment["DISPLAY"]))
    await inserter.start()
    await usable(inserter)
    desktop.stop()
    assert await inserter.focus() is None
    await inserter.prepare()
    result = await inserter.insert("nowhere", Target(1))
    await inserter.stop()
    assert result.outcome is Outcome.HELD
    assert "swictation last --insert" in result.reason


async def test_a_display_that_does_not_exist_is_named(tmp_path):
    inserter = Ladder(X11Desktop(":9876"))
    await inserter.start()
    result = await inserter.insert("nowhere", Target(1))
    await inserter.stop()
    assert result.outcome is Outcome.HELD
    assert "the display :9876 cannot be opened" in result.reason
    assert "\n" not in result.reason
