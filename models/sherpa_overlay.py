"""sherpa-onnx on CUDA: one that was built for it, or the installed one over the runtime of onnxruntime-gpu.

The sherpa-onnx of the package index comes with an onnxruntime without CUDA, and asks for symbols of exactly that
version. Where the installed onnxruntime-gpu is of the same version (1.27.0 for sherpa-onnx 1.13.4), a directory with a
copy of the package and links to that runtime, put first on ``sys.path``, gives it CUDA; nothing installed is touched.
sherpa-onnx's own libraries are copied, as what they ask for is looked for beside them.
A process with it must not import onnxruntime: two CUDA runtimes in one process crash.
"""

from __future__ import annotations

import hashlib
import shutil
import sys
import tempfile
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import platformdirs

from models import cuda, elf, installation
from models.errors import NoGpu

_RUNTIME = "libonnxruntime.so"
_NAME = "sherpa-cuda"
_LEFT_OUT = shutil.ignore_patterns("include", "__pycache__", "libsherpa-onnx-c*", "libonnxruntime*")


@dataclass(frozen=True, slots=True)
class Pair:
    """A sherpa-onnx (``package``, the directory of that module) and the onnxruntime with CUDA that fits it.

    ``built_in`` says that sherpa-onnx came with it.
    """

    package: Path
    runtime: cuda.Runtime
    built_in: bool


def pair() -> Pair:
    """What is installed, without loading any of it. Raises NoGpu, which says why there is no such pair."""
    if sys.platform != "linux":
        raise NoGpu("sherpa-onnx uses CUDA on Linux only; the ort engine uses it here")
    found = find_spec("sherpa_onnx")
    if found is None or found.origin is None:
        raise NoGpu("sherpa-onnx is not installed; run `pip install sherpa-onnx`")
    package = Path(found.origin).parent
    own = cuda.Runtime(f"sherpa-onnx {cuda.package_version('sherpa-onnx') or ''}".strip(), package / "lib")
    if own.provider is not None:
        return Pair(package, own, built_in=True)
    if getattr(sys, "frozen", False):
        raise NoGpu(f"the packages for the GPU are missing; {installation.how_to_add('gpu')}")
    try:
        return Pair(package, _fitting(own.package, _wanted(package)), built_in=False)
    except (OSError, ValueError) as error:
        raise NoGpu(f"sherpa-onnx and onnxruntime cannot be compared ({error}); use the ort engine") from None


def prepare(cache: Path | None = None) -> Path | None:
    """Make sherpa-onnx on CUDA ready to be imported in this worker process, which has not imported it yet.

    Gives the directory to put first on ``sys.path``, made under ``cache`` (by default the user's cache directory) if it
    is not there; None if the installed package needs none. Raises NoGpu.
    """
    if (reason := cuda.no_driver()) is not None:
        raise NoGpu(reason)
    found = pair()
    if (reason := cuda.absence(found.runtime)) is not None:
        raise NoGpu(reason)
    if found.built_in:
        return None
    try:
        return build(found, cache or platformdirs.user_cache_path("swictation", appauthor=False))
    except OSError as error:
        raise NoGpu(f"sherpa-onnx cannot be put together with {found.runtime.package}: {error}") from None


def build(found: Pair, cache: Path) -> Path:
    """The overlay of this pair under ``cache``, made if it is not there yet; older ones are removed. Raises OSError."""
    ours = f"{_NAME}-{_digest(str(found.package))}-"  # of this installation
    place = cache / (ours + _digest(*_contents(found)))
    if place.is_dir():
        return place
    cache.mkdir(parents=True, exist_ok=True)
    scratch = Path(tempfile.mkdtemp(prefix=f"making-{_NAME}-", dir=cache))
    try:
        _fill(scratch, found)
        scratch.rename(place)
    except OSError:
        shutil.rmtree(scratch, ignore_errors=True)
        if not place.is_dir():  # else another worker was first
            raise
    for older in cache.glob(f"{ours}*"):
        if older != place:
            shutil.rmtree(older, ignore_errors=True)
    return place


def _fill(place: Path, found: Pair) -> None:
    shutil.copytree(found.package, place / "sherpa_onnx", ignore=_LEFT_OUT)
    if (libraries := found.package.with_name("sherpa_onnx.libs")).is_dir():  # asked for by a path relative to ours
        (place / libraries.name).symlink_to(libraries)
    target = place / "sherpa_onnx" / "lib"
    if (library := _library(found.runtime)) is not None:  # as ``pair`` has seen
        (target / _RUNTIME).symlink_to(library)
    for provider in found.runtime.directory.glob("libonnxruntime_providers_*.so"):
        (target / provider.name).symlink_to(provider)


def _fitting(sherpa: str, wanted: str) -> cuda.Runtime:
    """The installed onnxruntime-gpu, if it has the symbol version that ``sherpa`` wants.

    Raises NoGpu if not, OSError or ValueError if it cannot be read.
    """
    other = cuda.installed()
    if other is None or other.provider is None:
        there = "no onnxruntime-gpu is"
    elif (library := _library(other)) and wanted in elf.read(library).defined:
        return other
    else:
        there = f"{other.package} is"
    raise NoGpu(
        f"{sherpa} runs on CUDA with onnxruntime-gpu {wanted.removeprefix('VERS_')} only, and {there} installed; "
        "use the ort engine, which takes any"
    )


def _wanted(package: Path) -> str:
    """The symbol version that sherpa-onnx asks of its onnxruntime, such as ``VERS_1.27.0``."""
    for file in (package / "lib").glob("_sherpa_onnx*.so"):
        for library, versions in elf.read(file).wanted.items():
            if library.startswith(_RUNTIME):
                return versions[0]
    raise NoGpu(f"{package} holds no sherpa-onnx with an onnxruntime of its own; run `pip install sherpa-onnx` again")


def _library(runtime: cuda.Runtime) -> Path | None:
    """The library of onnxruntime itself, with its version behind its name."""
    return next(runtime.directory.glob(f"{_RUNTIME}*"), None)


def _contents(found: Pair) -> list[str]:
    """Changes with every library that goes into the overlay, and with where it lies."""
    files = [*sorted(found.package.rglob("*.so*")), *sorted(found.runtime.directory.glob("libonnxruntime*"))]
    return [f"{file}:{about.st_size}:{about.st_mtime_ns}" for file in files for about in (file.stat(),)]


def _digest(*parts: str) -> str:
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:12]
