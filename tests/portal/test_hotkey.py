"""The hotkey through the GlobalShortcuts portal: asked for once, heard, lost and had again."""

import asyncio

import pytest

from daemon.errors import HotkeyError
from daemon.hotkey import bound
from daemon.hotkey.bound import BoundHotkey
from daemon.hotkey.contract import Listener
from daemon.hotkey.keys import parse
from daemon.hotkey.portal import PortalHotkey
from daemon.hotkey.portal_trigger import Down, Up, activated, deactivated, trigger
from daemon.hotkey.press import Pressed, Released
from tests.portal.shortcuts import SHORTCUTS, Shortcuts
from tests.portal.test_insertion import until

HINT = "bind it yourself"


@pytest.fixture
def shortcuts(portal):
    return Shortcuts(portal)


class Ears:
    """A hotkey as the daemon keeps it, and what was heard."""

    def __init__(self, address, key="F9"):
        self.heard = []
        self.address = address
        self.bound = BoundHotkey(key, self.new, changed=lambda: None)

    def new(self, key, on_lost):
        listener = Listener(
            on_press=lambda at_s: self.heard.append(("press", at_s)),
            on_release=lambda at_s: self.heard.append(("release", at_s)),
            on_cancel=lambda at_s: self.heard.append(("cancel", at_s)),
            on_lost=on_lost,
        )
        return PortalHotkey(parse(key), listener, address=self.address, hint=HINT, call_s=2.0)

    @property
    def names(self):
        return [name for name, _at_s in self.heard]


@pytest.fixture
async def ears(bus, shortcuts, monkeypatch):
    monkeypatch.setattr(bound, "_RETRY_S", 0.05)
    ears = Ears(bus)
    keeping = asyncio.create_task(ears.bound.keep())
    yield ears
    keeping.cancel()
    await ears.bound.stop()


@pytest.mark.parametrize(
    ("key", "wanted"),
    [
        ("F9", "F9"),
        ("Pause", "Pause"),
        ("Right Ctrl", "Control_R"),
        ("mic_mute", "XF86AudioMicMute"),
        ("ctrl+alt+space", "CTRL+ALT+space"),
        ("super+shift+d", "SHIFT+LOGO+d"),
        ("alt+page_up", "ALT+Page_Up"),
        ("ctrl+.", "CTRL+period"),
        ("ctrl+Return", "CTRL+Return"),
    ],
)
def test_a_key_as_the_specification_writes_it(key, wanted):
    assert trigger(parse(key)) == wanted


@pytest.mark.parametrize(
    ("state", "now_s", "stamp_ms", "after", "edges"),
    [
        (Up(), 5.0, 1000, Down(5.0, 1000, 5.0), (Pressed(5.0),)),
        (Down(5.0, 1000, 5.0), 5.5, 1500, Down(5.0, 1000, 5.5), ()),  # auto-repeat
        (Down(5.0, 1000, 5.5), 5.53, 1530, Down(5.0, 1000, 5.53), ()),
        (Down(5.0, 1000, 5.0), 9.0, 5000, Up(), (Released(9.0),)),  # the release was lost
    ],
)
def test_presses(state, now_s, stamp_ms, after, edges):
    assert activated(state, now_s, stamp_ms) == (after, edges)


@pytest.mark.parametrize(
    ("state", "now_s", "stamp_ms", "edges"),
    [
        (Up(), 5.0, 1000, ()),
        (Down(5.0, 1000, 5.0), 6.1, 2000, (Released(6.0),)),  # heard 100 ms late
        (Down(5.0, 1000, 5.0), 6.0, 9000, (Released(6.0),)),  # a clock that runs ahead
        (Down(5.0, 0, 5.0), 6.0, 0, (Released(6.0),)),  # no clock
    ],
)
def test_releases(state, now_s, stamp_ms, edges):
    assert deactivated(state, now_s, stamp_ms) == (Up(), edges)


async def test_the_user_is_asked_once_and_the_key_is_heard(ears, portal, shortcuts, bus):
    await ears.bound.start()
    await until(lambda: shortcuts.session)
    assert (shortcuts.wanted, portal.questions) == ({"dictate": "F9", "cancel": None}, ["shortcuts"])
    await until(lambda: ears.bound.fault is None)
    shortcuts.press(at_ms=10_000)
    shortcuts.release(at_ms=10_350)
    await until(lambda: len(ears.heard) == 2)
    assert ears.names == ["press", "release"]
    await ears.bound.stop()
    await until(lambda: not portal.sessions)
    await ears.bound.start()
    assert (ears.bound.fault, portal.questions) == (None, ["shortcuts"])


async def test_a_release_is_told_when_the_modifiers_are_up_too_with_its_own_time(bus, shortcuts, monkeypatch):
    monkeypatch.setattr("daemon.hotkey.portal._FINGERS_S", 0.6)
    ears = Ears(bus, "ctrl+alt+space")
    shortcuts.triggers = {"dictate": "Ctrl+Alt+Space", "cancel": ""}
    await ears.bound.start()
    shortcuts.press(at_ms=1000)
    shortcuts.release(at_ms=1010)
    await until(lambda: ears.names)
    await asyncio.sleep(0.07)
    assert ears.names == ["press"]
    await until(lambda: len(ears.heard) == 2)
    assert ears.heard[1][1] - ears.heard[0][1] == pytest.approx(0.01, abs=0.02)
    shortcuts.press()
    shortcuts.release()
    shortcuts.press()
    await until(lambda: ears.names == ["press", "release"] * 2 + ["press"])
    shortcuts.release()
    await asyncio.sleep(0.02)
    await ears.bound.stop()
    await asyncio.sleep(0.8)
    assert ears.names == ["press", "release"] * 2 + ["press"]


async def test_a_question_does_not_hold_the_daemon_up(ears, portal, shortcuts):
    portal.consent = "hang"
    async with asyncio.timeout(5):
        await ears.bound.start()
    assert "asks whether" in ears.bound.fault
    await asyncio.sleep(0.3)
    assert portal.questions == ["shortcuts"]
    await ears.bound.stop()
    await until(lambda: portal.withdrawn)


async def test_no_means_no(ears, portal, shortcuts):
    portal.consent = "refuse"
    await ears.bound.start()
    await until(lambda: "not allowed" in (ears.bound.fault or ""))
    await asyncio.sleep(0.3)
    assert portal.questions == ["shortcuts"]
    assert "`swictation toggle`" in ears.bound.fault


async def test_the_key_that_the_user_gave_is_shown(ears, shortcuts):
    shortcuts.triggers = {"dictate": "Super+Space", "cancel": ""}
    await ears.bound.start()
    assert (ears.bound.trigger, ears.bound.fault) == ("Super+Space", None)
    shortcuts.change("dictate", "Pause")
    await until(lambda: ears.bound.trigger == "Pause")


async def test_a_shortcut_without_a_key_is_a_fault_until_it_has_one(ears, portal, shortcuts):
    shortcuts.triggers = {"dictate": "", "cancel": ""}
    await ears.bound.start()
    assert "given dictation no key" in ears.bound.fault
    assert HINT in ears.bound.fault
    await asyncio.sleep(0.2)
    assert len(portal.sessions) == 1
    shortcuts.press()
    await until(lambda: ears.names == ["press"] and ears.bound.fault is None)
    shortcuts.change("dictate", "")
    await until(lambda: ears.bound.fault is not None)
    shortcuts.change("dictate", "F12")
    await until(lambda: ears.bound.fault is None and ears.bound.trigger == "F12")


async def test_another_key_is_for_the_desktop_to_give(ears, portal, shortcuts):
    shortcuts.triggers = {"dictate": "F9", "cancel": ""}
    await ears.bound.start()
    with pytest.raises(HotkeyError, match="the key is F9, as the desktop says"):
        await ears.bound.change("F10", insist=True)
    assert (ears.bound.key, ears.bound.fault) == ("F9", None)
    await until(lambda: len(portal.sessions) == 1)
    shortcuts.press()
    await until(lambda: ears.names == ["press"])
    await ears.bound.change("F10", insist=False)
    assert (ears.bound.trigger, portal.questions) == ("F9", [])


async def test_cancelling_is_heard_only_while_something_is_recorded(ears, shortcuts):
    shortcuts.triggers = {"dictate": "F9", "cancel": "Escape"}
    await ears.bound.start()
    shortcuts.press("cancel")
    await asyncio.sleep(0.05)
    ears.bound.cancel_key(True)
    shortcuts.press("cancel")
    await until(lambda: ears.heard)
    shortcuts.press("cancel")
    await asyncio.sleep(0.05)
    assert ears.names == ["cancel"]


@pytest.mark.parametrize("how", ["restart", "close"])
async def test_a_key_that_was_taken_away_is_had_again_and_a_held_one_released(ears, portal, shortcuts, how):
    shortcuts.triggers = {"dictate": "F9", "cancel": ""}
    await ears.bound.start()
    shortcuts.press()
    await until(lambda: ears.heard)
    if how == "restart":
        await portal.restart()
    else:
        portal.close_session(shortcuts.session)
    await until(lambda: ears.names == ["press", "release"])
    await until(lambda: shortcuts.session and ears.bound.fault is None)
    shortcuts.press()
    await until(lambda: ears.names == ["press", "release", "press"])


async def test_a_desktop_without_shortcuts_says_what_else_there_is(ears, portal, shortcuts):
    del portal.versions[SHORTCUTS]
    await ears.bound.start()
    assert (ears.bound.fault, portal.questions) == (HINT, [])


async def test_no_portal_at_all(bus):
    ears = Ears(bus)
    await ears.bound.start()
    assert ears.bound.fault == HINT


async def test_a_portal_that_does_not_answer(ears, portal, shortcuts):
    portal.hangs.add("ListShortcuts")
    with pytest.raises(HotkeyError, match="does not answer"):
        await ears.new("F9", lambda _reason: None).start()
    await ears.bound.start()
    assert "does not answer" in ears.bound.fault
    portal.hangs.clear()
    await until(lambda: ears.bound.fault is None)


@pytest.mark.parametrize("missing", ["the portal", "its shortcuts"])
async def test_a_portal_that_takes_its_time_to_come_back_gives_the_key_again(ears, portal, shortcuts, missing):
    shortcuts.triggers = {"dictate": "F9", "cancel": ""}
    await ears.bound.start()
    version = portal.versions.pop(SHORTCUTS)
    await portal.stop()
    if missing == "its shortcuts":
        await portal.start()
    await until(lambda: HINT in (ears.bound.fault or ""))
    portal.versions[SHORTCUTS] = version
    if missing == "the portal":
        await portal.start()
    await until(lambda: shortcuts.session and ears.bound.fault is None)
