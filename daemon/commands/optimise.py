"""``swictation models optimise`` beyond the command line: trials in processes of their own, and what is reported."""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from daemon.worker import program
from models import bundle
from models.bench import trial
from models.bench.process import RowFailed
from models.bench.trial import Trial
from models.errors import StoreError
from models.optimise import Optimised, figures, optimise
from models.store import Store

_ENGINES = ("sherpa", "ort")  # either may run it later


def make(store: Store, directory: Path, step: Callable[[str], None]) -> Optimised:
    """Make the quantised variant of the model in ``directory``; ``step`` is told what is done.

    Raises BundleError or StoreError where that cannot even be tried.
    """
    found = bundle.find(directory)
    bundle.validate(found)
    return optimise(store, found, lambda variant: _tried(directory, variant), step)


def as_json(made: Optimised) -> dict[str, Any]:
    """What is reported, as plain values."""
    return {
        "name": made.name,
        "directory": str(made.directory) if made.directory is not None else None,
        "made": made.directory is not None,
        "fresh": made.fresh,
        "reason": made.reason,
        "weights": made.weights,
        "trials": [dataclasses.asdict(one) for one in made.trials],
    }


def in_words(made: Optimised) -> str:
    """What was made, and what it is worth."""
    use = f"`swictation models use {made.name}` dictates with it"
    if not made.fresh:
        return f"{made.name} was made already and is sound\n{use}"
    return "\n".join([f"{made.name} is made, with {made.weights} weights", *figures(made.trials).split("; "), use])


def _tried(before: Path, after: Path) -> Sequence[Trial]:
    async def each() -> list[Trial]:
        command = [*program("daemon"), "_bench"]
        return [await trial.run(before, after, engine, command=command) for engine in _ENGINES]

    try:
        return asyncio.run(each())
    except RowFailed as error:
        raise StoreError(f"the variant cannot be tried ({error}); see `swictation bench`") from None
