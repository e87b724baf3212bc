"""Runs first in a frozen program: the capture worker finds the PortAudio of the bundle.

sounddevice asks the system for it by name, which is None on a machine without it, and costs a run of ldconfig.
"""

import sys

if sys.argv[1:2] == ["_capture"]:  # the only process that needs it; ctypes would cost `swictation toggle` 8 ms
    import ctypes.util
    from pathlib import Path

    _of_the_system = ctypes.util.find_library

    def _find_library(name: str) -> str | None:
        found = sorted(Path(sys._MEIPASS).glob(f"lib{name}.so*"))  # type: ignore[attr-defined]  # noqa: SLF001 -- PyInstaller's name for it
        return str(found[0]) if found else _of_the_system(name)

    ctypes.util.find_library = _find_library
