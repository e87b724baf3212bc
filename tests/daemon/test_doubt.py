"""What is held as probable noise, as a table; the evidence is in the module and in tests/benchmarks/human.py."""

import pytest

from daemon.doubt import doubtful
from models.recogniser import Transcript


@pytest.mark.parametrize(
    ("log_probs", "voiced_ms", "expected"),
    [
        pytest.param([-0.1] * 10, 2000, False, id="plain speech"),
        pytest.param([-0.9] * 4, 900, False, id="mumbled"),
        pytest.param([-1.3, -1.2], 600, True, id="no idea what it was"),
        pytest.param([-0.01], 3500, True, id="one token in three seconds of something"),
        pytest.param([-0.01], 600, False, id="yes"),
        pytest.param([-0.2, -0.3], 1900, False, id="a drawn-out two"),
        pytest.param([], 5000, False, id="no text, no doubt"),
    ],
)
def test_doubt(log_probs, voiced_ms, expected):
    tokens = tuple("x" for _ in log_probs)
    assert doubtful(Transcript("x", tokens=tokens, log_probs=tuple(log_probs)), voiced_ms) is expected


def test_an_engine_that_gives_no_probabilities_is_judged_by_its_rate():
    assert doubtful(Transcript("x", tokens=("x",)), 3000)
    assert not doubtful(Transcript("x", tokens=("x",) * 9), 3000)
