"""``swictation bench``: which models and engines are measured, on what audio, and where the report goes."""

from __future__ import annotations

import argparse
import asyncio
import dataclasses
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from daemon import config, paths
from daemon.commands.bench_words import bench_in_words
from daemon.commands.models import nvidia_gpu
from daemon.errors import BundleError, SwictationError
from daemon.worker import program
from models import audio_file, bundle, cuda, sherpa_overlay
from models.bench import audio, machine, measure, peers
from models.bench.process import Candidate
from models.errors import NoGpu
from models.store import Store

_LONGEST_S = 3600.0


def run(arguments: argparse.Namespace) -> int:
    """Measure and report; the exit status is 1 if nothing could be measured. Raises SwictationError."""
    _check(arguments)
    if arguments.path:
        from daemon.path_bench import run as path_bench

        return path_bench.run(arguments)
    return _engines(arguments)


def _engines(arguments: argparse.Namespace) -> int:
    report = None
    if arguments.report is not None:
        from models.bench import plots

        report = plots.writer(arguments.report)
    notes: list[str] = []
    candidates = [one for directory in _directories(arguments.model) for one in _candidates(directory, notes)]
    candidates = _with_peers(candidates, arguments.compare, notes)
    result: dict[str, Any] = {
        "machine": {**machine.describe(), "gpu": nvidia_gpu()},
        "threads": arguments.threads or config.load(paths.config_file()).model.threads or 1,
        "repeats": arguments.repeats,
        "notes": notes,
    }
    clips = audio.of_files(arguments.files) if arguments.files else _clips(arguments.lengths)
    rows = asyncio.run(
        measure.run(
            candidates,
            clips,
            command=[*program("daemon"), "_bench"],
            threads=result["threads"],
            repeats=arguments.repeats,
            progress=_show_progress,
        )
    )
    result["rows"] = [dataclasses.asdict(row) for row in rows]
    print(json.dumps(result) if arguments.json else bench_in_words(result))
    if report is not None:
        report(result, bench_in_words(result))
    return 0 if any(row.lengths for row in rows) else 1


def _check(arguments: argparse.Namespace) -> None:
    if arguments.repeats < 1:
        raise SwictationError("--repeats must be at least 1")
    if wrong := [length for length in arguments.lengths if not 0.1 <= length <= _LONGEST_S]:
        raise SwictationError(f"--lengths are seconds from 0.1 to {_LONGEST_S:.0f}, not {wrong[0]:g}")
    if arguments.threads is not None and arguments.threads < 1:
        raise SwictationError("--threads must be at least 1")
    if arguments.path and (arguments.compare or arguments.threads):
        raise SwictationError("--path measures the program as it is configured, without --compare and --threads")


def _directories(given: Sequence[Path] | None) -> list[Path]:
    """The models that were named, else every one that is installed."""
    if given:
        return list(dict.fromkeys(given))
    store = Store(paths.data_directory() / "models")
    here = [store.path(name) for name in store.names() if store.kind(name) == "transducer"]
    chosen = config.model_directory(config.load(paths.config_file()))
    return list(dict.fromkeys([bundle.default_directory(), *here, chosen]))


def _candidates(directory: Path, notes: list[str]) -> list[Candidate]:
    """The engines and providers that this machine has for a model; what is left out is noted."""
    found = [Candidate(directory, "sherpa", "cpu")]
    runtime = cuda.installed()
    if runtime is None:
        _note(notes, "the engine ort is left out: onnxruntime is not installed")
    else:
        found.append(Candidate(directory, "ort", "cpu"))
    on_gpu = [Candidate(directory, "ort", "cuda")] if runtime is not None and runtime.provider is not None else []
    try:
        sherpa_overlay.pair()
        on_gpu.append(Candidate(directory, "sherpa", "cuda"))
    except NoGpu as error:
        if on_gpu:
            _note(notes, f"the engine sherpa is left out on the GPU: {error}")
    if on_gpu and _is_int8(directory):
        _note(notes, f"{directory.name} is not run on the GPU: its weights are int8, which is slower there")
        return found
    return found + on_gpu


def _is_int8(directory: Path) -> bool:
    try:
        return bundle.find(directory).int8
    except BundleError:  # its row will say so
        return False


def _with_peers(candidates: Sequence[Candidate], wanted: Sequence[str], notes: list[str]) -> list[Candidate]:
    """The candidates, after those of each model its peers."""
    able = []
    for peer in dict.fromkeys(wanted):
        try:
            peers.check_installed(peer)
            able.append(peer)
        except SwictationError as error:
            _note(notes, str(error))
    directories = dict.fromkeys(candidate.directory for candidate in candidates)
    return [
        one
        for directory in directories
        for one in (
            *(candidate for candidate in candidates if candidate.directory == directory),
            *(Candidate(directory, f"peer:{peer}", "cpu") for peer in able),
        )
    ]


def _clips(lengths: Sequence[float]) -> list[audio.Clip]:
    recording = audio_file.read(bundle.default_directory() / "recording.flac")
    return [audio.of_length(recording.pcm, length) for length in dict.fromkeys(lengths)]


def _note(notes: list[str], note: str) -> None:
    if note not in notes:
        notes.append(note)
        print(f"swictation: {note}", file=sys.stderr)


def _show_progress(step: str) -> None:
    if sys.stderr.isatty():
        print(f"measuring {step}", file=sys.stderr)
