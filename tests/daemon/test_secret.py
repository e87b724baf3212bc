"""What was meant for a password field: neither inserted nor written down, and not lost."""

from daemon.messages import Insertion, Outcome
from tests.daemon.test_dictation import SPEECH, bench, dictate  # noqa: F401 - the fixture is used by its name

REFUSED = Insertion(Outcome.HELD, "this is a password field", secret=True)


async def test_the_text_of_a_secret_is_neither_written_down_nor_told(bench):  # noqa: F811
    bench.inserter.answer = REFUSED
    await dictate(bench, SPEECH)
    assert bench.outcomes() == [(Outcome.HELD, None)]
    assert bench.dictation.last.text is None
    assert "`swictation history --decode ID`" in bench.dictation.last.reason
    assert bench.spool.unsettled() == []
    assert [one.secret for one in bench.kept.unsettled()] == [True]
    assert await bench.another().recover() == 0
    assert bench.outcomes() == [(Outcome.HELD, None)]


async def test_a_daemon_that_dies_before_it_has_kept_the_audio_of_a_secret_leaves_a_secret(bench):  # noqa: F811
    bench.inserter.answer = REFUSED
    bench.spool.append("20261121T120000-00000000", 0, bytes(640))
    bench.spool.mark_inserting("20261121T120000-00000000")
    bench.spool.mark_secret("20261121T120000-00000000")
    assert await bench.another().recover() == 0
    assert bench.outcomes() == []
    assert bench.spool.unsettled() == []
    assert [one.secret for one in bench.kept.unsettled()] == [True]


async def test_a_secret_is_written_down_once_somebody_asks_for_its_text(bench):  # noqa: F811
    bench.inserter.answer = REFUSED
    await dictate(bench, SPEECH)
    decoded = await bench.dictation.decode_again(bench.recorded[0])
    assert decoded.text == "words 2"
    assert bench.outcomes()[-1] == (Outcome.HELD, "words 2")
    assert bench.kept.unsettled() == []
