"""Whether what was recognised is more likely noise than speech: pure, from the transcript alone.

No voice activity detector is safe from dogs, clocks and clatter, and a recogniser finds words in them. Text that is in
doubt is held, not dropped: inserting it again is one command, while words nobody said in somebody's document are not
undone so easily.

Measured on 251 segments of human speech (222 recordings) and the 15 segments of 40 noise recordings in which a model
trained on people found words (tests/benchmarks/human.py): the mean log probability of a token is above -0.9 in 99.6 %
of the speech and below -1.1 in 47 % of the noise; there are more than 2 tokens per voiced second in 99 % of the speech,
and fewer than 1 in 75 % of the noise. The limits below hold 1 of the 251 and all of the 15.
"""

from __future__ import annotations

from models.recogniser import Transcript

_LOG_PROB_LEAST = -1.1
_TOKENS_PER_S_LEAST = 1.0
_LONG_MS = 1000  # a rate of anything shorter says little: one token in 600 ms is "yes"


def doubtful(transcript: Transcript, voiced_ms: float) -> bool:
    """Whether a piece with so much voiced audio is more likely noise than speech. No text is no doubt."""
    if not transcript.tokens:
        return False
    if transcript.log_probs and sum(transcript.log_probs) / len(transcript.log_probs) < _LOG_PROB_LEAST:
        return True
    return voiced_ms >= _LONG_MS and len(transcript.tokens) / (voiced_ms / 1000) < _TOKENS_PER_S_LEAST
