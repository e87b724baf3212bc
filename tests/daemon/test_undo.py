"""What the data path makes of a text that is taken back."""

from daemon.messages import Insertion, Outcome
from tests.daemon.test_dictation import SPEECH, bench, dictate  # noqa: F401 - a fixture


async def test_a_text_that_was_taken_back_stays_written_down_and_says_so(bench):  # noqa: F811
    await dictate(bench, SPEECH)
    assert await bench.dictation.undo() is None
    assert bench.inserter.inserted == []
    last = bench.dictation.last
    assert (last.outcome, last.text, last.reason) == (Outcome.CONFIRMED, "words 1", "taken back")
    assert bench.recorded[-1] == last


async def test_of_two_the_entry_is_that_of_the_text_that_arrived(bench):  # noqa: F811
    await dictate(bench, SPEECH)
    bench.inserter.answer = Insertion(Outcome.HELD, "no window")
    await dictate(bench, SPEECH)
    assert await bench.dictation.undo() is None
    assert bench.dictation.last.reason == "no window"
    assert bench.recorded[-1].id == bench.recorded[0].id


async def test_a_refusal_changes_nothing(bench):  # noqa: F811
    await dictate(bench, SPEECH)
    bench.inserter.unsure = "the window was used since"
    assert await bench.dictation.undo() == "the window was used since"
    assert len(bench.recorded) == 1
    assert bench.dictation.last.reason is None


async def test_an_entry_that_was_deleted_does_not_come_back(bench):  # noqa: F811
    await dictate(bench, SPEECH)
    bench.dictation.forget(bench.dictation.last.id)
    assert await bench.dictation.undo() is None
    assert len(bench.recorded) == 1
