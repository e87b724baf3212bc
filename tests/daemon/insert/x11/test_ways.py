"""Each way in, and the step from one to the next: only where it is proved that nothing can come twice."""

import asyncio
import contextlib
import itertools
import sys
import threading
import time

import pytest
from Xlib import XK, X
from Xlib.display import Display

from daemon.insert.ladder import Ladder
from daemon.insert.x11.desktop import X11Desktop
from daemon.limits import WAYS, InsertRule
from daemon.messages import Outcome
from tests.desktop import Desktop, wait_until

pytestmark = pytest.mark.display

TEXT = "The quick brown fox: (it) 'jumps'."  # all of it on a keyboard's keys


@pytest.fixture
def by(inserter):
    """An inserter that goes the given ways, everywhere."""
    return lambda *ways: Ladder(inserter.desktop, [InsertRule("*", ways)])


@contextlib.contextmanager
def qt_target(desktop, *temper):
    file = desktop.directory / f"qt-{time.monotonic_ns()}.txt"
    command = (sys.executable, "-m", "tests.qt_target", str(file), *temper)
    application = desktop._open(file.name, file, *command, saves=False)
    try:
        yield application
    finally:
        application.close()


@pytest.mark.parametrize(
    ("program", "way"),
    [
        *itertools.product(["mousepad", "featherpad"], ["shift+insert", "ctrl+v", "type"]),
        ("terminal", "shift+insert"),
        ("terminal", "type"),
    ],
)
async def test_each_way_reaches_the_programs_that_it_is_for_and_can_be_taken_back(desktop, clipboard, by, program, way):
    clipboard.copy(b"mine")
    clipboard.copy(b"marked", "primary")
    application = getattr(desktop, program)()
    try:
        ladder = by(way)
        first = await ladder.insert("First. ", await ladder.focus())
        assert (first.outcome, first.way) == (Outcome.SENT if way == "type" else Outcome.CONFIRMED, way), first.reason
        assert (await ladder.insert(TEXT, await ladder.focus())).outcome is first.outcome
        assert ladder.undoable
        await asyncio.sleep(0.5)
        assert await ladder.undo() is None
        await asyncio.sleep(0.5)
        left = "First. " + TEXT + "\x7f" * len(TEXT) if program == "terminal" else "First. "
        wait_until("what is left", lambda: application.text().removesuffix("\n") == left, 5)
        assert clipboard.read() == b"mine"
        assert clipboard.read("primary") == b"marked"
    finally:
        application.close()


async def test_what_is_marked_elsewhere_stays_marked_where_it_is_not_needed(desktop, clipboard, by):
    clipboard.copy(b"marked", "primary")
    owner = clipboard.owners()[1]
    with qt_target(desktop) as target:
        ladder = by("ctrl+v")
        assert (await ladder.insert(TEXT, await ladder.focus())).outcome is Outcome.CONFIRMED
        assert clipboard.owners()[1] == owner
        wait_until("the text", lambda: target.text() == TEXT, 5)


@pytest.mark.parametrize(
    ("deaf", "ways"),
    [
        (["shift+insert"], ("shift+insert", "ctrl+v")),
        (["ctrl+v"], ("ctrl+v", "shift+insert")),
        (["shift+insert", "ctrl+v"], ("shift+insert", "ctrl+v", "ctrl+shift+v")),
        (["shift+insert"], ("shift+insert", "type")),
        (["shift+insert", "ctrl+v", "ctrl+shift+v"], ("shift+insert", "ctrl+v", "ctrl+shift+v", "type")),
    ],
)
async def test_a_program_that_ignores_a_way_gets_the_next_one_and_it_is_remembered(desktop, clipboard, by, deaf, ways):
    clipboard.copy(b"mine")
    with qt_target(desktop, *itertools.chain.from_iterable(("--deaf", way) for way in deaf)) as target:
        ladder = by(*ways)
        for number in range(3):
            result = await ladder.insert(TEXT, await ladder.focus())
            assert result.outcome is (Outcome.SENT if ways[-1] == "type" else Outcome.CONFIRMED), result.reason
            assert result.way == ways[-1]
            assert result.silent == (ways[:-1] if number == 0 else ())
        wait_until("the texts", lambda: target.text() == TEXT * 3, 5)
        await asyncio.sleep(0.5)
        assert clipboard.read() == b"mine"


PAIRS = [pair for pair in itertools.permutations(WAYS, 2) if pair[0] != "type"]


@pytest.mark.parametrize(
    ("temper", "ways"), [*(("later", pair) for pair in PAIRS), *(("block", pair) for pair in PAIRS[:3])]
)
async def test_a_program_that_is_slow_gets_the_text_once(desktop, clipboard, by, temper, ways):
    clipboard.copy(b"mine")
    with qt_target(desktop, f"--{temper}", "1.4") as target:
        ladder = by(*ways)
        result = await ladder.insert(TEXT, await ladder.focus())
        assert result.outcome in {Outcome.CONFIRMED, Outcome.SENT}, result.reason
        await asyncio.sleep(3.2)
        assert target.text() == TEXT


@pytest.mark.parametrize(
    ("temper", "ways"),
    [
        ("block", ("shift+insert", "ctrl+v")),
        ("later", ("shift+insert", "ctrl+v")),
        ("later", ("ctrl+v", "type")),
    ],
)
async def test_a_program_that_is_too_slow_gets_no_paste_at_all(desktop, clipboard, by, temper, ways):
    clipboard.copy(b"mine")
    with qt_target(desktop, f"--{temper}", "5") as target:
        ladder = by(*ways)
        result = await ladder.insert(TEXT, await ladder.focus())
        typed = result.way == "type"
        assert result.outcome is (Outcome.SENT if typed else Outcome.HELD)
        await asyncio.sleep(8 if temper == "later" else 12)
        assert target.text() == (TEXT if typed else "")
        assert clipboard.read() == b"mine"


async def test_a_program_that_answers_and_took_nothing_can_be_given_the_text_again(desktop, clipboard, by):
    """Where no text field was in focus, say: nobody has to wait until the late paste cannot come any more."""
    with qt_target(desktop, "--deaf", "shift+insert") as target:
        held = await by("shift+insert").insert(TEXT, await by("shift+insert").focus())
        assert held.outcome is Outcome.HELD
        assert "did not take the text within 3 s" in held.reason
        again = await by("ctrl+v").insert(TEXT, await by("ctrl+v").focus())
        assert again.outcome is Outcome.CONFIRMED
        wait_until("the text", lambda: target.text() == TEXT, 5)


async def test_a_program_that_was_started_anew_owes_nothing(desktop, clipboard, by):
    """The X server numbers its windows as those of the one that is gone."""
    ladder = by("ctrl+v")
    with qt_target(desktop, "--later", "60", "--pages"):
        assert (await ladder.insert(TEXT, await ladder.focus())).outcome is Outcome.HELD
    with qt_target(desktop) as target:
        result = await ladder.insert(TEXT, await ladder.focus())
        assert result.outcome is Outcome.CONFIRMED, result.reason
        wait_until("the text", lambda: target.text() == TEXT, 5)


async def test_no_rule_no_way(inserter, terminal):
    ladder = Ladder(inserter.desktop, [InsertRule("XTERM", ())])
    result = await ladder.insert(TEXT, await ladder.focus())
    assert result.outcome is Outcome.HELD
    assert "insert.rules" in result.reason
    assert terminal.text() == ""


async def test_of_a_browser_whose_page_hangs_an_answer_proves_nothing(desktop, clipboard, inserter):
    """Chromium goes on answering, and its page pasted both when it came to the two chords."""
    with qt_target(desktop, "--later", "1.4", "--pages") as target:
        result = await inserter.insert(TEXT, await inserter.focus())
        assert (result.outcome, result.way, result.silent) == (Outcome.CONFIRMED, "shift+insert", ()), result.reason
        wait_until("the text", lambda: target.text() == TEXT, 5)
    with qt_target(desktop, "--deaf", "shift+insert", "--pages") as target:
        for reason in ("did not take the text within 3 s", "has not answered the last paste"):
            result = await inserter.insert(TEXT, await inserter.focus())
            assert result.outcome is Outcome.HELD
            assert reason in result.reason
        assert target.text() == ""


@contextlib.contextmanager
def shortcut(desktop, *, replay=False):
    """Shift+Insert belongs to the desktop, as a key that is bound in a window manager; or it looks and gives it on."""
    display = Display(desktop.environment["DISPLAY"])
    root, code = display.screen().root, display.keysym_to_keycode(XK.XK_Insert)
    mode = X.GrabModeSync if replay else X.GrabModeAsync
    root.grab_key(code, X.ShiftMask, False, X.GrabModeAsync, mode)
    display.sync()
    stop = threading.Event()

    def give_on():
        while not stop.wait(0.005):
            while display.pending_events():
                display.next_event()
                display.allow_events(X.ReplayKeyboard, X.CurrentTime)
            display.flush()

    thread = threading.Thread(target=give_on if replay else stop.wait)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()
        display.close()


@pytest.mark.parametrize(("program", "way"), [("mousepad", "ctrl+v"), ("featherpad", "ctrl+v"), ("terminal", "type")])
async def test_a_shortcut_of_the_desktop_on_the_same_keys(desktop, clipboard, inserter, program, way):
    clipboard.copy(b"mine")
    application = getattr(desktop, program)()
    try:
        with shortcut(desktop):
            result = await inserter.insert(TEXT, await inserter.focus())
            assert (result.way, result.silent) == (way, ("shift+insert",)), result.reason
            assert result.insert_ms < 3000  # no receipt was waited for
            assert (await inserter.insert(TEXT, await inserter.focus())).silent == ()
        wait_until("the texts", lambda: application.text().removesuffix("\n") == TEXT * 2, 10)
        assert clipboard.read() == b"mine"
    finally:
        application.close()


async def test_where_the_shortcut_leaves_no_way_it_is_named(desktop, terminal, clipboard, by):
    with shortcut(desktop):
        result = await by("shift+insert").insert(TEXT, await by("shift+insert").focus())
    assert result.outcome is Outcome.HELD
    assert "a shortcut of the desktop has taken shift+insert" in result.reason
    await asyncio.sleep(0.5)
    assert terminal.text() == ""


async def test_a_window_manager_that_gives_the_key_on_is_no_obstacle(desktop, clipboard, inserter):
    application = desktop.mousepad()
    try:
        with shortcut(desktop, replay=True):
            ways = []
            while "shift+insert" not in ways and len(ways) < 5:  # one that is late at it is taken for one that keeps it
                ladder = Ladder(inserter.desktop)
                ways.append((await ladder.insert(TEXT, await ladder.focus())).way)
            assert ways[-1] == "shift+insert", ways
        wait_until("the texts", lambda: application.text().removesuffix("\n") == TEXT * len(ways), 10)
    finally:
        application.close()


OPENBOX = """<?xml version="1.0" encoding="UTF-8"?>
<openbox_config xmlns="http://openbox.org/3.4/rc">
  <keyboard><keybind key="S-Insert"><action name="Execute"><command>touch taken</command></action></keybind></keyboard>
</openbox_config>
"""


async def test_a_key_that_is_bound_in_openbox(tmp_path):
    """The same with a real window manager: it runs its command, and the text arrives by the next way."""
    desktop = Desktop(tmp_path)
    rc, taken = tmp_path / "rc.xml", tmp_path / "taken"
    rc.write_text(OPENBOX.replace("touch taken", f"touch {taken}"), encoding="utf-8")
    desktop.start()
    inserter = Ladder(X11Desktop(desktop.environment["DISPLAY"]))
    try:
        desktop._processes.append(desktop.spawn("openbox", "--replace", "--config-file", str(rc)))
        wait_until("its shortcut", lambda: desktop.xdotool("key", "shift+Insert") or taken.exists(), 20)
        taken.unlink()
        application = desktop.mousepad()  # a window that comes while one manager replaces the other may be lost
        await inserter.start()
        await inserter.desktop.wait_ready(30)
        result = await inserter.insert(TEXT, await inserter.focus())
        assert (result.outcome, result.way, result.silent) == (Outcome.CONFIRMED, "ctrl+v", ("shift+insert",))
        wait_until("the text", lambda: application.text() == TEXT, 10)
        wait_until("its command", taken.exists, 10)
    finally:
        await inserter.stop()
        desktop.stop()
