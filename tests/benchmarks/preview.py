"""How soon a spoken word is seen, how often what was settled was wrong, and that the final text is no later for it.

    python -m tests.benchmarks.preview [--model DIR] [--engine ort|sherpa] [--clips N] [--cuts N] [--hands-free]
                                       [--slowest N] [--files FILE ...]

Recordings of 6 to 10 s are sent to a running daemon in real time, as `swictation dictate` does, while `watch` follows
the text so far. A word has been spoken at the end of its last token, by the timestamps of a direct decode of the whole
recording. Then the same with the key let go at a random moment, without the text so far, with it, and without it once
more, in random order, ``--cuts`` times for each recording: how long the text takes from there on, and what daemon and
engine use of a core while somebody speaks. The second time without says how much of a difference is chance; the ranges
are 90 % of resamples. ``--slowest``: of each kind, the stages of so many that took longest.
"""

from __future__ import annotations

import argparse
import base64
import contextlib
import difflib
import os
import random
import statistics
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil

from daemon.client import Client
from daemon.errors import NoDaemon
from daemon.latency import percentile
from daemon.messages import FRAME_BYTES, FRAME_MS, RATE_HZ
from models import audio_file, bundle
from models.recogniser import Transcript
from models.sherpa import SherpaRecogniser
from tests import speech
from tests.benchmarks.resampling import KINDS, PARTS, WITH, WITHOUT, compared
from tests.end2end.running import RunningDaemon, environment_of
from tests.human_speech import recordings
from tests.recordings import human_model

_CONFIG = '[insert]\nmethod = "none"\n[model]\nengine = "{engine}"\nprovider = "cpu"\nthreads = {threads}\n'
_LATER_SHARE, _LATER_MS = 1.1, 2.0
_TAIL_S = 1.0  # of silence after a recording, which ends a hands-free utterance
_BYTES_S = 2 * RATE_HZ


@dataclass
class Seen:
    """What ``watch`` showed: moments of time.monotonic() with the settled words and all of them."""

    moments: list[tuple[float, list[str], list[str]]] = field(default_factory=list)


@dataclass
class Words:
    """The delays of words, in ms, and how many settled ones were not in the final text."""

    shown_ms: list[float] = field(default_factory=list)
    settled_ms: list[float] = field(default_factory=list)
    settled: int = 0
    wrong: int = 0
    spoken: int = 0


def main() -> int:
    """Print the tables; the exit status says whether the final text is no later."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", type=Path, default=human_model() or bundle.default_directory())
    parser.add_argument("--engine", choices=("ort", "sherpa"), default="ort")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--clips", type=int, default=12)
    parser.add_argument("--cuts", type=int, default=2)
    parser.add_argument("--hands-free", action="store_true")
    parser.add_argument("--slowest", type=int, default=0)
    parser.add_argument("--files", type=Path, nargs="+")
    options = parser.parse_args()
    clips = [audio_file.read(file).pcm for file in options.files or _files()][: options.clips]
    recogniser = SherpaRecogniser(bundle.find(options.model))
    texts = [recogniser.recognise(pcm) for pcm in clips]
    with _daemon(options) as daemon:
        about = daemon.status()
        way = "hands-free" if options.hands_free else "push to talk"
        print(f"{about['model']}, {options.engine}, {options.threads} threads, {way}; {len(clips)} recordings")
        words = Words()
        for pcm, transcript in zip(clips, texts, strict=True):
            _measure_words(pcm, transcript, words, hands_free=options.hands_free)
        _print_words(words)
        return 0 if _no_later(daemon, clips * options.cuts, options.slowest, hands_free=options.hands_free) else 1


def _files() -> list[Path]:
    if human_model() is None:
        return [clip.file for clip in speech.clips()]
    folders = ("misc", "librispeech-misc", "vctk", "ljspeech")
    return [one.file for one in recordings(*folders, most_s=10.0) if one.seconds >= 6.0]


@contextlib.contextmanager
def _daemon(options: argparse.Namespace) -> Iterator[RunningDaemon]:
    with tempfile.TemporaryDirectory() as directory:
        os.environ["XDG_RUNTIME_DIR"] = f"{directory}/run"  # for our own conversations, too
        daemon = RunningDaemon(Path(directory), environment_of({}))
        daemon.configure(_CONFIG.format(engine=options.engine, threads=options.threads))
        daemon.start("--model", str(options.model.resolve()))
        try:
            yield daemon
        finally:
            daemon.stop()


# -- speaking and watching ---------------------------------------------------------------------------------------------


def _speak(pcm: bytes, *, hands_free: bool) -> tuple[float, list[dict[str, Any]]]:
    """When the first sample was spoken, on time.monotonic(), and what came of it."""
    with Client(timeout_s=60.0) as client:
        client.ask("dictate", hands_free=hands_free)
        began_s = time.monotonic()
        for number, start in enumerate(range(0, len(pcm), FRAME_BYTES), start=1):
            time.sleep(max(0.0, began_s + number * FRAME_MS / 1000 - time.monotonic()))
            client.send({"pcm": base64.b64encode(pcm[start : start + FRAME_BYTES]).decode()})
        client.send({"end": True})
        return began_s, client.answer()


@contextlib.contextmanager
def _watching(*, preview: bool = True) -> Iterator[Seen]:
    seen = Seen()
    with Client(timeout_s=None) as client:
        client.ask("watch", preview=preview)

        def read() -> None:
            with contextlib.suppress(NoDaemon):
                while True:
                    if (listening := client.answer()["listening"]) is not None:
                        settled = listening["settled"].split()
                        seen.moments.append((time.monotonic(), settled, settled + listening["unsettled"].split()))

        reading = threading.Thread(target=read, daemon=True)
        reading.start()
        try:
            yield seen
        finally:
            client.hang_up()
            reading.join()


# -- words -------------------------------------------------------------------------------------------------------------


def _measure_words(pcm: bytes, transcript: Transcript, words: Words, *, hands_free: bool) -> None:
    with _watching() as seen:
        began_s, entries = _speak(pcm + bytes(round(_TAIL_S * _BYTES_S)) * hands_free, hands_free=hands_free)
    final = " ".join(entry["text"] or "" for entry in entries).split()
    spoken_s = _spoken_s(transcript, final)
    words.spoken += len(spoken_s)
    settled = [(at_s, one) for at_s, one, _all in seen.moments]
    shown = [(at_s, both) for at_s, _one, both in seen.moments]
    for times_ms, moments in ((words.settled_ms, settled), (words.shown_ms, shown)):
        first_s = _first_seen(moments, final)
        times_ms += [(first_s[n] - began_s - at_s) * 1000 for n, at_s in spoken_s.items() if n in first_s]
    if not hands_free:  # there, what is inserted leaves the text so far
        last = max((one for _at_s, one in settled), key=len, default=[])
        words.settled += len(last)
        words.wrong += len(last) - len(_matches(last, final))


def _spoken_s(transcript: Transcript, final: Sequence[str]) -> dict[int, float]:
    """The end of each word of ``final`` that a direct decode of the whole recording has, too, by its number."""
    ends_s: list[float] = []
    for token, at_s, long_s in zip(
        transcript.tokens, transcript.timestamps_s, transcript.durations_s or transcript.timestamps_s, strict=True
    ):
        if token.startswith(" ") or not ends_s:
            ends_s.append(0.0)
        ends_s[-1] = at_s + (long_s if transcript.durations_s else 0.0)
    whole = transcript.text.split()
    assert len(whole) == len(ends_s), transcript
    return {there: ends_s[here] for here, there in _matches(whole, final).items()}


def _matches(words: Sequence[str], final: Sequence[str]) -> dict[int, int]:
    """Which of ``words`` are in ``final``, and where."""
    blocks = difflib.SequenceMatcher(None, words, final, autojunk=False).get_matching_blocks()
    return {block.a + n: block.b + n for block in blocks for n in range(block.size)}


def _first_seen(moments: Sequence[tuple[float, list[str]]], final: Sequence[str]) -> dict[int, float]:
    """When each word of ``final`` was seen for the first time."""
    first: dict[int, float] = {}
    for at_s, words in moments:
        for there in _matches(words, final).values():
            first.setdefault(there, at_s)
    return first


def _print_words(words: Words) -> None:
    for name, times_ms in (("shown", words.shown_ms), ("settled", words.settled_ms)):
        of = f"{len(times_ms)} of {words.spoken} words while one spoke"
        print(f"{name:<8} p50 {percentile(times_ms, 0.5):5.0f}  p95 {percentile(times_ms, 0.95):5.0f} ms after, {of}")
    if words.settled:
        print(f"settled and not in the final text: {words.wrong} of {words.settled} words")


# -- what it costs -----------------------------------------------------------------------------------------------------


def _no_later(daemon: RunningDaemon, clips: list[bytes], slowest: int, *, hands_free: bool) -> bool:
    """Whether the text comes no more than a tenth, and 2 ms, later for it."""
    assert daemon.process is not None
    chance = random.Random(1)  # noqa: S311
    stages: dict[str, dict[int, dict[str, float]]] = {kind: {} for kind in KINDS}
    cores: dict[str, list[float]] = {kind: [] for kind in KINDS}
    for number, clip in enumerate(clips):
        cut = clip[: FRAME_BYTES * chance.randrange(3 * len(clip) // FRAME_BYTES // 4, len(clip) // FRAME_BYTES)]
        said = cut + bytes(round(_TAIL_S * _BYTES_S)) * hands_free
        for kind in chance.sample(KINDS, len(KINDS)):
            with _watching(preview=kind == WITH):
                used_s = _used_s(daemon.process.pid)
                _began_s, entries = _speak(said, hands_free=hands_free)
                cores[kind].append((_used_s(daemon.process.pid) - used_s) / (len(said) / _BYTES_S))
            timed = [entry["timings_ms"] for entry in entries if entry["text"]]
            stages[kind][number] = max(timed, key=_to_the_text, default={"queue": 0.0, "recognise": 0.0})
    waits = {kind: {number: _to_the_text(one) for number, one in found.items()} for kind, found in stages.items()}
    for kind, found in waits.items():
        told = ", ".join(f"p{100 * part:.0f} {percentile(list(found.values()), part):.1f}" for part in PARTS)
        print(
            f"{kind:<13} {told} ms to the text of {len(found)}, {100 * statistics.fmean(cores[kind]):.0f} % of a core"
        )
        for number in sorted(found, key=found.__getitem__, reverse=True)[:slowest]:
            seen = {stage: took for stage, took in stages[kind][number].items() if took is not None}
            print(f"  number {number} " + " ".join(f"{stage} {took:.0f}" for stage, took in seen.items()))
    print("\n".join(compared(waits)))
    return all(
        percentile(list(waits[WITH].values()), part)
        <= _LATER_SHARE * percentile(list(waits[WITHOUT].values()), part) + _LATER_MS
        for part in PARTS
    )


def _to_the_text(timings_ms: dict[str, float]) -> float:
    return timings_ms["queue"] + timings_ms["recognise"]


def _used_s(pid: int) -> float:
    processes = [psutil.Process(pid), *psutil.Process(pid).children(recursive=True)]
    return sum(times.user + times.system for times in (process.cpu_times() for process in processes))


if __name__ == "__main__":
    raise SystemExit(main())
