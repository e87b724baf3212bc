"""What the figures were measured on."""

from __future__ import annotations

import importlib.metadata
import os
import platform
from pathlib import Path
from typing import Any

_LIBRARIES = ("swictation", "sherpa-onnx", "onnxruntime", "onnxruntime-gpu", "onnx-asr", "numpy")


def describe() -> dict[str, Any]:
    """Processor, cores, load at this moment, system, and the versions of what decodes."""
    return {
        "processor": processor(),
        "cores": os.cpu_count(),
        "load": round(os.getloadavg()[0], 1) if hasattr(os, "getloadavg") else None,
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
        "versions": {name: version for name in _LIBRARIES if (version := _version(name)) is not None},
    }


def processor() -> str:
    """The name of the processor."""
    known = Path("/proc/cpuinfo")  # on Linux, platform.processor() is empty
    if known.is_file():
        for line in known.read_text("utf-8", errors="replace").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def _version(name: str) -> str | None:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return None
