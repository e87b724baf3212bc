"""What is being said: a take (one recording), its utterances (what is inserted at once), and what they came to.

These change while somebody speaks and belong to ``daemon.dictation`` alone; what leaves it is the frozen ``Entry``.
"""

from __future__ import annotations

import asyncio
import secrets
import time
from collections import deque
from dataclasses import dataclass, field

from daemon.endpoint import Segment
from daemon.engine.recogniser import Recognition
from daemon.history import Entry
from daemon.latency import Timings, sum_known
from daemon.messages import FRAME_MS, RATE_HZ, Insertion, Mode, Outcome
from daemon.preview import Growing
from daemon.speculation import Decode
from daemon.voice import level_db

_LEVEL_FRAMES = 100 // FRAME_MS


@dataclass(slots=True, eq=False)
class Utterance:
    """What is inserted at once and recorded as one entry: one or more pieces of speech with short pauses between."""

    mode: Mode
    id: str = field(default_factory=lambda: f"{time.strftime('%Y%m%dT%H%M%S')}-{secrets.token_hex(4)}")
    at_s: float = field(default_factory=time.time)
    capture_open_ms: float | None = None
    pieces: list[Segment] = field(default_factory=list)
    decodes: list[Decode] = field(default_factory=list)  # of the pieces
    growing: dict[int, Growing] = field(default_factory=dict)  # the text so far, by the number of the piece
    heard: list[Recognition] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)  # what was unusual about their recognition, a line each
    doubted: bool = True  # every piece so far is more likely noise than speech
    failure: str | None = None
    inserting: bool = False  # its text is on its way to the window, or there
    abandoned: bool = False
    released_s: float | None = None  # when the key was let go or the stop came; None for hands-free
    committed_s: float = 0.0  # when it was decided that the utterance is over
    decode_began_s: float = 0.0  # of the last piece

    def abandon(self) -> None:
        """Nobody wants it any more, if it is not too late for that."""
        if not self.inserting:
            self.abandoned = True
            self.cancel_decodes()

    def cancel_decodes(self) -> None:
        """None of its pieces needs to be recognised any more."""
        for decode in self.decodes:
            decode.withdraw()

    def text_so_far(self) -> tuple[list[str], list[str]]:
        """Texts in the order of speech: those that are settled, and those that may still be other words."""
        settled = [recognition.transcript.text for recognition in self.heard]
        unsettled: list[str] = []
        for number in range(len(settled), len(self.pieces) + 1):
            growing = self.growing.get(number, Growing())
            (unsettled or settled).append(" ".join(growing.settled))
            unsettled += [" ".join(growing.unsettled)] if growing.unsettled else []
        return settled, unsettled

    @property
    def audio_s(self) -> float:
        """Length of the audio that was recognised."""
        return sum(len(piece.pcm) for piece in self.pieces) / 2 / RATE_HZ

    @property
    def speech_end_s(self) -> float:
        """The end of what the user did: the last voiced sample, or the release if that is later."""
        spoken = [piece.last_voiced_s for piece in self.pieces]
        return max([*spoken, *([self.released_s] if self.released_s is not None else [])], default=self.committed_s)


@dataclass(slots=True, eq=False)
class Take:
    """One recording, from the microphone's opening to the last of its texts."""

    mode: Mode
    began_s: float
    frames: int = 0
    ready: bool = False  # the microphone gives sound: whoever speaks now is heard
    capture_open_ms: float | None = None  # until an utterance has it in its record
    deciding: bool = False  # whether the latest frame is speech
    stop_s: float | None = None
    fault: str | None = None  # why the microphone ended by itself
    abandoned: bool = False
    utterance: Utterance | None = None
    listening: asyncio.Task[None] | None = None
    pending: list[Utterance] = field(default_factory=list)  # that are not settled yet
    recent: deque[bytes] = field(default_factory=lambda: deque(maxlen=_LEVEL_FRAMES))  # the last frames' PCM
    entries: list[Entry] = field(default_factory=list)
    settled: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def level_dbfs(self) -> float | None:
        """The level of the last 100 ms; None before the first frame."""
        return level_db(b"".join(self.recent)) if self.recent else None


def entry_of(utterance: Utterance, text: str | None, outcome: Insertion, timings: Timings) -> Entry:
    """The history's entry of a delivered utterance."""
    last = utterance.heard[-1] if utterance.heard else None
    return Entry(
        id=utterance.id,
        at_s=utterance.at_s,
        mode=utterance.mode,
        outcome=outcome.outcome,
        reason="; ".join(filter(None, [outcome.reason, *utterance.notes])) or None,
        text=text,
        model=last.model if last else None,
        provider=last.provider if last else None,
        audio_s=utterance.audio_s,
        timings=timings,
    )


def timings_of(utterance: Utterance, began_s: float, rewritten_s: float, ended_s: float, outcome: Insertion) -> Timings:
    """The stages of a delivered utterance; ``began_s`` is when its text was complete and could be worked on."""
    arrived = outcome.outcome in {Outcome.CONFIRMED, Outcome.SENT}
    speech_end_s, committed_s = utterance.speech_end_s, utterance.committed_s
    queue_s = min(max(0.0, utterance.decode_began_s - committed_s), began_s - committed_s)
    heard = [recognition.transcript for recognition in utterance.heard]
    engine_ms = sum(recognition.engine_ms for recognition in utterance.heard)
    spoken = utterance.pieces
    return Timings(
        capture_open=utterance.capture_open_ms,
        speech=(spoken[-1].last_voiced_s - spoken[0].first_voiced_s) * 1000 if spoken else None,
        endpoint_wait=max(0.0, committed_s - speech_end_s) * 1000 if spoken else None,
        queue=queue_s * 1000 if heard else None,
        recognise=(began_s - committed_s - queue_s) * 1000 if heard else None,
        features=sum_known(t.features_ms for t in heard) if heard else None,
        encode=sum_known(t.encode_ms for t in heard) if heard else None,
        decode=sum_known(t.decode_ms for t in heard) if heard else None,
        text=(rewritten_s - began_s) * 1000 if heard else None,
        insert=(ended_s - rewritten_s) * 1000 if arrived else None,
        felt=(ended_s - speech_end_s) * 1000 if arrived else None,
        tokens=sum(len(t.tokens) for t in heard) if heard else None,
        steps=sum(t.steps or 0 for t in heard) if heard and all(t.steps is not None for t in heard) else None,
        rtf=engine_ms / 1000 / utterance.audio_s if heard else None,
    )
