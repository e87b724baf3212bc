"""Hands-free dictation whose text says when the utterance is over, and pieces that were decoded a second time."""

import asyncio
import time

import pytest

from daemon.dictation import Dictation, Settings
from daemon.endpoint import EndpointSettings
from daemon.engine.recogniser import Recognition
from daemon.messages import Mode, Outcome
from daemon.spool import Spool
from models.recogniser import Transcript
from tests.daemon.fakes import FakeDetector, FakeInserter, frames

SPEECH, SHORT, LONG = "#" * 25, "." * 25, "." * 45  # half a second; 500 and 900 ms: between the waits, beyond both


def transcript(text, at_s=0.2):
    return Transcript(text, ("x",), (at_s,), (0.08,)) if text else Transcript("")


class Scripted:
    """Answers with one transcript after the other, the last one for ever."""

    stops = busy = False
    pace_ms = 1.0

    def __init__(self) -> None:
        self.answers = [transcript("First.")]
        self.decodes = 0

    async def recognise(self, _pcm: bytes) -> Recognition:
        self.decodes += 1
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        return Recognition(answer, 0.0, 1.0, 1.0, "fake", "cpu", 1)


class Bench:
    def __init__(self, directory) -> None:
        self.recogniser, self.inserter, self.recorded = Scripted(), FakeInserter(), []
        self.dictation = Dictation(
            recogniser=self.recogniser,
            inserter=self.inserter,
            record=self._record,
            spool=Spool(directory / "pending"),
            kept=Spool(directory / "kept"),
            settings=Settings(endpoint=EndpointSettings()),
            changed=lambda: None,
            detector=FakeDetector,
        )

    async def _record(self, entry) -> bool:
        self.recorded.append(entry)
        return True

    async def speak(self, pattern, mode=Mode.HANDS_FREE):
        take = self.dictation.begin(frames(pattern), mode, 0.0)
        await take.listening
        await asyncio.wait_for(take.settled.wait(), 5)
        await self.dictation.settle_all()


@pytest.fixture
async def bench(tmp_path):
    bench = Bench(tmp_path)
    running = asyncio.create_task(bench.dictation.run())
    yield bench
    running.cancel()


async def test_after_a_finished_sentence_the_wait_is_short(bench):
    bench.recogniser.answers = [transcript("One."), transcript("Two.")]
    await bench.speak(SPEECH + SHORT + SPEECH + LONG)
    assert bench.inserter.inserted == ["One. ", "Two. "]


async def test_a_sentence_that_is_not_finished_is_not_cut_in_two(bench):
    bench.recogniser.answers = [transcript("One"), transcript("One and two.")]
    await bench.speak(SPEECH + SHORT + SPEECH + LONG)
    assert bench.inserter.inserted == ["One and two. "]


async def test_while_a_key_is_held_no_sentence_is_cut_short(bench):
    bench.recogniser.answers = [transcript("One."), transcript("One. Two.")]
    await bench.speak(SPEECH + SHORT + SPEECH, Mode.HOLD)
    assert bench.inserter.inserted == ["One. Two. "]


async def test_what_was_cancelled_is_not_committed_by_a_guess_that_comes_later(bench):
    go = asyncio.Event()
    recognise = bench.recogniser.recognise

    async def held(pcm):
        await go.wait()
        return await recognise(pcm)

    bench.recogniser.recognise = held
    take = bench.dictation.begin(frames(SPEECH + "." * 1000, pace_s=0.01), Mode.HANDS_FREE, time.monotonic())
    while not bench.dictation.speculation.counts.guesses:
        await asyncio.sleep(0.005)
    await asyncio.sleep(0.03)
    bench.dictation.abandon(take)
    go.set()
    await asyncio.wait_for(take.settled.wait(), 5)
    await bench.dictation.settle_all()
    assert bench.inserter.inserted == []
    assert bench.recorded == []


async def test_what_was_cancelled_after_its_end_is_not_inserted_but_what_stands_there_is_told(bench):
    go, recognise = asyncio.Event(), bench.recogniser.recognise

    async def held(pcm):
        if bench.inserter.inserted:
            await go.wait()
        return await recognise(pcm)

    bench.recogniser.recognise = held
    bench.recogniser.answers = [transcript("One."), transcript("Two."), transcript("Three.")]
    said = SPEECH + LONG + SPEECH + LONG + SPEECH + LONG
    take = bench.dictation.begin(frames(said + "." * 1000, pace_s=0.001), Mode.HANDS_FREE, 0.0)
    async with asyncio.timeout(5):
        while take.frames < len(said):
            await asyncio.sleep(0.005)
    assert (len(take.pending), take.utterance) == (2, None), "both have ended"
    bench.dictation.abandon(take)
    go.set()
    await asyncio.wait_for(take.settled.wait(), 5)
    await bench.dictation.settle_all()
    assert bench.inserter.inserted == ["One. "]
    assert [entry.text for entry in bench.recorded] == ["One."]


async def test_what_is_being_inserted_when_it_is_cancelled_is_on_record(bench):
    begun, insert = asyncio.Event(), bench.inserter.insert

    async def slow(text, target):
        begun.set()
        await asyncio.sleep(0.05)
        return await insert(text, target)

    bench.inserter.insert = slow
    take = bench.dictation.begin(frames(SPEECH + "." * 1000, pace_s=0.001), Mode.HANDS_FREE, 0.0)
    await asyncio.wait_for(begun.wait(), 5)
    bench.dictation.abandon(take)
    await asyncio.wait_for(take.settled.wait(), 5)
    await bench.dictation.settle_all()
    assert [entry.text for entry in bench.recorded] == ["First."]


async def test_the_microphone_was_opened_for_the_first_sentence_alone(bench):
    bench.recogniser.answers = [transcript("One."), transcript("Two.")]
    await bench.speak(SPEECH + LONG + SPEECH + LONG)
    assert [entry.timings.capture_open for entry in bench.recorded] == [0.0, None]


async def test_no_second_look_is_taken_at_what_was_cancelled(bench):
    bench.recogniser.answers = [transcript("")]
    go, recognise = asyncio.Event(), bench.recogniser.recognise

    async def held(pcm):
        heard = await recognise(pcm)
        if bench.recogniser.decodes == 2:
            await go.wait()
        return heard

    bench.recogniser.recognise = held
    take = bench.dictation.begin(frames(SPEECH + "." * 1000, pace_s=0.001), Mode.HANDS_FREE, 0.0)
    async with asyncio.timeout(5):
        while bench.recogniser.decodes < 2:
            await asyncio.sleep(0.005)
    bench.dictation.abandon(take)
    go.set()
    await asyncio.wait_for(take.settled.wait(), 5)
    assert bench.recogniser.decodes == 2


async def test_speech_without_a_word_is_decoded_again_and_the_record_says_so(bench):
    bench.recogniser.answers = [transcript(""), transcript("Found it.", 0.5), transcript("Found it.", 0.8)]
    await bench.speak(SPEECH + LONG)
    assert bench.inserter.inserted == ["Found it. "]
    [entry] = bench.recorded
    assert entry.outcome is Outcome.CONFIRMED
    assert "no words in 0.5 s of voice at first; two decodes" in entry.reason


async def test_voice_without_words_comes_to_nothing_and_the_record_says_why(bench):
    bench.recogniser.answers = [transcript("")]
    before = bench.recogniser.decodes
    await bench.speak(SPEECH + LONG)
    assert bench.inserter.inserted == []
    [entry] = bench.recorded
    assert entry.outcome is Outcome.NOTHING
    assert entry.reason == "no words in 0.5 s of voice, and other silence around it did not help"
    assert bench.recogniser.decodes - before == 3
