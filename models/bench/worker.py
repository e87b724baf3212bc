"""The process that one row of ``swictation bench`` is measured in: one model, one engine, one provider.

It speaks ``models.wire`` on stdin and stdout, and nothing that was heard leaves it::

    -> {"kind": "ready", "model", "provider", "int8", "load_ms"}      loaded, and not yet warm
    -> {"kind": "failed", "message"}                                   it cannot be measured; exit status 3
    <- {"kind": "decode"} + PCM                                        int16 little-endian mono, 16 kHz
    -> {"kind": "decoded", "phases_ms", "tokens", "steps", "heard", "rss_bytes"}
    <- {"kind": "reference", "seconds"}                                as decode, with so much of the model's reference
    <- {"kind": "selftest"}
    -> {"kind": "judged", "verdict", "wer", "reason", "decode_ms"}
    <- {"kind": "sentences"}
    -> {"kind": "counted", "errors", "words"}                          of the practice set
    -> {"kind": "error", "message"}                                    to any of them

``heard`` is a digest of the text, so that two rows can be told to agree. ``rss_bytes`` is this process's memory.
"""

from __future__ import annotations

import argparse
import contextlib
import functools
import hashlib
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import BinaryIO

from models import bundle, loading, practice_set, selftest, wire
from models.bench import audio
from models.bundle import Bundle
from models.errors import BundleError, SwictationError
from models.recogniser import Recogniser

_FAILED = 3


def main(arguments: Sequence[str]) -> int:
    """Run the worker until its stdin is closed; the exit status is 3 if the model cannot be used, else 0."""
    parser = argparse.ArgumentParser(prog="_bench")
    parser.add_argument("--model", required=True)
    parser.add_argument("--engine", required=True)
    parser.add_argument("--provider", default="cpu")
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args(arguments)
    incoming, outgoing = wire.claim_stdio()
    with incoming, outgoing, contextlib.suppress(BrokenPipeError):
        try:
            found = bundle.find(options.model)
            bundle.validate(found)
            started = time.perf_counter()
            recogniser = load(found, options.engine, options.provider, options.threads)
            ready = {"provider": recogniser.provider, "load_ms": (time.perf_counter() - started) * 1000}
        except _failures(options.engine) as error:
            message = " ".join(str(error).split())[:300] or type(error).__name__
            outgoing.write(wire.pack({"kind": "failed", "message": message}))
            return _FAILED
        outgoing.write(wire.pack({"kind": "ready", "model": found.name, "int8": found.int8, **ready}))
        _serve(recogniser, found, _failures(options.engine), incoming, outgoing)
    return 0


def load(found: Bundle, engine: str, provider: str, threads: int) -> Recogniser:
    """The recogniser of this name: one of our engines, or a peer.

    Raises NoGpu with the reason if it cannot run on CUDA where that is asked, else whatever its libraries raise.
    """
    if engine in loading.ENGINES:
        return (loading.on_cuda if provider == "cuda" else loading.on_cpu)(found, engine, threads)
    from models.bench import peers

    if engine == "peer:sherpa":
        return peers.DirectSherpa(found, threads)
    if engine == "peer:onnx-asr":
        return peers.OnnxAsr(found, threads)
    raise BundleError(f"there is no engine {engine}; choose sherpa or ort")


def _failures(engine: str) -> tuple[type[Exception], ...]:
    """What an engine raises that cannot load or decode; a peer's errors reach us as its libraries raise them."""
    ours = (SwictationError, ImportError, OSError, ValueError, RuntimeError)
    if not engine.endswith("onnx-asr"):
        return ours
    from models.ort_encoder import failures

    return (*ours, *failures())


def _serve(
    recogniser: Recogniser,
    found: Bundle,
    failures: tuple[type[Exception], ...],
    incoming: BinaryIO,
    outgoing: BinaryIO,
) -> None:
    reference = functools.cache(functools.partial(_reference, found))
    while (message := wire.read(incoming)) is not None:
        head, pcm = message
        try:
            heard = reference(head["seconds"]) if head["kind"] == "reference" else pcm
            answer = _answer(head["kind"], recogniser, found, heard)
        except failures as error:
            answer = {"kind": "error", "message": " ".join(str(error).split())[:300]}
        outgoing.write(wire.pack(answer))


def _answer(kind: str, recogniser: Recogniser, found: Bundle, pcm: bytes) -> wire.Head:
    if kind in {"decode", "reference"}:
        return _measured(recogniser, pcm)
    if kind == "selftest":
        return _judged(recogniser, found)
    return {"kind": "counted", **asdict(practice_set.count(recogniser, practice_set.read()))}


def _reference(found: Bundle, seconds: float) -> bytes:
    """So much of the recording that the model is tested with."""
    return audio.of_length(selftest.reference_for(found).pcm, seconds).pcm


def _measured(recogniser: Recogniser, pcm: bytes) -> wire.Head:
    started, started_cpu = time.perf_counter(), time.process_time()
    heard = recogniser.recognise(pcm)
    whole, processor = time.perf_counter() - started, time.process_time() - started_cpu
    return {
        "kind": "decoded",
        "phases_ms": {
            "features": heard.features_ms,
            "encode": heard.encode_ms,
            "decode": heard.decode_ms,
            "whole": whole * 1000,
            "processor": processor * 1000,
        },
        "tokens": len(heard.tokens),
        "steps": heard.steps,
        "heard": hashlib.sha256(heard.text.encode()).hexdigest(),
        "rss_bytes": _rss_bytes(),
    }


def _judged(recogniser: Recogniser, found: Bundle) -> wire.Head:
    result = selftest.run(recogniser, selftest.reference_for(found))
    return {
        "kind": "judged",
        "verdict": result.verdict.value,
        "wer": result.wer,
        "reason": result.reason,
        "decode_ms": result.decode_ms,
    }


def _rss_bytes() -> int | None:
    """The memory of this process: what it has now where the system tells, else the most that it ever had."""
    status = Path("/proc/self/status")
    if status.is_file():
        line = next(line for line in status.read_text("utf-8").splitlines() if line.startswith("VmRSS:"))
        return int(line.split()[1]) * 1024
    if sys.platform == "win32":
        return None
    import resource

    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most if sys.platform == "darwin" else most * 1024
