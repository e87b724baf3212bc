"""Speech that gave no words is decoded again with other silence around it, before anyone gives up.

Parakeet TDT is known to give an empty text for good audio with 400 ms of digital silence after it, to skip seconds in
the middle, and to change its mind with a quarter of a second before or after; noise of -60 dB helps where zeros do not.
Noise that voice activity detection took for voice gives no words either, and then another silence makes some up: of 72
such pieces of recorded noise 8 got words from one of three further decodes, but none the same from two. So what is
found counts only if two of them agree.
"""

from __future__ import annotations

import difflib
import functools
import itertools
import logging
import random
import re
from array import array
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace

from daemon.endpoint import Segment
from daemon.engine.recogniser import Recognition
from daemon.errors import WorkerError
from daemon.messages import FRAME_BYTES, FRAME_MS, RATE_HZ
from models.recogniser import Transcript

log = logging.getLogger(__name__)

_VOICED_LEAST_MS = 300  # shorter is a cough as often as a word
_GAP_MS = 1000
_PADS_MS = (250, 500, 0)
_NOISE = 33  # standard deviation in steps of int16: -60 dB
_ALIKE = 0.6  # of the words of two decodes

Recognise = Callable[[bytes], Awaitable[Recognition]]


@dataclass(frozen=True, slots=True)
class Look:
    """What a piece of speech came to; ``note`` says in one line what was suspicious and what came of it."""

    heard: Recognition
    note: str | None = None


async def look(segment: Segment, heard: Recognition, recognise: Recognise) -> Look:
    """``heard``, which was recognised in ``segment``, or what other decodes of it agree on if words are missing."""
    lack = missing(heard.transcript, segment)
    if lack is None:
        return Look(heard)
    found: list[Recognition] = []
    for number, pad_ms in enumerate(_PADS_MS):
        if number > 1 and not found:
            break
        try:
            again = await recognise(padded(segment, pad_ms))
        except WorkerError as error:
            log.warning("a piece with %s could not be decoded again: %s", lack, error)
            break
        heard = _with_cost(heard, again)
        if missing(_moved(again.transcript, _lead_ms(segment, pad_ms)), segment) is not None:
            continue
        if any(_alike(again.transcript.text, other.transcript.text) for other in found):
            chosen = replace(heard, transcript=again.transcript)
            return Look(chosen, f"{lack} at first; two decodes with other silence around it agree on this")
        found.append(again)
    return Look(heard, f"{lack}, and other silence around it did not help")


def missing(transcript: Transcript, segment: Segment) -> str | None:
    """Where words should be and are not, in words; None where nothing is suspicious."""
    if not transcript.tokens:
        lacks = segment.voiced_ms >= _VOICED_LEAST_MS
        return f"no words in {segment.voiced_ms / 1000:.1f} s of voice" if lacks else None
    if not transcript.timestamps_s:  # an engine that tells none
        return None
    bounds_s = [0.0, *transcript.timestamps_s, segment.length_s]
    longest_ms = max(_voiced_ms(segment, start, end) for start, end in itertools.pairwise(bounds_s))
    return f"no words in {longest_ms / 1000:.1f} s of voice within it" if longest_ms > _GAP_MS else None


def padded(segment: Segment, pad_ms: int) -> bytes:
    """The audio of ``segment`` with so much quiet noise before and after it; with 0, its voiced part alone."""
    if pad_ms:
        return _noise(pad_ms) + segment.pcm + _noise(pad_ms)
    return segment.pcm[segment.voiced.find(1) * FRAME_BYTES : (segment.voiced.rfind(1) + 1) * FRAME_BYTES]


def _lead_ms(segment: Segment, pad_ms: int) -> int:
    return pad_ms or -segment.voiced.find(1) * FRAME_MS


def _moved(transcript: Transcript, lead_ms: int) -> Transcript:
    """The transcript on the clock of the segment, which begins ``lead_ms`` after what was decoded."""
    moved = tuple(at_s - lead_ms / 1000 for at_s in transcript.timestamps_s)
    return replace(transcript, timestamps_s=moved)


def _voiced_ms(segment: Segment, start_s: float, end_s: float) -> int:
    first, last = (max(0, round(at_s * 1000 / FRAME_MS)) for at_s in (start_s, end_s))
    return segment.voiced[first:last].count(1) * FRAME_MS


def _with_cost(heard: Recognition, again: Recognition) -> Recognition:
    return replace(
        heard, recognise_ms=heard.recognise_ms + again.recognise_ms, engine_ms=heard.engine_ms + again.engine_ms
    )


def _alike(one: str, other: str) -> bool:
    first, second = (re.findall(r"[\w']+", text.casefold()) for text in (one, other))
    return difflib.SequenceMatcher(None, first, second, autojunk=False).ratio() >= _ALIKE


@functools.cache
def _noise(duration_ms: int) -> bytes:
    chance = random.Random(6)  # noqa: S311 - noise, no secret
    return array("h", [round(chance.gauss(0, _NOISE)) for _ in range(duration_ms * RATE_HZ // 1000)]).tobytes()
