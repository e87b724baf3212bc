"""The token-and-duration transducer loss (Xu et al. 2023, arXiv:2304.06795), in plain PyTorch.

A path starts at encoder frame 0 with no token written. Each step emits either the blank, staying at u tokens, or
token u, going on to u + 1, and skips a duration d of encoder frames: 1 to 4 for a blank, 0 to 4 for a token. The path
ends with a blank that lands exactly on frame S; tokens land before it. With probability p of the token and q of the
duration, a step weighs exp(log p - sigma) q; sigma favours paths of few steps (the paper's logit
under-normalisation). The loss is minus the log of the sum over all paths.

How it is computed: the states with n = s + u, an anti-diagonal, depend on earlier anti-diagonals alone, so the
forward and backward sums run over n for the whole batch at once. They give the posterior of each step, and from it
the gradient in closed form: minus the posterior, plus the softmax times the sum of the posteriors. Autograd through
the recursion itself was four times slower.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

IMPOSSIBLE = -1e5
TINY = 1e-30
SIGMA = 0.02


def tdt_loss(
    logits: Tensor, targets: Tensor, frames: Tensor, lengths: Tensor, *, durations: int = 5, sigma: float = SIGMA
) -> Tensor:
    """Negative log-likelihood per utterance (B,).

    logits (B, S, U + 1, V + 1 + durations), blank = V; targets (B, U); frames (B,) and lengths (B,): the true S and U.
    """
    return _Loss.apply(logits, targets, frames, lengths, durations, sigma)


class _Loss(torch.autograd.Function):
    """The loss with its gradient in closed form."""

    @staticmethod
    def forward(ctx, logits, targets, frames, lengths, durations, sigma):  # noqa: ANN001, ANN205, PLR0917
        tokens, skips = logits[..., :-durations], logits[..., -durations:]
        blank = tokens.shape[-1] - 1
        token_norm, skip_log = torch.logsumexp(tokens, -1), torch.log_softmax(skips, -1)
        wanted = torch.cat([targets, targets.new_full((len(targets), 1), blank)], 1)[:, None, :, None]
        wanted = wanted.expand(*token_norm.shape, 1)
        blank_log = tokens[..., blank] - token_norm
        label_log = tokens.gather(-1, wanted)[..., 0] - token_norm
        lattice = _Lattice.of(blank_log - sigma, label_log - sigma, skip_log, frames, lengths)
        log_sum, blanks, labels = _posteriors(lattice)
        gradient = torch.empty_like(logits)
        by_token, by_skip = gradient[..., :-durations], gradient[..., -durations:]
        visits = blanks.sum(1) + labels.sum(1)
        visited_log = visits.clamp(min=TINY).log_() - token_norm  # softmax * visits in one pass over the tokens
        torch.exp(torch.add(tokens, visited_log[..., None]), out=by_token)
        by_token.scatter_add_(-1, wanted, -labels.sum(1)[..., None])
        by_token[..., blank] -= blanks.sum(1)
        torch.mul(skip_log.exp(), visits[..., None], out=by_skip)
        by_skip -= labels.permute(0, 2, 3, 1)
        by_skip[..., 1:] -= blanks.permute(0, 2, 3, 1)
        ctx.save_for_backward(gradient)
        return -log_sum

    @staticmethod
    def backward(ctx, upstream):  # noqa: ANN001, ANN205
        (gradient,) = ctx.saved_tensors
        return gradient * upstream[:, None, None, None], None, None, None, None, None


@dataclass
class _Lattice:
    """Log weights of all steps, on anti-diagonals n = s + u; N = S + U + 1 of them, and K durations.

    blanks (B, K - 1, N, U + 1): the blank that leaves (n, u) with duration 1 ... K - 1; labels (B, K, N, U + 1): the
    token that does, with duration 0 ... K - 1. Steps that no path may take weigh IMPOSSIBLE.
    """

    blanks: Tensor
    labels: Tensor
    frames: Tensor
    lengths: Tensor
    most_frames: int

    @classmethod
    def of(cls, blank: Tensor, label: Tensor, duration: Tensor, frames: Tensor, lengths: Tensor) -> _Lattice:
        batch, most_frames, states = blank.shape
        count = duration.shape[-1]
        tokens = torch.arange(states)
        times = torch.arange(most_frames + states)[:, None] - tokens[None]
        source = (times.clamp(0, most_frames - 1) * states + tokens[None]).reshape(1, -1).expand(batch, -1)

        def skewed(values: Tensor) -> Tensor:
            return values.reshape(batch, most_frames * states).gather(1, source).view(batch, -1, states)

        time, end, last = times[None], frames[:, None, None], lengths[:, None, None]
        inside = (time >= 0) & (time < end) & (tokens[None, None] <= last)
        more_to_say = tokens[None, None] < last
        blank, label = skewed(blank), skewed(label)
        skips = [skewed(duration[..., d]) for d in range(count)]
        blanks = [_where(inside & (time + d <= end), blank + skips[d]) for d in range(1, count)]
        labels = [_where(inside & more_to_say & (time + d < end), label + skips[d]) for d in range(count)]
        return cls(torch.stack(blanks, 1), torch.stack(labels, 1), frames, lengths, most_frames)


def _posteriors(lattice: _Lattice) -> tuple[Tensor, Tensor, Tensor]:
    """Log of the sum over all paths (B,), and the posteriors of the blank and label steps, (B, K-1 or K, S, U + 1)."""
    forward, log_sum = _forward(lattice)
    backward = _backward(lattice)
    count, diagonals = lattice.labels.shape[1], lattice.labels.shape[2]
    after = [backward[:, d : d + diagonals] for d in range(1, count)]
    after += [_left(backward[:, d + 1 : d + 1 + diagonals]) for d in range(count)]
    steps = torch.cat([lattice.blanks, lattice.labels], 1)
    total = forward[:, None] + steps + torch.stack(after, 1) - log_sum[:, None, None, None]
    upright = _upright(torch.exp(total.clamp(max=0)), lattice.most_frames)
    return log_sum, upright[:, : count - 1], upright[:, count - 1 :]


def _forward(lattice: _Lattice) -> tuple[Tensor, Tensor]:
    """Log weight of all path beginnings that reach (n, u): (B, N, U + 1), and of all whole paths: (B,)."""
    batch, count, diagonals, states = lattice.labels.shape
    arriving = torch.stack(
        [_delayed(lattice.blanks[:, d - 1], d) for d in range(1, count)]
        + [_right(_delayed(lattice.labels[:, d], d + 1)) for d in range(count)],
        2,
    )
    reached = torch.full((batch, diagonals + count, states), IMPOSSIBLE)  # `count` empty diagonals lie in front
    reached[:, count, 0] = 0
    for n in range(1, diagonals):
        before = reached[:, n : n + count].flip(1)  # diagonals n - 1 ... n - count
        reached[:, n + count] = torch.logsumexp(torch.cat([before[:, :-1], _right(before)], 1) + arriving[:, n], 1)
    end = (torch.arange(batch), count + lattice.frames + lattice.lengths, lattice.lengths)
    return reached[:, count:], reached[end]


def _backward(lattice: _Lattice) -> Tensor:
    """Log weight of all path endings that leave (n, u): (B, N + K, U + 1), `count` empty diagonals at the end."""
    batch, count, diagonals, states = lattice.labels.shape
    steps = torch.cat([lattice.blanks, lattice.labels], 1)
    left_over = torch.full((batch, diagonals + count, states), IMPOSSIBLE)
    left_over[torch.arange(batch), lattice.frames + lattice.lengths, lattice.lengths] = 0
    for n in range(diagonals - 2, -1, -1):
        after = left_over[:, n + 1 : n + 1 + count]
        leaving = torch.logsumexp(torch.cat([after[:, :-1], _left(after)], 1) + steps[:, :, n], 1)
        left_over[:, n] = torch.logaddexp(left_over[:, n], leaving)
    return left_over


def _where(allowed: Tensor, values: Tensor) -> Tensor:
    return values.masked_fill(~allowed, IMPOSSIBLE)


def _delayed(values: Tensor, diagonals: int) -> Tensor:
    edge = values.new_full((len(values), diagonals, values.shape[-1]), IMPOSSIBLE)
    return torch.cat([edge, values], 1)[:, : values.shape[1]]


def _right(values: Tensor) -> Tensor:
    return torch.cat([values.new_full((*values.shape[:-1], 1), IMPOSSIBLE), values[..., :-1]], -1)


def _left(values: Tensor) -> Tensor:
    return torch.cat([values[..., 1:], values.new_full((*values.shape[:-1], 1), IMPOSSIBLE)], -1)


def _upright(values: Tensor, frames: int) -> Tensor:
    """(B, steps, N, U + 1) by anti-diagonal -> (B, steps, frames, U + 1) by encoder frame."""
    batch, steps, diagonals, states = values.shape
    tokens = torch.arange(states)
    source = (torch.arange(frames)[:, None] + tokens[None]) * states + tokens[None]
    flat = values.reshape(batch, steps, diagonals * states)
    return flat.gather(2, source.reshape(1, 1, -1).expand(batch, steps, -1)).view(batch, steps, frames, states)
