"""What is refused, which ways a desktop is asked for, and what is made of its answer."""

import pytest

from daemon.insert.ladder import Ladder
from daemon.limits import WAYS, InsertRule
from daemon.messages import Insertion, Outcome, Target

SI, CV, CSV, TYPE = WAYS
EDITOR = Target(1, '"notes"', "mousepad", 11)


class FakeDesktop:
    """A desktop that answers as it is told and notes what it was asked."""

    name = "x11"
    ways = WAYS
    undoable = True

    def __init__(self) -> None:
        self.asked: list[tuple[str, int, tuple[str, ...]]] = []
        self.answers: list[Insertion] = []
        self.did: list[str] = []

    async def start(self) -> None:
        self.did.append("start")

    async def stop(self) -> None:
        self.did.append("stop")

    async def prepare(self) -> None:
        self.did.append("prepare")

    async def focus(self) -> Target | None:
        return EDITOR

    async def undo(self) -> str | None:
        return "it was taken back already"

    async def insert(self, text, target, ways) -> Insertion:
        self.asked.append((text, target.window, tuple(ways)))
        return self.answers.pop(0) if self.answers else Insertion(Outcome.CONFIRMED, None, 3.0, ways[0])


@pytest.fixture
def desktop():
    return FakeDesktop()


async def test_it_passes_on_what_is_the_desktops(desktop):
    ladder = Ladder(desktop)
    await ladder.start()
    await ladder.prepare()
    await ladder.stop()
    assert desktop.did == ["start", "prepare", "stop"]
    assert (ladder.name, ladder.undoable) == ("x11", True)
    assert await ladder.focus() == EDITOR
    assert await ladder.undo() == "it was taken back already"


async def test_what_worked_is_tried_first_in_that_program_only(desktop):
    ladder = Ladder(desktop)
    desktop.answers = [Insertion(Outcome.CONFIRMED, None, 900.0, CV, (SI,))]
    for target in (EDITOR, EDITOR, Target(2, application="featherpad")):
        assert (await ladder.insert("text", target)).outcome is Outcome.CONFIRMED
    assert [ways for _text, _window, ways in desktop.asked] == [(SI, CV), (CV, SI), (SI, CV)]


async def test_without_a_target_nothing_is_asked(desktop):
    result = await Ladder(desktop, nowhere="no X11 window had the focus").insert("text", None)
    assert result.outcome is Outcome.HELD
    assert result.reason.startswith("no X11 window had the focus: click where the text belongs")
    assert desktop.asked == []


async def test_what_is_refused_is_a_secret_and_never_reaches_the_desktop(desktop):
    async def refuse(target):
        return "this is a password field" if target == EDITOR else None

    ladder = Ladder(desktop, refuse=refuse)
    assert await ladder.insert("text", EDITOR) == Insertion(Outcome.HELD, "this is a password field", secret=True)
    assert desktop.asked == []
    assert (await ladder.insert("text", Target(2))).outcome is Outcome.CONFIRMED


async def test_a_rule_may_forbid_a_program(desktop):
    ladder = Ladder(desktop, [InsertRule("MOUSE*", ())])
    result = await ladder.insert("text", EDITOR)
    assert result.outcome is Outcome.HELD
    assert not result.secret
    assert "mousepad" in result.reason
    assert "insert.rules" in result.reason
    assert desktop.asked == []


async def test_a_window_onto_another_machine_is_never_believed(desktop):
    ladder = Ladder(desktop, [InsertRule("xfreerdp", (SI,))])
    result = await ladder.insert("text", Target(3, application="xfreerdp"))
    assert (result.outcome, result.way, result.insert_ms) == (Outcome.SENT, SI, 3.0)
    assert "see whether" in result.reason
