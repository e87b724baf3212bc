"""What the engine worker costs against a direct sherpa-onnx call on the same audio, alternating in one run.

    python -m tests.benchmarks.engine [--model DIR] [--audio FILE] [--threads N] [--repeats N]
    python -m tests.benchmarks.engine --memory 300 [--model DIR]

``direct`` is sherpa-onnx as its own examples call it, ``own`` the same model through SherpaRecogniser in this process,
``worker`` the whole round trip that the daemon waits for. Times are medians in milliseconds; ``overhead`` is the median
of ``worker`` less ``own`` within each repeat, which other work on the machine disturbs less.
"""

import argparse
import asyncio
import random
import statistics
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import psutil
import sherpa_onnx

from daemon.recogniser import EngineClient
from models import audio_file, bundle
from models.sherpa import SherpaRecogniser
from tests import recordings

_LENGTHS_S = (1.0, 2.8, 5.0, 10.0)
_RATE_HZ, _SAMPLE_BYTES = 16_000, 2


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", type=Path, default=recordings.any_model())
    parser.add_argument("--audio", type=Path, help="speech; by default a recording of the tests")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--repeats", type=int, default=20)
    parser.add_argument("--memory", type=int, metavar="N", help="the worker's memory over N requests of random length")
    options = parser.parse_args()
    clips = [options.audio] if options.audio else recordings.practice_clips() + recordings.human_clips("vctk", 8)
    if options.model is None or not clips:
        parser.error("no model or no recording is here: give --model and --audio")
    speech = b"".join(audio_file.read(clip).pcm for clip in clips)
    speech *= 1 + int(20 * _RATE_HZ * _SAMPLE_BYTES / len(speech))
    if options.memory:
        asyncio.run(_memory(options.model, options.threads, speech, options.memory))
    else:
        asyncio.run(_compare(options.model, options.threads, speech, options.repeats))


async def _compare(directory: Path, threads: int, speech: bytes, repeats: int) -> None:
    found = bundle.find(directory)
    direct, own = _direct(found, threads), SherpaRecogniser(found, threads)
    client = EngineClient(directory, threads)
    await client.start()
    await client.wait_ready(120)
    print(f"{found.name}, {threads} thread(s), {repeats} alternating repeats, medians in ms")
    print("audio    direct      own   worker   worker/direct   overhead")
    for seconds in _LENGTHS_S:
        pcm = speech[: int(seconds * _RATE_HZ) * _SAMPLE_BYTES]
        times: dict[str, list[float]] = {"direct": [], "own": [], "worker": []}
        for repeat in range(-2, repeats):  # the first two of each length warm up
            texts = {}
            for name in random.sample(list(times), len(times)):  # no order is favoured
                started = time.perf_counter()
                if name == "worker":
                    texts[name] = (await client.recognise(pcm)).transcript.text
                else:
                    texts[name] = direct(pcm) if name == "direct" else own.recognise(pcm).text
                if repeat >= 0:
                    times[name].append((time.perf_counter() - started) * 1000)
            if len(set(texts.values())) != 1:
                raise SystemExit("the three do not hear the same")
        middle = {name: statistics.median(values) for name, values in times.items()}
        overhead = statistics.median(a - b for a, b in zip(times["worker"], times["own"], strict=True))
        print(
            f"{seconds:5.1f} {middle['direct']:9.2f}{middle['own']:9.2f}{middle['worker']:9.2f}"
            f"{middle['worker'] / middle['direct']:16.3f}{overhead:11.2f}"
        )
    await client.stop()


def _direct(found: bundle.Bundle, threads: int) -> Callable[[bytes], str]:
    recogniser = sherpa_onnx.OfflineRecognizer.from_transducer(
        str(found.encoder),
        str(found.decoder),
        str(found.joiner),
        str(found.tokens),
        num_threads=threads,
        feature_dim=found.feat_dim,
        model_type="nemo_transducer",
    )

    def recognise(pcm: bytes) -> str:
        stream = recogniser.create_stream()
        stream.accept_waveform(_RATE_HZ, np.frombuffer(pcm, np.int16).astype(np.float32) / 32768)
        recogniser.decode_stream(stream)
        return str(stream.result.text).strip()

    return recognise


async def _memory(directory: Path, threads: int, speech: bytes, requests: int) -> None:
    client = EngineClient(directory, threads)
    await client.start()
    await client.wait_ready(120)
    process = psutil.Process(client.pid)
    lengths = random.Random(1)  # noqa: S311 -- the same lengths in every run
    for count in range(requests + 1):
        if count % 50 == 0:
            print(f"{count:5d} requests: {process.memory_info().rss / 1e6:8.1f} MB")
        samples = lengths.randrange(8_000, 20 * _RATE_HZ)
        await client.recognise(speech[: samples * _SAMPLE_BYTES])
    await client.stop()


if __name__ == "__main__":
    main()
