"""The text so far: what is settled stays, nobody waits for it, and without anybody who looks there is none."""

import asyncio
import itertools
import random

import pytest

from daemon.dictation import Dictation, Settings
from daemon.endpoint import EndpointSettings, Segment
from daemon.engine.recogniser import Recognition
from daemon.errors import WorkerError
from daemon.messages import RATE_HZ, Mode
from daemon.preview import Growing, Preview, Watchers
from daemon.speculation import Counts, Speculation
from daemon.spool import Spool
from models.recogniser import Transcript
from tests.daemon.fakes import FakeDetector, FakeInserter, frames
from tests.daemon.scripted_decoder import Decoder, turns


def grown(*texts):
    growing = Growing()
    for text in texts:
        growing = growing.grown(text)
    return " ".join(growing.settled), " ".join(growing.unsettled)


@pytest.mark.parametrize(
    ("texts", "shown"),
    [
        ([], ("", "")),
        (["one two"], ("", "one two")),
        (["one two", "one two three"], ("one two", "three")),
        (["one too", "one two three"], ("one", "two three")),
        (["one two", "one two three", "one two tree four"], ("one two", "tree four")),
        (["one two", "one two", "won two three"], ("one two", "three")),
        (["one two", "one two", "and one two three"], ("one two", "three")),
        (["one two", "one two", "two three"], ("one two", "three")),
        (["one two", "one two", "one"], ("one two", "")),
        (["one two", "one two", ""], ("one two", "")),
        (["one two", "one two", "quite other words"], ("one two", "words")),
        (["one two", "", "one two"], ("", "one two")),
    ],
)
def test_what_two_decodes_in_a_row_agree_on_is_settled(texts, shown):
    assert grown(*texts) == shown


def test_what_is_settled_never_shrinks():
    chance = random.Random(3)  # noqa: S311 - no secret
    settled = 0
    for _ in range(300):
        growing, said = Growing(), [chance.choice("abcd") for _ in range(12)]
        for length in range(1, 13):
            heard = [word if chance.random() > 0.1 else chance.choice(["x", "y z", ""]) for word in said[:length]]
            before, growing = growing, growing.grown(" ".join(heard))
            assert growing.settled[: len(before.settled)] == before.settled
        settled += len(growing.settled)
    assert settled > 300


# -- when it is decoded ------------------------------------------------------------------------------------------------


def segment(number: int, seconds: float = 1.0) -> Segment:
    pcm = number.to_bytes(2, "little") * round(seconds * RATE_HZ)
    return Segment(pcm, 0.0, 0.0, seconds, seconds, round(seconds * 1000), "pause")


@pytest.mark.parametrize(
    ("stops", "ms_for_a_second", "room_ms", "free"),
    [
        (True, None, 0.0, False),
        (True, 900.0, 0.0, True),
        (False, None, 100.0, False),
        (False, 40.0, 100.0, True),
        (False, 60.0, 100.0, False),
        (False, 1.0, 0.0, False),
    ],
)
async def test_two_seconds_may_be_decoded(stops, ms_for_a_second, room_ms, free):
    speculation = Speculation(Decoder(stops=stops, pace_ms=lambda: ms_for_a_second))
    assert speculation.free(2.0, room_ms) is free


async def test_while_anybody_else_waits_nothing_is_decoded_for_the_eye():
    decoder = Decoder(stops=True)
    speculation = Speculation(decoder)
    committed = speculation.commit(segment(1))
    assert not speculation.free(1.0, 100.0)
    await committed.result()
    assert speculation.free(1.0, 100.0)
    decoder.busy = True
    assert not speculation.free(1.0, 100.0)


@pytest.mark.parametrize("who", ["a guess", "a commit", "another look"])
async def test_it_makes_room_for_whoever_is_waited_for(who):
    decoder = Decoder(stops=True)
    speculation = Speculation(decoder)
    await speculation.commit(segment(1)).result()
    decoder.go.clear()
    seen = []
    speculation.preview(segment(2)).tell(seen.append)
    await turns()
    made = {
        "a guess": lambda: asyncio.ensure_future(speculation.guess(segment(3), 300).result()),
        "a commit": lambda: asyncio.ensure_future(speculation.commit(segment(3)).result()),
        "another look": lambda: asyncio.ensure_future(speculation.again(segment(3).pcm)),
    }[who]()
    await turns()
    assert decoder.broken_off == [segment(2).pcm]
    assert decoder.decoded[-1] == segment(3).pcm, "before the other was done"
    decoder.go.set()
    await made
    assert seen == []
    assert speculation.counts.previews == 1


async def test_a_guess_that_speech_has_overtaken_is_broken_off_if_it_can_be():
    decoder = Decoder(stops=True)
    speculation = Speculation(decoder)
    await speculation.commit(segment(1)).result()
    decoder.go.clear()
    guess = speculation.guess(segment(2), 300)
    await turns()
    speculation.drop()
    committed = speculation.commit(segment(3))
    await turns()
    assert decoder.decoded[-1] == segment(3).pcm
    assert decoder.broken_off == [segment(2).pcm]
    decoder.go.set()
    await committed.result()
    with pytest.raises(WorkerError, match="cancelled"):
        await guess.result()
    assert speculation.counts == Counts(decodes=3, guesses=1, served=0)


class Clock:
    now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


async def test_its_pace():
    decoder, clock, watchers = Decoder(stops=True), Clock(), Watchers()
    preview = Preview(Speculation(decoder), watchers, clock)
    texts: list[str] = []

    def due(at_s: float, length_s: float) -> bool:
        clock.now_s = at_s
        return preview.due(length_s, 0.0)

    assert not due(9.0, 0.1)  # the onset
    assert not due(10.0, 1.0), "nobody looks"
    with watchers.one_more():
        assert due(10.0, 1.0)
        decoder.go.clear()
        preview.decode(segment(1), texts.append)
        await turns()
        assert not due(10.5, 1.5), "it runs"
        decoder.go.set()
        await turns()
        assert len(texts) == 1
        assert not due(11.4, 2.4), "twice the 0.5 s that it took"
        assert due(11.6, 2.6)
        preview.decode(segment(2, 2.6), texts.append)
        await turns()
        assert not due(11.8, 2.8), "0.3 s after one that took no time"
        assert due(12.0, 3.0)
        assert not due(12.0, 2.6), "nothing new was said"
        preview.seen(3.0)
        assert not due(12.0, 3.0), "a guess tells it"
        preview.rest()
        assert not due(13.0, 0.1), "another onset"
        assert due(13.4, 0.5)


# -- on the data path --------------------------------------------------------------------------------------------------


class Counting:
    """An engine that hears a word for each half second of audio."""

    busy = False
    pace_ms = 4.0

    def __init__(self, *, stops: bool) -> None:
        self.stops = stops
        self.lengths_s: list[float] = []
        self.go = asyncio.Event()
        self.go.set()

    async def recognise(self, pcm: bytes) -> Recognition:
        self.lengths_s.append(len(pcm) / 2 / RATE_HZ)
        await asyncio.sleep(0)
        await self.go.wait()
        words = [f"w{number}" for number in range(int(self.lengths_s[-1] * 2))]
        return Recognition(Transcript(" ".join(words), ("w",) * 1000), 0.0, 4.0, 3.0, "fake", "cpu", 1)


class Bench:
    """Whose clock is that of the frames."""

    def __init__(self, directory, *, stops=True) -> None:
        self.engine, self.inserter, self.clock, self.shown = Counting(stops=stops), FakeInserter(), Clock(), []
        self.dictation = Dictation(
            recogniser=self.engine,
            inserter=self.inserter,
            record=self._record,
            spool=Spool(directory / "pending"),
            kept=Spool(directory / "kept"),
            settings=Settings(endpoint=EndpointSettings()),
            changed=self._look,
            detector=FakeDetector,
            clock=self.clock,
        )
        self.take = None

    async def _record(self, _entry) -> bool:
        return True

    def _look(self) -> None:
        if self.take is not None and any(shown := self.dictation.preview(self.take)):
            self.shown.append(shown)

    async def speak(self, pattern, mode=Mode.HOLD, *, answer_at_s=0.0) -> None:
        """Let the engine answer nothing before ``answer_at_s``."""

        async def timed():
            self.engine.go.clear()
            async for frame in frames(pattern):
                self.clock.now_s = frame.captured_s
                if frame.captured_s >= answer_at_s:
                    self.engine.go.set()
                await turns(5)
                yield frame

        running = asyncio.create_task(self.dictation.run())
        self.take = self.dictation.begin(timed(), mode, 0.0)
        await self.take.listening
        await asyncio.wait_for(self.take.settled.wait(), 5)
        running.cancel()


LONG = "#" * 200  # four seconds without a pause


@pytest.mark.parametrize("mode", [Mode.HOLD, Mode.HANDS_FREE])
async def test_the_text_grows_while_one_speaks_and_the_final_text_is_a_decode_of_its_own(tmp_path, mode):
    bench = Bench(tmp_path)
    with bench.dictation.watchers.one_more():
        await bench.speak(LONG + "." * 50, mode)
    *growing, final = [length for length in bench.engine.lengths_s if length < 4.1] + [bench.engine.lengths_s[-1]]
    assert 8 <= len(growing) <= 13
    assert final == pytest.approx(4.1), "the speech and its tail"
    settled = [one for one, _rest in bench.shown]
    assert all(after.startswith(before) for before, after in itertools.pairwise(settled))
    assert len(set(settled)) > 6
    assert bench.inserter.inserted == [" ".join(f"w{number}" for number in range(8)) + " "]


async def test_while_nobody_looks_nothing_is_decoded_for_the_eye(tmp_path):
    bench = Bench(tmp_path)
    await bench.speak(LONG)
    assert bench.dictation.speculation.counts == Counts(decodes=1, guesses=0, served=0, previews=0)
    assert len(bench.engine.lengths_s) == 1


@pytest.mark.parametrize(("mode", "previews"), [(Mode.HOLD, 0), (Mode.HANDS_FREE, 8)])
async def test_an_engine_that_cannot_be_stopped_shows_only_where_nobody_can_wait(tmp_path, mode, previews):
    bench = Bench(tmp_path, stops=False)
    with bench.dictation.watchers.one_more():
        await bench.speak(LONG + "." * 50, mode)
    assert bench.dictation.speculation.counts.previews >= previews
    assert (bench.dictation.speculation.counts.previews > 0) == (previews > 0)


@pytest.mark.parametrize("stops", [True, False])
async def test_what_a_knock_sounded_like_is_not_shown(tmp_path, stops):
    bench = Bench(tmp_path, stops=stops)
    knock = "." * 20 + "###" + "." * 15 + "#"
    with bench.dictation.watchers.one_more():
        await bench.speak(knock + "." * 60, Mode.HANDS_FREE, answer_at_s=1.7)
        counts = bench.dictation.speculation.counts
        assert counts.previews >= 1, "nothing was decoded in it"
        assert bench.shown == []
