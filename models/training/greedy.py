"""Greedy decoding with the PyTorch network, step for step as sherpa-onnx decodes TDT; word error rates."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

if TYPE_CHECKING:
    from torch import Tensor

    from models.training.network import Transducer

MOST_TOKENS_PER_FRAME = 5


@torch.no_grad()
def decode(network: Transducer, features: Tensor) -> list[int]:
    """Turn the features (T, M) of one utterance into its tokens."""
    frames, _ = network.encoder(features.t()[None], torch.tensor([len(features)]))
    heard = network.joint.encoder(frames[0].t())
    blank = network.shape.tokens
    state = torch.zeros(2, 1, 1, network.shape.prediction_width)
    written, state = _predict(network, blank, state)
    at, in_this_frame, tokens = 0, 0, []
    while at < len(heard):
        logits = network.joint.output(heard[at : at + 1] + written)[0]
        token, skip = int(logits[: blank + 1].argmax()), int(logits[blank + 1 :].argmax())
        if token != blank:
            tokens.append(token)
            written, state = _predict(network, token, state)
            in_this_frame += 1
        if skip > 0:
            in_this_frame = 0
        elif token == blank or in_this_frame >= MOST_TOKENS_PER_FRAME:
            in_this_frame, skip = 0, 1
        at += skip
    return tokens


def _predict(network: Transducer, token: int, state: Tensor) -> tuple[Tensor, Tensor]:
    outputs, _, hidden, cell = network.predictor(torch.tensor([[token]]), torch.tensor([1]), state[0], state[1])
    return network.joint.predictor(outputs[0].t()), torch.stack([hidden, cell])


def word_errors(wanted: str, heard: str) -> int:
    """Count the words to insert, delete or replace to turn one text into the other (Levenshtein)."""
    row = list(range(len(heard.split()) + 1))
    for count, word in enumerate(wanted.split(), 1):
        diagonal, row[0] = row[0], count
        for column, other in enumerate(heard.split(), 1):
            diagonal, row[column] = row[column], min(row[column] + 1, row[column - 1] + 1, diagonal + (word != other))
    return row[-1]


def word_error_rate(wanted: list[str], heard: list[str]) -> float:
    """Tell the errors in percent of the wanted words."""
    errors = sum(word_errors(one, other) for one, other in zip(wanted, heard, strict=True))
    return 100 * errors / max(1, sum(len(text.split()) for text in wanted))
