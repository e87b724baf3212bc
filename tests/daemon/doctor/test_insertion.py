"""What the doctor makes of each way in: ranked by what arrived, and no word of a way that lies is believed."""

import pytest

from daemon.doctor import insertion, report
from daemon.doctor.finding import State
from daemon.doctor.insertion import Trial, Way
from daemon.doctor.probe import ProbeWindow
from daemon.insert.contract import CTRL_V, SHIFT_INSERT, TYPE
from daemon.messages import Insertion, Outcome, Target

ORDER = (SHIFT_INSERT, CTRL_V)


def trial(*, exact=True, outcome=Outcome.CONFIRMED, reason=None, ms=12.0):
    return Trial(outcome, reason, ms, exact)


GOOD, SENT = trial(), trial(outcome=Outcome.SENT, ms=80.0)
LOST = trial(exact=False, outcome=Outcome.SENT)
CONFIRMED_AND_NOT_THERE = trial(exact=False)
HELD = trial(exact=False, outcome=Outcome.HELD, reason="no Insert key: add one", ms=None)
HELD_AND_THERE = trial(outcome=Outcome.HELD, reason="no Insert key", ms=None)


@pytest.mark.parametrize(
    ("trials", "state"),
    [
        ({SHIFT_INSERT: [GOOD] * 3, CTRL_V: [GOOD] * 3}, State.OK),
        ({SHIFT_INSERT: [GOOD] * 3, CTRL_V: [HELD]}, State.OK),
        ({SHIFT_INSERT: [HELD], CTRL_V: [GOOD] * 3}, State.WARN),
        ({SHIFT_INSERT: [HELD], CTRL_V: [HELD]}, State.BAD),
        ({SHIFT_INSERT: [GOOD, GOOD, LOST], CTRL_V: [GOOD] * 3}, State.BAD),
        ({SHIFT_INSERT: [GOOD, GOOD, HELD], CTRL_V: [GOOD] * 3}, State.BAD),
        ({SHIFT_INSERT: [GOOD] * 3, CTRL_V: [GOOD, CONFIRMED_AND_NOT_THERE]}, State.BAD),
        ({SHIFT_INSERT: [GOOD] * 3, CTRL_V: [HELD_AND_THERE]}, State.BAD),
        ({SHIFT_INSERT: [GOOD] * 3, CTRL_V: [GOOD] * 3, TYPE: [SENT, HELD, HELD]}, State.OK),
    ],
)
def test_insertion_is_believed_only_where_the_text_stands(trials, state):
    tried = [Way(name, tuple(each)) for name, each in trials.items()]
    assert insertion.judge("x11", ORDER, tried).state is state


@pytest.mark.parametrize(
    ("trials", "state"), [([SENT, HELD, HELD], State.OK), ([SENT, LOST, HELD], State.BAD), ([HELD] * 3, State.BAD)]
)
def test_of_typing_what_no_key_has_is_no_fault(trials, state):
    assert insertion.judge("x11", (TYPE,), [Way(TYPE, tuple(trials))]).state is state


def test_the_ways_are_ranked_by_what_arrived_and_how_fast():
    tried = [
        Way("lies", (GOOD, GOOD, CONFIRMED_AND_NOT_THERE)),
        Way(TYPE, (SENT, HELD, HELD)),
        Way("no receipt", (SENT,) * 3),
        Way("slow", (trial(ms=30.0),) * 3),
        Way("fast", (GOOD,) * 3),
        Way("silent", (HELD,)),
    ]
    found = insertion.judge("x11", ("fast",), tried)

    assert [way["way"] for way in found.as_json()["details"]] == ["fast", "slow", "no receipt", TYPE, "silent", "lies"]
    assert found.says.split(": ", 1)[1] == (
        "fast 3 of 3 exact, 12 ms; slow 3 of 3 exact, 30 ms; no receipt 3 of 3 exact, 80 ms; "
        "type 1 of 3 exact, 80 ms, 2 not possible; silent not here (no Insert key); "
        "lies says what is not so: a text that it confirmed is not there"
    )


def test_a_text_that_was_held_and_arrives_is_told():
    found = insertion.judge("x11", (SHIFT_INSERT,), [Way(SHIFT_INSERT, (HELD_AND_THERE,))])
    assert found.says.endswith("a text that it held arrived")


def test_a_report_has_no_titles_of_windows():
    reason = 'the focus went to "Anna "the cat" Meier - Mail" meanwhile'
    held = Trial(Outcome.HELD, reason, None, exact=False)
    found = insertion.judge("x11", (SHIFT_INSERT,), [Way(SHIFT_INSERT, (held,))])
    assert reason in found.says
    assert "Anna" not in report.text([found], {}, {})


class FakeDesktop:
    """Three ways: one puts the text in, one is ignored, one says so and does nothing."""

    name, undoable = "fake", False
    ways = ("works", "ignored", "lies")

    def __init__(self, probe):
        self.probe = probe
        self.asked = []

    async def focus(self):
        return Target(7, title=self.probe.title, application="python3", kind="wayland")

    async def insert(self, text, target, ways):
        [way] = ways
        self.asked.append(way)
        if way == "ignored":
            return Insertion(Outcome.HELD, "nothing read it", silent=(way,))
        if way == "works":
            self.probe.take({"kind": "text", "text": self.probe.text + text})
        return Insertion(Outcome.CONFIRMED, None, 5.0, way)


async def test_every_way_of_the_desktop_is_tried_and_an_ignored_one_only_once(monkeypatch):
    monkeypatch.setattr(insertion, "_ARRIVE_S", 0.01)
    monkeypatch.setattr(insertion, "_LATE_S", 0.01)
    monkeypatch.setattr(insertion, "ways_for", lambda *_: ("works", "ignored"))
    desktop = FakeDesktop(ProbeWindow(window=1, title="swictation doctor", active=True))
    found = await insertion._try(desktop, (), desktop.probe)

    assert desktop.asked == ["works"] * 3 + ["ignored"] + ["lies"] * 3
    assert found.state is State.BAD
    assert [(way["way"], way["exact"]) for way in found.details] == [("works", 3), ("ignored", 0), ("lies", 0)]


@pytest.mark.parametrize(
    ("target", "active", "mine"),
    [
        (Target(5), False, True),
        (Target(6, title="swictation doctor"), True, False),
        (Target(9, title='"swictation doctor"', kind="wayland"), True, True),
        (Target(9, title="swictation doctor", kind="wayland"), False, False),
        (Target(9, title="a letter", kind="wayland"), True, False),
        (Target(0, kind="portal"), True, True),
        (Target(0, kind="portal"), False, False),
    ],
)
def test_the_window_is_known_by_its_number_or_by_what_it_says_itself(target, active, mine):
    probe = ProbeWindow(window=5, title="swictation doctor", active=active)
    assert probe.is_target(target, "linux") is mine


def test_the_way_that_comes_first_says_what_to_do():
    tried = [Way(SHIFT_INSERT, (HELD,)), Way(CTRL_V, (HELD,))]
    says = insertion.judge("x11", ORDER, tried).says
    assert says.endswith("shift+insert not here (no Insert key: add one); ctrl+v not here (no Insert key)")
