"""Voice activity detectors side by side on human speech in noise: missed and false speech, endpoint error, words, cost.

    python -m tests.benchmarks.vad [--clips N]

Each recording stands in 1.5 s of noise before it and 2.5 s after it; the noise goes on under the speech. What is speech
is decided on the clean recording by its level alone, so by neither of the detectors. Needs the human recordings, the
noises, the model that understands people and the Silero files (see tests/recordings.py).
"""

from __future__ import annotations

import argparse
import asyncio
import functools
import sys
import time
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from daemon.doubt import doubtful
from daemon.endpoint import Endpoint, Endpointer, EndpointSettings, Segment
from daemon.messages import FRAME_BYTES, FRAME_SAMPLES, RATE_HZ, Frame
from daemon.silero import SileroDetector
from daemon.silero_worker import Silero
from daemon.text.join import join
from daemon.voice import VoiceDetector, level_db
from models import audio_file, bundle
from models.sherpa import SherpaRecogniser
from tests.human_speech import Recording, noises, plain, recordings, word_error_rate
from tests.recordings import human_data, human_model

FOLDERS = ("librispeech-test-other", "librispeech-misc", "ljspeech", "vctk", "voicebank-demand-clean")
SNRS_DB = (None, 20, 10, 5, 0)
BEFORE_S, AFTER_S = 1.5, 2.5
FRAMES_S = RATE_HZ // FRAME_SAMPLES
FAR = round(0.4 * FRAMES_S)  # from any speech: pre-roll and tail do not reach there

Decide = Callable[[bytes], Awaitable[bool]]


@dataclass
class Scene:
    """A recording in noise. ``speech`` and ``noise`` say of each frame whether it certainly is that."""

    pcm: bytes
    words: str
    speech: np.ndarray
    noise: np.ndarray
    speech_end_s: float


@dataclass
class Tally:
    """What one detector made of the scenes of one level of noise."""

    speech: int = 0
    missed: int = 0
    noise: int = 0
    false: int = 0
    scenes: int = 0
    never_ended: int = 0
    ends_ms: list[float] = field(default_factory=list)
    texts: list[tuple[str, str]] = field(default_factory=list)
    frames: int = 0
    seconds: float = 0.0

    def row(self) -> str:
        """The figures of a line of the table."""
        ends = np.array(self.ends_ms or [np.nan])
        p10, p50, p90 = np.percentile(ends, [10, 50, 90])
        return (
            f"{100 * self.missed / self.speech:8.1f}%{100 * self.false / self.noise:8.1f}%"
            f"{p10:9.0f}{p50:7.0f}{p90:7.0f}{100 * self.never_ended / self.scenes:9.0f}%"
            f"{word_error_rate(self.texts):8.1f}%{1e6 * self.seconds / self.frames:9.0f}"
        )


def main() -> int:
    """Print the table."""
    options = argparse.ArgumentParser()
    options.add_argument("--clips", type=int, default=60)
    clips: int = options.parse_args().clips
    data = human_data()
    if data is None:
        print("the human recordings are not here: set SWICTATION_TEST_DATA", file=sys.stderr)
        return 1
    detectors = _detectors(data / "models" / "vad")
    recogniser = SherpaRecogniser(bundle.find(human_model()))
    print(f"{'noise':<8}{'detector':<16}{'missed':>9}{'false':>9}{'end p10':>9}{'p50':>7}{'p90':>7}", end="")
    print(f"{'no end':>10}{'WER':>9}{'us/frame':>9}")
    for snr_db in SNRS_DB:
        scenes = list(_scenes(clips, snr_db))
        for name, new in detectors.items():
            tally = Tally()
            for scene in scenes:
                _listen(scene, new(), recogniser, tally)
            print(f"{'none' if snr_db is None else f'{snr_db} dB':<8}{name:<16}{tally.row()}", flush=True)
    return 0


def _detectors(vad: Path) -> dict[str, Callable[[], Decide]]:
    def webrtc() -> Decide:
        return VoiceDetector(2).decide

    found: dict[str, Callable[[], Decide]] = {"webrtc": webrtc}
    for name, file in {"v4": "silero_vad_v4_k2fsa.onnx", "v6": "silero_vad_v6.2.1_16k_op15.onnx"}.items():
        silero = Silero(vad / file)

        def alone(silero: Silero = silero) -> Decide:
            silero.forget()
            return functools.partial(_heard, silero, fresh=False)

        def gated(silero: Silero = silero) -> Decide:
            return SileroDetector(VoiceDetector(2), functools.partial(_heard, silero)).decide

        found |= {f"silero {name}": alone, f"both, {name}": gated}
    return found


async def _heard(silero: Silero, pcm: bytes, *, fresh: bool) -> bool:
    if fresh:
        silero.forget()
    return silero.speech_after(pcm)


async def _flags(detector: Decide, frames: list[bytes]) -> list[bool]:
    return [await detector(frame) for frame in frames]


def _scenes(clips: int, snr_db: float | None) -> Iterator[Scene]:
    chosen = _spread([one for one in recordings(*FOLDERS) if one.seconds < 12], clips)
    sounds = [_samples(path) for path in noises() if not path.name.startswith("rir")]
    random = np.random.default_rng(6)
    for number, recording in enumerate(chosen):
        yield _scene(recording, sounds[number * 7 % len(sounds)], snr_db, random)


def _spread(found: list[Recording], count: int) -> list[Recording]:
    return [found[i * len(found) // count] for i in range(min(count, len(found)))]


def _samples(path: Path) -> np.ndarray:
    return np.frombuffer(audio_file.read(path).pcm, "<i2").astype(np.float64) / 32768


def _scene(recording: Recording, sound: np.ndarray, snr_db: float | None, random: np.random.Generator) -> Scene:
    clip = _samples(recording.file)
    before, after = round(BEFORE_S * RATE_HZ), round(AFTER_S * RATE_HZ)
    levels = _levels(clip)
    loud = levels > np.percentile(levels, 95) - 25
    active_db = 10 * np.log10(np.mean(10 ** (levels[loud] / 10)))
    whole = np.concatenate([np.zeros(before), clip, np.zeros(after)])
    whole += random.standard_normal(len(whole)) * 10 ** (-70 / 20)  # no room is digitally silent
    if snr_db is not None:
        start = int(random.integers(len(sound)))
        noise = np.resize(np.roll(sound, -start), len(whole))
        whole += noise * 10 ** ((active_db - snr_db - 10 * np.log10(np.mean(noise**2))) / 20)
    whole /= max(1.0, np.abs(whole).max())
    speech = np.zeros(len(whole) // FRAME_SAMPLES, bool)
    first = before // FRAME_SAMPLES
    speech[first : first + len(loud)] = loud
    quiet = np.ones(len(speech), bool)  # nothing of the clip that could be a soft sound of speech
    soft = np.flatnonzero(levels > np.percentile(levels, 95) - 40) + first
    for at in soft:
        quiet[max(0, at - FAR) : at + FAR] = False
    pcm = (whole * 32767).astype("<i2").tobytes()
    return Scene(pcm, recording.words, speech, quiet, (int(np.flatnonzero(speech)[-1]) + 1) / FRAMES_S)


def _levels(samples: np.ndarray) -> np.ndarray:
    pcm = (samples * 32767).astype("<i2").tobytes()
    return np.array([level_db(pcm[at : at + FRAME_BYTES]) for at in range(0, len(pcm) - FRAME_BYTES + 1, FRAME_BYTES)])


def _listen(scene: Scene, detector: Decide, recogniser: SherpaRecogniser, tally: Tally) -> None:
    frames = [scene.pcm[at : at + FRAME_BYTES] for at in range(0, len(scene.pcm) - FRAME_BYTES + 1, FRAME_BYTES)]
    began_s = time.perf_counter()
    flags = asyncio.run(_flags(detector, frames))
    tally.seconds += time.perf_counter() - began_s
    tally.frames += len(frames)
    found = _segments(frames, flags)
    inside = np.zeros(len(frames), bool)
    for segment in found:
        inside[round(segment.started_s * FRAMES_S) : round(segment.ended_s * FRAMES_S)] = True
    speech, noise = scene.speech[: len(frames)], scene.noise[: len(frames)]
    tally.scenes += 1
    tally.speech += int(speech.sum())
    tally.missed += int((speech & ~inside).sum())
    tally.noise += int(noise.sum())
    tally.false += int((noise & inside).sum())
    spoken = [one for one in found if one.started_s < scene.speech_end_s]
    if spoken and spoken[-1].cause != "hangover":
        tally.never_ended += 1
    elif spoken:
        tally.ends_ms.append((spoken[-1].last_voiced_s - scene.speech_end_s) * 1000)
    heard = [(one, recogniser.recognise(one.pcm)) for one in found]
    kept = [transcript.text for one, transcript in heard if not doubtful(transcript, one.voiced_ms)]
    tally.texts.append((scene.words, plain(join(kept))))


def _segments(frames: list[bytes], flags: list[bool]) -> list[Segment]:
    endpointer = Endpointer(EndpointSettings(speculate=False))
    events = [
        event
        for number, (pcm, voiced) in enumerate(zip(frames, flags, strict=True), start=1)
        for event in endpointer.push(Frame(number / FRAMES_S, pcm), voiced)
    ]
    return [event.segment for event in [*events, *endpointer.finish()] if isinstance(event, Endpoint)]


if __name__ == "__main__":
    sys.exit(main())
