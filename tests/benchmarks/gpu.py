"""The whole check of a machine with a CUDA GPU, in one command; the report is Markdown for models/BENCHMARKS.md.

    python -m tests.benchmarks.gpu [--cache DIR] [--model DIR ...] [--provider cpu] [--pair DIR]

Needs the checkout with its ``gpu`` and ``test`` extras but for ``onnxruntime``, and no network. Checks the stand-in of
the 110M (built into ``--cache``) and the practice model, or the models that are given: tokens on the GPU against those
on the CPU, alone and in batches; the time of each stage with and without CUDA graphs; decoder and joiner computed
here, in onnxruntime on the CPU and on the GPU; lengths seen for the first time; batches; memory over many utterances;
sherpa-onnx on CUDA (in ``--pair``, see ``gpu_sherpa``); what the worker does when the GPU is lost.

Exit status: 0 if all is well, 1 if tokens differ, 2.8 s of audio take the stand-in more than 5 ms, the memory grows by
more than 1 MB in 100 utterances or a lost GPU is not told, 3 without a GPU.
``--provider cpu`` runs all of it on the CPU, to try the script; its times say nothing about a GPU.
"""

import argparse
import itertools
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import onnxruntime
import psutil

from models import audio_file, bundle
from models.bundle import Bundle
from models.ort import OrtRecogniser
from models.recogniser import Transcript
from tests import recordings
from tests.benchmarks import gpu_loss, gpu_sherpa, stand_in

_BAR_MS, _BAR_S = 5.0, 2.8
_GROWTH_MB = 1.0  # in 100 utterances
_LENGTHS_S = (1.0, 2.8, 5.0, 10.0)
_RATE_HZ, _SAMPLE_BYTES = 16_000, 2
_NO_GPU = 3


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cache", type=Path, help="where the stand-in is built, or is already; by default nowhere")
    parser.add_argument("--model", type=Path, action="append", help="in place of stand-in and practice model")
    parser.add_argument("--provider", choices=["cuda", "cpu"], default="cuda")
    parser.add_argument("--pair", type=Path, help="where a sherpa-onnx that can use CUDA is installed")
    parser.add_argument("--repeats", type=int, default=200)
    parser.add_argument("--utterances", type=int, default=2000, help="of random length, for the memory")
    options = parser.parse_args()
    if options.provider == "cuda" and (reason := _without_gpu()):
        print(f"no GPU check: {reason}", file=sys.stderr)
        return _NO_GPU
    with tempfile.TemporaryDirectory() as scratch:
        directories = options.model or [stand_in.build(options.cache or Path(scratch)), recordings.practice_model()]
        print(f"{_machine()}\n")
        found = [bundle.find(directory) for directory in directories if directory is not None]
        well = []
        for one in found:
            check = _Check(one, options.provider, options.repeats, options.utterances)
            well.append(check.run())
            clips = {seconds: check.cut(seconds) for seconds in _LENGTHS_S}
            gpu_sherpa.compare(one.directory, clips, options.provider, options.pair, options.repeats)
            well.append(gpu_loss.check(one.directory, check.cut(10), options.provider))
    return 0 if all(well) else 1


def _without_gpu() -> str | None:
    """Why nothing can be checked here, or None."""
    if "CUDAExecutionProvider" not in onnxruntime.get_available_providers():
        return (
            f"onnxruntime {onnxruntime.__version__} has no CUDA in it; install swictation[gpu] and no plain onnxruntime"
        )
    try:
        subprocess.run(["nvidia-smi"], check=True, capture_output=True, timeout=60)
    except (OSError, subprocess.SubprocessError):
        return "nvidia-smi finds no GPU on this machine"
    return None


def _ask_gpu(what: str) -> str:
    command = ["nvidia-smi", f"--query-gpu={what}", "--format=csv,noheader,nounits", "--id=0"]
    try:
        return subprocess.run(command, check=True, capture_output=True, text=True, timeout=60).stdout.strip()
    except (OSError, subprocess.SubprocessError):
        return ""


def _machine() -> str:
    card = _ask_gpu("name,driver_version") or "no GPU"
    return f"{card}; onnxruntime {onnxruntime.__version__}; numpy {np.__version__}; {psutil.cpu_count()} CPUs"


class _Check:
    """Everything about one model."""

    def __init__(self, found: Bundle, provider: str, repeats: int, utterances: int) -> None:
        self._found, self._provider, self._repeats, self._utterances = found, provider, repeats, utterances
        self._speech = _speech()
        self._reference = OrtRecogniser(found)

    def run(self) -> bool:
        """Print the report; whether tokens agree and, of the stand-in on a GPU, the bar is met."""
        started = time.perf_counter()
        graphs = self._load()
        print(f"## {self._found.name} on {graphs.provider}\n")
        print(
            f"loaded with graphs in {time.perf_counter() - started:.1f} s; graphs are used: {graphs.graphs};", end=" "
        )
        print(f"utterances are padded: {graphs.pads}\n")
        if graphs.provider != self._provider:
            print("the session does not run on the GPU; onnxruntime has said above why")
            return False
        same = self._parity(
            {"graphs": graphs, "eager": self._load(graphs=False), "graphs, TF32": self._load(tf32=True)}
        )
        middle_ms = self._stages(graphs)
        self._first_seen()
        self._batches(graphs)
        steady = self._memory(graphs) <= _GROWTH_MB or self._provider == "cpu"
        met = self._provider == "cpu" or self._found.practice or middle_ms <= _BAR_MS
        print(f"tokens {'agree' if same else 'DIFFER'}; {_BAR_S} s take {middle_ms:.2f} ms (bar {_BAR_MS} ms)\n")
        return same and met and steady

    def _load(self, graphs: bool = True, tf32: bool = False, decoder: str = "") -> OrtRecogniser:
        return OrtRecogniser(
            self._found,
            self._provider,
            graphs=graphs,
            tf32=tf32,
            stepwise=bool(decoder),
            decoder_provider=decoder or "cpu",
        )

    def cut(self, seconds: float, start_s: float = 0.0) -> bytes:
        """So many seconds of speech."""
        first = int(start_s * _RATE_HZ) * _SAMPLE_BYTES
        return self._speech[first : first + int(seconds * _RATE_HZ) * _SAMPLE_BYTES]

    def _random(self, count: int, shortest_s: float, longest_s: float) -> list[bytes]:
        chance = random.Random(count)  # noqa: S311 -- the same cuts in every run
        return [self.cut(chance.uniform(shortest_s, longest_s), chance.uniform(0, 20)) for _ in range(count)]

    def _parity(self, engines: dict[str, OrtRecogniser]) -> bool:
        """Compare tokens with those of the CPU at the exact length."""
        pcms = self._random(60, 0.3, 12)
        wanted = [self._reference.recognise(pcm).tokens for pcm in pcms]
        total, same = sum(map(len, wanted)), True
        print("| tokens against the CPU | utterances that differ | in batches |\n|---|---|---|")
        for name, engine in engines.items():
            alone = [engine.recognise(pcm).tokens for pcm in pcms]
            together = [heard.tokens for heard in engine.recognise_many(pcms)]
            counts = [sum(a != b for a, b in zip(wanted, got, strict=True)) for got in (alone, together)]
            print(f"| {name} | {counts[0]} of {len(pcms)} | {counts[1]} of {len(pcms)} |")
            same &= counts == [0, 0] or "TF32" in name  # which rounds to 10 bits
        print(f"\n{total} tokens in all\n", flush=True)
        return same

    def _stages(self, graphs: OrtRecogniser) -> float:
        """Print the stages' times at the usual lengths; the median of a whole decode at the bar's length."""
        engines = {
            "graphs": graphs,
            "eager": self._load(graphs=False),
            "graphs, TF32": self._load(tf32=True),
            "graphs, decoder in onnxruntime on the CPU": self._load(decoder="cpu"),
            f"graphs, decoder in onnxruntime on {self._provider}": self._load(decoder=self._provider),
        }
        print("| audio | engine | features | encode | decode | whole p50 | p95 | max | steps | tokens |")
        print("|---|---|---|---|---|---|---|---|---|---|")
        middle_ms = {}
        for seconds in _LENGTHS_S:
            measured = _alternate(engines, self.cut(seconds), self._repeats)
            for name, (times, heard) in measured.items():
                print(f"| {seconds:g} s | {name} | {_row(times, heard)} |", flush=True)
                middle_ms[seconds, name] = statistics.median(times)
        print(flush=True)
        return middle_ms[_BAR_S, "graphs"]

    def _first_seen(self) -> None:
        """A decode at a length that this recogniser never had, and the same once more."""
        print("| lengths seen for the first time | first p50 | first max | again p50 |\n|---|---|---|---|")
        for name, (shortest_s, longest_s) in {"1 to 8 s": (1, 8), "8 to 20 s": (8, 20)}.items():
            for graphs in (True, False):
                engine = self._load(graphs=graphs)
                engine.recognise(self.cut(2))
                first, again = [], []
                for pcm in self._random(20, shortest_s, longest_s):
                    first.append(_timed(engine, pcm)[0])
                    again.append(_timed(engine, pcm)[0])
                kind = "graphs" if graphs else "eager"
                middles = statistics.median(first), max(first), statistics.median(again)
                print(f"| {name}, {kind} | " + " | ".join(f"{time_ms:.2f}" for time_ms in middles) + " |", flush=True)
        print()

    def _batches(self, engine: OrtRecogniser) -> None:
        pcms = self._random(max(8, self._repeats // 2), 2, 8)
        engine.recognise_many(pcms)
        started = time.perf_counter()
        for pcm in pcms:
            engine.recognise(pcm)
        alone = time.perf_counter()
        engine.recognise_many(pcms)
        together = time.perf_counter()
        ratio = (alone - started) / (together - alone)
        audio_s = sum(map(len, pcms)) / _RATE_HZ / _SAMPLE_BYTES
        print(f"batches: {len(pcms)} utterances, {audio_s:.0f} s of audio, in {together - alone:.2f} s,", end=" ")
        print(f"one at a time in {alone - started:.2f} s: {ratio:.2f} times as fast\n", flush=True)

    def _memory(self, engine: OrtRecogniser) -> float:
        """MB that the process grows by in 100 utterances, over the second half: the first half meets every length."""
        print("| utterances of random length | process MB | GPU MB |\n|---|---|---|")
        process = psutil.Process()
        every, middle_mb = max(1, self._utterances // 10), 0.0
        for count, pcm in enumerate(itertools.chain([b""], self._random(self._utterances, 0.3, 20))):
            engine.recognise(pcm)
            resident_mb = process.memory_info().rss / 1e6
            if count == self._utterances // 2:
                middle_mb = resident_mb
            if count % every == 0:
                print(f"| {count} | {resident_mb:.0f} | {_ask_gpu('memory.used')} |", flush=True)
        growth_mb = (resident_mb - middle_mb) / (self._utterances / 2) * 100
        print(f"\n{growth_mb:.2f} MB more for each 100 of the second half (bar {_GROWTH_MB} MB)\n")
        return growth_mb


def _speech() -> bytes:
    """40 s of speech."""
    clips = [audio_file.read(clip).pcm for clip in recordings.practice_clips()]
    pcm = b"".join(clips) or (stand_in.speech() * 32767).astype("<i2").tobytes()
    return pcm * (1 + 40 * _RATE_HZ * _SAMPLE_BYTES // len(pcm))


def _timed(engine: OrtRecogniser, pcm: bytes) -> tuple[float, Transcript]:
    started = time.perf_counter()
    heard = engine.recognise(pcm)
    return (time.perf_counter() - started) * 1000, heard


def _alternate(
    engines: dict[str, OrtRecogniser], pcm: bytes, repeats: int
) -> dict[str, tuple[list[float], list[Transcript]]]:
    """The times and transcripts of each engine, taken in turns, after two of each that warm it up."""
    measured: dict[str, tuple[list[float], list[Transcript]]] = {name: ([], []) for name in engines}
    for repeat in range(-2, repeats):
        for name in _shuffled(list(engines)):
            time_ms, heard = _timed(engines[name], pcm)
            if repeat >= 0:
                measured[name][0].append(time_ms)
                measured[name][1].append(heard)
    return measured


def _shuffled(names: list[str]) -> Iterator[str]:
    return iter(random.sample(names, len(names)))


def _row(times: Sequence[float], heard: Sequence[Transcript]) -> str:
    stages = [
        statistics.median(getattr(one, stage) for one in heard) for stage in ("features_ms", "encode_ms", "decode_ms")
    ]
    whole = [float(np.percentile(times, part)) for part in (50, 95, 100)]
    return " | ".join(
        [*(f"{time_ms:.2f}" for time_ms in [*stages, *whole]), str(heard[0].steps), str(len(heard[0].tokens))]
    )


if __name__ == "__main__":
    sys.exit(main())
