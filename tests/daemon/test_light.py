"""What the daemon's own process keeps out of itself: its workers have it."""

import subprocess
import sys

HEAVY = ("numpy", "soundfile", "sherpa_onnx", "onnxruntime", "PySide6", "sounddevice", "soxr")


def test_the_daemon_imports_nothing_heavy():
    code = f"import sys, daemon.app; print([name for name in {HEAVY!r} if name in sys.modules])"
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout

    assert said.strip() == "[]"
