"""The hotkey over the daemon's life: tried again, changed only for one that can be had, given away for a while."""

import asyncio

import pytest

from daemon.errors import KeyTaken
from daemon.hotkey import bound
from daemon.hotkey.bound import BoundHotkey
from tests.daemon.fake_parts import TAKEN, FakeHotkey


class SlowHotkey(FakeHotkey):
    """One whose binding takes its time; ``binding`` is how often that goes on."""

    def __init__(self, key, bound, slow) -> None:
        super().__init__(key, bound)
        self.free, self.binding = slow[key], 0

    async def start(self) -> None:
        self.binding += 1
        await self.free.wait()
        self.binding -= 1
        await super().start()


class Keyboard:
    """What is bound on it, and how often a change was told."""

    def __init__(self) -> None:
        self.bound: list[str] = []
        self.changes = 0
        self.slow: dict[str, asyncio.Event] = {}  # keys whose binding takes until then

    def hotkey(self, key) -> BoundHotkey:
        return BoundHotkey(key, self.new, changed=self.changed)

    def new(self, key, _lost) -> FakeHotkey:
        return SlowHotkey(key, self.bound, self.slow) if key in self.slow else FakeHotkey(key, self.bound)

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


async def test_a_pause_that_begins_while_a_key_is_tried_again(keyboard, monkeypatch):
    monkeypatch.setattr(bound, "_RETRY_S", 0.01)
    free = keyboard.slow["F9"] = asyncio.Event()
    hotkey = keyboard.hotkey("F9")
    hotkey.fault = "F9 is taken"
    keeping = asyncio.create_task(hotkey.keep())
    begun, over = asyncio.Event(), asyncio.Event()

    async def pause():
        async with hotkey.paused():
            begun.set()
            await over.wait()

    async with asyncio.timeout(5):
        while not hotkey._hotkey.binding:
            await asyncio.sleep(0.01)
        pausing = asyncio.create_task(pause())
        await asyncio.sleep(0.01)
        free.set()
        await begun.wait()
        while hotkey._hotkey.binding:
            await asyncio.sleep(0.01)
        assert keyboard.bound == []
        over.set()
        await pausing
    assert (keyboard.bound, hotkey.fault) == (["F9"], None)
    keeping.cancel()


async def test_a_pause_that_begins_and_ends_while_a_key_is_bound_binds_it_once(keyboard):
    free = keyboard.slow["F9"] = asyncio.Event()
    hotkey = keyboard.hotkey("F9")

    async def pause():
        async with hotkey.paused():
            pass

    work = asyncio.gather(hotkey.start(), pause())
    await asyncio.sleep(0.01)
    free.set()
    await work
    assert keyboard.bound == ["F9"]


async def test_another_key_while_the_first_is_being_bound(keyboard):
    free = keyboard.slow["F9"] = asyncio.Event()
    hotkey = keyboard.hotkey("F9")
    work = asyncio.gather(hotkey.start(), hotkey.change("F10", insist=True))
    await asyncio.sleep(0.01)
    free.set()
    await work
    assert (hotkey.key, keyboard.bound) == ("F10", ["F10"])


async def test_a_start_in_a_pause_waits_for_its_end(keyboard):
    hotkey = keyboard.hotkey("F9")
    async with hotkey.paused():
        await hotkey.start()
        assert keyboard.bound == []
    assert keyboard.bound == ["F9"]


async def test_what_the_new_key_says_while_the_old_one_is_given_back_counts(keyboard):
    hotkey = keyboard.hotkey("F9")
    await hotkey.start()
    new = keyboard.hotkey("F10")._hotkey
    new.reason = "the desktop asks"
    hotkey._new = lambda _key, _lost: new

    async def stop():
        hotkey._lost(None)  # the user has answered

    hotkey._hotkey.stop = stop
    await hotkey.change("F10", insist=False)
    assert hotkey.fault is None
