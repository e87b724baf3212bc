"""A model on the engine and provider that were asked for, or on the CPU with the reason why not."""

from __future__ import annotations

import logging
import os
import sys
from dataclasses import dataclass

from models import cuda, installation, sherpa_overlay
from models.bundle import Bundle
from models.errors import NoGpu
from models.recogniser import BatchRecogniser
from models.sherpa import RecognitionError, SherpaRecogniser

log = logging.getLogger(__name__)

ENGINES = ("sherpa", "ort")
PROVIDERS = ("cpu", "cuda")
_INT8 = "int8 is never put on the GPU, which has no kernels for it; use the fp32 model there"


@dataclass(frozen=True, slots=True)
class Loaded:
    """A recogniser, and why it does not run on the provider that was asked for (None if it does)."""

    recogniser: BatchRecogniser
    provider_fault: str | None = None


def load(found: Bundle, engine: str, provider: str, threads: int) -> Loaded:
    """Load a validated bundle. ``engine`` is one of ENGINES, ``provider`` one of PROVIDERS.

    Raises ImportError, one line, if the engine is not installed, BundleError for a model that cannot be used, and
    whatever sherpa-onnx raises on damage that no header shows.
    """
    if provider == "cpu":
        return Loaded(on_cpu(found, engine, threads))
    try:
        return Loaded(on_cuda(found, engine, threads))
    except NoGpu as error:
        reason = " ".join(str(error).split())
        log.warning("the GPU is not used: %s", reason)
        return Loaded(on_cpu(found, engine, threads), reason)


def on_cpu(found: Bundle, engine: str, threads: int) -> BatchRecogniser:
    """The model on the CPU. Raises as ``load``."""
    if engine == "sherpa":
        return SherpaRecogniser(found, threads)
    _check_onnxruntime()
    from models.ort import OrtRecogniser

    return OrtRecogniser(found, "cpu", threads)


def on_cuda(found: Bundle, engine: str, threads: int) -> BatchRecogniser:
    """The model on the GPU. Raises NoGpu, one line, if it does not get there; else as ``load``."""
    if found.int8:
        raise NoGpu(_INT8)
    recogniser = _sherpa_on_cuda(found, threads) if engine == "sherpa" else _ort_on_cuda(found, threads)
    if recogniser.provider != "cuda":
        raise NoGpu(f"the {engine} engine was given the GPU and went on without it; the log has its own words")
    return recogniser


def _ort_on_cuda(found: Bundle, threads: int) -> BatchRecogniser:
    if (reason := cuda.absence(cuda.installed())) is not None:
        raise NoGpu(reason)
    _check_onnxruntime()
    from models.ort import OrtRecogniser

    try:
        return OrtRecogniser(found, "cuda", threads)
    except RecognitionError as error:
        raise NoGpu(str(error)) from None


def _sherpa_on_cuda(found: Bundle, threads: int) -> BatchRecogniser:
    # Without this a GPU rounds the factors of its products to 10 bits, and now and then hears other words than the CPU.
    # sherpa-onnx has no option for it.
    os.environ.setdefault("NVIDIA_TF32_OVERRIDE", "0")
    overlay = sherpa_overlay.prepare()
    if overlay is not None:
        sys.path.insert(0, str(overlay))
    try:
        return SherpaRecogniser(found, threads, "cuda")
    except (ImportError, RuntimeError) as error:
        if isinstance(error, ImportError) and overlay is not None:  # the installed one is to be imported for the CPU
            sys.path.remove(str(overlay))
            for name in [name for name in sys.modules if name.partition(".")[0] == "sherpa_onnx"]:
                del sys.modules[name]
        reason = " ".join(str(error).split())[:300]
        raise NoGpu(f"sherpa-onnx cannot load the model on the GPU ({reason}); use the ort engine there") from None


def _check_onnxruntime() -> None:
    try:
        import onnxruntime  # noqa: F401 -- a third of a second that only this engine costs
    except ImportError as error:
        raise ImportError(
            f"the ort engine needs onnxruntime ({error}); {installation.how_to_add('gpu')}, or set model.engine "
            "to sherpa"
        ) from None
