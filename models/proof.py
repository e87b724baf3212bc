"""A loaded model that has shown what it does: warm, judged where that was asked, and on a GPU with the text of the CPU.

A GPU can load a model, run it fast, and hear something else: a broken driver, a bad kernel, a card with faulty memory.
So the reference recording of the self-test is decoded there, and only the very text of the CPU lets it be used.
"""

from __future__ import annotations

import hashlib
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from models import selftest
from models.loading import Loaded
from models.recogniser import RATE_HZ, SAMPLE_BYTES, BatchRecogniser, Recogniser
from models.selftest import Reference, SelfTest
from models.sherpa import RecognitionError

log = logging.getLogger(__name__)

_WARM_S = 2.0  # of audio; two decodes of it bring every later one to its usual time


@dataclass(frozen=True, slots=True)
class Proved:
    """A recogniser that is warm, why it is not on the GPU where that was asked, and its self-test if there was one."""

    recogniser: BatchRecogniser
    provider_fault: str | None
    self_test: SelfTest | None
    load_ms: float
    warm_ms: float
    pace_ms: float  # what a warm decode takes for a second of audio


def prove(
    load: Callable[[], Loaded],
    on_cpu: Callable[[], BatchRecogniser],
    reference: Callable[[], Reference],
    *,
    judge: bool,
    cpu_text: str | None,
) -> Proved:
    """Load, warm up and test; ``on_cpu`` loads the same model on the CPU, whose turn it is if a GPU fails.

    ``judge`` asks for the self-test, which a GPU always gets; ``cpu_text`` is the digest of the CPU's text, found out
    here if it is None. Raises what the callables raise, and RecognitionError if the model fails to decode at all.
    """
    started = time.perf_counter()
    loaded = load()
    load_ms = _since_ms(started)
    started = time.perf_counter()
    recogniser, fault, test = loaded.recogniser, loaded.provider_fault, None
    if recogniser.provider == "cuda":
        said = reference()
        test, fault = _on_gpu(recogniser, said, cpu_text or _text_of(on_cpu(), said))
        if fault is not None:
            log.warning("the GPU is not used: %s", fault)
            del loaded, recogniser  # and with it its memory on the GPU
            recogniser, test = on_cpu(), None
    if test is not None:  # after which it is warm
        pace_ms = test.decode_ms / (len(said.pcm) / SAMPLE_BYTES / RATE_HZ)
    else:
        pace_ms = _warm_up(recogniser)
        test = selftest.run(recogniser, reference()) if judge else None
    return Proved(recogniser, fault, test, load_ms, _since_ms(started), pace_ms)


def digest(text: str) -> str:
    """What stands for a text where the text itself may not go."""
    return hashlib.sha256(text.encode()).hexdigest()


def gpu_fault(test: SelfTest, cpu_text: str) -> str | None:
    """Why a GPU that came to ``test`` must not be used, given the digest of the CPU's text; None if it may."""
    if digest(test.text_shown) == cpu_text:
        return None
    if test.text_shown:
        return "the GPU hears something else in the reference recording than the CPU; update its driver"
    return f"the GPU fails the self-test ({test.reason}); update its driver"


def _on_gpu(recogniser: BatchRecogniser, reference: Reference, cpu_text: str) -> tuple[SelfTest | None, str | None]:
    """The self-test on a warm GPU, or why it cannot be used."""
    try:
        _warm_up(recogniser)
        recogniser.recognise(reference.pcm)
    except RecognitionError as error:
        return None, f"the GPU fails to decode ({error}); free some of its memory, or update its driver"
    test = selftest.run(recogniser, reference)
    return test, gpu_fault(test, cpu_text)


def _text_of(recogniser: Recogniser, reference: Reference) -> str:
    return digest(recogniser.recognise(reference.pcm).text)


def _warm_up(recogniser: Recogniser) -> float:
    """Recognise a rising tone twice: the first decodes of a process allocate and are slow.

    Returns how many milliseconds the second one took for a second of audio.
    """
    seconds = np.arange(int(_WARM_S * RATE_HZ)) / RATE_HZ
    tone = (3000 * np.sin(2 * np.pi * (200 + 400 * seconds) * seconds)).astype("<i2").tobytes()
    recogniser.recognise(tone)
    started = time.perf_counter()
    recogniser.recognise(tone)
    return _since_ms(started) / _WARM_S


def _since_ms(started: float) -> float:
    return (time.perf_counter() - started) * 1000
