"""The engine worker: one model, loaded, proved and warm, that answers one recognition request after another.

The daemon's supervisor starts it as ``_engine --model DIR --engine NAME --provider NAME --threads N``, with ``--judge``
to have the model pass its self-test, and ``--cpu-text DIGEST`` if the CPU's text of the reference recording is known.
It speaks ``models.wire`` on stdin and stdout::

    -> {"kind": "ready", "model", "engine", "provider", "threads", "practice", "int8", "stops", "directory",
        "load_ms", "warm_ms", "pace_ms", "provider_fault",
        "self_test"}                                      ``provider`` is the one in use, ``provider_fault`` why that is
                                                          not the one asked for, ``self_test`` as ``selftest.SelfTest``,
                                                          a digest of the text in its place; either may be null;
                                                          ``stops`` whether a decode can be stopped, ``pace_ms`` what
                                                          one takes for a second of audio
    -> {"kind": "failed", "message"}                      the model can never be used; exit status 3
    <- {"kind": "recognise", "id"} + PCM                  int16 little-endian mono, 16 kHz
    -> {"kind": "transcript", "id", every field of Transcript, "engine_ms"}
    <- {"kind": "recognise_many", "id", "lengths"} + PCM  several, one behind the other; their lengths are in bytes
    -> {"kind": "transcripts", "id", "transcripts": [every field of Transcript], "engine_ms"}
    <- {"kind": "cancel", "id"}                           that request is in vain; no answer of its own
    -> {"kind": "cancelled", "id"}                        the answer to a request that was stopped, or had not begun
    -> {"kind": "error", "id", "message", "device_lost"}  this request failed; after the loss of the GPU, or of its
                                                          memory, the worker leaves with exit status 4
    -> {"kind": "alive"}                                  four times a second while it recognises

Requests are read by a thread of their own, so that one can be cancelled while it is decoded. Where the engine does not
stop, its answer comes nevertheless; whoever has waited enough kills the process. The sign of life comes from a thread,
too, so it goes on through the longest decode and stops with the process (SIGSTOP, a machine that is out of memory).
"""

from __future__ import annotations

import argparse
import contextlib
import itertools
import os
import queue
import threading
import time
import weakref
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import BinaryIO

from models import bundle, loading, proof, selftest, unchanged, wire
from models.errors import BundleError, SwictationError
from models.recogniser import BatchRecogniser
from models.selftest import SelfTest
from models.sherpa import RecognitionError
from models.stopping import Stop, Stopped
from models.verdict import Verdict

ALIVE_S = 0.25
DEVICE_LOST = 4  # exit status
_FAILED = 3


def main(arguments: Sequence[str]) -> int:
    """Run the worker until the daemon closes its stdin.

    The exit status is 3 if the model cannot be used, 4 after the loss of the GPU, else 0.
    """
    parser = argparse.ArgumentParser(prog="_engine")
    parser.add_argument("--model", required=True)
    parser.add_argument("--engine", choices=loading.ENGINES, default="sherpa")
    parser.add_argument("--provider", choices=loading.PROVIDERS, default="cpu")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--judge", action="store_true")
    parser.add_argument("--cpu-text")
    options = parser.parse_args(arguments)
    incoming, outgoing = wire.claim_stdio()
    # ``incoming`` stays open: closing it would wait for the thread that reads it, which waits for the daemon
    with outgoing, contextlib.suppress(BrokenPipeError):  # the daemon may be gone at any time
        try:
            recogniser, ready = _start(options)
        except (SwictationError, ImportError) as error:
            outgoing.write(wire.pack({"kind": "failed", "message": str(error)}))
            return _FAILED
        outgoing.write(wire.pack(ready))
        status = serve(recogniser, incoming, outgoing)
        if status == DEVICE_LOST:
            os._exit(status)  # CUDA's own clearing up may hang or crash on a driver that is gone
        return status
    return 0


def _start(options: argparse.Namespace) -> tuple[BatchRecogniser, wire.Head]:
    """The recogniser and what the daemon is told of it. Raises SwictationError or ImportError, one line."""
    try:
        unchanged.check(Path(options.model).expanduser())
        found = bundle.find(options.model)
        bundle.validate(found)
        proved = proof.prove(
            lambda: loading.load(found, options.engine, options.provider, options.threads),
            lambda: loading.on_cpu(found, options.engine, options.threads),
            lambda: selftest.reference_for(found),
            judge=options.judge,
            cpu_text=options.cpu_text,
        )
    except (RecognitionError, RuntimeError, ValueError) as error:  # sherpa-onnx on damage that no header shows
        reason = " ".join(str(error).split())[:300] or type(error).__name__
        raise BundleError(f"the model in {options.model} cannot be loaded ({reason}); fetch it again") from None
    test = proved.self_test
    if options.judge and test is not None and test.verdict is Verdict.BROKEN:
        raise BundleError(f"the model in {options.model} is broken: {test.reason}; use another one")
    return proved.recogniser, {
        "kind": "ready",
        "model": proved.recogniser.model,
        "engine": options.engine,
        "provider": proved.recogniser.provider,
        "threads": options.threads,
        "practice": found.practice,
        "int8": found.int8,
        "stops": proved.recogniser.stops,
        "directory": str(found.directory),
        "load_ms": proved.load_ms,
        "warm_ms": proved.warm_ms,
        "pace_ms": proved.pace_ms,
        "provider_fault": proved.provider_fault,
        "self_test": _told(test) if test else None,
    }


def _told(test: SelfTest) -> wire.Head:
    return {
        "verdict": test.verdict.value,
        "wer": test.wer,
        "reason": test.reason,
        "decode_ms": test.decode_ms,
        "text_sha256": proof.digest(test.text_shown),
    }


def serve(recogniser: BatchRecogniser, incoming: BinaryIO, outgoing: BinaryIO) -> int:
    """Answer requests until ``incoming`` ends or the GPU is lost; the exit status."""
    speaker, requests = _Speaker(outgoing), _Requests(incoming)
    while (request := requests.next()) is not None:
        speaker.begin()
        answer = _answer(recogniser, request)
        speaker.say({**answer, "id": request.head["id"]})
        if answer.get("device_lost"):  # no later decode can be hoped for in this process
            return DEVICE_LOST
    return 0


@dataclass(frozen=True, slots=True)
class _Request:
    head: wire.Head
    pcm: bytes
    stop: Stop


class _Requests:
    """What was asked for, read by a thread of its own, which also hears what is cancelled."""

    def __init__(self, incoming: BinaryIO) -> None:
        self._incoming = incoming
        self._waiting: queue.SimpleQueue[_Request | None] = queue.SimpleQueue()
        threading.Thread(target=self._read, name="requests", daemon=True).start()

    def next(self) -> _Request | None:
        """The next request, once it has come; None after the last one."""
        return self._waiting.get()

    def _read(self) -> None:
        stops: weakref.WeakValueDictionary[int, Stop] = weakref.WeakValueDictionary()  # by id, while there is a request
        try:
            while (message := wire.read(self._incoming)) is not None:
                head, pcm = message
                if head["kind"] != "cancel":
                    stops[head["id"]] = stop = Stop()
                    self._waiting.put(_Request(head, pcm, stop))
                elif (asked := stops.get(head["id"])) is not None:
                    asked.ask()
        finally:  # broken framing is the end, too
            self._waiting.put(None)


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


def _answer(recogniser: BatchRecogniser, request: _Request) -> wire.Head:
    head, pcm, stop = request.head, request.pcm, request.stop
    started = time.perf_counter()
    try:
        stop.check()
        if head["kind"] == "recognise":
            answer = {"kind": "transcript", **asdict(recogniser.recognise(pcm, stop))}
        else:
            ends = list(itertools.accumulate(head["lengths"], initial=0))
            heard = recogniser.recognise_many([pcm[start:end] for start, end in itertools.pairwise(ends)], stop)
            answer = {"kind": "transcripts", "transcripts": [asdict(transcript) for transcript in heard]}
    except Stopped:
        return {"kind": "cancelled"}
    except RecognitionError as error:
        lost = error.device_lost and recogniser.provider == "cuda"
        return {"kind": "error", "message": str(error), "device_lost": lost}
    return {**answer, "engine_ms": (time.perf_counter() - started) * 1000}
