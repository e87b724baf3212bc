"""What the wait after speech costs, and how many sentences it cuts in two, on recordings with known pauses between.

    python -m tests.benchmarks.endpoints

No model of human speech at hand writes punctuation, so the marks are put in here: at the ends of recordings only (what
a perfect model would write), or at every pause (the worst one). Whether the end is blank is told by the model's own
timestamps. Needs the human recordings; the synthesised ones are the project's own. At last the latter once more, each
broken off by a pause in its middle, with the full stops of the practice model that writes them.
"""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from daemon.endpoint import Endpoint, Endpointer, EndpointSettings, Event, Pause, Segment
from daemon.hangover import wait_ms
from daemon.messages import FRAME_BYTES, FRAME_MS, RATE_HZ, Frame
from daemon.voice import VoiceDetector
from models import audio_file, bundle
from models.recogniser import Transcript
from models.sherpa import SherpaRecogniser
from models.training.sentences import OPEN_WORDS
from tests.human_speech import recordings
from tests.recordings import MARKING_MODEL, ROOT, human_data, human_model
from tests.speech import SPEECH

FOLDERS = ("librispeech-test-other", "ljspeech", "vctk")
PAUSES_S = (0.4, 0.6, 1.0, 1.5)
CLIPS = 6  # in one stream
FRAME_S = FRAME_MS / 1000
NEAR_S = 0.1
ROOM = 10.0  # the noise of a quiet room, -70 dB: synthesised speech has none, and no microphone gives digital silence
LATE_S = 0.3  # voice detection may hear the end of a recording so much later

BROKEN_OFF_S = (0.4, 0.5, 0.6)  # for so long
AROUND_S = 0.15  # of what a timestamp says, where a word may really begin

Marked = Callable[[bool], bool]


@dataclass
class Stream:
    """Recordings with pauses between; ``ends_s`` are the last voiced moments of each, of which each pause is known."""

    frames: list[Frame]
    flags: list[bool]
    ends_s: list[float]
    pauses_s: list[float]


@dataclass
class Tally:
    """What one policy made of all streams."""

    sentences: int = 0
    cut: int = 0
    waits_ms: list[float] = field(default_factory=list)
    apart: dict[float, list[bool]] = field(default_factory=dict)

    def row(self) -> str:
        """The figures of a line of the table."""
        apart = "".join(f"{100 * np.mean(self.apart[pause_s]):7.0f}%" for pause_s in PAUSES_S)
        return f"{self.cut:5} of {self.sentences:<5}{np.mean(self.waits_ms):8.0f}{apart}"


def main() -> int:
    """Print a table for human and two for synthesised speech."""
    inserted: dict[str, Marked] = {
        "300/700 ms, marks at the ends": lambda end: end,
        "300/700 ms, marks at every pause": lambda _end: True,
        "300/700 ms, no marks": lambda _end: False,
    }
    if human_data() is None:
        print("the human recordings are not here: set SWICTATION_TEST_DATA", file=sys.stderr)
    else:
        _table("human", [_pcm(one.file) for one in recordings(*FOLDERS)], _Decoded(human_model()), inserted)
    files = sorted([*(ROOT / "models" / "practice" / "sentences").glob("*.flac"), *SPEECH.glob("*.flac")])
    own = [_pcm(file) for file in files]
    _table("synthesised", own, _Decoded(bundle.default_directory()), inserted)
    decode = _Decoded(MARKING_MODEL)
    broken_off = [one for number, pcm in enumerate(own) if (one := _broken_off(pcm, decode, number)) is not None]
    _table("synthesised, broken off", broken_off, decode, {"300/700 ms, the model's marks": None})
    return 0


def _pcm(file: Path) -> bytes:
    return audio_file.read(file).pcm


def _broken_off(pcm: bytes, decode: _Decoded, number: int) -> bytes | None:
    """With a pause after a word that cannot be the last; None if there is none of these."""
    transcript = decode(pcm)
    starts_s = [at for token, at in zip(transcript.tokens, transcript.timestamps_s, strict=True) if token[0] == " "]
    words = transcript.text.split()
    assert len(words) == len(starts_s), transcript
    open_words = [at for at, word in enumerate(words[:-1]) if word in OPEN_WORDS]
    if not open_words:
        return None
    samples = np.frombuffer(pcm, "<i2")
    next_s = starts_s[open_words[len(open_words) // 2] + 1]
    power = np.convolve(samples.astype(np.float64) ** 2, np.ones(RATE_HZ // 50), "same")
    first = max(0, round((next_s - AROUND_S) * RATE_HZ))
    at = first + int(np.argmin(power[first : round((next_s + AROUND_S) * RATE_HZ)]))
    pause = np.zeros(round(BROKEN_OFF_S[number % len(BROKEN_OFF_S)] * RATE_HZ), "<i2")
    return np.concatenate([samples[:at], pause, samples[at:]]).tobytes()


def _table(name: str, said: list[bytes], decode: _Decoded, adaptive: dict[str, Marked | None]) -> None:
    streams = list(_streams(said))
    waits_s = [length * FRAME_S for stream in streams for length in _inner(stream)]
    short = [one for one in waits_s if one < 0.7]
    print(
        f"{name}: {len(said)} recordings; {len(waits_s)} pauses of 300 ms and more inside them, {len(short)} < 700 ms"
    )
    print(f"{'policy':<34}{'cut in two':>14}{'wait':>6}", *(f"{f'{pause_s} s':>7}" for pause_s in PAUSES_S))
    fixed: dict[str, EndpointSettings] = {
        f"{wait} ms always": EndpointSettings(hangover_ms=wait, speculate=False) for wait in (300, 500, 700)
    }
    for label, settings in fixed.items():
        print(f"{label:<34}{_run(streams, settings, decode, lambda _end: False).row()}", flush=True)
    for label, marked in adaptive.items():
        print(f"{label:<34}{_run(streams, EndpointSettings(), decode, marked).row()}", flush=True)
    print()


class _Decoded:
    """Decodes, each audio once."""

    def __init__(self, model: Path | None) -> None:
        self._recogniser = SherpaRecogniser(bundle.find(model))
        self._known: dict[bytes, Transcript] = {}

    def __call__(self, pcm: bytes) -> Transcript:
        if pcm not in self._known:
            self._known[pcm] = self._recogniser.recognise(pcm)
        return self._known[pcm]


def _streams(said: list[bytes]) -> Iterator[Stream]:
    random = np.random.default_rng(6)
    number = 0
    for start in range(0, len(said) - CLIPS + 1, CLIPS):
        samples = [np.zeros(RATE_HZ // 2)]
        bounds_s, pauses_s = [], []
        for pcm in said[start : start + CLIPS]:
            began = sum(map(len, samples))
            samples.append(np.frombuffer(pcm, "<i2").astype(np.float64))
            pauses_s.append(PAUSES_S[number % len(PAUSES_S)])
            bounds_s.append((began / RATE_HZ, sum(map(len, samples)) / RATE_HZ))
            samples.append(np.zeros(round(pauses_s[-1] * RATE_HZ)))
            number += 1
        whole = np.concatenate([*samples, np.zeros(RATE_HZ)])
        whole += random.standard_normal(len(whole)) * ROOM
        yield _stream(whole, bounds_s, pauses_s)


def _stream(samples: np.ndarray, bounds_s: list[tuple[float, float]], pauses_s: list[float]) -> Stream:
    pcm = samples.clip(-32768, 32767).astype("<i2").tobytes()
    starts = range(0, len(pcm) - FRAME_BYTES + 1, FRAME_BYTES)
    frames = [Frame((n + 1) * FRAME_S, pcm[at : at + FRAME_BYTES]) for n, at in enumerate(starts)]
    detector = VoiceDetector(2)
    flags = [detector.voiced(frame.pcm) for frame in frames]
    voiced_s = [frame.captured_s for frame, voiced in zip(frames, flags, strict=True) if voiced]
    ends_s = [max((at for at in voiced_s if began < at <= end + LATE_S), default=end) for began, end in bounds_s]
    return Stream(frames, flags, ends_s, pauses_s)


def _inner(stream: Stream) -> Iterable[int]:
    """The lengths in frames of the pauses inside recordings, of 300 ms and more."""
    silent = 0
    for frame, voiced in zip(stream.frames, stream.flags, strict=True):
        if voiced and silent * FRAME_MS >= 300:
            last_voiced_s = frame.captured_s - (silent + 1) * FRAME_S
            if last_voiced_s > stream.frames[0].captured_s + 0.5 and not _at_end(stream, last_voiced_s):
                yield silent
        silent = 0 if voiced else silent + 1


def _at_end(stream: Stream, last_voiced_s: float) -> bool:
    return any(abs(end_s - last_voiced_s) < NEAR_S for end_s in stream.ends_s)


def _run(streams: list[Stream], settings: EndpointSettings, decode: _Decoded, marked: Marked | None) -> Tally:
    tally = Tally(apart={pause_s: [] for pause_s in PAUSES_S})
    for stream in streams:
        found = list(_endpoints(stream, settings, decode, marked))
        tally.sentences += len(stream.ends_s)
        inner_s = [one.last_voiced_s for one, _at_s in found if not _at_end(stream, one.last_voiced_s)]
        tally.cut += len({sum(end_s < at_s for end_s in stream.ends_s) for at_s in inner_s})
        for end_s, pause_s in zip(stream.ends_s, stream.pauses_s, strict=True):
            waits_s = [at_s - end_s for one, at_s in found if abs(one.last_voiced_s - end_s) < NEAR_S]
            tally.apart[pause_s].append(bool(waits_s))
            tally.waits_ms += [1000 * wait_s for wait_s in waits_s]
    return tally


def _endpoints(
    stream: Stream, settings: EndpointSettings, decode: _Decoded, marked: Marked | None
) -> Iterator[tuple[Segment, float]]:
    """Each segment, and when it was decided."""
    endpointer = Endpointer(settings)

    def settled(events: list[Event]) -> Iterator[Segment]:
        for event in events:
            if isinstance(event, Endpoint) and event.segment.cause == "hangover":
                yield event.segment
            elif isinstance(event, Pause):
                transcript, end = decode(event.segment.pcm), _at_end(stream, event.segment.last_voiced_s)
                if marked is not None:
                    transcript = dataclasses.replace(transcript, text=f"words{'.' if marked(end) else ''}")
                wait = wait_ms(transcript, event.segment.length_s, settings)
                yield from settled(endpointer.settle(event.segment, wait))

    for frame, voiced in zip(stream.frames, stream.flags, strict=True):
        for segment in settled(endpointer.push(frame, voiced)):
            yield segment, frame.captured_s


if __name__ == "__main__":
    sys.exit(main())
