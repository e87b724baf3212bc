"""``swictation bench`` as its user runs it."""

import importlib.util
import json
import os
import signal
import subprocess
import sys
import time

import psutil
import pytest

from tests import recordings
from tests.models import damage, tiny

pytestmark = pytest.mark.skipif(recordings.practice_model() is None, reason="no practice model in this checkout")


def _environment(home):
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("XDG_", "SWICTATION_"))}
    return {**kept, "HOME": str(home), "XDG_RUNTIME_DIR": str(home)}


def _bench(home, *arguments):
    command = [sys.executable, "-m", "daemon", "bench", *map(str, arguments)]
    return subprocess.run(
        command, cwd=recordings.ROOT, env=_environment(home), capture_output=True, text=True, timeout=300, check=False
    )


def _rows(done):
    assert done.returncode == 0, done.stderr
    return {(row["engine"], row["provider"]): row for row in json.loads(done.stdout)["rows"]}


def _models(*directories):
    return [part for directory in directories for part in ("--model", directory)]


def _said():
    return (recordings.practice_model() / "recording.txt").read_text("utf-8").split()


def test_the_practice_model_on_every_engine_that_is_here(tmp_path):
    done = _bench(tmp_path, "--model", recordings.practice_model(), "--lengths", "1", "--repeats", "3", "--json")

    rows = _rows(done)
    assert ("sherpa", "cpu") in rows
    assert (("ort", "cpu") in rows) is (importlib.util.find_spec("onnxruntime") is not None)
    for row in rows.values():
        (one,) = row["lengths"]
        assert row["fault"] is None
        assert row["quality"]["verdict"] == "passed"
        assert one["agrees"]
        assert one["phases"]["whole"]["count"] == 3
        assert 0 < one["phases"]["whole"]["min"] <= one["phases"]["whole"]["p50"] <= one["phases"]["whole"]["max"]
        assert one["rss_mb"] > 20
        assert one["cold_ms"] > 0
    assert not done.stderr
    assert list(tmp_path.iterdir()) == []  # no telemetry, and nothing else either


def test_a_report_and_tables_without_what_was_said(tmp_path):
    report = tmp_path / "report.html"

    done = _bench(
        tmp_path, "--model", recordings.practice_model(), "--files", recordings.practice_model() / "recording.flac",
        "--repeats", "1", "--compare", "sherpa", "--report", report,
    )  # fmt: skip

    assert done.returncode == 0, done.stderr
    assert "recor\u2026.flac" in done.stdout
    assert "practice sherpa direct cpu" in done.stdout
    assert max(map(len, done.stdout.splitlines())) <= 120
    page = report.read_text("utf-8")
    for text in (done.stdout, done.stderr, page):
        assert " ".join(_said()[:3]) not in text
    assert "data:image/png" in page


def test_a_broken_model_and_one_that_does_not_load_end_their_own_rows_only(tmp_path):
    broken = damage.copy(recordings.practice_model(), tmp_path / "broken", ["encoder"], damage.not_numbers)
    absent, hollow = tmp_path / "absent", tiny.bundle(tmp_path / "hollow")

    done = _bench(tmp_path, *_models(broken, absent, hollow), "--lengths", "1", "--repeats", "1", "--json")

    assert done.returncode == 0, done.stderr
    rows = [row for row in json.loads(done.stdout)["rows"] if row["engine"] == "sherpa"]
    assert rows[0]["quality"]["verdict"] == "broken"
    assert "no numbers" in rows[0]["quality"]["reason"]
    assert rows[1]["lengths"] == []
    assert "does not exist" in rows[1]["fault"]
    assert rows[2]["lengths"] == []
    assert "hollow" in rows[2]["fault"]
    assert "\n" not in rows[2]["fault"]


def test_without_an_argument_it_takes_what_is_installed(tmp_path):
    damage.copy(recordings.practice_model(), tmp_path / ".local/share/swictation/models/mine", ["joiner"], abs)

    done = _bench(tmp_path, "--lengths", "1", "--repeats", "1", "--json")

    directories = {row["directory"] for row in json.loads(done.stdout)["rows"]}
    assert directories == {
        str(recordings.practice_model()),
        str(tmp_path / ".local/share/swictation/models/mine"),
    }


@pytest.mark.parametrize(("how", "status"), [(signal.SIGINT, 130), (signal.SIGKILL, -signal.SIGKILL)])
def test_a_run_that_is_broken_off_leaves_no_process(tmp_path, how, status):
    arguments = ["--model", recordings.practice_model(), "--lengths", "1", "--repeats", "1000000"]
    command = [sys.executable, "-m", "daemon", "bench", *map(str, arguments)]
    with subprocess.Popen(
        command,
        cwd=recordings.ROOT, env=_environment(tmp_path), stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        preexec_fn=_take_interrupts,  # noqa: PLW1509 - it only sets a signal
    ) as run:  # fmt: skip
        try:
            bench = psutil.Process(run.pid)
            workers = _until(lambda: [child for child in bench.children() if "_bench" in child.cmdline()])
            run.send_signal(how)
            _out, told = run.communicate(timeout=30)
        finally:
            run.kill()

    assert run.returncode == status
    assert told == b""
    assert psutil.wait_procs(workers, timeout=10)[1] == []


def _take_interrupts():
    """As a terminal starts a program: a shell that runs the tests in the background has it ignore Ctrl+C."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


def _until(found, timeout_s=30.0):
    end_s = time.monotonic() + timeout_s
    while not (result := found()):
        assert time.monotonic() < end_s
        time.sleep(0.05)
    return result


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--repeats", "0"], "--repeats must be at least 1"),
        (["--lengths", "0"], "--lengths are seconds from 0.1 to 3600, not 0"),
        (["--lengths", "nan"], "--lengths are seconds"),
        (["--threads", "0"], "--threads must be at least 1"),
        (["--files", "nowhere.wav"], "nowhere.wav does not exist"),
        (["--report", "here.pdf"], "--report writes FILE.html or FILE.png"),
    ],
)
def test_wrong_arguments_are_one_line(tmp_path, arguments, said):
    done = _bench(tmp_path, "--model", recordings.practice_model(), *arguments)

    assert done.returncode == 1
    assert done.stderr.startswith("swictation: ")
    assert said in done.stderr
    assert done.stderr.count("\n") == 1


@pytest.mark.skipif(importlib.util.find_spec("onnx_asr") is not None, reason="onnx-asr is installed")
def test_a_peer_that_is_missing_is_one_line_and_the_rest_is_measured(tmp_path):
    done = _bench(
        tmp_path, "--model", recordings.practice_model(), "--lengths", "1", "--repeats", "1", "--json",
        "--compare", "onnx-asr",
    )  # fmt: skip

    assert ("sherpa", "cpu") in _rows(done)
    assert done.stderr.startswith("swictation: onnx-asr cannot be compared with: ")
    assert done.stderr.count("\n") == 1
    assert json.loads(done.stdout)["notes"] == [done.stderr.removeprefix("swictation: ").strip()]
