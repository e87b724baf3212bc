"""Whether CUDA can be used here and, if not, why: driver, device, package, libraries.

``absence`` loads the driver and the CUDA libraries into the process, so only a worker may ask. ``installed`` and
``fingerprint`` read files, and load nothing.
"""

from __future__ import annotations

import contextlib
import ctypes
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path

from models import elf

PROVIDER = "onnxruntime_providers_cuda"  # the library that holds onnxruntime's CUDA provider, under any system's name
_DRIVERS = {"linux": "libcuda.so.1", "win32": "nvcuda.dll"}
_OLDEST = {12: "525", 13: "580"}  # driver for each major version of CUDA, as NVIDIA's release notes have it
_PACKAGES = ("onnxruntime-gpu", "onnxruntime", "sherpa-onnx", "nvidia-cudnn-cu12", "nvidia-cudnn-cu13", "numpy")
_ADVICE = {
    100: "is CUDA_VISIBLE_DEVICES set, or the GPU switched off?",
    803: "the driver was updated while it was in use; restart the computer",
    999: "after a suspend `sudo rmmod nvidia_uvm && sudo modprobe nvidia_uvm` mends it, else restart the computer",
}
# As onnxruntime words what its CUDA provider and its arena throw: "CUDA failure 700: an illegal memory access ...",
# "CUBLAS failure 13", "CUDNN_FE failure 11", "Available memory of 0 is smaller than requested bytes of 4096".
_FAULTS = re.compile(
    r"\bCU[A-Z_]+ (failure|error)|CUDNN_STATUS|CUBLAS_STATUS|cudaError|out of memory"
    r"|Failed to allocate memory|smaller than requested bytes"
)


@dataclass(frozen=True, slots=True)
class Runtime:
    """An onnxruntime: the package it came in, as ``name version``, and the directory of its libraries."""

    package: str
    directory: Path

    @property
    def provider(self) -> Path | None:
        """The library of its CUDA provider, None if it was built without."""
        return next(self.directory.glob(f"*{PROVIDER}.*"), None)


@dataclass(frozen=True, slots=True)
class Driver:
    """NVIDIA's driver: its version (empty if unknown), the CUDA that it serves, why it finds no GPU (None if it does).

    ``cuda`` is its major version.
    """

    version: str
    cuda: int
    fault: str | None


def installed() -> Runtime | None:
    """The package ``onnxruntime``, None if there is none. It is not imported."""
    found = find_spec("onnxruntime")
    if found is None or found.origin is None:
        return None
    directory = Path(found.origin).parent / "capi"
    gpu = (
        Runtime("onnxruntime-gpu", directory).provider is not None
    )  # both may be noted; whose files were last, are there
    name = "onnxruntime-gpu" if gpu and package_version("onnxruntime-gpu") else "onnxruntime"
    return Runtime(f"{name} {package_version(name) or ''}".strip(), directory)


def no_driver() -> str | None:
    """That there is no NVIDIA driver, in one line; None if there is one."""
    try:
        ctypes.CDLL(_DRIVERS[sys.platform])
    except (KeyError, OSError):
        return "there is no NVIDIA driver on this machine; install it to use the GPU"
    return None


def absence(runtime: Runtime | None) -> str | None:
    """Why ``runtime`` cannot use CUDA in this process, in one line with what to do; None if it seems to be able to."""
    if (reason := no_driver()) is not None:
        return reason
    if runtime is None or (provider := runtime.provider) is None:
        what = f"{runtime.package} was built without CUDA" if runtime else "onnxruntime is not installed"
        return f"{what}; run `pip uninstall onnxruntime` and then `pip install 'swictation[gpu]'`"
    try:
        needed = elf.read(provider).needed if sys.platform == "linux" else ()
    except (OSError, ValueError) as error:
        return f"{provider} cannot be read ({error}); install {runtime.package} again"
    return driver_fault(_driver(), runtime.package, cuda_major(needed)) or _library_fault(needed, runtime.package)


def driver_fault(driver: Driver, package: str, needed: int | None) -> str | None:
    """What is wrong with the driver for a package that needs this major version of CUDA (None: unknown)."""
    if needed is not None and driver.cuda < needed:
        oldest = _OLDEST.get(needed)
        return (
            f"the NVIDIA driver{f' {driver.version}' * bool(driver.version)} serves CUDA {driver.cuda} and {package} "
            f"needs CUDA {needed}; update the driver{f' to {oldest} or newer' * bool(oldest)}"
        )
    return driver.fault


def cuda_major(needed: tuple[str, ...]) -> int | None:
    """The major version of CUDA that a library with these needs was built for."""
    found = (re.fullmatch(r"lib(?:cudart|cublas|cublasLt)\.so\.(\d+)", name) for name in needed)
    return next((int(match[1]) for match in found if match), None)


def preload(needed: tuple[str, ...]) -> str | None:
    """Load the CUDA libraries among ``needed`` from NVIDIA's packages or the system.

    Gives the loader's words for the first that cannot be had, or None. Loaded once, they serve whoever asks for them by
    name, which the loader alone would not find in a package.
    """
    for name in needed:
        if not re.match(r"lib(cu|nv)\w*\.so\.", name) or name == _DRIVERS["linux"]:
            continue
        path = next(_in_packages(name), None)
        try:
            ctypes.CDLL(str(path or name))
        except OSError as error:
            return str(error)
        for part in sorted(path.parent.glob("libcudnn_*.so.*")) if path and name.startswith("libcudnn") else ():
            with contextlib.suppress(OSError):  # which of its parts cuDNN will ask for is its own affair
                ctypes.CDLL(str(part))
    return None


def is_loaded() -> bool:
    """Whether onnxruntime's CUDA provider is in this process, as it is once a session has been given to it."""
    maps = Path("/proc/self/maps")
    return maps.is_file() and PROVIDER in maps.read_text("utf-8", "replace")


def is_fault(message: str) -> bool:
    """Whether an error's full words tell of the GPU (lost, out of memory), and not of what it was given."""
    return _FAULTS.search(message) is not None


def package_version(name: str) -> str | None:
    """The installed version of a distribution package, None if it is not there or does not tell."""
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def fingerprint() -> str:
    """What a measurement of engines depends on: the driver, the GPUs, the packages. In milliseconds; loads nothing."""
    cards = []
    for file in sorted(Path("/proc/driver/nvidia/gpus").glob("*/information")):
        cards += re.findall(r"^Model:\s*(.+?)\s*$", _text(file), re.MULTILINE)
    packages = [f"{name} {version}" for name in _PACKAGES if (version := package_version(name))]
    return "; ".join([f"driver {_driver_version() or 'none'}", *cards, *packages])


def _library_fault(needed: tuple[str, ...], package: str) -> str | None:
    if (missing := preload(needed)) is None:
        return None
    name, _space, version = package.partition(" ")
    mend = f"run `pip install '{name}[cuda,cudnn]=={version}'`" if name == "onnxruntime-gpu" else "install it"
    return f"a library of CUDA cannot be loaded ({' '.join(missing.split())[:200]}); {mend}"


def _driver() -> Driver:
    """The driver, which is there, as it is now: a lost one finds no GPU."""
    library = ctypes.CDLL(_DRIVERS[sys.platform])
    version = ctypes.c_int(0)
    library.cuDriverGetVersion(ctypes.byref(version))
    status, count = int(library.cuInit(0)), ctypes.c_int(0)
    status = status or int(library.cuDeviceGetCount(ctypes.byref(count)))
    if status == 0 and count.value == 0:
        status = 100
    return Driver(_driver_version(), version.value // 1000, _device_fault(library, status) if status else None)


def _device_fault(library: ctypes.CDLL, status: int) -> str:
    words = ctypes.c_char_p()
    library.cuGetErrorString(status, ctypes.byref(words))
    reason = (words.value or b"unknown error").decode("ascii", "replace")
    return f"the NVIDIA driver gives no GPU (error {status}, {reason}); {_ADVICE.get(status, 'restart the computer')}"


def _driver_version() -> str:
    """The version of the kernel's driver, empty where the system does not tell."""
    match = re.search(r"\b\d{3,}\.\d+(\.\d+)?\b", _text(Path("/proc/driver/nvidia/version")))
    return match[0] if match else ""


def _in_packages(name: str) -> Iterator[Path]:
    """Where NVIDIA's packages have a library of this name: nvidia/cublas/lib, from CUDA 13 on nvidia/cu13/lib."""
    found = find_spec("nvidia")
    for place in found.submodule_search_locations or () if found else ():
        yield from Path(place).glob(f"*/lib/{name}")


def _text(path: Path) -> str:
    try:
        return path.read_text("utf-8", "replace")
    except OSError:
        return ""
