"""What is committed is what one decode of the whole gives, at whatever moment somebody stops speaking."""

import asyncio
import functools
import itertools
import random
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence

import pytest

from daemon.dictation import Dictation, Settings
from daemon.endpoint import Endpoint, Endpointer, EndpointSettings
from daemon.engine.recogniser import Recognition
from daemon.messages import FRAME_BYTES, FRAME_MS, RATE_HZ, Frame, Mode
from daemon.speculation import Counts
from daemon.spool import Spool
from daemon.voice import VoiceDetector
from models import audio_file, bundle
from models.sherpa import SherpaRecogniser
from tests.daemon.fakes import FakeInserter
from tests.daemon.scripted_decoder import Decoder, digest, turns
from tests.recordings import any_model, human_clips, needs_human, needs_model, practice_clips


class Flagged:
    """A detector that is told by the first byte of each frame."""

    def __init__(self, _aggressiveness: int) -> None:
        pass

    async def decide(self, pcm: bytes) -> bool:
        return pcm[0] == 1


def speech(chance: random.Random) -> list[Frame]:
    """Voice and pauses of random lengths around every limit that counts; no two frames are alike."""
    flags: list[int] = []
    while len(flags) < 250:
        flags += [1] * chance.choice((1, 2, 3, 5, 8, 20, 40))
        flags += [0] * chance.choice((1, 3, 4, 5, 6, 10, 30, 34, 35, 36, 50))
    return [
        Frame((number + 1) * FRAME_MS / 1000, bytes([flag]) + chance.randbytes(FRAME_BYTES - 1))
        for number, flag in enumerate(flags)
    ]


def whole(frames: Sequence[Frame], settings: EndpointSettings) -> list[str]:
    """What one decode of each piece of speech gives."""
    endpointer = Endpointer(settings)
    events = [event for frame in frames for event in endpointer.push(frame, frame.pcm[0] == 1)]
    events += endpointer.finish()
    return [digest(event.segment.pcm) for event in events if isinstance(event, Endpoint)]


class Speaker:
    """Speaks to a Dictation, and stops when it is told to."""

    def __init__(self, directory, decoder, settings, detector=Flagged, clock=time.monotonic) -> None:
        self.inserter, self.entries = FakeInserter(), []
        self.dictation = Dictation(
            recogniser=decoder,
            inserter=self.inserter,
            record=self._record,
            spool=Spool(directory / "pending"),
            kept=Spool(directory / "kept"),
            settings=Settings(endpoint=settings),
            changed=lambda: None,
            detector=detector,
            clock=clock,
        )

    async def _record(self, entry) -> bool:
        self.entries.append(entry)
        return True

    async def speak(self, frames, stop_at: int, mode: Mode, between: Callable[[], Awaitable[None]]) -> None:
        """Say ``frames`` and stop within number ``stop_at``, which is the last one that counts."""

        async def source() -> AsyncGenerator[Frame, None]:
            for number, frame in enumerate(frames):
                if number == stop_at:
                    self.dictation.finish(take, frame.captured_s - FRAME_MS / 2000)
                await between()
                yield frame

        take = self.dictation.begin(source(), mode, 0.0)
        await take.listening
        await asyncio.wait_for(take.settled.wait(), 20)


SPEAKINGS = 1500


@pytest.mark.parametrize("watched", [False, True])
@pytest.mark.parametrize("mode", [Mode.HOLD, Mode.HANDS_FREE])
async def test_what_is_committed_is_what_one_decode_of_the_whole_gives(tmp_path, mode, watched):
    chance = random.Random(6)  # noqa: S311 - no secret
    decoder = Decoder(
        turns=lambda: chance.choice((0, 1, 5, 20, 100)),
        pace_ms=lambda: chance.choice((1.0, 50.0, 500.0, None)),
        stops=watched,
    )
    settings = EndpointSettings(max_utterance_s=3.0)
    clock = itertools.count(step=0.02)  # as fast as somebody speaks, more or less
    speaker = Speaker(tmp_path, decoder, settings, clock=lambda: next(clock))
    speaker.dictation.watchers.count += watched
    running = asyncio.create_task(speaker.dictation.run())
    expected: list[str] = []
    for _ in range(SPEAKINGS):
        frames = speech(chance)
        stop_at = chance.randrange(len(frames))
        await speaker.speak(frames, stop_at, mode, functools.partial(turns, chance.choice((0, 1, 3))))
        pieces = whole(frames[: stop_at + 1], settings)
        expected += pieces
        told = speaker.inserter.inserted
        assert " ".join(told).split() == pieces
        told.clear()
    running.cancel()
    counts = speaker.dictation.speculation.counts
    assert counts.decodes + counts.previews == len(decoder.decoded)
    assert counts.decodes == len(expected) + counts.guesses - counts.served
    assert (counts.previews > len(expected)) is (len(decoder.broken_off) > len(expected) / 10) is watched
    assert counts.guesses - counts.served <= 2 * len(expected)
    assert counts.served > len(expected) / 10, "it was put to the test"
    assert counts.guesses - counts.served > len(expected) / 10


async def test_without_speculation_every_piece_is_decoded_once(tmp_path):
    chance = random.Random(6)  # noqa: S311 - no secret
    decoder, settings = Decoder(), EndpointSettings(max_utterance_s=3.0, speculate=False)
    speaker = Speaker(tmp_path, decoder, settings)
    running = asyncio.create_task(speaker.dictation.run())
    frames = speech(chance)
    await speaker.speak(frames, len(frames) - 1, Mode.HOLD, turns)
    running.cancel()
    pieces = whole(frames, settings)
    assert " ".join(speaker.inserter.inserted).split() == pieces
    assert speaker.dictation.speculation.counts == Counts(decodes=len(pieces), guesses=0, served=0)


# -- a real engine -----------------------------------------------------------------------------------------------------


class Engine:
    """sherpa-onnx in a thread."""

    stops = busy = False
    pace_ms = 1.0

    def __init__(self, engine: SherpaRecogniser) -> None:
        self._engine = engine

    async def recognise(self, pcm: bytes) -> Recognition:
        transcript = await asyncio.to_thread(self._engine.recognise, pcm)
        return Recognition(transcript, 0.0, 20.0, 20.0, "real", "cpu", 1)


class Remembering(VoiceDetector):
    """Knows afterwards which frames were voiced."""

    def __init__(self, aggressiveness: int) -> None:
        super().__init__(aggressiveness)
        self.flags: list[bool] = []

    async def decide(self, pcm: bytes) -> bool:
        self.flags.append(super().voiced(pcm))
        return self.flags[-1]


def in_frames(pcm: bytes) -> list[Frame]:
    count = len(pcm) // FRAME_BYTES
    return [Frame((n + 1) * FRAME_MS / 1000, pcm[n * FRAME_BYTES : (n + 1) * FRAME_BYTES]) for n in range(count)]


@needs_model
@pytest.mark.parametrize(
    "clips",
    [
        pytest.param(practice_clips()[:4], id="synthesised"),
        pytest.param(human_clips("librispeech-test-other", 4), marks=needs_human, id="human"),
    ],
)
async def test_a_real_engine_gives_the_same_text_at_any_cut(tmp_path, clips):
    chance = random.Random(6)  # noqa: S311 - no secret
    engine = SherpaRecogniser(bundle.find(any_model()))
    detectors: list[Remembering] = []
    settings = EndpointSettings()

    def detector(aggressiveness: int) -> Remembering:
        detectors.append(Remembering(aggressiveness))
        return detectors[-1]

    speaker = Speaker(tmp_path, Engine(engine), settings, detector)
    running = asyncio.create_task(speaker.dictation.run())
    pauses = bytes(FRAME_BYTES * 20)
    frames = in_frames(b"".join(audio_file.read(clip).pcm[: RATE_HZ * 6] + pauses for clip in clips))
    for _ in range(12):
        begin = chance.randrange(len(frames) - 100)
        said = frames[begin : begin + chance.randrange(50, 400)]
        known = len(detectors[0].flags) if detectors else 0
        await speaker.speak(said, len(said) - 1, Mode.HOLD, functools.partial(asyncio.sleep, 0.001))
        await speaker.dictation.settle_all()
        endpointer = Endpointer(settings)
        flags = detectors[0].flags[known:]
        events = [event for frame, voiced in zip(said, flags, strict=True) for event in endpointer.push(frame, voiced)]
        pieces = [event.segment.pcm for event in (*events, *endpointer.finish()) if isinstance(event, Endpoint)]
        wanted = speaker.dictation.rewrite([engine.recognise(pcm).text for pcm in pieces])
        assert (speaker.entries[-1].text or "") == wanted
    running.cancel()
    assert speaker.dictation.speculation.counts.served > 0
