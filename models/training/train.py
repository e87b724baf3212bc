"""Train the practice model on synthesised speech, on the processor.

    python -m models.training.train data model.pt --minutes 65 --from checkpoint.pt

Two processes of one thread each average their gradients: for tensors this small that is many times faster than one
process of two threads on a busy machine. `--from` goes on from a checkpoint; without it a curriculum leads from words
with the phoneme head alone to everything with both losses (token losses alone sit on a plateau for hours).
With `--frozen-encoder` only the prediction and the joint network learn.
"""

from __future__ import annotations

import argparse
import dataclasses
import math
import os
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
import torch.distributed as processes
from torch import Tensor
from torch.nn import functional

from models.training import greedy
from models.training.corpus import FULL, PHONEMES, SINGLE, Batch, Corpus, Mix, Speech
from models.training.features import features
from models.training.network import Shape, Transducer
from models.training.tdt_loss import tdt_loss
from models.training.tokeniser import Tokeniser

STRENGTH = 0.15  # of the augmentation
MASKED = 0.0  # share of examples with masked features, until LAST_MASKED of the time
LAST_MASKED = 0.3
AUXILIARY = 0.3  # weight of the phoneme loss beside the transducer's
AVERAGED_FROM, AVERAGE_DECAY = 0.8, 0.995
WARM_UP_STEPS = 200
CLIPPED_NORM = 2.0
LOOK_EVERY_S, LOOK_AT = 240.0, 200


@dataclass(frozen=True)
class Stage:
    """What is trained on until this share of the time, and whether the transducer's loss takes part."""

    until: float
    mix: Mix
    transducer: bool


ALL_WORDS = 1_000_000
CONTINUED = (Stage(0.7, SINGLE, True), Stage(1.0, FULL, True))
FROM_SCRATCH = (
    Stage(0.05, Mix(ALL_WORDS, (1, 1, 2), (1,), longest_sentence_s=0.0, frames_per_batch=1100), False),
    Stage(0.11, Mix(ALL_WORDS, (1, 2, 3, 4), (1,), longest_sentence_s=0.0, frames_per_batch=1100), False),
    Stage(0.30, Mix(1500, (1, 2, 3, 4), (1,), longest_sentence_s=2.2, frames_per_batch=1600), False),
    Stage(0.40, Mix(1500, (1, 1, 2, 4), (1,), frames_per_batch=1600), False),
    Stage(0.60, Mix(1500, (1, 1, 2, 4), (1,), frames_per_batch=2000), True),
    Stage(1.00, FULL, True),
)


@dataclass(frozen=True)
class Plan:
    """What the command line asks for."""

    data: Path
    checkpoint: Path
    tokens: Path
    minutes: float
    begin_with: Path | None
    rate: float
    flat: float
    port: int
    sentences: str
    unseen: str
    frozen_encoder: bool


def losses(network: Transducer, batch: Batch, *, transducer: bool) -> tuple[Tensor, float, float]:
    """Compute the loss to minimise, and for the log the transducer's per token and the phoneme head's per phoneme."""
    heard, frames = network.encoder(batch.features, batch.frames)
    count = len(frames)
    slots = network.phoneme_head(heard.transpose(1, 2)).view(count, -1, len(PHONEMES) + 1)
    slot_counts = frames * network.PHONEMES_PER_FRAME
    auxiliary = functional.ctc_loss(
        slots.log_softmax(-1).transpose(0, 1), batch.phonemes, slot_counts, batch.phoneme_counts,
        blank=len(PHONEMES), reduction="sum", zero_infinity=True,
    )  # fmt: skip
    auxiliary = auxiliary / batch.phoneme_counts.sum().clamp(min=1)
    if not transducer:
        return auxiliary, 0.0, auxiliary.item()
    state = torch.zeros(1, count, network.shape.prediction_width)
    before = torch.cat([torch.full((count, 1), network.shape.tokens), batch.tokens], 1)
    written = network.predictor(before, batch.token_counts, state, state)[0]
    main = tdt_loss(network.joint(heard, written), batch.tokens, frames, batch.token_counts).sum()
    main = main / batch.token_counts.sum().clamp(min=1)
    return (1 - AUXILIARY) * main + AUXILIARY * auxiliary, main.item(), auxiliary.item()


def learning_rate(plan: Plan, step: int, progress: float) -> float:
    """Warm-up, flat until `plan.flat` of the time, then a cosine to 1/200."""
    rate = plan.rate * min(1.0, (step + 1) / WARM_UP_STEPS)
    if progress < plan.flat:
        return rate
    return rate * max(0.005, 0.5 * (1 + math.cos(math.pi * (progress - plan.flat) / (1 - plan.flat))))


class Average:
    """Running average of the weights over the end of the training; better than the last weights by a few percent."""

    def __init__(self) -> None:
        self.weights: dict[str, Tensor] | None = None

    def add(self, weights: dict[str, Tensor]) -> None:
        """Take in the weights after one more step."""
        if self.weights is None:
            self.weights = {name: value.clone() for name, value in weights.items()}
            return
        for name, value in weights.items():
            if value.is_floating_point():
                self.weights[name].lerp_(value, 1 - AVERAGE_DECAY)
            else:
                self.weights[name].copy_(value)


def start(plan: Plan, tokeniser: Tokeniser, corpus: Corpus) -> Transducer:
    """Make the network of the checkpoint, or a fresh one. Every process arrives at the same weights."""
    torch.manual_seed(0)
    network = Transducer(Shape(tokens=len(tokeniser.pieces)), len(PHONEMES)).train()
    if plan.begin_with is None:
        network.encoder.subsampling.calibrate(corpus.calibration())
        network.start_silent()
        for value in network.state_dict().values():
            processes.broadcast(value, 0)
    else:
        network.load_state_dict(torch.load(plan.begin_with, weights_only=True)["last"])
    network.encoder.subsampling.convolutions.to(memory_format=torch.channels_last)
    return network


def average_gradients(parameters: list[torch.nn.Parameter], elapsed_s: float) -> float:
    """Replace each gradient by the mean over the processes; give the mean of their clocks, so that all stop at once."""
    flat = [torch.zeros_like(one) if one.grad is None else one.grad for one in parameters]
    packed = torch.cat([*(one.reshape(-1) for one in flat), torch.tensor([elapsed_s])])
    processes.all_reduce(packed)
    packed /= processes.get_world_size()
    at = 0
    for parameter in parameters:
        parameter.grad = packed[at : at + parameter.numel()].view_as(parameter)
        at += parameter.numel()
    return float(packed[-1])


def optimiser_of(parameters: list[torch.nn.Parameter]) -> torch.optim.Optimizer:
    """AdamW that decays matrices and leaves biases and norms alone."""
    matrices = [one for one in parameters if one.ndim > 1]
    others = [one for one in parameters if one.ndim < 2]
    groups = [{"params": matrices, "weight_decay": 1e-3}, {"params": others, "weight_decay": 0.0}]
    return torch.optim.AdamW(groups, betas=(0.9, 0.98), fused=True)


def train(rank: int, plan: Plan) -> None:
    """One of the two processes; the first one looks at the held-out set, logs, and saves."""
    torch.set_num_threads(1)
    torch.set_flush_denormal(True)  # gradients of improbable tokens are subnormal: 1.6 times the speed without them
    os.environ.update(MASTER_ADDR="127.0.0.1", MASTER_PORT=str(plan.port))
    processes.init_process_group("gloo", rank=rank, world_size=2)
    tokeniser = Tokeniser.from_file(plan.tokens)
    files = plan.data / f"{plan.sentences}.npz", plan.data / "words.npz"
    corpus = Corpus(*files, tokeniser, seed=100 + rank)
    network = start(plan, tokeniser, corpus)
    if plan.frozen_encoder:
        network.encoder.eval().requires_grad_(requires_grad=False)
        network.phoneme_head.requires_grad_(requires_grad=False)
    torch.manual_seed(100 + rank)
    parameters = [one for one in network.parameters() if one.requires_grad]
    optimiser = optimiser_of(parameters)
    stages = FROM_SCRATCH if plan.begin_with is None else CONTINUED
    log = Log(plan, tokeniser) if rank == 0 else None
    average, began, elapsed_s, step = Average(), time.monotonic(), 0.0, 0
    while (progress := elapsed_s / (60 * plan.minutes)) < 1:
        stage = next(one for one in stages if progress < one.until)
        batch = corpus.batch(stage.mix, STRENGTH, MASKED if progress < LAST_MASKED else 0.0)
        for group in optimiser.param_groups:
            group["lr"] = learning_rate(plan, step, progress)
        optimiser.zero_grad()
        loss, main, auxiliary = losses(network, batch, transducer=stage.transducer)
        loss.backward()
        elapsed_s = average_gradients(parameters, time.monotonic() - began)
        torch.nn.utils.clip_grad_norm_(parameters, CLIPPED_NORM)
        optimiser.step()
        step += 1
        if log:
            if progress > AVERAGED_FROM:
                average.add(network.state_dict())
            log.add(batch, main, auxiliary, elapsed_s=elapsed_s)
            if log.due(elapsed_s) or elapsed_s >= 60 * plan.minutes:
                log.look(network, average, elapsed_s)
    processes.barrier()
    processes.destroy_process_group()


class Log:
    """Prints the losses, and now and then decodes held-out utterances and saves the checkpoint."""

    def __init__(self, plan: Plan, tokeniser: Tokeniser) -> None:
        self._plan, self._tokeniser = plan, tokeniser
        self._unseen = Speech(plan.data / f"{plan.unseen}.npz")
        self._losses: list[tuple[float, float]] = []
        self._frames, self._looked_s = 0, 0.0

    def add(self, batch: Batch, main: float, auxiliary: float, *, elapsed_s: float) -> None:
        """Count one step, and print the means of the last hundred now and then."""
        self._losses.append((main, auxiliary))
        self._frames += int(batch.frames.sum())
        step = len(self._losses)
        if step % 100 == 0:
            tokens, phonemes = np.mean(self._losses[-100:], 0)
            speed = self._frames / 100 / elapsed_s
            losses_said = f"{tokens:.4f} / token, {phonemes:.4f} / phoneme"
            print(f"{elapsed_s / 60:5.1f} min, step {step}: {losses_said}, {speed:.0f} x real time", flush=True)

    def due(self, elapsed_s: float) -> bool:
        """Tell whether it is time for another look."""
        return elapsed_s - self._looked_s > LOOK_EVERY_S

    def look(self, network: Transducer, average: Average, elapsed_s: float) -> None:
        """Decode some of the held-out set, and save."""
        self._looked_s = elapsed_s
        error = self._error_rate(network)
        print(f"== {elapsed_s / 60:.1f} min: WER {error:.2f} % on {LOOK_AT} unseen sentences", flush=True)
        saved = {"last": network.state_dict(), "average": average.weights, "shape": dataclasses.asdict(network.shape)}
        torch.save(saved, self._plan.checkpoint)

    def _error_rate(self, network: Transducer) -> float:
        network.eval()
        unseen = [features(self._unseen.samples(index)) for index in range(LOOK_AT)]
        heard = [self._tokeniser.decode(greedy.decode(network, one)) for one in unseen]
        network.train()
        if self._plan.frozen_encoder:
            network.encoder.eval()
        return greedy.word_error_rate(self._unseen.texts[:LOOK_AT], heard)


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description="Train the practice model.")
    parser.add_argument("data", type=Path, help="folder with train.npz, words.npz and own.npz (synthesise.py)")
    parser.add_argument("checkpoint", type=Path, help="where the weights go")
    parser.add_argument("--tokens", type=Path, default=Path(__file__).parents[1] / "practice" / "tokens.txt")
    parser.add_argument("--minutes", type=float, required=True)
    parser.add_argument("--from", dest="begin_with", type=Path, help="checkpoint to go on from")
    parser.add_argument("--rate", type=float, default=2e-3, help="highest learning rate")
    parser.add_argument("--flat", type=float, default=0.2, help="share of the time before it falls")
    parser.add_argument("--sentences", default="train", help="the set of synthesise.py to train on")
    parser.add_argument("--unseen", default="own", help="the set of which some are decoded now and then")
    parser.add_argument("--frozen-encoder", action="store_true", help="only the prediction and the joint network learn")
    parser.add_argument("--port", type=int, default=29511)
    plan = Plan(**vars(parser.parse_args()))
    torch.multiprocessing.spawn(train, (plan,), nprocs=2)


if __name__ == "__main__":
    main()
