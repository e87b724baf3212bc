"""The data path with working stand-ins around it: order, outcomes, audio that is kept exactly as long as needed."""

import asyncio
import time

import pytest

from daemon.dictation import Dictation, Settings
from daemon.endpoint import EndpointSettings
from daemon.errors import MicrophoneError
from daemon.messages import Insertion, Mode, Outcome
from daemon.speculation import Counts
from daemon.spool import Spool
from tests.daemon.fakes import FakeDetector, FakeInserter, FakeRecogniser, frames
from tests.daemon.scripted_backend import until

SPEECH, PAUSE = "#" * 25, "." * 50  # half a second, a second: longer than the hangover


class Bench:
    """A dictation with fakes, its spools on disk and its history in a list."""

    def __init__(self, directory) -> None:
        self.recogniser, self.inserter, self.recorded = FakeRecogniser(), FakeInserter(), []
        self.spool, self.kept = Spool(directory / "pending"), Spool(directory / "kept")
        self.settings = Settings(endpoint=EndpointSettings())
        self.writable = True
        self.dictation = self.another()

    def another(self) -> Dictation:
        return Dictation(
            recogniser=self.recogniser,
            inserter=self.inserter,
            record=self.record,
            spool=self.spool,
            kept=self.kept,
            settings=self.settings,
            changed=lambda: None,
            detector=FakeDetector,
        )

    async def record(self, entry) -> bool:
        await asyncio.sleep(0.01)  # a disk
        if self.writable:
            self.recorded.append(entry)
        return self.writable

    def outcomes(self) -> list[tuple[Outcome, str | None]]:
        return [(entry.outcome, entry.text) for entry in self.recorded]


@pytest.fixture
async def bench(tmp_path):
    bench = Bench(tmp_path)
    running = asyncio.create_task(bench.dictation.run())
    yield bench
    running.cancel()


async def dictate(bench, pattern, mode=Mode.HOLD):
    take = bench.dictation.begin(frames(pattern), mode, 0.0)
    await take.listening
    await asyncio.wait_for(take.settled.wait(), 5)
    await bench.dictation.settle_all()
    return take


async def test_push_to_talk_inserts_all_pieces_once_at_the_end(bench):
    take = await dictate(bench, SPEECH + PAUSE + SPEECH + PAUSE + SPEECH)
    assert bench.inserter.inserted == ["words 1 words 2 words 3 "]
    assert bench.outcomes() == [(Outcome.CONFIRMED, "words 1 words 2 words 3")]
    assert take.entries == bench.recorded
    assert bench.inserter.prepared == 1
    assert bench.spool.unsettled() == []


async def test_hands_free_inserts_at_each_endpoint(bench):
    await dictate(bench, SPEECH + PAUSE + SPEECH + PAUSE + SPEECH, Mode.HANDS_FREE)
    assert bench.inserter.inserted == ["words 1 ", "words 2 ", "words 3 "]
    assert bench.spool.unsettled() == []


async def test_silence_is_never_recognised(bench):
    await dictate(bench, PAUSE)
    assert bench.recogniser.heard == []
    assert bench.outcomes() == [(Outcome.NOTHING, None)]
    await dictate(bench, PAUSE, Mode.HANDS_FREE)
    assert len(bench.recorded) == 1, "an open microphone in a quiet room makes no entries"


async def test_a_recognition_without_text_inserts_nothing(bench):
    bench.recogniser.texts = iter(["  "])
    await dictate(bench, SPEECH)
    assert bench.inserter.inserted == []
    assert bench.outcomes() == [(Outcome.NOTHING, None)]


async def test_probable_noise_is_held_unless_speech_is_with_it(bench):
    await dictate(bench, "#" * 150)
    assert bench.outcomes() == [(Outcome.HELD, "words 1")], "two tokens in three seconds"
    await dictate(bench, "#" * 150 + PAUSE + SPEECH)
    assert bench.inserter.inserted == ["words 2 words 3 "]


async def test_cancel_drops_everything_and_leaves_no_audio(bench):
    take = bench.dictation.begin(frames(SPEECH + PAUSE + SPEECH * 100, pace_s=0.001), Mode.HOLD, 0.0)
    await until(lambda: take.frames >= len(SPEECH + PAUSE) + 10)
    assert bench.spool.unsettled() != []
    bench.dictation.abandon(take)
    await asyncio.wait_for(take.settled.wait(), 5)
    await bench.dictation.settle_all()
    assert bench.inserter.inserted == []
    assert bench.recorded == []
    assert bench.spool.unsettled() == []


async def test_cancel_begins_no_decode(bench):
    bench.recogniser.go.clear()
    said = SPEECH + PAUSE + SPEECH + PAUSE + SPEECH
    take = bench.dictation.begin(frames(said + "." * 1000, pace_s=0.001), Mode.HOLD, 0.0)
    await until(lambda: take.frames >= len(said))
    bench.dictation.abandon(take)
    await asyncio.sleep(0)
    bench.recogniser.go.set()
    await asyncio.wait_for(take.settled.wait(), 5)
    assert bench.recogniser.heard == [], "nobody waits for the one under way either"


async def test_a_guess_that_has_not_begun_is_dropped_when_speech_goes_on(bench):
    bench.recogniser.go.clear()
    said = SPEECH + PAUSE + SPEECH + "." * 10 + SPEECH
    take = bench.dictation.begin(frames(said + "#" * 1000, pace_s=0.001), Mode.HOLD, 0.0)
    await until(lambda: take.frames >= len(said))
    bench.recogniser.go.set()
    await until(lambda: bench.dictation.preview(take) == ("words 1", ""))
    assert bench.dictation.speculation.counts == Counts(decodes=1, guesses=1, served=1), "the first piece's own"
    bench.dictation.abandon(take)
    await asyncio.wait_for(take.settled.wait(), 5)


async def test_the_text_so_far_is_shown_while_one_speaks(bench):
    await dictate(bench, SPEECH)
    take = bench.dictation.begin(frames(SPEECH + PAUSE + SPEECH + "." * 20 + "#" * 1000, pace_s=0.002), Mode.HOLD, 0.0)
    seen = []
    async with asyncio.timeout(5):
        while ("words 2", "words 3") not in seen:
            seen.append(bench.dictation.preview(take))
            await asyncio.sleep(0.001)
    assert list(dict.fromkeys(seen)) == [("", ""), ("", "words 2"), ("words 2", ""), ("words 2", "words 3")]
    bench.dictation.abandon(take)
    await asyncio.wait_for(take.settled.wait(), 5)
    assert bench.dictation.preview(take) == ("", "")


async def test_what_was_said_before_the_microphone_went_still_arrives(bench):
    async def pulled_out():
        async for frame in frames(SPEECH):
            yield frame
        raise MicrophoneError("the microphone went away")

    take = bench.dictation.begin(pulled_out(), Mode.TOGGLE, 0.0)
    await asyncio.wait_for(take.settled.wait(), 5)
    assert bench.inserter.inserted == ["words 1 "]
    assert take.fault == "the microphone went away"


async def test_two_takes_are_inserted_in_the_order_of_speech(bench):
    bench.recogniser.go.clear()
    first = bench.dictation.begin(frames(SPEECH), Mode.HOLD, 0.0)
    await first.listening
    second = bench.dictation.begin(frames(SPEECH), Mode.HOLD, 1.0)
    await second.listening
    bench.recogniser.go.set()
    await asyncio.wait_for(second.settled.wait(), 5)
    assert bench.inserter.inserted == ["words 1 ", "words 2 "]


async def test_held_text_is_kept_and_can_be_inserted_once_more(bench):
    bench.inserter.answer = Insertion(Outcome.HELD, "the window in front changed")
    await dictate(bench, SPEECH)
    assert bench.outcomes() == [(Outcome.HELD, "words 1")]
    assert bench.recorded[0].timings.felt is None
    assert bench.spool.unsettled() == [], "its text is in the history"
    bench.inserter.answer = Insertion(Outcome.CONFIRMED)
    again = await bench.dictation.insert_again(bench.dictation.last)
    assert again.outcome is Outcome.CONFIRMED
    assert bench.inserter.inserted == ["words 1 "]
    assert [entry.outcome for entry in bench.recorded] == [Outcome.HELD, Outcome.CONFIRMED]
    assert bench.recorded[0].id == bench.recorded[1].id


async def test_the_audio_of_held_text_stays_where_texts_are_not_written_down(bench):
    bench.dictation.settings = Settings(endpoint=EndpointSettings(), keep_text=False)
    bench.inserter.answer = Insertion(Outcome.HELD, "no window")
    await dictate(bench, SPEECH)
    assert len(bench.kept.unsettled()) == 1
    bench.inserter.answer = Insertion(Outcome.CONFIRMED)
    await bench.dictation.insert_again(bench.dictation.last)
    assert bench.kept.unsettled() == []


async def test_the_audio_of_held_text_that_cannot_be_written_down_is_kept(bench):
    bench.writable = False
    bench.inserter.answer = Insertion(Outcome.HELD, "no window")
    await dictate(bench, SPEECH)
    assert bench.spool.unsettled() == []
    assert len(bench.kept.unsettled()) == 1
    bench.writable = True
    assert await bench.another().recover() == 1
    assert bench.outcomes() == [(Outcome.HELD, "words 2")]
    assert bench.kept.unsettled() == []


async def test_text_that_arrived_is_settled_even_if_it_cannot_be_written_down(bench):
    bench.writable = False
    await dictate(bench, SPEECH)
    assert bench.inserter.inserted == ["words 1 "]
    assert bench.spool.unsettled() == bench.kept.unsettled() == []


async def test_audio_that_cannot_be_recognised_is_kept_and_recognised_later(bench):
    bench.recogniser.fault = "the model is broken"
    await dictate(bench, SPEECH)
    assert bench.outcomes() == [(Outcome.FAILED, None)]
    assert bench.recorded[0].reason == "the model is broken"
    assert bench.spool.unsettled() == []
    assert len(bench.kept.unsettled()) == 1
    bench.recogniser.fault = None
    assert await bench.another().recover() == 1
    assert bench.outcomes()[-1] == (Outcome.HELD, "words 1")
    assert bench.recorded[-1].id == bench.recorded[0].id
    assert bench.kept.unsettled() == []
    assert bench.inserter.inserted == [], "the window it was meant for may be gone"


async def test_a_daemon_that_dies_while_one_speaks_loses_nothing(bench):
    bench.recogniser.go.clear()
    take = bench.dictation.begin(frames(SPEECH + PAUSE + SPEECH + "#" * 40000, pace_s=0.001), Mode.HOLD, 0.0)
    await until(lambda: take.frames >= len(SPEECH + PAUSE) + 10)
    take.listening.cancel()
    bench.recogniser.go.set()
    [left] = bench.spool.unsettled()
    assert len(left.pieces) == 2
    assert not left.inserting
    assert await bench.another().recover() == 1
    assert bench.outcomes()[-1][0] is Outcome.HELD
    assert "before this was inserted" in bench.recorded[-1].reason


async def test_what_is_being_said_is_not_taken_for_something_left(bench):
    take = bench.dictation.begin(frames(SPEECH + PAUSE, pace_s=0.002), Mode.HOLD, 0.0)
    await until(lambda: bench.spool.unsettled() != [])
    assert await bench.dictation.recover() == 0
    await asyncio.wait_for(take.settled.wait(), 5)
    assert bench.inserter.inserted == ["words 1 "]


async def test_a_daemon_that_dies_during_the_insertion_says_so_and_inserts_nothing_twice(bench):
    bench.spool.append("u1", 0, b"\1\2" * 4000)
    bench.spool.mark_inserting("u1")
    assert await bench.another().recover() == 1
    assert "may stand there already" in bench.recorded[0].reason
    assert bench.inserter.inserted == []


async def test_the_stages_add_up_to_what_was_felt(bench):
    now_s = time.monotonic()
    take = bench.dictation.begin(frames(SPEECH + PAUSE, began_s=now_s - 1.5), Mode.HANDS_FREE, now_s - 1.6)
    await take.listening
    await asyncio.wait_for(take.settled.wait(), 5)
    await bench.dictation.settle_all()
    timings = bench.recorded[0].timings
    waited = sum(getattr(timings, stage) for stage in ("endpoint_wait", "queue", "recognise", "text", "insert"))
    assert timings.felt == pytest.approx(waited, abs=0.01)
    assert timings.endpoint_wait >= 700
    assert timings.speech == pytest.approx(500, abs=1)
    assert timings.capture_open == pytest.approx(100, abs=1)
    assert timings.encode is None
    assert timings.decode == 2.0
    assert timings.tokens == 2
