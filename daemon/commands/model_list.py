"""The models that are here and those that can be had."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from daemon import config, paths
from daemon.errors import BundleError
from models import bundle, catalogue
from models.catalogue import Entry
from models.errors import StoreError
from models.store import Store

Json = dict[str, Any]

PRACTICE = "practice"


def models() -> list[Json]:
    """Every model: the bundled one, those in the store, the configured one, and those that can be fetched."""
    store, in_use = store_here(), model_in_use()
    places = {PRACTICE: bundle.default_directory(), **{name: store.path(name) for name in store.names()}}
    if in_use not in places.values():
        places[in_use.name] = in_use
    known = {entry.name: entry for entry in catalogue.ENTRIES}
    here = [_installed(name, place, known.get(name), store, in_use=place == in_use) for name, place in places.items()]
    return here + [_about(entry.name, entry) for name, entry in known.items() if name not in places]


def store_here() -> Store:
    """The user's models."""
    return Store(paths.data_directory() / "models")


def model_in_use() -> Path:
    """The directory of the model that the configuration names."""
    return config.model_directory(config.load(paths.config_file()))


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
