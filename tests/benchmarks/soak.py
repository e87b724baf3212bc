"""Many utterances through one daemon into one window: are all exact, does all of it arrive, and does any process grow?

    python -m tests.benchmarks.soak [COUNT]

Of random length: one to eight clips, of which two out of three utterances have one. They are sent through the socket
faster than real time; everything behind it is as in daily use. An utterance of one clip has to be exact; of several,
which run into one another, the window has to have what was recognised. Memory is what a process has to itself (USS), at
the start, after the first tenth (by then all has been allocated that is kept), and at the end; from the second to the
third it may grow by 1 MB for 100 utterances.
"""

from __future__ import annotations

import base64
import os
import random
import sys
import tempfile
import time
from pathlib import Path

import psutil

from daemon.client import Client
from daemon.messages import FRAME_BYTES
from tests.desktop import Desktop
from tests.end2end.running import RunningDaemon, environment_of
from tests.speech import clips, silence

_GROWTH_MB = 1.0  # for 100 utterances


def main(count: int = 2000) -> int:
    """Print the table; the exit status says whether every utterance was exact and no process grew too much."""
    with tempfile.TemporaryDirectory() as name, Desktop(Path(name)) as desktop:
        daemon = RunningDaemon(Path(name), environment_of(desktop.environment, {"XDG_RUNTIME_DIR": f"{name}/run"}))
        try:
            daemon.start()
            os.environ["XDG_RUNTIME_DIR"] = f"{name}/run"  # for our own client
            return _soak(desktop, daemon, count)
        finally:
            daemon.stop()


def _soak(desktop: Desktop, daemon: RunningDaemon, count: int) -> int:
    terminal = desktop.terminal()
    assert daemon.process is not None
    root = psutil.Process(daemon.process.pid)
    processes = {"daemon": root} | {child.cmdline()[3].strip("_"): child for child in root.children()}
    said, wrong, tables = [], 0, []
    chosen = random.Random(1)  # noqa: S311
    began_s = time.monotonic()
    for number in range(count):
        some = chosen.choices(clips(), k=1 if chosen.random() < 2 / 3 else chosen.randint(2, 8))
        entries = _dictate(silence(0.25).join(clip.pcm for clip in some))
        texts, outcomes = [entry["text"] for entry in entries], [entry["outcome"] for entry in entries]
        wrong += outcomes != ["confirmed"] or (len(some) == 1 and texts != [some[0].text])
        said += [f"{entry['text']} " for entry in entries]
        if number in {0, count // 10, count - 1}:
            tables.append({name: _uses(process) for name, process in processes.items()})
    took_s = time.monotonic() - began_s
    arrived = terminal.text() == "".join(said)
    print(f"{count} utterances in {took_s:.0f} s: {count - wrong} exact, window {'exact' if arrived else 'differs'}")
    print(f"{'process':<10}{'at first':>22}{f'after {count // 10}':>22}{'at last':>22}   MB, descriptors, threads")
    for name in processes:
        print(f"{name:<10}" + "".join(f"{'{:.2f}, {}, {}'.format(*table[name]):>22}" for table in tables))
    grown = {name: _growth_mb(tables, name, count) for name in processes}
    print("MB for 100 utterances: " + ", ".join(f"{name} {growth:.3f}" for name, growth in grown.items()))
    return 0 if arrived and not wrong and max(grown.values()) < _GROWTH_MB else 1


def _growth_mb(tables: list[dict[str, tuple[float, int, int]]], name: str, count: int) -> float:
    """Of each 100 utterances after the first tenth."""
    _first, warm, last = tables
    return (last[name][0] - warm[name][0]) / (count - count // 10) * 100


def _dictate(pcm: bytes) -> list[dict[str, object]]:
    with Client(timeout_s=60.0) as client:
        client.ask("dictate")
        for start in range(0, len(pcm), FRAME_BYTES):
            client.send({"pcm": base64.b64encode(pcm[start : start + FRAME_BYTES]).decode()})
        client.send({"end": True})
        return list(client.answer())


def _uses(process: psutil.Process) -> tuple[float, int, int]:
    return process.memory_full_info().uss / 1e6, process.num_fds(), process.num_threads()


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:2])))
