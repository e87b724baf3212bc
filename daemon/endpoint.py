"""Where utterances begin and end, decided from voiced and unvoiced frames alone.

``Endpointer`` knows no clock and no device: the same frames with the same decisions give the same segments, live or
from a file. Audio before an onset (the pre-roll), after the last voiced frame (the tail) and in pauses shorter than
the hangover belongs to an utterance; every other unvoiced frame is skipped and never decoded.

The tail is shorter than the hangover, so what a segment will hold is known long before it is known that it has ended.
``Pause`` says so: whoever decodes its audio then has what the ``Endpoint`` will ask for, unless speech goes on.
"""

from __future__ import annotations

import itertools
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from daemon.messages import FRAME_BYTES, FRAME_MS, RATE_HZ, Frame
from daemon.voice import VoiceDetector, power

__all__ = [
    "Dropped",
    "Endpoint",
    "EndpointSettings",
    "Endpointer",
    "Event",
    "Onset",
    "Pause",
    "Segment",
    "Speech",
    "VoiceDetector",
    "segments",
]

Cause = Literal["hangover", "finish", "cap", "pause"]

_FRAME_S = FRAME_MS / 1000
_GAP_S = 2.5 * _FRAME_S  # between the times of two neighbouring frames; less than that is jitter of the sound server


@dataclass(frozen=True, slots=True)
class EndpointSettings:
    """When speech counts as begun and as ended.

    ``onset_ms`` of voiced frames within the last five thirds of it (60 ms: 3 frames of 5) begin an utterance,
    ``hangover_ms`` without a voiced frame end it. ``tail_ms`` is what is kept of the silence at its end: transducers
    drop a last word that has none, while Parakeet gives up a whole utterance at 400 ms of digital silence. Between
    80 and 700 ms it makes no difference to a model without that fault (22.5 % errors in 3,256 words at each; 22.6 %
    with 60 ms, 22.8 % with 40 ms), and the shorter it is, the sooner the text can be there.
    ``speculate`` makes a ``Pause`` of each complete tail.
    """

    aggressiveness: int = 2  # of webrtcvad, 0 to 3
    onset_ms: int = 60
    pre_roll_ms: int = 300
    hangover_ms: int = 700
    short_hangover_ms: int = 300  # after a finished sentence: see ``daemon.hangover``
    min_speech_ms: int = 120
    max_utterance_s: float = 20.0
    tail_ms: int = 100
    speculate: bool = True


@dataclass(frozen=True, slots=True)
class Segment:
    """One utterance, ready to be recognised. Times are capture times in seconds, on the clock of the frames."""

    pcm: bytes  # int16 little-endian mono at RATE_HZ
    started_s: float  # of its first sample, pre-roll included
    first_voiced_s: float  # beginning of the first voiced frame
    last_voiced_s: float  # end of the last voiced frame
    ended_s: float  # of its last sample
    voiced_ms: int
    cause: Cause  # silence, the end of the recording, the longest utterance allowed, or of a ``Pause``: none yet
    gaps: int = 0  # places where the capture times say that audio is missing
    voiced: bytes = b""  # 1 or 0 for each of its frames

    @property
    def length_s(self) -> float:
        """The length of its audio."""
        return len(self.pcm) / 2 / RATE_HZ


@dataclass(frozen=True, slots=True)
class Onset:
    """Speech has begun. ``frames`` are the utterance so far: its pre-roll and the frames that made the onset."""

    at_s: float  # beginning of the first voiced frame
    frames: tuple[Frame, ...]


@dataclass(frozen=True, slots=True)
class Speech:
    """The open utterance has grown by ``frames``; they follow those given before."""

    frames: tuple[Frame, ...]


@dataclass(frozen=True, slots=True)
class Pause:
    """The open utterance may end here: if no ``Speech`` comes before its ``Endpoint``, that has this very audio."""

    segment: Segment


@dataclass(frozen=True, slots=True)
class Endpoint:
    """The open utterance is complete.

    Its audio is that of its ``Onset`` and ``Speech`` events, but for ``cause == "cap"``: then it is the part up to the
    cut, and an ``Onset`` with the remainder follows.
    """

    segment: Segment


@dataclass(frozen=True, slots=True)
class Dropped:
    """The open utterance was none; ``reason`` says why in one line."""

    reason: str


Event = Onset | Speech | Pause | Endpoint | Dropped


@dataclass(frozen=True, slots=True)
class _Heard:
    frame: Frame
    voiced: bool


class Endpointer:
    """Cuts a stream of frames into utterances."""

    def __init__(self, settings: EndpointSettings) -> None:
        self._onset = _frames(settings.onset_ms)
        self._window = self._onset * 5 // 3
        self._pre_roll = _frames(settings.pre_roll_ms)
        self._hangover = _frames(settings.hangover_ms)
        self._tail = min(_frames(settings.tail_ms), self._hangover)
        self._speculate = settings.speculate and 0 < self._tail < self._hangover
        self._min_speech_ms = settings.min_speech_ms
        self._cap = max(_frames(settings.max_utterance_s * 1000), self._pre_roll + self._window + 2)
        self._recent: deque[_Heard] = deque(maxlen=self._pre_roll + self._window)
        self._open: list[_Heard] = []  # the open utterance, silence at its end included; empty between utterances
        self._given = 0  # how many of them have gone out in an Onset or a Speech
        self._silent = 0  # unvoiced frames at its end
        self._paused: Segment | None = None  # of the Pause that has gone out since the last voiced frame
        self._wait = self._hangover  # how many unvoiced frames end the utterance in the present pause
        self._continues = False  # it is the remainder of one that was cut, so it is speech however short

    @property
    def speaking(self) -> bool:
        """Whether an utterance is open."""
        return bool(self._open)

    @property
    def length_s(self) -> float:
        """The length of the open utterance's audio so far."""
        return self._inside() * FRAME_BYTES / 2 / RATE_HZ  # to the last bit what that segment's would be

    def so_far(self) -> Segment:
        """The open utterance, if it ended now."""
        return _segment(self._open[: self._inside()], "pause")

    def push(self, frame: Frame, voiced: bool) -> list[Event]:
        """Take the next frame and say what it changed."""
        heard = _Heard(frame, voiced)
        if not self._open:
            return [*self._listen(heard), *self._pause()]
        self._open.append(heard)
        if voiced:
            self._silent, self._paused, self._wait = 0, None, self._hangover
        else:
            self._silent += 1
        events = self._grown()
        if self._silent >= self._wait:
            return [*events, self._close("hangover")]
        if len(self._open) >= self._cap:
            events += self._cut()
        return [*events, *self._pause()]

    def settle(self, pause: Segment, wait_ms: float) -> list[Event]:
        """End the utterance after ``wait_ms`` without a voiced frame, if it still is in the pause that ``pause`` ends.

        It counts from the last voiced frame, so the utterance may have ended already. The next pause has the usual
        hangover again.
        """
        if self._paused is not pause:
            return []
        self._wait = max(self._tail, _frames(wait_ms))
        return [self._close("hangover")] if self._silent >= self._wait else []

    def finish(self) -> list[Event]:
        """Commit what is open at once and start afresh: the recording ends here (the key was released)."""
        events = [self._close("finish")] if self._open else []
        self.reset()
        return events

    def reset(self) -> None:
        """Forget everything: an open utterance is lost."""
        self._recent.clear()
        self._open, self._given, self._silent = [], 0, 0
        self._paused, self._wait, self._continues = None, self._hangover, False

    def _listen(self, heard: _Heard) -> list[Event]:
        self._recent.append(heard)
        start = max(0, len(self._recent) - self._window)
        voiced = [i for i in range(start, len(self._recent)) if self._recent[i].voiced]
        if len(voiced) < self._onset:
            return []
        kept = itertools.islice(self._recent, max(0, voiced[0] - self._pre_roll), None)
        return self._begin(list(kept), continues=False)

    def _begin(self, heard: list[_Heard], *, continues: bool) -> list[Event]:
        self._recent.clear()
        self._open, self._continues = heard, continues
        self._silent = next(i for i, one in enumerate(reversed(heard)) if one.voiced)
        frames = self._take_new()
        first = next(one.frame for one in heard if one.voiced)
        return [Onset(first.captured_s - _FRAME_S, frames)]

    def _grown(self) -> list[Event]:
        frames = self._take_new()
        return [Speech(frames)] if frames else []

    def _take_new(self) -> tuple[Frame, ...]:
        inside = self._inside()
        frames = tuple(one.frame for one in self._open[self._given : inside])
        self._given = max(self._given, inside)
        return frames

    def _inside(self) -> int:
        """How many of the open frames would be in the segment if it ended now: silence past the tail is not."""
        return len(self._open) - max(0, self._silent - self._tail)

    def _pause(self) -> list[Event]:
        if not self._speculate or not self._open or self._paused is not None or self._silent < self._tail:
            return []
        self._paused = self.so_far()
        return [Pause(self._paused)] if self._is_speech(self._paused.voiced_ms) else []

    def _is_speech(self, voiced_ms: int) -> bool:
        return self._continues or voiced_ms >= self._min_speech_ms

    def _close(self, cause: Cause) -> Event:
        heard, inside = self._open, self._inside()
        voiced_ms = FRAME_MS * sum(one.voiced for one in heard)
        speech = self._is_speech(voiced_ms)
        self.reset()
        self._recent.extend(heard[inside:] if speech else heard)  # the pre-roll of what comes next
        if not speech:
            return Dropped(f"only {voiced_ms} ms of it was voiced, of {self._min_speech_ms} ms at least")
        return Endpoint(_segment(heard[:inside], cause))

    def _cut(self) -> list[Event]:
        """End the longest utterance allowed in a pause and let the remainder go on as the next."""
        first_end, next_start = _place_to_cut(self._open, tail=self._tail, pre_roll=self._pre_roll)
        first, rest = self._open[:first_end], self._open[next_start:]
        if not any(one.voiced for one in rest):  # the longest pause is the one at its end
            self._continues = True
            return [self._close("cap")]
        self.reset()
        return [Endpoint(_segment(first, "cap")), *self._begin(rest, continues=True)]


def segments(pcm: bytes, settings: EndpointSettings) -> Iterator[Segment]:
    """The utterances of a whole recording (int16 mono at RATE_HZ), with times counted from its beginning."""
    endpointer, detector = Endpointer(replace(settings, speculate=False)), VoiceDetector(settings.aggressiveness)
    for number, start in enumerate(range(0, len(pcm), FRAME_BYTES), start=1):
        frame = Frame(number * _FRAME_S, pcm[start : start + FRAME_BYTES].ljust(FRAME_BYTES, b"\0"))
        yield from _ended(endpointer.push(frame, detector.voiced(frame.pcm)))
    yield from _ended(endpointer.finish())


def _ended(events: Sequence[Event]) -> Iterator[Segment]:
    return (event.segment for event in events if isinstance(event, Endpoint))


def _frames(duration_ms: float) -> int:
    return -(-round(duration_ms) // FRAME_MS)


def _segment(heard: Sequence[_Heard], cause: Cause) -> Segment:
    times = [one.frame.captured_s for one in heard]
    voiced = [one.frame.captured_s for one in heard if one.voiced]
    return Segment(
        pcm=b"".join(one.frame.pcm for one in heard),
        started_s=times[0] - _FRAME_S,
        first_voiced_s=voiced[0] - _FRAME_S,
        last_voiced_s=voiced[-1],
        ended_s=times[-1],
        voiced_ms=FRAME_MS * len(voiced),
        cause=cause,
        gaps=sum(after - before > _GAP_S for before, after in itertools.pairwise(times)),
        voiced=bytes(one.voiced for one in heard),
    )


def _place_to_cut(heard: Sequence[_Heard], *, tail: int, pre_roll: int) -> tuple[int, int]:
    """Where to cut an utterance: how many frames the first part keeps, and where the next one starts.

    The longest pause is taken; one in the first half must be more than twice as long as one in the second, which
    leaves fewer and longer parts. Speech without any pause is cut before its quietest frame in the second half.
    """
    half = len(heard) // 2
    first_voiced = next(i for i, one in enumerate(heard) if one.voiced)
    pauses = _pauses(heard, first_voiced)
    if not pauses:
        quietest = min(range(max(half, first_voiced + 1), len(heard)), key=lambda i: power(heard[i].frame.pcm))
        return quietest, quietest
    start, end = max(pauses, key=lambda pause: ((pause[1] - pause[0]) * (2 if pause[0] >= half else 1), pause[0]))
    length = end - start
    after = min(tail, max(length // 2, length - pre_roll))
    before = min(pre_roll, length - after)
    return start + after, end - before


def _pauses(heard: Sequence[_Heard], start: int) -> list[tuple[int, int]]:
    """The runs of unvoiced frames from index ``start`` on, each as (first, one past the last)."""
    pauses = []
    index = start
    for voiced, run in itertools.groupby(heard[start:], key=lambda one: one.voiced):
        length = len(list(run))
        if not voiced:
            pauses.append((index, index + length))
        index += length
    return pauses
