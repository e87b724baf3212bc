"""Nothing spoken, and nothing about it, leaves the machine: onnxruntime's reporting is off before it is imported."""

import os
import subprocess
import sys

import pytest

from models import wire
from tests import recordings
from tests.models import tiny

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


@recordings.needs_model
@pytest.mark.parametrize("engine", ["sherpa", "ort"])
def test_a_real_decode_leaves_nothing_in_the_home_directory(tmp_path, engine):
    (tmp_path / "home").mkdir()

    done = subprocess.run(
        [sys.executable, "-m", "daemon", "_engine", "--engine", engine, "--model", str(recordings.any_model())],
        input=wire.pack({"kind": "recognise", "id": 1}, bytes(64_000)),
        env=_environment(tmp_path, PYTHONPATH=str(recordings.ROOT)),
        capture_output=True,
        check=True,
        timeout=60,
    )

    assert b'"kind":"transcript"' in done.stdout
    assert list((tmp_path / "home").iterdir()) == []


def test_whoever_only_asks_about_bundles_loads_no_engine():
    code = (
        "import sys, models.bundle, models.recogniser, daemon.recogniser; "
        "print([name for name in ('sherpa_onnx', 'onnxruntime', 'numpy', 'soundfile') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True, cwd=recordings.ROOT)

    assert done.stdout.strip() == "[]"
