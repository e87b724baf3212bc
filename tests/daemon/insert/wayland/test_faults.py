"""Programs and compositors that do not answer: the text is held, and comes at most once."""

import asyncio
import os
import signal
import sys

import pytest

from daemon.insert import choose
from daemon.insert.contract import CTRL_SHIFT_V, SHIFT_INSERT
from daemon.insert.wayland.desktop import suits
from daemon.messages import Outcome
from models import wire
from tests.daemon.insert.conftest import comes_back
from tests.daemon.insert.wayland.conftest import Clipboard, running, workers
from tests.desktop import wait_until
from tests.sway import SwayDesktop

pytestmark = pytest.mark.display


@pytest.fixture
def own(tmp_path, monkeypatch):
    """A compositor that may be killed."""
    with SwayDesktop(tmp_path) as desktop:
        monkeypatch.setenv("SWAYSOCK", desktop.environment["SWAYSOCK"])
        yield desktop


async def test_a_program_that_never_reads_gets_nothing_and_that_is_said(deaf, clipboard, inserter):
    clipboard.copy(b"mine")
    result = await inserter.insert("dictated", await inserter.focus(), [SHIFT_INSERT, CTRL_SHIFT_V])
    assert result.outcome is Outcome.HELD
    assert '"foot" did not take the text within' in result.reason
    assert result.silent == (SHIFT_INSERT, CTRL_SHIFT_V)
    assert clipboard.read() == b"mine"
    assert "dictated" not in deaf.text()


@pytest.mark.parametrize("ways", [[SHIFT_INSERT], [SHIFT_INSERT, CTRL_SHIFT_V]])
async def test_a_program_that_wakes_up_late_gets_it_never(foot, clipboard, inserter, ways):
    clipboard.copy(b"mine")
    clipboard.copy(b"marked", primary=True)
    target = await inserter.focus()
    foot.process.send_signal(signal.SIGSTOP)
    result = await inserter.insert("late", target, ways)
    assert result.outcome is Outcome.HELD
    foot.process.send_signal(signal.SIGCONT)
    await asyncio.sleep(0.5)
    assert foot.text() == ""
    assert (await inserter.insert("next", target, ways)).outcome is Outcome.CONFIRMED
    await asyncio.sleep(0.5)
    assert foot.text() == "next"
    assert clipboard.read() == b"mine"


@pytest.mark.parametrize("asleep_s", [1.0, 2.0])
async def test_a_program_with_two_chords_before_it_takes_the_text_once(foot, clipboard, inserter, asleep_s):
    target = await inserter.focus()
    foot.process.send_signal(signal.SIGSTOP)
    task = asyncio.create_task(inserter.insert("once", target, [SHIFT_INSERT, CTRL_SHIFT_V]))
    await asyncio.sleep(asleep_s)
    foot.process.send_signal(signal.SIGCONT)
    assert (await task).outcome is Outcome.CONFIRMED
    await asyncio.sleep(0.7)
    assert foot.text() == "once"


async def test_a_program_that_stops_in_the_middle_of_reading_is_told_of(foot, clipboard, inserter):
    clipboard.copy(b"mine")
    task = asyncio.create_task(inserter.insert("x" * 10_000_000, await inserter.focus(), [SHIFT_INSERT, CTRL_SHIFT_V]))
    while not foot.file.stat().st_size:
        await asyncio.sleep(0.001)
    foot.process.send_signal(signal.SIGSTOP)
    result = await task
    foot.process.send_signal(signal.SIGCONT)
    assert result.outcome is Outcome.SENT
    assert "see whether it stands there" in result.reason
    assert (result.way, result.silent) == (SHIFT_INSERT, ())
    assert clipboard.read() == b"mine"


async def test_two_texts_for_a_program_that_sleeps_come_not_at_all_or_once(foot, clipboard, inserter):
    target = await inserter.focus()
    foot.process.send_signal(signal.SIGSTOP)
    assert (await inserter.insert("first", target, [SHIFT_INSERT])).outcome is Outcome.HELD
    task = asyncio.create_task(inserter.insert("second", target, [SHIFT_INSERT]))
    await asyncio.sleep(0.5)
    foot.process.send_signal(signal.SIGCONT)
    result = await task  # foot takes no chord while it is busy with another, the first one's here
    await asyncio.sleep(0.5)
    assert foot.text() == ("second" if result.outcome is Outcome.CONFIRMED else "")


async def test_a_compositor_that_dies_holds_the_text_and_leaves_no_worker(own):
    own.foot()
    async with running(own) as inserter:
        target = await inserter.focus()
        own.compositor.kill()
        own.compositor.wait()
        result = await inserter.insert("dictated", target, [SHIFT_INSERT])
        assert result.outcome is Outcome.HELD
        assert "\n" not in result.reason
    wait_until("no worker is left", lambda: not workers(own), 10)


async def test_a_compositor_that_freezes_holds_the_text(own):
    foot = own.foot()
    async with running(own, insert_limit_s=1.0) as inserter:
        target = await inserter.focus()
        os.kill(own.server_pid, signal.SIGSTOP)
        try:
            result = await inserter.insert("dictated", target, [SHIFT_INSERT])
            assert result.outcome is Outcome.HELD
            assert "the compositor does not answer" in result.reason
            assert not suits(own.environment["WAYLAND_DISPLAY"])
        finally:
            os.kill(own.server_pid, signal.SIGCONT)
        await inserter.wait_ready(10)
        await asyncio.sleep(0.5)
        assert foot.text() == ""
        inserter._windows._insert_limit_s = 16.0  # a new worker's first text takes its time on a busy machine
        assert (await inserter.insert("next", target, [SHIFT_INSERT])).outcome is Outcome.CONFIRMED
        wait_until("the text", lambda: foot.text() == "next", 5)


async def test_a_socket_that_is_no_compositor_is_told(tmp_path):
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "daemon", "_insert_wayland", str(tmp_path / "wayland-0"),
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    output, _ = await process.communicate()
    assert process.returncode == 3
    reader = asyncio.StreamReader()
    reader.feed_data(output)
    head, _ = await wire.read_async(reader)
    assert head["kind"] == "failed"
    assert "cannot be used" in head["message"]


@pytest.fixture
def mixed(tmp_path, monkeypatch):
    """A compositor with XWayland."""
    with SwayDesktop(tmp_path, xwayland=True) as desktop:
        monkeypatch.setenv("SWAYSOCK", desktop.environment["SWAYSOCK"])
        yield desktop


async def test_x11_windows_are_reached_as_on_x11(mixed):
    inserter = choose("auto", "linux", {**os.environ, **mixed.environment})
    assert inserter.name == "wayland"
    await inserter.start()
    await inserter.desktop.wait_ready(30)
    Clipboard(mixed).copy(b"mine")
    for program, kind in (("xterm", "x11"), ("foot", "wayland"), ("xterm", "x11")):
        application = getattr(mixed, program)()
        await inserter.prepare()
        target = await inserter.focus()
        assert (target.kind, target.application) == (kind, program)
        result = await inserter.insert("Žluťoučký 漢🎉", target)
        assert result.outcome is Outcome.CONFIRMED, result.reason
        wait_until("the text", lambda application=application: application.text() == "Žluťoučký 漢🎉", 5)
        application.close()
    await comes_back(Clipboard(mixed), b"mine")
    await inserter.stop()


async def test_without_display_x11_windows_get_nothing(mixed):
    mixed.xterm()
    async with running(mixed) as inserter:
        target = await inserter.focus()
        result = await inserter.insert("dictated", target, [SHIFT_INSERT])
        assert result.outcome is Outcome.HELD
        assert "DISPLAY" in result.reason


async def test_an_x11_window_that_is_not_known_as_one_is_never_believed(mixed, monkeypatch):
    monkeypatch.delenv("SWAYSOCK")
    xterm = mixed.xterm()
    async with running(mixed) as inserter:
        result = await inserter.insert("dictated", await inserter.focus(), [SHIFT_INSERT])
        assert result.outcome is Outcome.SENT
        assert "see whether it stands there" in result.reason
        wait_until("the text", lambda: xterm.text() == "dictated", 5)
