"""The end of a take: what was said before the release is heard out, and nothing after it."""

import asyncio
import time

from daemon.messages import Mode
from tests.daemon.fakes import FakeDetector, frames
from tests.daemon.test_dictation import PAUSE, SPEECH, bench

__all__ = ["bench"]


async def test_frames_after_the_release_are_not_part_of_it(bench):
    take = bench.dictation.begin(frames(SPEECH + PAUSE + SPEECH, pace_s=0.001), Mode.HOLD, 0.0)
    bench.dictation.finish(take, 1.0)
    await asyncio.wait_for(take.settled.wait(), 5)
    assert bench.inserter.inserted == ["words 1 "]


async def test_a_microphone_that_stops_sending_does_not_hold_the_release_up(bench):
    async def stuck():
        async for frame in frames(SPEECH):
            yield frame
        await asyncio.sleep(60)

    take = bench.dictation.begin(stuck(), Mode.HOLD, 0.0)
    await asyncio.sleep(0.01)
    began_s = time.monotonic()
    bench.dictation.finish(take, 100.0)
    await asyncio.wait_for(take.settled.wait(), 5)
    assert time.monotonic() - began_s < 2
    assert bench.inserter.inserted == ["words 1 "]


async def test_what_was_said_before_the_release_is_waited_for_while_something_stands_still(bench):
    """Silero has half a second for an answer; the frames after that one wait."""

    class Stalls(FakeDetector):
        async def decide(self, pcm):
            if bench.take.frames == 10:
                await asyncio.sleep(0.6)
            return await super().decide(pcm)

    bench.dictation.listener.new_detector = Stalls
    bench.take = bench.dictation.begin(frames(SPEECH + "." * 1000), Mode.HOLD, 0.0)
    await asyncio.sleep(0.05)
    bench.dictation.finish(bench.take, 0.5)
    await asyncio.wait_for(bench.take.settled.wait(), 5)
    assert bench.take.frames == 25
    assert bench.inserter.inserted == ["words 1 "]


async def test_it_is_busy_from_the_beginning_of_a_take_to_its_text(bench, monkeypatch):
    monkeypatch.setattr("daemon.listening._TAIL_LOOK_S", 5.0)
    go = asyncio.Event()

    async def source():
        async for frame in frames(SPEECH):
            yield frame
        await go.wait()  # the last block is late
        async for frame in frames("."):
            yield frame

    assert not bench.dictation.busy
    take = bench.dictation.begin(source(), Mode.HOLD, 0.0)
    await asyncio.sleep(0.05)
    bench.dictation.finish(take, 100.0)
    await asyncio.sleep(0.05)
    assert bench.dictation.busy, "what was said is still to come"
    go.set()
    await asyncio.wait_for(take.settled.wait(), 5)
    assert bench.inserter.inserted == ["words 1 "]
    await asyncio.sleep(0)
    assert not bench.dictation.busy
