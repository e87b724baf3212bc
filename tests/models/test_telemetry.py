"""Nothing spoken, and nothing about it, leaves the machine: onnxruntime's reporting is off before it is imported."""

import json
import os
import subprocess
import sys

import pytest

from tests import recordings
from tests.models import alone, tiny

# Stands in for both libraries and writes down what the environment said when it was imported.
_RECORDER = """
import os, pathlib
with pathlib.Path(os.environ["RECORD"]).open("a") as record:
    record.write(f"{__name__} {os.environ.get('ORT_DISABLE_TELEMETRY')}\\n")
raise ImportError(__name__ + " stands in for the real one")
"""
_SOUND = "import sys; from models import bundle; found = bundle.find(sys.argv[1]); "
_ENTRIES = {
    "engine worker": ["-m", "daemon", "_engine", "--model", "{model}"],
    "engine module": ["-c", "import sys; from models import engine; engine.main(['--model', sys.argv[1]])", "{model}"],
    "recogniser": ["-c", _SOUND + "from models.sherpa import SherpaRecogniser; SherpaRecogniser(found)", "{model}"],
    "transcribe": ["-m", "daemon", "transcribe", "--model", "{model}", "{audio}"],
}


def _environment(tmp_path, **more):
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("ORT_", "XDG_"))}
    return {**kept, "HOME": str(tmp_path / "home"), "PYTHONDONTWRITEBYTECODE": "1", **more}


@pytest.mark.parametrize("entry", _ENTRIES)
def test_it_is_off_before_the_library_is_imported(tmp_path, entry):
    stand_ins, record = tmp_path / "stand_ins", tmp_path / "record"
    stand_ins.mkdir()
    (tmp_path / "home").mkdir()
    for name in ("sherpa_onnx", "onnxruntime"):
        (stand_ins / f"{name}.py").write_text(_RECORDER)
    model = tiny.bundle(tmp_path / "model")
    audio = recordings.ROOT / "tests" / "data" / "speech"
    clip = next(iter(sorted(audio.glob("*.flac"))), None)
    if "{audio}" in _ENTRIES[entry] and clip is None:
        pytest.skip("no recording in tests/data/speech")
    command = [part.format(model=model, audio=clip) for part in _ENTRIES[entry]]
    places = f"{stand_ins}{os.pathsep}{recordings.ROOT}"

    subprocess.run(
        [sys.executable, *command],
        env=_environment(tmp_path, PYTHONPATH=places, RECORD=str(record)),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
        timeout=60,
    )

    assert set(record.read_text().splitlines()) == {"sherpa_onnx 1"}


needs_namespace = pytest.mark.skipif(not alone.possible(), reason="no network namespace can be made here")

# Every module there is, and a decode on each engine.
_EVERYTHING = """
import importlib, pkgutil, subprocess, sys
import daemon, gui, models
from models import wire

for package in (daemon, gui, models):
    for found in pkgutil.walk_packages(package.__path__, package.__name__ + "."):
        if not found.name.startswith(("models.training", "daemon.hotkey.pynput_keys")):  # no part of it; needs a screen
            importlib.import_module(found.name)
print(len([name for name in sys.modules if name.partition(".")[0] in ("daemon", "gui", "models")]), "modules")
for engine in ("sherpa", "ort"):
    done = subprocess.run(
        [sys.executable, "-m", "daemon", "_engine", "--engine", engine, "--model", sys.argv[1], "--judge"],
        input=wire.pack({"kind": "recognise", "id": 1}, bytes(64_000)), stdout=subprocess.PIPE, check=True,
    )
    print(engine, done.stdout.count(b'"kind":"transcript"'))
"""
_TRIES = {
    "a connection": "import socket; socket.socket().connect_ex(('192.0.2.1', 443))",
    "a datagram": (
        "import contextlib, socket\n"
        "with contextlib.suppress(OSError): socket.socket(type=socket.SOCK_DGRAM).sendto(b'x', ('192.0.2.1', 53))"
    ),
    "a question to a name server": (
        "import contextlib, socket\n"
        "with contextlib.suppress(OSError): socket.getaddrinfo('telemetry.example', 443, type=socket.SOCK_STREAM)"
    ),
}


def _run_alone(tmp_path, *arguments):
    """What a Python program printed that ran without a network, and how often it tried to reach one."""
    (tmp_path / "home").mkdir()
    done = subprocess.run(
        alone.command(sys.executable, *arguments),
        env=_environment(tmp_path, PYTHONPATH=str(recordings.ROOT)),
        capture_output=True,
        check=True,
        text=True,
        timeout=120,
    )
    *said, last = done.stdout.splitlines()
    report = json.loads(last)
    assert report["status"] == 0, done.stderr
    return said, report["tries"]


@recordings.needs_model
@needs_namespace
def test_nothing_is_reached_for_and_nothing_is_left_at_home_by_any_module_or_engine(tmp_path):
    pytest.importorskip("onnxruntime")
    said, tries = _run_alone(tmp_path, "-c", _EVERYTHING, recordings.any_model())

    assert said[1:] == ["sherpa 1", "ort 1"]
    assert tries == 0
    assert list((tmp_path / "home").rglob("*")) == []


@needs_namespace
@pytest.mark.parametrize("what", _TRIES)
def test_it_would_be_seen(tmp_path, what):
    _said, tries = _run_alone(tmp_path, "-c", _TRIES[what])
    assert tries > 0


def test_whoever_only_asks_about_bundles_loads_no_engine():
    code = (
        "import sys, models.bundle, models.recogniser, daemon.engine.recogniser; "
        "print([name for name in ('sherpa_onnx', 'onnxruntime', 'numpy', 'soundfile') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True, cwd=recordings.ROOT)

    assert done.stdout.strip() == "[]"
