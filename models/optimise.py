"""A quantised variant of a model, for CPUs: made here, tried against the model itself, and kept only if it is better.

Only the encoder's matrix products with constant weights are quantised, dynamically: its convolutions lose more than
they gain, and decoder and joiner decide what is heard. Two recipes, the first that stands its trial is taken:

``signed``    7 bits of weight, by column. The fast kernels multiply unsigned activations by signed weights; 8 bits of
              weight would overflow them on CPUs without VNNI, 7 cannot.
``unsigned``  8 bits of weight, by column: closer to the model, and no faster than it on CPUs with VNNI, whose
              instructions are for signed weights.
"""

from __future__ import annotations

import contextlib
import errno
import logging
import shutil
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from models import archive, bundle, installation
from models.archive import SeenFile, sha256_of
from models.bench.trial import SECONDS, Trial, objection
from models.bundle import Bundle
from models.errors import BundleError, StoreError
from models.store import Manifest, Store, write_manifest

Weights = Literal["signed", "unsigned"]
RECIPES: tuple[Weights, ...] = ("signed", "unsigned")
SUFFIX = "-optimised"
_ENCODER = "encoder.int8.onnx"
_DISK_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_ROOM = 2.2  # times the encoder: its copy with shapes inferred, and the result


@dataclass(frozen=True, slots=True)
class Optimised:
    """What came of it. ``trials`` are those of the last recipe; ``reason`` says why there is no variant, or is None.

    ``fresh`` is False for a variant that was here already.
    """

    name: str
    directory: Path | None
    trials: Sequence[Trial] = ()
    weights: Weights | None = None
    reason: str | None = None
    fresh: bool = True


def optimise(
    store: Store, found: Bundle, trial: Callable[[Path], Sequence[Trial]], step: Callable[[str], None]
) -> Optimised:
    """Make the variant of a validated model and put it into ``store``, or nothing.

    ``trial`` tries what lies in a directory against the model, ``step`` is told what is done. Raises StoreError or
    BundleError where that cannot even be tried, and leaves nothing behind then either.
    """
    check_installed()
    if found.int8:
        raise StoreError(f"{found.name} is quantised already; give a model in float32")
    name = found.name + SUFFIX
    made_from = {path.name: sha256_of(path) for path in (found.encoder, found.decoder, found.joiner, found.tokens)}
    with _disk_told(store), store.lock(name, None):
        if _is_here(store, name, made_from):
            return Optimised(name, store.path(name), fresh=False)
        _check_room(store, found)
        for weights in RECIPES:
            step(f"quantising the encoder of {found.name}, {weights} weights")
            try:
                with store.place(name) as directory:
                    files = _make(found, directory, weights)
                    step("trying it against the model itself")
                    trials = trial(directory)
                    _stand(trials)
                    write_manifest(directory, _manifest(store, found, files, made_from, trials))
            except _NotTaken as refused:
                step(f"{weights} weights: {refused}")
                last = Optimised(name, None, trials, weights, str(refused))
            else:
                return Optimised(name, store.path(name), trials, weights)
        return last


class _NotTaken(Exception):
    """The variant did not stand its trial, so its place is cleared."""


def _stand(trials: Sequence[Trial]) -> None:
    if (reason := objection(trials)) is not None:
        raise _NotTaken(reason)


def _is_here(store: Store, name: str, made_from: Mapping[str, str]) -> bool:
    """Whether the variant of just these files is in the store already, and sound."""
    if name not in store.names() or store.faults(name):
        return False
    manifest = store.manifest(name)
    return manifest is not None and manifest.made_from == made_from


def check_installed() -> None:
    """Raise StoreError if the packages that quantise are not here."""
    try:
        import onnx  # noqa: F401
        import onnxruntime.quantization  # noqa: F401
    except ImportError as error:
        raise StoreError(
            f"optimising needs onnx and onnxruntime ({error}); {installation.how_to_add('optimise')}"
        ) from None


def quantise(model: Path, target: Path, weights: Weights) -> None:
    """Write the ONNX file ``model`` to ``target`` with its matrix products quantised. Raises BundleError or OSError.

    A passing file as large as the model is written beside ``target``.
    """
    from google.protobuf.message import Error
    from onnxruntime.quantization import QuantType, quantize_dynamic

    beside = target.with_name("float.onnx")
    beside.symlink_to(model.resolve())  # onnxruntime writes its passing file beside the model
    signed = weights == "signed"
    try:
        with _quiet():
            quantize_dynamic(
                beside,
                target,
                op_types_to_quantize=["MatMul"],
                per_channel=True,
                reduce_range=signed,
                weight_type=QuantType.QInt8 if signed else QuantType.QUInt8,
                extra_options={"MatMulConstBOnly": True},
            )
    except (ValueError, RuntimeError, Error) as error:
        reason = " ".join(str(error).split())[:200] or type(error).__name__
        raise BundleError(f"{model} cannot be quantised ({reason}); use it as it is") from None
    finally:
        beside.unlink()


def _make(found: Bundle, directory: Path, weights: Weights) -> dict[str, SeenFile]:
    """Write the variant's files; their sums."""
    quantise(found.encoder, directory / _ENCODER, weights)
    taken = [found.decoder, found.joiner, found.tokens]
    taken += [
        path for path in (found.directory / "recording.flac", found.directory / "recording.txt") if path.is_file()
    ]
    seen = {path.name: archive.copy(path, directory / path.name) for path in taken}
    bundle.validate(bundle.find(directory))
    quantised = directory / _ENCODER
    return {_ENCODER: SeenFile(quantised.stat().st_size, sha256_of(quantised)), **seen}


def _manifest(
    store: Store, found: Bundle, files: dict[str, SeenFile], made_from: dict[str, str], trials: Sequence[Trial]
) -> Manifest:
    of_store = found.directory.parent.resolve() == store.directory.resolve()
    original = store.manifest(found.directory.name) if of_store else None
    licence = original.licence if original is not None else f"that of {found.name}"
    maker = f"{original.attribution}; its" if original is not None else f"{found.name}, its"
    return Manifest(
        name=found.name + SUFFIX,
        kind="transducer",
        source=f"made here of {found.name}",
        archive_sha256="",
        checked=f"it hears what {found.name} hears ({figures(trials)})",
        licence=licence,
        attribution=f"{maker} encoder quantised by swictation",
        fetched_at=time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        files=files,
        made_from=made_from,
    )


def figures(trials: Sequence[Trial]) -> str:
    """What the trials came to, in words."""
    return "; ".join(
        f"{one.engine}: {one.after_ms:.1f} ms in place of {one.before_ms:.1f} ({one.ratio:.2f} x) for {SECONDS} s of "
        f"speech, {one.errors_after} of {one.words} words wrong in place of {one.errors_before}"
        for one in trials
    )


def _check_room(store: Store, found: Bundle) -> None:
    needed = _ROOM * found.encoder.stat().st_size
    if shutil.disk_usage(store.directory).free < needed:
        raise StoreError(_full(store, f"{needed / 1e6:.0f} MB are needed for a while"))


@contextlib.contextmanager
def _disk_told(store: Store) -> Iterator[None]:
    """Turn a full disk into one line."""
    try:
        yield
    except OSError as error:
        if error.errno not in _DISK_FULL:
            raise
        raise StoreError(_full(store, "nothing was left behind")) from None


def _full(store: Store, what: str) -> str:
    return f"the disk that holds {store.directory} is full: {what}; make room and try again"


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Keep back what the quantiser says to the root logger about files that were not prepared for it."""

    def only_others(record: logging.LogRecord) -> bool:
        return "pre-processing before quantization" not in record.getMessage()

    root: Any = logging.getLogger()
    root.addFilter(only_others)
    try:
        yield
    finally:
        root.removeFilter(only_others)
