"""sherpa-onnx on CUDA against our own engine, in turns, each in a process of its own. Part of ``tests.benchmarks.gpu``.

The sherpa-onnx that the program comes with has no CUDA. One that has is measured from a directory beside it::

    pip install --target DIR --no-deps sherpa-onnx==1.13.4 sherpa-onnx-core==1.13.4
    pip install --target DIR 'onnxruntime-gpu[cuda,cudnn]==1.27.0'
"""

import asyncio
import contextlib
import random
import statistics
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from models.bench.process import BenchProcess, RowFailed

_BENCH = [sys.executable, "-m", "daemon", "_bench"]


def compare(directory: Path, clips: dict[float, bytes], provider: str, pair: Path | None, repeats: int) -> None:
    """Print the times of both at each length (in seconds), and whether they heard the same."""
    beside = ["env", f"PYTHONPATH={pair.absolute()}"] if pair else []
    options = ["--model", str(directory), "--provider", provider, "--threads", "1", "--engine"]
    commands = {
        "swictation": [*_BENCH, *options, "ort"],
        "sherpa-onnx": [*beside, *_BENCH, *options, "sherpa"],
    }
    print(f"| audio | engine on {provider} | whole p50 | p95 | max | against sherpa-onnx | text |")
    print("|---|---|---|---|---|---|---|")
    try:
        asyncio.run(_compare(commands, clips, repeats))
    except RowFailed as error:
        print(f"\nsherpa-onnx is not compared: {error}")
    print(flush=True)


async def _compare(commands: dict[str, Sequence[str]], clips: dict[float, bytes], repeats: int) -> None:
    async with contextlib.AsyncExitStack() as stack:
        running = {}
        for name, command in commands.items():
            running[name] = await BenchProcess.start(command)
            stack.push_async_callback(running[name].stop)
        for seconds, pcm in clips.items():
            heads: dict[str, list[dict[str, Any]]] = {name: [] for name in running}
            for repeat in range(-3, repeats):
                for name in random.sample(list(running), len(running)):
                    head = await running[name].ask("decode", pcm, seconds)
                    if repeat >= 0:
                        heads[name].append(head)
            times = {name: [head["phases_ms"]["whole"] for head in found] for name, found in heads.items()}
            same = len({head["heard"] for found in heads.values() for head in found}) == 1
            for name, found in times.items():
                ratio = statistics.median(found) / statistics.median(times["sherpa-onnx"])
                whole = " | ".join(f"{np.percentile(found, part):.2f}" for part in (50, 95, 100))
                print(
                    f"| {seconds:g} s | {name} | {whole} | {ratio:.2f} | {'same' if same else 'DIFFERS'} |", flush=True
                )
