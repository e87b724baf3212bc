"""Silero behind webrtcvad: when it is asked, what counts when it cannot answer, and the worker with the real model."""

from __future__ import annotations

import asyncio
import shutil

import numpy as np
import pytest

from daemon.messages import FRAME_BYTES, RATE_HZ
from daemon.silero import NAME, SileroDetector, Voices
from daemon.voice import VoiceDetector
from models import audio_file
from tests.recordings import human_clips, human_data, needs_human

FRAMES_S = RATE_HZ * 2 // FRAME_BYTES


class ScriptedWebrtc(VoiceDetector):
    """``?`` is a frame that webrtcvad suspects and the noise gate refuses, ``#`` one that both take for speech."""

    def __init__(self) -> None:
        super().__init__(2)

    def voiced(self, pcm: bytes) -> bool:
        self.suspected = pcm[0] in b"?#"
        return pcm[0] in b"#"


class ScriptedSilero:
    """Answers with ``answer`` and remembers what it was asked."""

    def __init__(self) -> None:
        self.answer: bool | None = True
        self.asked: list[tuple[str, bool]] = []

    async def __call__(self, pcm: bytes, *, fresh: bool) -> bool | None:
        self.asked.append((pcm.decode()[::FRAME_BYTES], fresh))
        return self.answer


async def decisions(detector, pattern):
    return "".join(["#" if await detector.decide(mark.encode() * FRAME_BYTES) else "." for mark in pattern])


@pytest.fixture
def silero():
    return ScriptedSilero()


@pytest.fixture
def detector(silero):
    return SileroDetector(ScriptedWebrtc(), silero)


async def test_what_webrtcvad_does_not_suspect_is_not_asked(detector, silero):
    assert await decisions(detector, "." * 200) == "." * 200
    assert silero.asked == []


async def test_silero_decides_what_webrtcvad_suspects(detector, silero):
    assert await decisions(detector, "?") == "#"
    silero.answer = False
    assert await decisions(detector, "#") == "."


async def test_silero_hears_what_came_just_before(detector, silero):
    await decisions(detector, "." * 40 + "##")
    assert silero.asked == [("." * 9 + "#", True), ("#", False)]


async def test_the_gate_stays_open_for_a_while(detector, silero):
    assert await decisions(detector, "#" + "." * 20) == "#" * 16 + "." * 5
    assert [heard for heard, _fresh in silero.asked] == ["#"] + ["."] * 15


async def test_after_a_short_pause_silero_goes_on_and_after_a_long_one_it_begins_afresh(detector, silero):
    await decisions(detector, "#" + "." * 30 + "#" + "." * 60 + "#")
    assert [fresh for heard, fresh in silero.asked if "#" in heard] == [True, False, True]


async def test_where_silero_cannot_say_webrtcvad_decides_alone(detector, silero):
    silero.answer = None
    assert await decisions(detector, "#?.#") == "#..#"
    silero.answer = True
    silero.asked.clear()
    assert await decisions(detector, "?") == "#"
    assert silero.asked == [("?", True)], "it has missed what came before"


# -- the worker -------------------------------------------------------------------------------------------------------


@pytest.fixture(params=["silero_vad_v4_k2fsa.onnx", "silero_vad_v6.2.1_16k_op15.onnx"])
def installed(request, tmp_path):
    """A store with the model in it."""
    directory = tmp_path / NAME
    directory.mkdir()
    shutil.copy(human_data() / "models" / "vad" / request.param, directory / "silero_vad.onnx")
    return directory


@pytest.fixture
async def voices(request, installed):
    voices = Voices(installed)
    await voices.start()
    yield voices
    await voices.stop()


async def ready(voices):
    async with asyncio.timeout(20):
        while voices.active != "silero":
            await asyncio.sleep(0.02)


def frames(samples):
    pcm = samples.clip(-32768, 32767).astype("<i2").tobytes()
    return [pcm[at : at + FRAME_BYTES] for at in range(0, len(pcm) - FRAME_BYTES + 1, FRAME_BYTES)]


@needs_human
async def test_the_real_model_tells_speech_from_silence(voices):
    await ready(voices)
    speech = human_clips("librispeech-test-other", 3)[2]
    said = np.frombuffer(audio_file.read(speech).pcm, "<i2").astype(float)[: 2 * RATE_HZ]
    detector, webrtc = voices.detector(2), VoiceDetector(2)
    both = [
        (await detector.decide(one), webrtc.voiced(one)) for one in frames(np.concatenate([said * 0, said, said * 0]))
    ]
    before, during, after = np.split(np.array(both), 3)
    assert not before.any()
    by_silero, by_webrtc = during.T
    assert (by_silero & by_webrtc).sum() > 0.8 * by_webrtc.sum()
    assert not after[FRAMES_S // 2 :].any()
    assert voices.fault is None


@needs_human
async def test_a_worker_that_dies_costs_no_frame(voices):
    await ready(voices)
    detector = voices.detector(2)
    loud = frames(np.random.default_rng(1).standard_normal(RATE_HZ) * 3000)
    assert len([await detector.decide(frame) for frame in loud[:10]]) == 10
    voices._worker.kill()
    assert voices.active == "webrtc"
    assert len([await detector.decide(frame) for frame in loud[10:]]) == 40
    await ready(voices)


async def test_without_the_model_webrtcvad_decides_and_nothing_is_started(tmp_path):
    voices = Voices(tmp_path / NAME)
    await voices.start()
    assert voices.active == "webrtc"
    assert voices.fault is None
    assert not await voices.detector(2).decide(bytes(FRAME_BYTES))
    assert voices._worker.starts == 0
    await voices.stop()


async def test_a_damaged_model_is_named_and_left_alone(tmp_path):
    directory = tmp_path / NAME
    directory.mkdir()
    (directory / "silero_vad.onnx").write_bytes(b"not a model")
    (directory / ".swictation.json").write_text("{")
    voices = Voices(directory)
    await voices.start()
    async with asyncio.timeout(20):
        while voices.fault is None:
            await asyncio.sleep(0.02)
    assert "damaged; get the model again with `swictation models pull silero-vad`" in voices.fault
    assert voices.active == "webrtc"
    await voices.stop()


@needs_human
async def test_a_model_that_comes_later_is_used_from_the_next_look_on(installed, tmp_path):
    elsewhere = installed.rename(tmp_path / "elsewhere")
    voices = Voices(installed)
    await voices.start()
    elsewhere.rename(installed)
    await voices.look()
    await ready(voices)
    await voices.stop()
