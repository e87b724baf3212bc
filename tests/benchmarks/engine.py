"""What our engines cost against a direct sherpa-onnx call on the same audio, alternating in one run.

    python -m tests.benchmarks.engine [--model DIR] [--audio FILE] [--threads N] [--repeats N]
    python -m tests.benchmarks.engine --memory 300 [--model DIR]

``direct`` is sherpa-onnx as its own examples call it, ``own`` the same model through SherpaRecogniser in this process,
``worker`` the whole round trip that the daemon waits for, ``ort`` the model through OrtRecogniser in this process, and
``stepwise`` the same with decoder and joiner in onnxruntime. Times are medians in milliseconds; ``overhead`` is the
median of ``worker`` less ``own`` within each repeat, which other work on the machine disturbs less. The ratios are
medians of the ratios within each repeat. The second table splits the time of ``ort`` and ``stepwise``.
"""

import argparse
import asyncio
import operator
import random
import statistics
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path

import numpy as np
import psutil
import sherpa_onnx

from daemon.engine.choice import Plan
from daemon.engine.recogniser import EngineClient
from models import audio_file, bundle
from models.choice import Backend
from models.ort import OrtRecogniser
from models.recogniser import Transcript
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
    client = EngineClient(Plan(directory, Backend("sherpa", "cpu", threads)))
    await client.start()
    await client.wait_ready(120)

    async def worker(pcm: bytes) -> Transcript:
        return (await client.recognise(pcm)).transcript

    engines: dict[str, Callable[[bytes], Transcript | Awaitable[Transcript]]] = {
        "direct": direct,
        "own": own.recognise,
        "worker": worker,
        "ort": OrtRecogniser(found, threads=threads).recognise,
        "stepwise": OrtRecogniser(found, threads=threads, stepwise=True).recognise,
    }
    print(f"{found.name}, {threads} thread(s), {repeats} alternating repeats, medians in ms")
    print("audio    direct      own   worker      ort stepwise   worker/direct   ort/direct   overhead")
    stages = []
    for seconds in _LENGTHS_S:
        pcm = speech[: int(seconds * _RATE_HZ) * _SAMPLE_BYTES]
        times, heard = await _alternate(engines, pcm, repeats)
        print(f"{seconds:5.1f} {_row(times)}", flush=True)
        stages += [_stages(seconds, name, heard[name]) for name in ("ort", "stepwise")]
        if len({transcripts[-1].text for transcripts in heard.values()}) != 1:
            print("      they do not all hear the same")
    print("audio            features   encode   decode   decode/all   steps   tokens", *stages, sep="\n")
    await client.stop()


async def _alternate(
    engines: Mapping[str, Callable[[bytes], Transcript | Awaitable[Transcript]]], pcm: bytes, repeats: int
) -> tuple[dict[str, list[float]], dict[str, list[Transcript]]]:
    """The times in milliseconds and the transcripts of each engine."""
    times: dict[str, list[float]] = {name: [] for name in engines}
    heard: dict[str, list[Transcript]] = {name: [] for name in engines}
    for repeat in range(-2, repeats):  # the first two of each length warm up
        for name in random.sample(list(engines), len(engines)):  # no order is favoured
            started = time.perf_counter()
            answer = engines[name](pcm)
            transcript = answer if isinstance(answer, Transcript) else await answer
            if repeat >= 0:
                times[name].append((time.perf_counter() - started) * 1000)
                heard[name].append(transcript)
    return times, heard


def _row(times: Mapping[str, Sequence[float]]) -> str:
    def paired(function: Callable[[float, float], float], one: str, other: str) -> float:
        return statistics.median(map(function, times[one], times[other]))

    overhead = paired(operator.sub, "worker", "own")
    ratios = [paired(operator.truediv, name, "direct") for name in ("worker", "ort")]
    medians = "".join(f"{statistics.median(values):9.2f}" for values in times.values())
    return f"{medians}{ratios[0]:16.3f}{ratios[1]:13.3f}{overhead:11.2f}"


def _stages(seconds: float, name: str, heard: Sequence[Transcript]) -> str:
    features, encode, decode = (
        statistics.median(getattr(one, stage) for one in heard) for stage in ("features_ms", "encode_ms", "decode_ms")
    )
    share = decode / (features + encode + decode)
    counts = f"{heard[0].steps:8d}{len(heard[0].tokens):9d}"
    return f"{seconds:5.1f} {name:>8}{features:11.2f}{encode:9.2f}{decode:9.2f}{share:13.3f}{counts}"


def _direct(found: bundle.Bundle, threads: int) -> Callable[[bytes], Transcript]:
    recogniser = sherpa_onnx.OfflineRecognizer.from_transducer(
        str(found.encoder),
        str(found.decoder),
        str(found.joiner),
        str(found.tokens),
        num_threads=threads,
        feature_dim=found.feat_dim,
        model_type="nemo_transducer",
    )

    def recognise(pcm: bytes) -> Transcript:
        stream = recogniser.create_stream()
        stream.accept_waveform(_RATE_HZ, np.frombuffer(pcm, np.int16).astype(np.float32) / 32768)
        recogniser.decode_stream(stream)
        return Transcript(str(stream.result.text).strip())

    return recognise


async def _memory(directory: Path, threads: int, speech: bytes, requests: int) -> None:
    client = EngineClient(Plan(directory, Backend("sherpa", "cpu", threads)))
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
