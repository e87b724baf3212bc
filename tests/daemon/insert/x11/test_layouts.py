"""Whatever the keyboard is set to: the same text arrives, and keyboard and clipboard are as before."""

import asyncio
import ctypes
import threading

import pytest

from daemon.insert.ladder import Ladder
from daemon.limits import InsertRule
from daemon.messages import Outcome
from tests.daemon.insert.conftest import comes_back
from tests.desktop import wait_until

pytestmark = pytest.mark.display

LAYOUTS = ["us", "de", "fr", "ru", "us -variant dvorak", "us,ru"]
TEXT = "Žluťoučký “kůň” – naïve ‘café’ … «Łódź» 100 €; Съешь ещё булок; 漢字かな 한국어; 🎉👩‍🚀 ẞ. "  # noqa: RUF001
LONG = (TEXT * 20)[:1000]
KINDS = {  # what a user may have copied: a form and its value
    "text": ("UTF8_STRING", "mine: é漢🎉".encode()),
    "picture": ("image/png", bytes(range(256)) * 50),
    "files": ("text/uri-list", b"file:///home/me/a%20b.txt\r\nfile:///home/me/c.png\r\n"),
}
_CORE_KEYBOARD = 0x100


class Xkb:
    """What a keyboard does that xdotool cannot: locks a layout, latches a modifier."""

    def __init__(self, display):
        self._library = ctypes.CDLL("libX11.so.6")
        self._library.XOpenDisplay.restype = ctypes.c_void_p
        self._display = ctypes.c_void_p(self._library.XOpenDisplay(display.encode()))

    def lock_group(self, group):
        self._library.XkbLockGroup(self._display, _CORE_KEYBOARD, group)
        self._library.XSync(self._display, 0)

    def latch(self, mask, on):
        self._library.XkbLatchModifiers(self._display, _CORE_KEYBOARD, mask, mask if on else 0)
        self._library.XSync(self._display, 0)

    def close(self):
        self._library.XCloseDisplay(self._display)


@pytest.fixture
def xkb(desktop):
    xkb = Xkb(desktop.environment["DISPLAY"])
    yield xkb
    xkb.lock_group(0)
    xkb.close()
    desktop.run("setxkbmap", "us")


@pytest.fixture(scope="module", params=["terminal", "mousepad", "featherpad"])
def application(request, desktop):
    application = getattr(desktop, request.param)()
    yield application
    application.close()


@pytest.fixture
def typing(inserter):
    return Ladder(inserter.desktop, [InsertRule("*", ("type",))])


def use(desktop, xkb, layout):
    desktop.run("setxkbmap", *layout.split())
    xkb.lock_group(1 if "," in layout else 0)


def taken(application):
    """What stands in it, without the line's end that an editor adds whenever it saves."""
    return application.text().replace("\n", "")


async def test_on_every_layout_the_same_text_arrives_and_keys_and_clipboard_are_as_before(
    desktop, clipboard, inserter, xkb, application
):
    before = taken(application)
    for layout, (form, value) in zip(LAYOUTS, [*KINDS.values()] * 2, strict=True):
        use(desktop, xkb, layout)
        keys = desktop.run("xmodmap", "-pke") + desktop.run("xkbcomp", desktop.environment["DISPLAY"], "-")
        clipboard.copy(value, target=form)
        for text in (TEXT, LONG):
            result = await inserter.insert(text, await inserter.focus())
            assert (result.outcome, result.way) == (Outcome.CONFIRMED, "shift+insert"), f"{layout}: {result.reason}"
        await comes_back(clipboard, value, target=form)
        assert desktop.run("xmodmap", "-pke") + desktop.run("xkbcomp", desktop.environment["DISPLAY"], "-") == keys
    use(desktop, xkb, "us")
    wait_until("the texts", lambda: taken(application) == before + (TEXT + LONG) * len(LAYOUTS), 10)


TYPED = {
    "us": "The quick (brown) fox: {it} ~ \"jumps\" over 'it' @ 100%!",
    "de": "Grüße, äöü ÄÖÜ ß; 20 € {x} [y] @ z~ \\",
    "fr": "ça va, où ? été là-bas : 1234 € @ & ~",
    "ru": "Съешь же ещё этих мягких французских булок, да! № 5",
    "us -variant dvorak": "The quick brown fox; 'jumps' over (13) dogs?",
    "us,ru": "Вторая раскладка, ёлка.",
}


async def test_on_every_layout_what_has_keys_can_be_typed(desktop, clipboard, typing, xkb, application):
    before = taken(application)
    for layout, text in TYPED.items():
        use(desktop, xkb, layout)
        result = await typing.insert(text, await typing.focus())
        assert (result.outcome, result.way) == (Outcome.SENT, "type"), f"{layout}: {result.reason}"
        held = await typing.insert("漢", await typing.focus())
        assert held.outcome is Outcome.HELD
        assert "no key for 漢" in held.reason
        await asyncio.sleep(0.5)  # a program learns of another layout when it comes to it, not before its keys
    use(desktop, xkb, "us")
    wait_until("the texts", lambda: taken(application) == before + "".join(TYPED.values()), 10)
    assert clipboard.owners() == [0, 0]


async def test_a_long_text_is_typed_exactly(terminal, typing):
    text = "".join(f"word {number:03}, " for number in range(100))
    assert (await typing.insert(text, await typing.focus())).outcome is Outcome.SENT
    wait_until("the text", lambda: terminal.text() == text, 10)


async def test_capitals_that_are_locked_are_no_obstacle_to_pasting_and_one_to_typing(
    desktop, terminal, inserter, typing
):
    desktop.xdotool("key", "Caps_Lock")
    try:
        held = await typing.insert("Send it", await typing.focus())
        assert held.outcome is Outcome.HELD
        assert "Caps Lock is on" in held.reason
        assert (await inserter.insert("Sent it", await inserter.focus())).outcome is Outcome.CONFIRMED
    finally:
        desktop.xdotool("key", "Caps_Lock")
    wait_until("the text", lambda: terminal.text() == "Sent it", 5)


@pytest.mark.parametrize("key", ["Control_L", "Alt_L", "Super_L", "ISO_Level3_Shift"])
async def test_a_modifier_that_is_held_is_waited_for(desktop, terminal, inserter, typing, key):
    desktop.run("setxkbmap", "de")
    for ladder in (inserter, typing):
        target = await ladder.focus()
        desktop.key_down(key)
        try:
            insertion = asyncio.create_task(ladder.insert("it ", target))
            await asyncio.sleep(0.4)
            assert not insertion.done()
        finally:
            desktop.key_up(key)
        assert (await insertion).outcome in {Outcome.CONFIRMED, Outcome.SENT}
    desktop.run("setxkbmap", "us")
    wait_until("the text", lambda: terminal.text() == "it it ", 5)


@pytest.mark.parametrize(("mask", "name"), [(1, "Shift"), (4, "Control"), (0x80, "AltGr")])
async def test_a_modifier_that_sticky_keys_have_latched_holds_the_text(terminal, inserter, xkb, mask, name):
    target = await inserter.focus()
    xkb.latch(mask, on=True)
    try:
        held = await inserter.insert("it", target)
        assert held.outcome is Outcome.HELD
        assert f"the {name} key" in held.reason
    finally:
        xkb.latch(mask, on=False)
    assert (await inserter.insert("now", target)).outcome is Outcome.CONFIRMED
    wait_until("the text", lambda: terminal.text() == "now", 5)


async def test_a_layout_that_changes_all_the_time_changes_nothing(desktop, clipboard, inserter, xkb, application):
    before = taken(application)
    stop = threading.Event()

    def switch():
        while not stop.is_set():
            for layout in ("de", "ru", "us"):
                desktop.run("setxkbmap", layout)

    thread = threading.Thread(target=switch)
    thread.start()
    try:
        for number in range(10):
            result = await inserter.insert(f"{number}: {TEXT}", await inserter.focus())
            assert result.outcome is Outcome.CONFIRMED, result.reason
    finally:
        stop.set()
        thread.join()
    desktop.run("setxkbmap", "us")
    await asyncio.sleep(0.5)
    texts = "".join(f"{number}: {TEXT}" for number in range(10))
    wait_until("the texts", lambda: taken(application) == before + texts, 10)


async def test_typing_stops_where_the_focus_goes_elsewhere_and_says_how_far_it_came(desktop, typing):
    first, other = desktop.terminal("first"), desktop.terminal("other")
    text = "".join(f"word {number:04}, " for number in range(600))
    try:
        first.focus()
        insertion = asyncio.create_task(typing.insert(text, await typing.focus()))
        async with asyncio.timeout(10):
            while not first._file.stat().st_size:
                await asyncio.sleep(0.001)
        other.focus()
        result = await insertion
        assert result.outcome is Outcome.HELD
        assert f" of {len(text)} characters were typed: the window in front changed" in result.reason
        done = int(result.reason.split()[1])
        wait_until("the keys", lambda: len(first.text()) + len(other.text()) == done, 10)
        assert first.text() + other.text() == text[:done]
        assert len(other.text()) <= 16
    finally:
        first.close()
        other.close()
