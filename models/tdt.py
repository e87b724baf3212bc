"""Greedy decoding of a token-and-duration transducer, on the CPU, as sherpa-onnx does it.

At each step the joiner rates every token and every duration for one encoder frame and the tokens so far. The likeliest
token is taken (the blank says "none"), and the likeliest duration says how many frames to go on.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from models.stopping import Stop

Floats = NDArray[np.float32]

_TOKENS_A_FRAME = 5  # as many as sherpa-onnx lets one frame have before it goes on


class Decoding(Protocol):
    """One utterance on its way through decoder and joiner; begins with no token taken."""

    def take(self, token: int) -> None:
        """Feed a token to the decoder."""

    def logits(self, frame: int) -> Floats:
        """What the joiner says to an encoder frame after the tokens taken: vocabulary, blank, durations."""


class Network(Protocol):
    """Decoder and joiner of a model."""

    def begin(self, encoded: Floats) -> Decoding:
        """Start on the encoder's output, of shape (width, frames)."""


@dataclass(frozen=True, slots=True)
class Hypothesis:
    """What was decoded. The tuples are parallel; ``frames`` and ``durations`` count encoder frames.

    ``log_probs`` holds the log probability of each chosen token among all tokens and the blank; ``steps`` counts the
    calls of the joiner.
    """

    tokens: tuple[int, ...]
    frames: tuple[int, ...]
    durations: tuple[int, ...]
    log_probs: tuple[float, ...]
    steps: int


def greedy(network: Network, encoded: Floats, blank: int, stop: Stop | None = None) -> Hypothesis:
    """Decode the encoder's output of one utterance, of shape (width, frames); ``blank`` is the last token's id.

    Raises Stopped, after the step in which ``stop`` was asked for.
    """
    stop = stop or Stop()
    decoding = network.begin(encoded)
    taking: int | None = blank  # which is also the start symbol
    found: list[tuple[int, int, int, float]] = []
    frame = on_this_frame = steps = 0
    while frame < encoded.shape[1]:
        stop.check()
        if taking is not None:  # only now: after the last token nothing is asked any more
            decoding.take(taking)
        logits = decoding.logits(frame)
        steps += 1
        token, skip = int(logits[: blank + 1].argmax()), int(logits[blank + 1 :].argmax())
        if token != blank:
            found.append((token, frame, skip, _log_prob(logits[: blank + 1], token)))
            on_this_frame += 1
        taking = token if token != blank else None
        if skip:
            on_this_frame = 0
        elif token == blank or on_this_frame >= _TOKENS_A_FRAME:
            on_this_frame, skip = 0, 1
        frame += skip
    tokens, frames, durations, log_probs = zip(*found, strict=True) if found else ((), (), (), ())
    return Hypothesis(tokens, frames, durations, log_probs, steps)


def _log_prob(logits: Floats, token: int) -> float:
    best = logits[token]
    return -float(np.log(np.exp(logits - best).sum()))


class Sessions:
    """A Network that onnxruntime runs step by step, whatever the graphs of decoder and joiner are."""

    def __init__(self, decoder: Any, joiner: Any, layers: int, size: int) -> None:
        """Take sessions of decoder and joiner, and the shape of the decoder's state."""
        self._decoder, self._joiner = decoder, joiner
        self._decoder_inputs = [value.name for value in decoder.get_inputs()]
        self._joiner_inputs = [value.name for value in joiner.get_inputs()]
        self._state = np.zeros((layers, 1, size), np.float32)

    def begin(self, encoded: Floats) -> Decoding:
        """Start on an utterance."""
        return _Stepwise(self, encoded)

    def step(self, token: int, states: list[Floats]) -> tuple[Floats, list[Floats]]:
        """The decoder's output after ``token`` and its new states."""
        values = [np.array([[token]], np.int32), np.array([1], np.int32), *states]
        output, _lengths, *new = self._decoder.run(None, dict(zip(self._decoder_inputs, values, strict=True)))
        return output, new[:2]

    def join(self, encoded: Floats, decoded: Floats) -> Floats:
        """The logits of one frame (1, width, 1) and one output of the decoder."""
        logits: Floats = self._joiner.run(None, dict(zip(self._joiner_inputs, (encoded, decoded), strict=True)))[0]
        return logits.reshape(-1)

    def first_states(self) -> list[Floats]:
        """The states before any token."""
        return [self._state, self._state]


class _Stepwise:
    def __init__(self, sessions: Sessions, encoded: Floats) -> None:
        self._sessions, self._states = sessions, sessions.first_states()
        self._frames = np.ascontiguousarray(encoded.T)

    def take(self, token: int) -> None:
        self._decoded, self._states = self._sessions.step(token, self._states)

    def logits(self, frame: int) -> Floats:
        return self._sessions.join(self._frames[frame][None, :, None], self._decoded)
