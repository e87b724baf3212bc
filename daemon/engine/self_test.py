"""The self-test of a model in a process of its own, for whoever gets, checks or first uses one."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

from daemon.worker import program
from models.bench.process import BenchProcess, Candidate, RowFailed
from models.verdict import Verdict

_AUDIO_S = 30.0  # the deadline is that of so much audio; the reference, silence and noise are less


def self_test(directory: Path, *, engine: str = "sherpa", provider: str = "cpu", threads: int = 1) -> dict[str, Any]:
    """Load the model and let it hear the reference recording, silence and noise.

    Gives ``verdict``, ``wer`` (None where there was no text), ``reason`` (one line) and ``decode_ms`` (None if it did
    not come so far). A model that does not load, or whose process ends, is broken.
    """
    return asyncio.run(self_test_async(directory, engine=engine, provider=provider, threads=threads))


async def self_test_async(directory: Path, *, engine: str, provider: str, threads: int) -> dict[str, Any]:
    """The same on a running loop."""
    command = [*program("daemon"), "_bench", *Candidate(directory, engine, provider).command(threads)]
    try:
        process = await BenchProcess.start(command)
        try:
            judged = await process.ask("selftest", seconds=_AUDIO_S)
        finally:
            await process.stop()
    except RowFailed as error:
        return {"verdict": Verdict.BROKEN.value, "wer": None, "reason": str(error), "decode_ms": None}
    return {key: value for key, value in judged.items() if key != "kind"}
