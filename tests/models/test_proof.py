"""What a loaded model must show: on a GPU the text of the CPU, and with --judge that it understands."""

import numpy as np
import pytest

from models import proof
from models.loading import Loaded
from models.selftest import Reference
from models.sherpa import RecognitionError
from models.verdict import Verdict
from tests.models.fake_recogniser import FULL, ILLEGAL, SHAPE, FakeRecogniser

_LOUD = np.random.default_rng(1).normal(0, 5000, 48_000).astype("<i2").tobytes()
_RIGHT = FakeRecogniser().text
_WARM_UP = 3  # decodes on a GPU before its self-test: two of a tone, one of the recording


def _prove(recogniser, *, judge=False, cpu_text=None, fault=None, twins=None):
    """Prove ``recogniser``; ``twins`` collects what was loaded on the CPU for it."""
    twins = [] if twins is None else twins

    def on_cpu():
        twins.append(FakeRecogniser())
        return twins[-1]

    return proof.prove(
        lambda: Loaded(recogniser, fault),
        on_cpu,
        lambda: Reference(_LOUD, _RIGHT, own=True),
        judge=judge,
        cpu_text=cpu_text,
    )


def test_a_model_on_the_cpu_is_only_warmed_up():
    recogniser = FakeRecogniser()

    proved = _prove(recogniser, fault="no driver")

    assert (proved.recogniser, proved.provider_fault, proved.self_test) == (recogniser, "no driver", None)
    assert recogniser.decodes == 2
    assert proved.load_ms >= 0
    assert 0 < 2 * proved.pace_ms < proved.warm_ms


def test_a_model_is_judged_where_that_is_asked():
    passed = _prove(FakeRecogniser(), judge=True)
    broken = _prove(FakeRecogniser(text="<unk> <unk> <unk>"), judge=True)

    assert passed.self_test.verdict is Verdict.PASSED
    assert broken.self_test.verdict is Verdict.BROKEN


@pytest.mark.parametrize("cpu_text", [None, proof.digest(_RIGHT)])
def test_a_gpu_that_hears_what_the_cpu_hears_is_used(cpu_text):
    recogniser, twins = FakeRecogniser("cuda"), []

    proved = _prove(recogniser, cpu_text=cpu_text, twins=twins)

    assert (proved.recogniser, proved.provider_fault) == (recogniser, None)
    assert proved.self_test.verdict is Verdict.PASSED
    assert len(twins) == (cpu_text is None)
    assert recogniser.decodes == _WARM_UP + 3
    assert 0 < proved.pace_ms < proved.warm_ms


def test_a_gpu_that_hears_something_else_is_not_used():
    twins = []

    proved = _prove(FakeRecogniser("cuda", text="the words of a recording"), judge=True, twins=twins)

    assert proved.recogniser is twins[-1]
    assert proved.recogniser.provider == "cpu"
    assert "hears something else" in proved.provider_fault
    assert proved.self_test.verdict is Verdict.PASSED  # of the CPU


@pytest.mark.parametrize("before", range(_WARM_UP + 3))
@pytest.mark.parametrize("words", [ILLEGAL, FULL])
def test_a_gpu_that_fails_at_any_decode_is_not_used(before, words):
    """Also in the silence and the noise of the self-test, after the recording was heard."""
    recogniser = FakeRecogniser("cuda", fails=[*[None] * before, words])

    proved = _prove(recogniser, cpu_text=proof.digest(_RIGHT))

    assert proved.recogniser.provider == "cpu"
    assert "the engine failed on" in proved.provider_fault
    assert "\n" not in proved.provider_fault
    assert proved.self_test is None


def test_a_model_that_no_processor_decodes_with_is_an_error():
    with pytest.raises(RecognitionError, match="broadcast"):
        _prove(FakeRecogniser(fails=[SHAPE]))
