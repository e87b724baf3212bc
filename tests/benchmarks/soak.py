"""Many utterances through one daemon into one window: are all exact, does all of it arrive, and does any process grow?

    python -m tests.benchmarks.soak [COUNT]

The clips are sent through the socket faster than real time; everything behind it is as in daily use. Memory is what a
process has to itself (USS), at the start, after the first tenth, and at the end.
"""

from __future__ import annotations

import base64
import itertools
import os
import sys
import tempfile
import time
from pathlib import Path

import psutil

from daemon.client import Client
from daemon.messages import FRAME_BYTES
from tests.desktop import Desktop
from tests.end2end.running import RunningDaemon, environment_of
from tests.speech import clips


def main(count: int = 1000) -> int:
    """Print the table; the exit status says whether every utterance was exact."""
    with tempfile.TemporaryDirectory() as name:
        desktop = Desktop(Path(name))
        desktop.start()
        daemon = RunningDaemon(Path(name), environment_of(desktop.environment, {"XDG_RUNTIME_DIR": f"{name}/run"}))
        try:
            daemon.start()
            os.environ["XDG_RUNTIME_DIR"] = f"{name}/run"  # for our own client
            return _soak(desktop, daemon, count)
        finally:
            daemon.stop()
            desktop.stop()


def _soak(desktop: Desktop, daemon: RunningDaemon, count: int) -> int:
    terminal = desktop.terminal()
    assert daemon.process is not None
    root = psutil.Process(daemon.process.pid)
    processes = {"daemon": root} | {child.cmdline()[3].strip("_"): child for child in root.children()}
    said, wrong, tables = [], 0, []
    began_s = time.monotonic()
    for number, clip in zip(range(count), itertools.cycle(clips()), strict=False):
        entries = _dictate(clip.pcm)
        exact = [entry["text"] for entry in entries] == [clip.text] and entries[0]["outcome"] == "confirmed"
        wrong += not exact
        said += [f"{entry['text']} " for entry in entries]
        if number in {0, count // 10, count - 1}:
            tables.append({name: _uses(process) for name, process in processes.items()})
    took_s = time.monotonic() - began_s
    arrived = terminal.text() == "".join(said)
    print(f"{count} utterances in {took_s:.0f} s: {count - wrong} exact, window {'exact' if arrived else 'differs'}")
    print(f"{'process':<10}{'at first':>22}{f'after {count // 10}':>22}{'at last':>22}   MB, descriptors, threads")
    for name in processes:
        print(f"{name:<10}" + "".join(f"{'{:.2f}, {}, {}'.format(*table[name]):>22}" for table in tables))
    return 0 if arrived and not wrong else 1


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
