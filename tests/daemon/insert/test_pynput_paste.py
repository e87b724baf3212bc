"""The order of things on macOS and Windows, with a desktop made of files and shell commands."""

import asyncio

import pytest

from daemon.insert.ladder import Ladder
from daemon.insert.pynput_paste import Desktop, PynputPaste
from daemon.messages import Outcome, Target

GIVE_BACK_S = 0.3
MINE = "what I had copied: é漢🎉"


class FakeDesktop:
    """A clipboard in a file, and a window that pastes it."""

    def __init__(self, file):
        self.file = file
        self.front = Target(1, "editor")
        self.pasted = []
        self.fault = None

    def chord(self):
        if self.fault is not None:
            raise self.fault
        self.pasted.append(self.file.read_text(encoding="utf-8"))

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
    assert fake.file.read_text(encoding="utf-8") == "zwei"
    await asyncio.sleep(GIVE_BACK_S + 0.5)
    assert fake.file.read_text(encoding="utf-8") == MINE
    await inserter.stop()


async def test_stopping_gives_the_clipboard_back_at_once(fake):
    inserter = fake.inserter()
    await inserter.insert("eins", Target(1))
    await inserter.stop()
    assert fake.file.read_text(encoding="utf-8") == MINE


@pytest.mark.parametrize("front", [None, Target(2, "another")])
async def test_another_window_gets_nothing(fake, front):
    inserter = fake.inserter()
    fake.front = front
    result = await inserter.insert("eins", Target(1))
    assert result.outcome is Outcome.HELD
    assert (await inserter.insert("eins", None)).outcome is Outcome.HELD
    assert fake.pasted == []
    assert fake.file.read_text(encoding="utf-8") == MINE


@pytest.mark.parametrize("fault", [OSError("no\ntool"), RuntimeError("not trusted")])
async def test_keys_that_cannot_be_sent_leave_the_clipboard_as_it_was(fake, fault):
    inserter = fake.inserter()
    fake.fault = fault
    result = await inserter.insert("eins", Target(1))
    assert result.outcome is Outcome.HELD
    assert "\n" not in result.reason
    assert fake.file.read_text(encoding="utf-8") == MINE
