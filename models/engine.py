"""The engine worker: one model, loaded and warm, that answers one recognition request after another.

The daemon's supervisor starts it as ``_engine --model DIR --threads N --engine NAME``; it speaks ``models.wire`` on
stdin and stdout::

    -> {"kind": "ready", "model", "provider", "practice", "int8", "directory", "load_ms", "warm_ms"}
    -> {"kind": "failed", "message"}                      the model can never be used; exit status 3
    <- {"kind": "recognise", "id"} + PCM                  int16 little-endian mono, 16 kHz
    -> {"kind": "transcript", "id", every field of Transcript, "engine_ms"}
    -> {"kind": "error", "id", "message"}                 this utterance could not be recognised
    -> {"kind": "alive"}                                  four times a second while it recognises

A decode cannot be cancelled; whoever has waited enough kills the process. The sign of life comes from a thread of its
own, so it goes on through the longest decode and stops with the process (SIGSTOP, a machine that is out of memory).
"""

from __future__ import annotations

import argparse
import contextlib
import logging
import threading
import time
from collections.abc import Sequence
from dataclasses import asdict
from typing import BinaryIO

import numpy as np

from models import bundle, wire
from models.errors import BundleError
from models.recogniser import RATE_HZ, Recogniser
from models.sherpa import RecognitionError, SherpaRecogniser

log = logging.getLogger(__name__)

ALIVE_S = 0.25
_FAILED = 3
_WARM_S = 2.0  # of audio; two decodes of it bring every later one to its usual time


def main(arguments: Sequence[str]) -> int:
    """Run the worker until the daemon closes its stdin; the exit status is 3 if the model cannot be used, else 0."""
    parser = argparse.ArgumentParser(prog="_engine")
    parser.add_argument("--model", required=True)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--engine", choices=["sherpa", "ort"], default="sherpa")
    options = parser.parse_args(arguments)
    incoming, outgoing = wire.claim_stdio()
    with incoming, outgoing, contextlib.suppress(BrokenPipeError):  # the daemon may be gone at any time
        return _run(options, incoming, outgoing)
    return 0


def _run(options: argparse.Namespace, incoming: BinaryIO, outgoing: BinaryIO) -> int:
    try:
        found = bundle.find(options.model)
        bundle.validate(found)
        started = time.perf_counter()
        recogniser = _load(found, options.engine, options.threads)
        loaded = time.perf_counter()
        _warm_up(recogniser)
    except (BundleError, ImportError) as error:
        return _fail(outgoing, str(error))
    except (RecognitionError, RuntimeError, ValueError) as error:  # sherpa-onnx on damage that no header shows
        reason = " ".join(str(error).split())[:300] or type(error).__name__
        return _fail(outgoing, f"the model in {options.model} cannot be loaded ({reason}); fetch it again")
    ready = {
        "kind": "ready",
        "model": recogniser.model,
        "provider": recogniser.provider,
        "practice": found.practice,
        "int8": found.int8,
        "directory": str(found.directory),
        "load_ms": (loaded - started) * 1000,
        "warm_ms": (time.perf_counter() - loaded) * 1000,
    }
    speaker = _Speaker(outgoing)
    speaker.say(ready)
    while (message := wire.read(incoming)) is not None:
        head, pcm = message
        if head["kind"] == "recognise":
            speaker.begin()
            speaker.say({**_answer(recogniser, pcm), "id": head["id"]})
    return 0


def _load(found: bundle.Bundle, engine: str, threads: int) -> Recogniser:
    """The model on the engine. Raises ImportError, one line, if the engine is not installed."""
    if engine == "sherpa":
        return SherpaRecogniser(found, threads)
    try:
        import onnxruntime  # noqa: F401 -- a third of a second that only this engine costs
    except ImportError as error:
        raise ImportError(
            f"the ort engine needs onnxruntime ({error}); run `pip install 'swictation[gpu]'`, or set model.engine "
            "to sherpa"
        ) from None
    from models.ort import OrtRecogniser

    if not found.int8:  # the GPU has no kernels for it: each operation would go to the CPU and back
        try:
            return OrtRecogniser(found, "cuda", threads)
        except RecognitionError as error:
            log.warning("%s", error)
    return OrtRecogniser(found, "cpu", threads)


class _Speaker:
    """Says ``alive`` every ALIVE_S from ``begin`` until the answer is said.

    Its thread is started once and never waited for: starting and joining one for each request cost up to 1 ms.
    """

    def __init__(self, outgoing: BinaryIO) -> None:
        self._outgoing = outgoing
        self._working = threading.Event()
        self._turn = threading.Lock()  # a message longer than the pipe's atomic 4 KiB must not be broken into
        threading.Thread(target=self._beat, name="signs of life", daemon=True).start()

    def begin(self) -> None:
        """A request has come."""
        self._working.set()

    def say(self, head: wire.Head) -> None:
        """Send an answer."""
        with self._turn:
            self._working.clear()
            self._outgoing.write(wire.pack(head))

    def _beat(self) -> None:
        with contextlib.suppress(BrokenPipeError):  # the daemon is gone; the main thread finds out by itself
            while self._working.wait():
                time.sleep(ALIVE_S)
                with self._turn:
                    if self._working.is_set():
                        self._outgoing.write(wire.pack({"kind": "alive"}))


def _answer(recogniser: Recogniser, pcm: bytes) -> wire.Head:
    started = time.perf_counter()
    try:
        transcript = recogniser.recognise(pcm)
    except RecognitionError as error:
        return {"kind": "error", "message": str(error)}
    return {"kind": "transcript", **asdict(transcript), "engine_ms": (time.perf_counter() - started) * 1000}


def _warm_up(recogniser: Recogniser) -> None:
    """Recognise a rising tone twice: the first decodes of a process allocate and are slow."""
    seconds = np.arange(int(_WARM_S * RATE_HZ)) / RATE_HZ
    tone = (3000 * np.sin(2 * np.pi * (200 + 400 * seconds) * seconds)).astype("<i2").tobytes()
    for _ in range(2):
        recogniser.recognise(tone)


def _fail(outgoing: BinaryIO, message: str) -> int:
    outgoing.write(wire.pack({"kind": "failed", "message": message}))
    return _FAILED
