"""How long a pause must last to end a hands-free utterance: pure, from what was recognised up to the pause.

After a finished sentence a short wait is enough; anywhere else people stop to think or to breathe, and a text that is
inserted then would be cut in two. Of 85 pauses of 300 ms and more inside 108 recordings of people reading, 71 are
shorter than 700 ms (tests/benchmarks/endpoints.py).
"""

from __future__ import annotations

import re

from daemon.endpoint import EndpointSettings
from models.recogniser import Transcript

# A frame of the encoder: subsampling by eight of features 10 ms apart. A token in the last one may be half a word.
_ENCODER_FRAME_S = 0.08
_ROUNDING_S = 0.001  # of the timestamps

_END = re.compile(r"[.?!][\"'\u201d\u2019)\]]*$")
_NO_END = re.compile(
    r"(?:\.\.\.|\u2026|\b(?:mr|mrs|ms|dr|prof|vs|etc|approx|e\.g|i\.e|[a-z])\.)[\"'\u201d\u2019)\]]*$",
    re.IGNORECASE,
)


def wait_ms(transcript: Transcript, audio_s: float, settings: EndpointSettings) -> int:
    """How many milliseconds without voice end the utterance whose ``audio_s`` up to a pause say ``transcript``."""
    if ends_sentence(transcript.text) and has_blank_end(transcript, audio_s):
        return min(settings.short_hangover_ms, settings.hangover_ms)
    return settings.hangover_ms


def ends_sentence(text: str) -> bool:
    """Whether ``text`` ends with a mark that ends a sentence; after "Mr.", "e.g.", an initial or "..." it goes on."""
    text = text.rstrip()
    return _END.search(text) is not None and _NO_END.search(text) is None


def has_blank_end(transcript: Transcript, audio_s: float) -> bool:
    """Whether the engine emitted nothing in the last frame of the audio, as it does once the last word is over."""
    if not transcript.timestamps_s:
        return False
    return transcript.timestamps_s[-1] <= audio_s - _ENCODER_FRAME_S + _ROUNDING_S
