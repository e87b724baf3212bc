"""The check of a GPU machine, as far as it goes without one."""

import subprocess
import sys

import onnxruntime
import pytest

from tests import recordings
from tests.benchmarks import stand_in
from tests.models import conformer


def _check(*options):
    command = [sys.executable, "-m", "tests.benchmarks.gpu", *options]
    return subprocess.run(command, capture_output=True, text=True, check=False, cwd=recordings.ROOT, timeout=300)


@pytest.mark.skipif("CUDAExecutionProvider" in onnxruntime.get_available_providers(), reason="CUDA is here")
def test_without_a_gpu_it_says_so_in_one_line():
    done = _check()

    assert done.returncode == 3
    assert done.stdout == ""
    assert done.stderr.startswith("no GPU check: ")
    assert done.stderr.count("\n") == 1


def test_all_of_it_runs_on_the_cpu(tmp_path):
    model = stand_in.build(tmp_path / "model", True, conformer.TINY)

    done = _check("--provider", "cpu", "--model", str(model), "--repeats", "2", "--utterances", "10")

    assert done.returncode == 0, done.stderr
    assert "| eager | 0 of 60 | 0 of 60 |" in done.stdout
    assert "batches: 8 utterances" in done.stdout
    assert "tokens agree" in done.stdout
    assert "| 2.8 s | sherpa-onnx | " in done.stdout
    assert "DIFFERS" not in done.stdout
    assert "| no device at the start | the CPU, with the reason | cpu: " in done.stdout
