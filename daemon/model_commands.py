"""``swictation models``: list, get, check, choose and remove models, in words or as JSON."""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

from daemon import config, paths
from daemon.client import Client
from daemon.errors import BundleError, NoDaemon, RequestRefused
from daemon.pull_progress import PullProgress
from daemon.self_test import self_test
from daemon.words import models_in_words
from models import bundle, catalogue
from models.catalogue import Entry
from models.errors import StoreError
from models.pull import Source, pull
from models.selftest import Verdict
from models.store import Store

Json = dict[str, Any]

_PRACTICE = "practice"
_LOAD_LIMIT_S = 120.0


def run(arguments: argparse.Namespace) -> int:
    """Run one ``models`` command; the exit status. Raises SwictationError."""
    if arguments.action != "pull" and (arguments.file is not None or arguments.mirror is not None):
        raise StoreError("--from and --mirror belong to `swictation models pull`")
    actions: dict[str, Callable[[argparse.Namespace], int]] = {
        "list": _list, "pull": _pull, "verify": _verify, "use": _use, "remove": _remove, "path": _path,
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


def models() -> list[Json]:
    """Every model: the bundled one, those in the store, the configured one, and those that can be fetched."""
    store, in_use = _store(), _in_use()
    places = {_PRACTICE: bundle.default_directory(), **{name: store.path(name) for name in store.names()}}
    if in_use not in places.values():
        places[in_use.name] = in_use
    known = {entry.name: entry for entry in catalogue.ENTRIES}
    here = [_installed(name, place, known.get(name), store, in_use=place == in_use) for name, place in places.items()]
    return here + [_about(entry.name, entry) for name, entry in known.items() if name not in places]


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
    progress = PullProgress.to_stderr()
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
        pulled = pull(_store(), entry, source, progress.reporter(), accept=_accept)
    finally:
        progress.end()
    result: Json = {"name": entry.name, "kind": entry.kind, "directory": str(pulled.directory), "fresh": pulled.fresh}
    result |= {"checked": pulled.checked, "licence": entry.licence, "attribution": entry.attribution}
    used = entry.kind == "transducer" and not config.load(paths.config_file()).model.dir
    if used:
        _choose(str(pulled.directory))
    _report(
        arguments, {**result, "in_use": _in_use() == pulled.directory}, lambda result: _pulled_in_words(result, used)
    )
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


def _pulled_in_words(result: Json, used: bool) -> str:
    state = "installed" if result["fresh"] else "was here already and is sound"
    lines = [f"{result['name']} {state}: {result['checked']}", f"{result['attribution']}; licence {result['licence']}"]
    if used:
        lines.append("it is in use now, in the place of the practice model")
    elif not result["in_use"] and result["kind"] == "transducer":
        lines.append(f"`swictation models use {result['name']}` dictates with it")
    return "\n".join(lines)


def _verify(arguments: argparse.Namespace) -> int:
    store = _store()
    names = [arguments.name] if arguments.name is not None else store.names()
    results = [_verified(store, name) for name in names]
    _report(arguments, results, _verified_in_words)
    return 1 if any(result["faults"] for result in results) else 0


def _verified(store: Store, name: str) -> Json:
    if name == _PRACTICE:
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
    name = _named(arguments)
    if (reason := catalogue.known_bad(name)) is not None:
        raise StoreError(reason)
    directory = ""
    if name != _PRACTICE:
        store = _store()
        directory = str(store.path(name))
        if (kind := store.kind(name)) != "transducer":
            raise StoreError(f"{name} is a {kind} model and the engine runs transducers only; use another")
        if faults := store.faults(name):
            raise BundleError(faults[0])
    running = _choose(directory)
    said = f"{name} is in use" if running else f"{name} will be used when the daemon starts"
    _report(arguments, {"name": name, "directory": str(_in_use()), "loaded": running}, lambda _result: said)
    return 0


def _remove(arguments: argparse.Namespace) -> int:
    name, store = _named(arguments), _store()
    if name == _PRACTICE:
        raise StoreError("the practice model comes with the program and stays")
    if name in store.names() and store.path(name) == _in_use():
        raise StoreError(f"{name} is in use; choose another first, such as `swictation models use {_PRACTICE}`")
    store.remove(name)
    _report(arguments, {"name": name, "removed": True}, lambda _result: f"{name} removed")
    return 0


def _path(arguments: argparse.Namespace) -> int:
    if arguments.name is None:
        path = _store().directory
    elif arguments.name == _PRACTICE:
        path = bundle.default_directory()
    else:
        path = _store().path(arguments.name)
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


def _store() -> Store:
    return Store(paths.data_directory() / "models")


def _in_use() -> Path:
    return config.model_directory(config.load(paths.config_file()))


def _named(arguments: argparse.Namespace) -> str:
    if arguments.name is None:
        raise StoreError(
            f"say which model: `swictation models {arguments.action} NAME`; `swictation models` lists them"
        )
    return str(arguments.name)


def _about(name: str, entry: Entry | None) -> Json:
    model: Json = {"name": name, "directory": None, "installed": False, "in_use": False, "notice": None, "fault": None}
    if entry is not None:
        model |= {"title": entry.title, "kind": entry.kind, "device": entry.device, "licence": entry.licence}
        model |= {"languages": list(entry.languages), "attribution": entry.attribution}
        model |= {"download_bytes": entry.archive_bytes, "address": entry.address}
    return model


def _installed(name: str, directory: Path, entry: Entry | None, store: Store, *, in_use: bool) -> Json:
    model = {**_about(name, entry), "directory": str(directory), "installed": True, "in_use": in_use}
    try:
        if directory.parent == store.directory and store.kind(name) != "transducer":
            return model
        found = bundle.find(directory)
        bundle.validate(found)
    except (BundleError, StoreError) as error:
        return {**model, "fault": str(error)}
    notice = bundle.PRACTICE_NOTICE if found.practice else None
    return {**model, "kind": "transducer", "int8": found.int8, "practice": found.practice, "notice": notice}


def _fault(directory: Path) -> str | None:
    try:
        bundle.validate(bundle.find(directory))
    except BundleError as error:
        return str(error)
    return None


def _report(arguments: argparse.Namespace, result: Any, words: Callable[[Any], str]) -> None:
    print(json.dumps(result, ensure_ascii=False) if arguments.json else words(result))
