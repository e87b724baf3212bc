"""The hotkey over the daemon's life: tried again, changed only for one that can be had, given away for a while."""

import asyncio

import pytest

from daemon.errors import KeyTaken
from daemon.hotkey import bound
from daemon.hotkey.bound import BoundHotkey
from tests.daemon.fake_parts import TAKEN, FakeHotkey


class Keyboard:
    """What is bound on it, and how often a change was told."""

    def __init__(self) -> None:
        self.bound: list[str] = []
        self.changes = 0

    def hotkey(self, key) -> BoundHotkey:
        return BoundHotkey(key, lambda key, _lost: FakeHotkey(key, self.bound), changed=self.changed)

    def changed(self) -> None:
        self.changes += 1


@pytest.fixture
def keyboard():
    return Keyboard()


async def test_a_key_that_is_taken_is_a_fault_and_no_error(keyboard):
    hotkey = keyboard.hotkey(TAKEN)
    await hotkey.start()
    assert "taken by another program" in hotkey.fault
    await hotkey.change("F9", insist=False)
    assert (hotkey.fault, keyboard.bound) == (None, ["F9"])


async def test_another_key_is_had_before_this_one_is_given_back(keyboard):
    hotkey = keyboard.hotkey("F9")
    await hotkey.start()
    with pytest.raises(KeyTaken):
        await hotkey.change(TAKEN, insist=True)
    assert (hotkey.key, hotkey.fault, keyboard.bound) == ("F9", None, ["F9"])
    await hotkey.change(TAKEN, insist=False)
    assert (hotkey.key, keyboard.bound) == (TAKEN, [])
    assert "taken" in hotkey.fault


async def test_the_same_key_by_another_name_is_left_alone(keyboard):
    hotkey = keyboard.hotkey("ctrl+alt+d")
    await hotkey.start()
    changes = keyboard.changes
    await hotkey.change("Alt+Control+D", insist=True)
    assert (hotkey.key, keyboard.bound, keyboard.changes) == ("Alt+Control+D", ["ctrl+alt+d"], changes)


async def test_a_taken_key_is_tried_again_but_not_in_a_pause(keyboard, monkeypatch):
    monkeypatch.setattr(bound, "_RETRY_S", 0.01)
    hotkey = keyboard.hotkey("F9")
    hotkey.fault = "F9 is taken"
    keeping = asyncio.create_task(hotkey.keep())
    async with asyncio.timeout(5):
        async with hotkey.paused():
            await asyncio.sleep(0.05)
            assert keyboard.bound == []
        assert keyboard.bound == ["F9"]
        keyboard.bound.clear()
        hotkey.fault = "F9 is taken"
        while hotkey.fault is not None:
            await asyncio.sleep(0.01)
    assert keyboard.bound == ["F9"]
    keeping.cancel()
