"""``swictation bench --path``: models in turn, every way to end an utterance, with and without speculation."""

from __future__ import annotations

import argparse
import contextlib
import dataclasses
import json
import random
import shutil
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from daemon import config, paths
from daemon.config import Config
from daemon.engine import choice as engine_choice
from daemon.engine.choice import Plan
from daemon.errors import SwictationError
from daemon.path_bench import screen, sound
from daemon.path_bench.daemon_process import PrivateDaemon
from daemon.path_bench.ear import Ear, trimmed
from daemon.path_bench.judge import judged
from daemon.path_bench.screen import Keyboard, PrivateScreen
from daemon.path_bench.sound import PrivateSound
from daemon.path_bench.trials import Case, Clip, Rig, Trial
from daemon.path_bench.words import path_in_words
from models import audio_file, bundle, practice_set
from models.bench import machine

Json = dict[str, Any]

CASES = (*(Case(gap_ms) for gap_ms in (0, 50, 150, 300)), Case(None))
_BEYOND_S = (0.3, 0.8)  # pauses of hands-free dictation, longer by this than the longest wait for an endpoint
_PACKAGES = {"pulseaudio": "pulseaudio", "Xvfb": "xvfb", "openbox": "openbox", "xterm": "xterm"}
_SHORTEST_S, _LONGEST_S = 1.8, 2.6  # of the bundled sentences: those near the length of a usual utterance


def run(arguments: argparse.Namespace) -> int:
    """Measure and report; the exit status is 1 if nothing could be measured. Raises SwictationError."""
    check_programs()
    report = None
    if arguments.report is not None:
        from daemon.path_bench import plots

        report = plots.writer(arguments.report)
    clips = [Clip(trimmed(audio_file.read(file).pcm)) for file in arguments.files] if arguments.files else sentences()
    clips = [clip for clip in clips if clip.pcm]
    if not clips:
        raise SwictationError("there is no sound in these files to measure with")
    settings = config.load(paths.config_file())
    result = {
        "machine": machine.describe(),
        "repeats": arguments.repeats,
        "tail_ms": tail_ms(),
        "hangover_ms": settings.endpoint.hangover_ms,
        "models": [
            _model(directory, clips, arguments.repeats, settings) for directory in _directories(arguments.model)
        ],
    }
    print(json.dumps(result) if arguments.json else path_in_words(result))
    if report is not None:
        report(result, path_in_words(result))
    return 0 if any(row["felt"] for model in result["models"] for row in model["rows"]) else 1


def tail_ms() -> int:
    """How much silence a decode waits for."""
    from daemon.endpoint import EndpointSettings

    return EndpointSettings().tail_ms


def check_programs() -> None:
    """Raises SwictationError if one of the programs is not here that the bench starts."""
    if sys.platform != "linux":
        raise SwictationError("bench --path needs an X11 screen and a PulseAudio of its own, which only Linux has")
    missing = [name for name in (*screen.PROGRAMS, *sound.PROGRAMS) if shutil.which(name) is None]
    if missing:
        packages = " ".join(dict.fromkeys(_PACKAGES.get(name, "pulseaudio-utils") for name in missing))
        raise SwictationError(f"bench --path needs {', '.join(missing)}: `sudo apt install {packages}`")


def _directories(given: Sequence[Path] | None) -> list[Path]:
    """The practice model and those that were named."""
    return list(dict.fromkeys([bundle.default_directory(), *(directory.absolute() for directory in given or ())]))


def sentences() -> list[Clip]:
    """The bundled sentences of a usual length, trimmed, with their words."""
    clips = [Clip(trimmed(one.pcm), one.words) for one in practice_set.read()]
    return [clip for clip in clips if _SHORTEST_S <= len(clip.pcm) / 32_000 <= _LONGEST_S]


def _model(directory: Path, clips: Sequence[Clip], repeats: int, settings: Config) -> Json:
    """All rows of one model."""
    with rig(directory, settings) as (bench, about):
        trials = measured(bench, clips, repeats, settings)
    practice = about["practice"]
    rows = judged(trials, tail_ms=tail_ms(), practice=practice)
    return {**about, **rows, "spoiled": bench.spoiled}


@contextlib.contextmanager
def rig(directory: Path, settings: Config) -> Iterator[tuple[Rig, Json]]:
    """A daemon with the model in ``directory`` on a desktop of its own, and what it says of its engine."""
    plan = engine_choice.for_model(directory, settings.model)  # the best of what has been measured here, and no other
    with contextlib.ExitStack() as stack:
        home = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="swictation-bench-")))
        speech = stack.enter_context(PrivateSound(home))
        desktop = stack.enter_context(PrivateScreen(home))
        display = stack.enter_context(desktop.display())
        ear = Ear(speech)
        stack.enter_context(ear.open())
        window = stack.enter_context(desktop.window())
        written = _toml(
            {
                "model": {
                    "engine": plan.backend.engine,
                    "provider": plan.backend.provider,
                    "threads": plan.backend.threads,
                },
                "endpoint": dataclasses.asdict(settings.endpoint),
            }
        )
        _unjudged(home, plan)
        environment = {**speech.environment, **desktop.environment}
        daemon = stack.enter_context(PrivateDaemon(home, environment, directory, written))
        status = daemon.ask("status")
        about = {
            "model": status["model"],
            "directory": str(directory),
            "practice": status["engine"]["practice"],
            "engine": status["engine"]["engine"],
            "provider": status["provider"],
            "threads": status["engine"]["threads"],
        }
        yield Rig(daemon, speech, ear, Keyboard(display, "F9"), window), about


def _unjudged(home: Path, plan: Plan) -> None:
    """Let the daemon in ``home`` load any model, and measure nothing itself: here its time matters, not its words."""
    verdict = {"verdict": "unjudged", "reason": "the bench loads any model", "text_sha256": plan.known.cpu_text}
    known = engine_choice.with_verdict(plan.known, plan.backend.engine, plan.backend.provider, verdict)
    engine_choice.Memory(home / "data" / "swictation" / "engines.json").note(plan.directory, known)


def measured(
    bench: Rig, clips: Sequence[Clip], repeats: int, settings: Config, cases: Sequence[Case] = CASES
) -> list[tuple[Case, bool, Trial]]:
    """``repeats`` trials of each case with speculation and without, in alternating order; which is which with each."""
    found: list[tuple[Case, bool, Trial]] = []
    longest_s = settings.endpoint.hangover_ms / 1000
    order = random.Random(1)  # noqa: S311 - so that none always follows the same other
    for repeat in range(-1, repeats):  # the one before the first warms everything up
        for number, case in enumerate(order.sample(cases, len(cases))):
            if repeat < 0 and number > 0:
                break
            _show_progress(f"{max(0, repeat) + 1} of {repeats}: {case.name}")
            clip, other = clips[repeat % len(clips)], clips[(repeat + 1) % len(clips)]
            first = (repeat + number) % 2 == 0
            for on in (first, not first):
                bench.speculate(on)
                if case.gap_ms is not None:
                    trials = [bench.held(clip, case.gap_ms)]
                else:
                    trials = bench.hands_free([clip, other], [longest_s + beyond_s for beyond_s in _BEYOND_S])
                if repeat >= 0:
                    found += [(case, on, trial) for trial in trials]
    return found


def _toml(sections: dict[str, dict[str, Any]]) -> str:
    """Plain values as a configuration file: JSON writes them as TOML does."""
    lines = []
    for section, values in sections.items():
        lines += [f"[{section}]", *(f"{key} = {json.dumps(value)}" for key, value in values.items())]
    return "\n".join(lines) + "\n"


def _show_progress(step: str) -> None:
    if sys.stderr.isatty():
        print(f"measuring {step}", file=sys.stderr)
