"""Every way in into every kind of target: does the text arrive exactly, and is what is said of it true?

Run from the repository: ``python -m tests.benchmarks.matrix --results FILE [--desktop x11|sway] [--targets A,B]
[--trials N]``. Screens of its own are brought up. A cell that stands in FILE is not run again.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import tempfile
import time
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

from daemon.accessibility import Accessibility
from daemon.insert.contract import Desktop as Insertion
from daemon.insert.ladder import Ladder
from daemon.limits import InsertRule
from tests.benchmarks.matrix_cell import AS_CHOSEN, TEXTS, Cell, Trial, result_of, table
from tests.benchmarks.matrix_desktops import SwaySeat, Target, X11Seat

_SEATS = {"x11": X11Seat, "sway": SwaySeat}
_PASSWORD = "password field"  # noqa: S105 - a target's name
_SPEECH_S = 0.15
_TRIAL_LIMIT_S = 60.0
_SETTLED_S = 2.0
_BACK_S = 5.0
_ARRIVES_S = 30.0
_COPIED = "what the user had copied"


class Matrix:
    """Runs cells on one desktop, with one worker for all. What has not changed for ``settled_s`` is there."""

    def __init__(
        self,
        seat: X11Seat | SwaySeat,
        insertion: Insertion,
        accessibility: Accessibility,
        settled_s: float = _SETTLED_S,
    ) -> None:
        self._seat = seat
        self._insertion = insertion
        self._accessibility = accessibility
        self._settled_s = settled_s

    @property
    def ways(self) -> Sequence[str]:
        """Every way in that there is here."""
        return self._insertion.ways

    async def cell(self, cell: Cell, target: Target, trials: int) -> dict[str, object]:
        """What one cell comes to."""
        rules = () if cell.way == AS_CHOSEN else (InsertRule("*", (cell.way,)),)
        ladder = Ladder(self._insertion, rules, self._accessibility.refusal)
        self._seat.copy(_COPIED)
        done = [await self._trial(ladder, target, cell.words(number)) for number in range(trials)]
        expected = [one.text for one in done if one.outcome != "held"]
        content = await asyncio.to_thread(_settled, target, expected, self._settled_s)
        kept = await asyncio.to_thread(self._is_back)
        return result_of(done, content, password=cell.target == _PASSWORD, clipboard_kept=kept)

    async def _trial(self, ladder: Ladder, target: Target, text: str) -> Trial:
        await asyncio.to_thread(target.focus)
        await ladder.prepare()
        self._accessibility.recording(active=True)
        await asyncio.sleep(_SPEECH_S)  # somebody speaks
        async with asyncio.timeout(_TRIAL_LIMIT_S):
            said = await ladder.insert(text, await ladder.focus())
        return Trial(text, said.outcome.value, said.reason, said.insert_ms)

    def _is_back(self) -> bool:
        deadline_s = time.monotonic() + _BACK_S
        while (content := self._seat.clipboard()) != _COPIED and time.monotonic() < deadline_s:
            time.sleep(0.1)
        if content != _COPIED:
            print(f"{self._seat.name}: the clipboard has {content!r} and not {_COPIED!r}")
        return content == _COPIED


def _settled(target: Target, expected: Sequence[str], settled_s: float) -> str:
    """What stands there once nothing more comes; what was typed may come long after, as a program draws each letter."""
    until_s = time.monotonic() + _ARRIVES_S
    content, since_s = target.text(), time.monotonic()
    while time.monotonic() - since_s < settled_s or (
        time.monotonic() < until_s and not all(text in content for text in expected)
    ):
        if (now := target.text()) != content:
            content, since_s = now, time.monotonic()
    return content


@contextlib.asynccontextmanager
async def matrix_on(seat: X11Seat | SwaySeat, settled_s: float = _SETTLED_S) -> AsyncIterator[Matrix]:
    """The matrix of a desktop that is up, with its parts started as the daemon does."""
    insertion, accessibility = seat.inserter(), seat.accessibility()
    following = asyncio.create_task(accessibility.run())
    await insertion.start()
    try:
        yield Matrix(seat, insertion, accessibility, settled_s)
    finally:
        await insertion.stop()
        following.cancel()


async def fill(desktop: str, wanted: Sequence[str], trials: int, file: Path) -> None:
    """Run what is missing in ``file`` of one desktop, and write each cell down as it comes."""
    with tempfile.TemporaryDirectory(prefix="swm") as directory:
        seat = _SEATS[desktop](Path(directory))
        try:
            for target, program in seat.missing().items():
                print(f"{seat.name}: {target} is left out: {program} is not installed")
            async with matrix_on(seat) as matrix:
                there = [one for one in wanted or seat.targets if one in seat.targets and one not in seat.missing()]
                for target in there:
                    for way in (AS_CHOSEN, *matrix.ways):
                        cells = [Cell(seat.name, target, way, text) for text in TEXTS]
                        left = [one for one in cells if one.key not in read(file)]
                        await _fill_target(seat, matrix, left, trials, file)
        finally:
            seat.stop()


async def _fill_target(
    seat: X11Seat | SwaySeat, matrix: Matrix, cells: Sequence[Cell], trials: int, file: Path
) -> None:
    if not cells:
        return
    target = await asyncio.to_thread(seat.open, cells[0].target)
    try:
        for cell in cells:
            result = await matrix.cell(cell, target, trials)
            file.write_text(json.dumps({**read(file), cell.key: result}, indent=1, ensure_ascii=False), "utf-8")
            print(cell.key, result, flush=True)
    finally:
        target.close()


def read(file: Path) -> dict[str, dict[str, object]]:
    """The results so far."""
    return dict(json.loads(file.read_text("utf-8"))) if file.exists() else {}


def main() -> None:
    """Fill the matrix and print it."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--results", type=Path, required=True)
    parser.add_argument("--desktop", choices=_SEATS)
    parser.add_argument("--targets", default="")
    parser.add_argument("--trials", type=int, default=20)
    given = parser.parse_args()
    for desktop in [given.desktop] if given.desktop else _SEATS:
        asyncio.run(fill(desktop, [one for one in given.targets.split(",") if one], given.trials, given.results))
    print("\n".join(table(read(given.results))))


if __name__ == "__main__":
    main()
