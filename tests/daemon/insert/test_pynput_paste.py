"""The order of things on macOS and Windows, with a desktop made of files and shell commands."""

import asyncio

import pytest

from daemon.insert.ladder import Ladder
from daemon.insert.pynput_paste import Desktop, PynputPaste
from daemon.messages import Outcome, Target
from tests.daemon.insert.conftest import comes_back

GIVE_BACK_S = 0.3
MINE = "what I had copied: é漢🎉"


class FakeDesktop:
    """A clipboard in a file, and a window that pastes it."""

    def __init__(self, file):
        self.file = file
        self.front = Target(1, "editor")
        self.pasted = []
        self.fault = None

    def read(self):
        return self.file.read_text(encoding="utf-8")

    def chord(self):
        if self.fault is not None:
            raise self.fault
        self.pasted.append(self.read())

    def inserter(self):
        read, write = ("cat", str(self.file)), ("tee", str(self.file))
        return Ladder(PynputPaste(Desktop(read, write, lambda: self.front, self.chord), give_back_s=GIVE_BACK_S))


@pytest.fixture
def fake(tmp_path):
    file = tmp_path / "clipboard"
    file.write_text(MINE, encoding="utf-8")
    return FakeDesktop(file)


async def test_a_text_is_pasted_and_the_clipboard_comes_back(fake):
    inserter = fake.inserter()
    target = await inserter.focus()
    assert (await inserter.insert("eins é漢🎉", target)).outcome is Outcome.SENT
    assert (await inserter.insert("zwei", target)).outcome is Outcome.SENT
    assert fake.pasted == ["eins é漢🎉", "zwei"]
    assert fake.read() == "zwei"
    await comes_back(fake, MINE)
    await inserter.stop()


async def test_stopping_gives_the_clipboard_back_at_once(fake):
    inserter = fake.inserter()
    await inserter.insert("eins", Target(1))
    await inserter.stop()
    assert fake.read() == MINE


@pytest.mark.parametrize("front", [None, Target(2, "another")])
async def test_another_window_gets_nothing(fake, front):
    inserter = fake.inserter()
    fake.front = front
    result = await inserter.insert("eins", Target(1))
    assert result.outcome is Outcome.HELD
    assert (await inserter.insert("eins", None)).outcome is Outcome.HELD
    assert fake.pasted == []
    assert fake.read() == MINE


@pytest.mark.parametrize("fault", [OSError("no\ntool"), RuntimeError("not trusted")])
async def test_keys_that_cannot_be_sent_leave_the_clipboard_as_it_was(fake, fault):
    inserter = fake.inserter()
    fake.fault = fault
    result = await inserter.insert("eins", Target(1))
    assert result.outcome is Outcome.HELD
    assert "\n" not in result.reason
    assert fake.read() == MINE


async def test_a_text_waits_for_the_clipboard_that_is_being_given_back(fake, tmp_path):
    begun, ended = tmp_path / "begun", tmp_path / "ended"
    slow = f'text=$(cat); [ "$text" != "{MINE}" ] || {{ echo > {begun}; sleep 0.5; }}; echo "$text" >> {ended}'
    write = ("sh", "-c", f'{slow}; printf %s "$text" > {fake.file}')
    desktop = PynputPaste(Desktop(("cat", str(fake.file)), write, lambda: fake.front, fake.chord), give_back_s=0.01)
    await desktop.insert("eins", fake.front, desktop.ways)
    async with asyncio.timeout(5):
        while not begun.exists():
            await asyncio.sleep(0.01)
    await desktop.insert("zwei", fake.front, desktop.ways)
    await desktop.stop()
    assert ended.read_text(encoding="utf-8").split("\n")[:-1] == ["eins", MINE, "zwei", MINE]


async def test_two_texts_at_the_same_time_arrive_one_after_the_other(fake):
    inserter = fake.inserter()
    await asyncio.gather(inserter.insert("eins", fake.front), inserter.insert("zwei", fake.front))
    await inserter.stop()
    assert (fake.pasted, fake.file.read_text(encoding="utf-8")) == (["eins", "zwei"], MINE)
