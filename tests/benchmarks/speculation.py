"""What speculation costs, and what it gains or loses while other work takes the processor.

    python -m tests.benchmarks.speculation [--model DIR] [--engine NAME] [--trials N] [--loaded] [--cut]
                                           [--slowest N] [--files FILE ...]

Recordings through a virtual microphone into a window, each without speculation, with it, and without it once more, in
random order, the key let go at a random moment up to half a second after the last sample; first on the machine as it
is, then with a process on every core that never rests. It counts decodes for an utterance (at most two more are
allowed) and compares the felt latency (under full load it may be longer by a tenth at most); ``queue`` is the wait for
a decode that was under way. The second time without says how much of a difference is chance; the ranges are 90 % of
resamples. At last, what all processes take of a core while nobody dictates (1 % at most). ``--loaded``: only what is in
the middle. ``--cut``: each recording ends at a random moment in its last half, so that the key is let go anywhere in
speech, also soon after a pause that was no end. ``--slowest``: of each kind, the stages of so many utterances that took
longest.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import random
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import psutil

from daemon.config import Config, ModelConfig
from daemon.latency import percentile
from daemon.path_bench.ear import trimmed
from daemon.path_bench.run import rig
from daemon.path_bench.trials import Clip, Rig
from models import audio_file, bundle
from tests import speech
from tests.benchmarks.resampling import KINDS, PARTS, WITH, WITHOUT, compared, ratio

_MORE_DECODES = 2.0
_LATER_SHARE = 1.1
_LATEST_RELEASE_MS = 500.0
_IDLE_SHARE, _IDLE_S = 0.01, 30.0


def main() -> int:
    """Print the tables; the exit status says whether both bars are met."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", type=Path, default=bundle.default_directory())
    parser.add_argument("--engine", choices=("auto", "sherpa", "ort"), default="auto")
    parser.add_argument("--trials", type=int, default=20)
    parser.add_argument("--loaded", action="store_true", help="only with all cores busy")
    parser.add_argument("--cut", action="store_true")
    parser.add_argument("--slowest", type=int, default=0)
    parser.add_argument("--files", type=Path, nargs="+")
    options = parser.parse_args()
    files = options.files or [clip.file for clip in speech.clips()]
    clips = [Clip(trimmed(audio_file.read(file).pcm)) for file in files]
    with rig(options.model, Config(model=ModelConfig(engine=options.engine, provider="cpu"))) as (bench, about):
        print(f"{about['model']}, {about['engine']} on {about['provider']}, {options.trials} utterances of each")
        good = options.loaded or _compare(bench, clips, "as it is", options)
        with _busy():
            good &= _compare(bench, clips, "full load", options)
        return 0 if good & (options.loaded or _rests()) else 1


def _compare(bench: Rig, clips: Sequence[Clip], name: str, options: argparse.Namespace) -> bool:
    """Whether the bars are met; the recordings and the moments of release are the same for all kinds."""
    chance, trials = random.Random(1), options.trials  # noqa: S311
    timings: dict[str, list[dict[str, float]]] = {kind: [] for kind in KINDS}
    decodes = dict.fromkeys(KINDS, 0)
    for number in range(trials):
        clip, gap_ms = clips[number % len(clips)], chance.uniform(0, _LATEST_RELEASE_MS)
        if options.cut:
            clip, gap_ms = Clip(clip.pcm[: 2 * chance.randrange(len(clip.pcm) // 4, len(clip.pcm) // 2)]), 0.0
        for kind in chance.sample(KINDS, len(KINDS)):
            bench.speculate(kind == WITH)
            before = bench.daemon.ask("status")["speculation"]["decodes"]
            trial = bench.held(clip, gap_ms)
            decodes[kind] += bench.daemon.ask("status")["speculation"]["decodes"] - before
            if trial.entry is not None and trial.entry["timings_ms"]["felt"] is not None:
                timings[kind].append({"number": number, "gap": gap_ms, **trial.entry["timings_ms"]})
    for kind, found in timings.items():
        told = ", ".join(f"{stage} {_spread([one[stage] for one in found])}" for stage in ("felt", "queue"))
        print(f"{name:<10} {kind:<13} {decodes[kind] / trials:.2f} decodes, {told}")
        for one in sorted(found, key=lambda one: -one["felt"])[: options.slowest]:
            print("  " + " ".join(f"{stage} {took:.0f}" for stage, took in one.items() if took is not None))
    felt = {kind: {one["number"]: one["felt"] for one in found} for kind, found in timings.items()}
    more = (decodes[WITH] - decodes[WITHOUT]) / trials
    print(f"{name:<10} {more:+.2f} decodes for an utterance")
    for line in compared(felt):
        print(f"{name:<10} felt {line}")
    later = [ratio(list(felt[WITH].values()), list(felt[WITHOUT].values()), part) for part in PARTS]
    return more <= _MORE_DECODES and all(one <= _LATER_SHARE for one in later)


def _spread(values: Sequence[float]) -> str:
    if not values:
        return "nothing"
    return f"p50 {percentile(values, 0.5):.1f}, p95 {percentile(values, 0.95):.1f}, most {max(values):.1f} ms"


def _rests() -> bool:
    """Whether the bar is met for a daemon that nobody asks anything."""
    share = _idle_share()
    print(f"idle: {share * 100:.2f} % of a core")
    return share <= _IDLE_SHARE


def _idle_share() -> float:
    """What the daemon and its workers take of a core while nothing happens."""
    [daemon] = [child for child in psutil.Process().children() if child.cmdline()[-3:-2] == ["daemon"]]
    processes = [daemon, *daemon.children(recursive=True)]
    began_s = sum(sum(process.cpu_times()[:2]) for process in processes)
    time.sleep(_IDLE_S)
    return (sum(sum(process.cpu_times()[:2]) for process in processes) - began_s) / _IDLE_S


@contextlib.contextmanager
def _busy() -> Iterator[None]:
    """A process on every core that never rests."""
    busy = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(os.cpu_count() or 1)]
    try:
        yield
    finally:
        for process in busy:
            process.kill()
            process.wait()


if __name__ == "__main__":
    sys.exit(main())
