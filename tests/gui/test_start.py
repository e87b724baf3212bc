"""How the tray's program starts: what it imports, and what it says where it cannot run."""

import os
import subprocess
import sys

FORBIDDEN = {"numpy", "onnxruntime", "sherpa_onnx", "sounddevice", "webrtcvad"}


def run(*arguments, **environment):
    kept = {key: value for key, value in os.environ.items() if key not in {"DISPLAY", "WAYLAND_DISPLAY"}}
    return subprocess.run(
        [sys.executable, *arguments], env={**kept, **environment}, capture_output=True, text=True, check=False
    )


def test_imports_nothing_that_hears_or_recognises():
    done = run("-c", "import gui.app, sys; print(*{name.split('.')[0] for name in sys.modules})")
    loaded = set(done.stdout.split())
    assert "PySide6" in loaded
    assert loaded & FORBIDDEN == set()


def test_without_a_screen_it_says_what_to_do(runtime):
    done = run("-m", "gui", "tray")
    assert done.returncode == 1
    assert done.stderr == (
        "swictation: the tray needs a screen: start it in a desktop session, or use `swictation status`\n"
    )


def test_wrong_verb():
    done = run("-m", "gui", "window")
    assert done.returncode == 2
    assert done.stderr == "usage: swictation tray\n"


def test_qt_gives_back_what_it_borrows():
    """PySide6 6.12.0 on Python 3.11 lost a reference to None or True with every call, until the interpreter aborted."""
    done = run(
        "-c",
        "from PySide6.QtCore import QObject, Signal\n"
        "class Speaker(QObject):\n"
        "    said = Signal()\n"
        "speaker = Speaker()\n"
        "for _ in range(20_000):\n"
        "    speaker.said.emit()\n"
        "    speaker.setObjectName('x')\n",
    )
    assert done.returncode == 0, done.stderr
