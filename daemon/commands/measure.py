"""``swictation models measure``: every backend that this machine has, side by side, and which of them is the best."""

from __future__ import annotations

import asyncio
import contextlib
import sys
from pathlib import Path
from typing import Any

from daemon import config, paths
from daemon.client import Client
from daemon.engine import choice as engine_choice
from daemon.engine.choice import Known
from daemon.engine.measure import measure
from daemon.errors import NoDaemon, SwictationError
from daemon.worker import program
from models import choice
from models.choice import Machine, Measured, Wish

Json = dict[str, Any]

_LOAD_LIMIT_S = 120.0


def run(directory: Path) -> Json:
    """Measure the model in ``directory`` on everything, remember it, and say what the configuration makes of it.

    Raises SwictationError if nothing can be measured.
    """
    machine = engine_choice.machine()
    rows = asyncio.run(_measured(directory, machine))
    memory = engine_choice.memory()
    known = engine_choice.with_rows(memory.known(directory), *rows)
    memory.note(directory, known)
    with contextlib.suppress(NoDaemon), Client(_LOAD_LIMIT_S) as client:
        client.ask("reload")  # which takes it over
    wish = engine_choice.wish(config.load(paths.config_file()).model)
    return told(directory, known, wish, machine)


def measured_in_words(measured: Json) -> str:
    """The table of ``swictation models measure``."""
    rows, chosen = measured["rows"], measured["chosen"]
    width = max(len(row["backend"]) for row in rows)
    lines = [f"{measured['model']}, 2.8 s of speech; each was measured in turn with sherpa on cpu, 1 thread"]
    for row in sorted(rows, key=lambda row: (row["fault"] is not None, row["ratio"] or 0.0)):
        mark = "*" if row["backend"] == chosen else " "
        figures = f"{row['median_ms']:8.1f} ms  {row['ratio']:5.2f} x" if row["ratio"] is not None else ""
        lines.append(f"{mark} {row['backend']:<{width}}  {figures}{_remark(row)}")
    lines.append(f"chosen: {chosen}")
    return "\n".join(lines)


def told(directory: Path, known: Known, wish: Wish, machine: Machine) -> Json:
    """What was measured, and the backend that it leads to."""
    chosen = choice.best(wish, machine, known.rows, int8=engine_choice.is_int8(directory))
    return {"model": directory.name, "directory": str(directory), "chosen": str(chosen), **(known.as_json() or {})}


def _remark(row: Json) -> str:
    return f"  not used: {row['fault']}" if row["fault"] else ""


async def _measured(directory: Path, machine: Machine) -> list[Measured]:
    rows: dict[choice.Backend, Measured] = {}
    command = [*program("daemon"), "_bench"]
    everything = choice.candidates(Wish(), machine, int8=engine_choice.is_int8(directory))
    if len(everything) == 1:
        raise SwictationError(f"there is nothing to choose from: {everything[0]} is all that this machine has")
    for backend in everything:
        if backend != choice.REFERENCE:
            if sys.stderr.isatty():
                print(f"measuring {backend}", file=sys.stderr)
            rows |= {row.backend: row for row in await measure(directory, backend, command=command)}
    return list(rows.values())
