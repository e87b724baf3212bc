"""What this machine has to decode with, what was measured of it, and which backend a model therefore starts with.

What was measured or proved of a model is remembered in one file, and holds until the model's files, a package, the
driver or the processor is another one.
"""

from __future__ import annotations

import contextlib
import dataclasses
import hashlib
import json
import logging
import os
import sys
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from daemon import paths
from daemon.config import ModelConfig
from models import bundle, choice, cuda, sherpa_overlay
from models.bench.machine import processor
from models.choice import Backend, Machine, Measured, Wish
from models.errors import BundleError, NoGpu

log = logging.getLogger(__name__)

_FORMAT = 1


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of a model on this machine.

    ``at_s`` is when it was measured last (seconds since 1970), ``load`` the load average then. ``verdicts`` holds the
    self-test's verdict and reason for each ``engine/provider``, ``cpu_text`` the digest of what a CPU hears in the
    reference recording.
    """

    rows: tuple[Measured, ...] = ()
    at_s: float | None = None
    load: float | None = None
    verdicts: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    cpu_text: str | None = None

    def as_json(self) -> dict[str, Any] | None:
        """What was measured, for the status; None if nothing was."""
        if not self.rows:
            return None
        rows = [{"backend": str(row.backend), **dataclasses.asdict(row.backend), **_figures(row)} for row in self.rows]
        return {"at_s": self.at_s, "load": self.load, "rows": rows}


@dataclass(frozen=True, slots=True)
class Plan:
    """A model directory and what shall decode with it.

    ``on_cpu`` takes over where ``backend`` is on the GPU and cannot be had. ``judge`` has a model pass its self-test
    before its first use on a backend that has no verdict in ``known`` yet.
    """

    directory: Path
    backend: Backend = choice.REFERENCE
    on_cpu: Backend = choice.REFERENCE
    wish: Wish = field(default_factory=Wish)
    known: Known = field(default_factory=Known)
    gpu_fault: str | None = None
    judge: bool = False

    def concerns(self, other: Plan) -> bool:
        """Whether the two are for the same model and the same wish."""
        return (self.directory, self.wish) == (other.directory, other.wish)

    def arguments(self, backend: Backend, *, judged: bool = False) -> tuple[str, ...]:
        """What an engine worker is started with to decode on ``backend``; ``judged`` if it has passed already."""
        named = {"model": self.directory, "engine": backend.engine, "provider": backend.provider}
        options = [part for name, value in named.items() for part in (f"--{name}", str(value))]
        options += ["--threads", str(backend.threads)]
        if self.judge and not judged and place(backend.engine, backend.provider) not in self.known.verdicts:
            options.append("--judge")
        if self.known.cpu_text is not None:
            options += ["--cpu-text", self.known.cpu_text]
        return tuple(options)


class Memory:
    """The file in which it is remembered.

    A damaged one counts as empty: what it held is found out once more. What cannot be written holds until we end.
    """

    def __init__(self, file: Path) -> None:
        self._file = file
        self._unwritten: dict[str, Any] = {}

    def known(self, directory: Path) -> Known:
        """What is known of the model in ``directory`` as it is now."""
        with contextlib.suppress(LookupError, TypeError, ValueError, AttributeError):
            entry = self._entries()[str(directory.absolute())]
            if entry["key"] == key(directory):
                return _read(entry)
        return Known()

    def note(self, directory: Path, known: Known) -> None:
        """Remember it."""
        name, entry = str(directory.absolute()), {"key": key(directory), **dataclasses.asdict(known)}
        try:
            self._write({"format": _FORMAT, "models": {**self._entries(), name: entry}})
        except OSError as error:
            log.warning("what was found out of the engines cannot be written to %s: %s", self._file, error)
            self._unwritten[name] = entry
        else:
            self._unwritten.clear()

    def _write(self, content: Mapping[str, Any]) -> None:
        self._file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        handle, partial = tempfile.mkstemp(dir=self._file.parent, prefix=f"{self._file.name}.")  # which is 0600
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                json.dump(content, file, indent=1)
                file.flush()
                os.fsync(file.fileno())
            Path(partial).replace(self._file)
        except OSError:
            Path(partial).unlink(missing_ok=True)
            raise

    def _entries(self) -> dict[str, Any]:
        try:
            content = json.loads(self._file.read_text("utf-8"))
        except (OSError, ValueError, RecursionError):
            content = None
        models = content.get("models") if isinstance(content, dict) and content.get("format") == _FORMAT else None
        return {**(models if isinstance(models, dict) else {}), **self._unwritten}


def memory() -> Memory:
    """That of the user."""
    return Memory(paths.data_directory() / "engines.json")


def remember_self_test(directory: Path, engine: str, provider: str | None, self_test: Mapping[str, Any] | None) -> None:
    """Note a worker's self-test, if it made one, so that the next one need not."""
    if provider is not None and self_test is not None:
        remembered = memory()
        remembered.note(directory, with_verdict(remembered.known(directory), engine, provider, self_test))


def wish(model: ModelConfig) -> Wish:
    """What the configuration asks for."""
    return Wish(model.engine, model.provider, model.threads)


def for_model(directory: Path, model: ModelConfig) -> Plan:
    """What decodes with the model in ``directory`` on this machine. Reads files; milliseconds."""
    return plan(directory, wish(model), memory().known(directory), machine())


def plan(directory: Path, wanted: Wish, known: Known, machine: Machine) -> Plan:
    """What decodes with the model in ``directory``, which has to pass its self-test at its first use."""
    int8 = is_int8(directory)
    open_to_it = choice.candidates(wanted, machine, int8=int8)
    return Plan(
        directory=directory,
        backend=choice.best(wanted, machine, known.rows, int8=int8),
        on_cpu=choice.on_cpu(wanted, machine, known.rows),
        wish=wanted,
        known=known,
        gpu_fault=choice.gpu_fault(open_to_it, known.rows),
        judge=True,
    )


def machine() -> Machine:
    """What is installed here. Nothing of it is loaded."""
    runtime, gpu = cuda.installed(), gpu_here()
    able = ["ort"] if gpu and runtime is not None and runtime.provider is not None else []
    if gpu:
        with contextlib.suppress(NoGpu):
            sherpa_overlay.pair()
            able.append("sherpa")
    return Machine(cores=physical_cores(), ort=runtime is not None, gpu=gpu, cuda=tuple(able))


def gpu_here() -> bool:
    """Whether NVIDIA's driver has a GPU, as far as its files tell."""
    if sys.platform == "win32":
        return Path(os.environ.get("SYSTEMROOT", r"C:\Windows"), "System32", "nvcuda.dll").is_file()
    return any(Path("/proc/driver/nvidia/gpus").glob("*"))


def physical_cores(cpuinfo: Path = Path("/proc/cpuinfo")) -> int:
    """The cores that this process may use, without the second threads of each."""
    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    try:
        lines = [line.partition(":") for line in cpuinfo.read_text("utf-8", "replace").splitlines()]
    except OSError:
        return usable
    values = [(name.strip(), value.strip()) for name, _colon, value in lines]
    packages = [value for name, value in values if name == "physical id"]
    cores = [value for name, value in values if name == "core id"]
    return min(usable, len(set(zip(packages, cores, strict=False))) or usable)


def is_int8(directory: Path) -> bool:
    """Whether the weights are int8; of what is no model, False: the engine worker says what is wrong with it."""
    try:
        return bundle.find(directory).int8
    except BundleError:
        return False


def key(directory: Path) -> str:
    """Changes with the model's files, the packages, the driver and the processor."""
    try:
        files = [(file.name, file.stat()) for file in sorted(directory.iterdir()) if not file.name.startswith(".")]
    except OSError:
        files = []
    contents = [(name, about.st_size, about.st_mtime_ns) for name, about in files]
    parts = (_FORMAT, contents, cuda.fingerprint(), processor(), physical_cores())
    return hashlib.sha256(repr(parts).encode()).hexdigest()


def place(engine: str, provider: str) -> str:
    """The name under which a verdict is kept."""
    return f"{engine}/{provider}"


def with_rows(known: Known, *rows: Measured) -> Known:
    """What is known after another measurement."""
    new = {row.backend for row in rows}
    load = round(os.getloadavg()[0], 2) if hasattr(os, "getloadavg") else None
    kept = tuple(row for row in known.rows if row.backend not in new)
    return dataclasses.replace(known, rows=kept + rows, at_s=round(time.time(), 1), load=load)


def with_verdict(known: Known, engine: str, provider: str, self_test: Mapping[str, Any]) -> Known:
    """What is known after a worker's self-test."""
    verdict = {name: str(self_test[name]) for name in ("verdict", "reason")}
    text = self_test["text_sha256"] if provider == "cpu" else known.cpu_text
    verdicts = {**known.verdicts, place(engine, provider): verdict}
    return dataclasses.replace(known, verdicts=verdicts, cpu_text=text)


def _figures(row: Measured) -> dict[str, Any]:
    return {"median_ms": row.median_ms, "ratio": row.ratio, "fault": row.fault}


def _read(entry: Mapping[str, Any]) -> Known:
    """Raises LookupError, TypeError, ValueError or AttributeError on what this program did not write."""
    rows = tuple(
        Measured(
            Backend(str(row["backend"]["engine"]), str(row["backend"]["provider"]), int(row["backend"]["threads"])),
            median_ms=_number(row["median_ms"]),
            ratio=_number(row["ratio"]),
            fault=None if row["fault"] is None else str(row["fault"]),
        )
        for row in entry["rows"]
    )
    verdicts = {
        str(name): {part: str(said[part]) for part in ("verdict", "reason")} for name, said in entry["verdicts"].items()
    }
    text = entry["cpu_text"]
    return Known(
        rows, _number(entry["at_s"]), _number(entry["load"]), verdicts, cpu_text=None if text is None else str(text)
    )


def _number(value: Any) -> float | None:
    return None if value is None else float(value)
