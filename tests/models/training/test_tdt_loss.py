"""The fast loss against a literal transcription of the recursion it computes."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch", reason="training the practice model needs torch, which the program does not")

from models.training.tdt_loss import SIGMA, tdt_loss  # noqa: E402

DURATIONS = 5
TOKENS = 6  # without the blank


def literal_loss(logits, targets):
    """Minus the log of the sum over all paths of one utterance: logits (S, U + 1, outputs), targets (U)."""
    frames, wanted = logits.shape[0], len(targets)
    tokens = torch.log_softmax(logits[..., :-DURATIONS], -1) - SIGMA
    skips = torch.log_softmax(logits[..., -DURATIONS:], -1)
    reached = {(0, 0): torch.zeros(())}

    def arrivals(frame, written):
        for skip in range(DURATIONS):
            start = frame - skip
            if skip and (start, written) in reached:
                yield reached[start, written] + tokens[start, written, TOKENS] + skips[start, written, skip]
            if written and frame < frames and (start, written - 1) in reached:
                token = targets[written - 1]
                yield reached[start, written - 1] + tokens[start, written - 1, token] + skips[start, written - 1, skip]

    for frame in range(frames):
        for written in range(wanted + 1):
            if ways := list(arrivals(frame, written)):
                start = [reached[0, 0]] if (frame, written) == (0, 0) else []
                reached[frame, written] = torch.logsumexp(torch.stack(start + ways), 0)
    last = [
        reached[frames - skip, wanted] + tokens[frames - skip, wanted, TOKENS] + skips[frames - skip, wanted, skip]
        for skip in range(1, DURATIONS)
        if (frames - skip, wanted) in reached
    ]
    return -torch.logsumexp(torch.stack(last), 0)


@pytest.fixture
def batch():
    torch.manual_seed(0)
    logits = 2 * torch.randn(4, 9, 5, TOKENS + 1 + DURATIONS)
    targets = torch.randint(0, TOKENS, (4, 4))
    return logits.requires_grad_(), targets, torch.tensor([9, 7, 5, 1]), torch.tensor([4, 2, 0, 0])


def literal_losses(logits, targets, frames, lengths):
    parts = zip(logits, targets, frames.tolist(), lengths.tolist(), strict=True)
    return torch.stack([literal_loss(one[:s, : u + 1], wanted[:u].tolist()) for one, wanted, s, u in parts])


def test_equals_the_literal_recursion(batch):
    torch.testing.assert_close(tdt_loss(*batch), literal_losses(*batch))


def test_has_the_gradient_of_the_literal_recursion(batch):
    weights = torch.tensor([1.0, 0.5, 2.0, 3.0])
    (ours,) = torch.autograd.grad((weights * tdt_loss(*batch)).sum(), batch[0])
    (theirs,) = torch.autograd.grad((weights * literal_losses(*batch)).sum(), batch[0])
    torch.testing.assert_close(ours, theirs, atol=1e-5, rtol=1e-4)


def test_padding_of_the_batch_changes_nothing(batch):
    logits, targets, frames, lengths = batch
    alone = tdt_loss(logits[1:2, :7, :3], targets[1:2, :2], frames[1:2], lengths[1:2])
    torch.testing.assert_close(alone[0], tdt_loss(*batch)[1])


def test_one_sure_path_costs_its_steps_alone():
    logits = torch.full((1, 4, 2, TOKENS + 1 + DURATIONS), -50.0)
    logits[0, 0, 0, 3] = logits[0, 0, 0, TOKENS + 1 + 2] = 50.0  # at frame 0 token 3, on by 2
    logits[0, 2, 1, TOKENS] = logits[0, 2, 1, TOKENS + 1 + 2] = 50.0  # at frame 2 blank, on by 2: the end
    loss = tdt_loss(logits, torch.tensor([[3]]), torch.tensor([4]), torch.tensor([1]))
    torch.testing.assert_close(loss, torch.tensor([2 * SIGMA]))
