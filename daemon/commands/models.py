"""``swictation models``: list, get, check, choose and remove models, in words or as JSON."""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from daemon import config, paths
from daemon.client import Client
from daemon.commands import optimise as optimise_command
from daemon.commands.model_list import PRACTICE, model_in_use, models, store_here
from daemon.commands.pull_progress import JsonProgress, PullProgress
from daemon.engine import fastest_model
from daemon.engine.fastest_model import Pace
from daemon.engine.self_test import self_test
from daemon.errors import BundleError, NoDaemon, RequestRefused
from daemon.words import models_in_words
from models import bundle, catalogue
from models.errors import StoreError
from models.pull import Source, pull
from models.store import Store
from models.verdict import Verdict

Json = dict[str, Any]

_LOAD_LIMIT_S = 120.0


def run(arguments: argparse.Namespace) -> int:
    """Run one ``models`` command; the exit status. Raises SwictationError."""
    if arguments.action != "pull" and (arguments.file is not None or arguments.mirror is not None):
        raise StoreError("--from and --mirror belong to `swictation models pull`")
    if arguments.action != "pull" and arguments.progress is not None:
        raise StoreError("--progress belongs to `swictation models pull`")
    actions: dict[str, Callable[[argparse.Namespace], int]] = {
        "list": _list, "pull": _pull, "verify": _verify, "use": _use, "remove": _remove, "path": _path,
        "optimise": _optimise,
        "measure": _measure,
    }  # fmt: skip
    try:
        return actions[arguments.action](arguments)
    except BrokenPipeError:
        raise
    except OSError as error:
        named = error.filename or "the model store"
        raise StoreError(
            f"{named} cannot be read or written: {error.strerror or error}; see to it and try again"
        ) from None


def nvidia_gpu() -> str | None:
    """The name of the first NVIDIA GPU that the driver knows, or None."""
    for information in sorted(Path("/proc/driver/nvidia/gpus").glob("*/information")):
        for line in information.read_text(encoding="utf-8", errors="replace").splitlines():
            if line.startswith("Model:"):
                return line.removeprefix("Model:").strip()
    if (tool := shutil.which("nvidia-smi")) is None:
        return None
    try:
        said = subprocess.run(
            [tool, "--query-gpu=name", "--format=csv,noheader"],
            capture_output=True, text=True, timeout=10, check=True,
        )  # fmt: skip
    except (OSError, subprocess.SubprocessError):
        return None
    return next(iter(said.stdout.splitlines()), None)


def _list(arguments: argparse.Namespace) -> int:
    _report(arguments, models(), models_in_words)
    return 0


def _pull(arguments: argparse.Namespace) -> int:
    progress = JsonProgress(sys.stdout) if arguments.progress == "json" else PullProgress.to_stderr()
    name = arguments.name
    if name is None and arguments.file is not None:
        name = arguments.file.name
    if name is None:
        name, why = catalogue.suitable(nvidia_gpu())
        progress.step(f"{name}: {why}")
    entry = catalogue.find(name, catalogue.ENTRIES)
    if arguments.file is not None and arguments.mirror is not None:
        raise StoreError("give either --from FILE or --mirror URL")
    mirror = arguments.mirror or os.environ.get("SWICTATION_MIRROR") or config.load(paths.config_file()).model.mirror
    source = Source(file=arguments.file, mirror=mirror)
    try:
        pulled = pull(store_here(), entry, source, progress.reporter(), accept=_accept)
    finally:
        progress.end()
    result: Json = {"name": entry.name, "kind": entry.kind, "directory": str(pulled.directory), "fresh": pulled.fresh}
    result |= {"checked": pulled.checked, "licence": entry.licence, "attribution": entry.attribution}
    used = entry.kind == "transducer" and not config.load(paths.config_file()).model.dir
    if used:
        _choose(str(pulled.directory))
    result["in_use"] = model_in_use() == pulled.directory
    if isinstance(progress, JsonProgress):
        progress.result(result)
    else:
        faster = entry.device == "gpu" and nvidia_gpu() is None
        _report(arguments, result, lambda result: _pulled_in_words(result, used=used, faster=faster))
    return 0


def _accept(directory: Path) -> None:
    """Let a model that has just come recognise a reference recording. Raises BundleError if it is none to use."""
    bundle.validate(bundle.find(directory))
    if (fault := _heard(directory)) is not None:
        raise BundleError(fault)


def _heard(directory: Path) -> str | None:
    """Why the self-test calls the model in ``directory`` broken, or None."""
    tested = self_test(directory)
    return f"the self-test finds it broken: {tested['reason']}" if tested["verdict"] == Verdict.BROKEN else None


def _pulled_in_words(result: Json, *, used: bool, faster: bool) -> str:
    """``used``: it took the place of the practice model; ``faster``: a variant of it would be faster here."""
    state = "installed" if result["fresh"] else "was here already and is sound"
    lines = [f"{result['name']} {state}: {result['checked']}", f"{result['attribution']}; licence {result['licence']}"]
    if used:
        lines.append("it is in use now, in the place of the practice model")
    elif not result["in_use"] and result["kind"] == "transducer":
        lines.append(f"`swictation models use {result['name']}` dictates with it")
    if faster:
        lines.append(f"`swictation models optimise {result['name']}` makes a faster variant for this CPU")
    return "\n".join(lines)


def _verify(arguments: argparse.Namespace) -> int:
    store = store_here()
    names = [arguments.name] if arguments.name is not None else store.names()
    results = [_verified(store, name) for name in names]
    _report(arguments, results, _verified_in_words)
    return 1 if any(result["faults"] for result in results) else 0


def _verified(store: Store, name: str) -> Json:
    if name == PRACTICE:
        directory = bundle.default_directory()
        fault = _fault(directory) or _heard(directory)
        return {"name": name, "faults": [fault] if fault else [], "checked": None}
    faults = store.faults(name)
    if not faults and store.kind(name) == "transducer" and (fault := _heard(store.path(name))) is not None:
        faults = [fault]
    manifest = None if faults else store.manifest(name)
    return {"name": name, "faults": faults, "checked": manifest.checked if manifest is not None else None}


def _verified_in_words(results: list[Json]) -> str:
    lines = []
    for result in results:
        lines += [f"{result['name']}: {fault}" for fault in result["faults"]]
        if not result["faults"]:
            sums = "every sum is as it came" if result["checked"] else "well formed; no sums are known of it"
            lines.append(f"{result['name']}: sound, {sums}")
    return "\n".join(lines) or "no model is installed; get one with `swictation models pull`"


def _use(arguments: argparse.Namespace) -> int:
    if arguments.name is None:
        return _use_suitable(arguments)
    running = _take(name := str(arguments.name))
    said = f"{name} is in use" if running else f"{name} will be used when the daemon starts"
    _report(arguments, {"name": name, "directory": str(model_in_use()), "loaded": running}, lambda _result: said)
    return 0


def _use_suitable(arguments: argparse.Namespace) -> int:
    """Use the installed model that suits this machine, and say why."""
    store, progress = store_here(), PullProgress.to_stderr()
    names = [model["name"] for model in models() if model["installed"] and _for_dictation(model, store)]
    if not names:
        raise StoreError("no model is installed to choose from; get one with `swictation models pull`")
    paces: list[Pace] = []
    if (chosen := fastest_model.for_gpu(names, nvidia_gpu())) is None:
        settings = config.load(paths.config_file()).model
        paces = fastest_model.measured(
            [store.path(name) for name in names],
            engine="ort" if settings.engine == "ort" else "sherpa",
            threads=settings.threads or 1,
            progress=lambda clip: progress.step(f"measuring on {clip}"),
        )
        chosen = fastest_model.fastest(paces)
    name, why = chosen
    running = _take(name)
    result = {"name": name, "directory": str(model_in_use()), "loaded": running, "why": why}
    result["measured"] = [one.as_json() for one in paces]
    said = "is in use" if running else "will be used when the daemon starts"
    _report(arguments, result, lambda _result: f"{name} {said}: {why}")
    return 0


def _for_dictation(model: Json, store: Store) -> bool:
    """Whether an entry of the list is a model of the store that may be chosen without asking."""
    return model["name"] in store.names() and model.get("practice") is False and model["fault"] is None


def _take(name: str) -> bool:
    """Dictate with an installed model from now on; whether a daemon has loaded it. Raises StoreError or BundleError."""
    if (reason := catalogue.known_bad(name)) is not None:
        raise StoreError(reason)
    directory = ""
    if name != PRACTICE:
        store = store_here()
        directory = str(store.path(name))
        if (kind := store.kind(name)) != "transducer":
            raise StoreError(f"{name} is a {kind} model and the engine runs transducers only; use another")
        if faults := store.faults(name):
            raise BundleError(faults[0])
    return _choose(directory)


def _optimise(arguments: argparse.Namespace) -> int:
    """Make the quantised variant of a model; the exit status is 1 if it is no better, as it is then not kept."""
    store = store_here()
    directory = model_in_use()
    if arguments.name is not None:
        directory = bundle.default_directory() if arguments.name == PRACTICE else store.path(arguments.name)
    made = optimise_command.make(store, directory, PullProgress.to_stderr().step)
    if made.reason is not None and not arguments.json:
        raise StoreError(f"{made.name} is not kept: {made.reason}")
    _report(arguments, optimise_command.as_json(made), lambda _result: optimise_command.in_words(made))
    return 0 if made.reason is None else 1


def _remove(arguments: argparse.Namespace) -> int:
    name, store = _named(arguments), store_here()
    if name == PRACTICE:
        raise StoreError("the practice model comes with the program and stays")
    if name in store.names() and store.path(name) == model_in_use():
        raise StoreError(f"{name} is in use; choose another first, such as `swictation models use {PRACTICE}`")
    store.remove(name)
    _report(arguments, {"name": name, "removed": True}, lambda _result: f"{name} removed")
    return 0


def _measure(arguments: argparse.Namespace) -> int:
    from daemon.commands import measure as measure_command

    directory = {None: model_in_use(), PRACTICE: bundle.default_directory()}.get(arguments.name)
    result = measure_command.run(directory or store_here().path(arguments.name))
    _report(arguments, result, measure_command.measured_in_words)
    return 0


def _path(arguments: argparse.Namespace) -> int:
    if arguments.name is None:
        path = store_here().directory
    elif arguments.name == PRACTICE:
        path = bundle.default_directory()
    else:
        path = store_here().path(arguments.name)
    _report(arguments, {"path": str(path)}, lambda result: str(result["path"]))
    return 0


def _choose(directory: str) -> bool:
    """Write the model into the configuration; whether a daemon has loaded it.

    Raises RequestRefused with the daemon's words if it cannot, and then the configuration is as before.
    """
    file = paths.config_file()
    before = config.load(file).model.dir
    config.set_value(file, "model.dir", directory)
    try:
        with Client(_LOAD_LIMIT_S) as client:
            client.ask("reload")
    except NoDaemon:
        return False
    except RequestRefused:
        config.set_value(file, "model.dir", before)
        with Client(_LOAD_LIMIT_S) as client:
            client.ask("reload")
        raise
    return True


def _named(arguments: argparse.Namespace) -> str:
    if arguments.name is None:
        raise StoreError(
            f"say which model: `swictation models {arguments.action} NAME`; `swictation models` lists them"
        )
    return str(arguments.name)


def _fault(directory: Path) -> str | None:
    try:
        bundle.validate(bundle.find(directory))
    except BundleError as error:
        return str(error)
    return None


def _report(arguments: argparse.Namespace, result: Any, words: Callable[[Any], str]) -> None:
    print(json.dumps(result, ensure_ascii=False) if arguments.json else words(result))
