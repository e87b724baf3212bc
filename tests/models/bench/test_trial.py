"""A variant against its model: what counts against it, and a real run in processes of its own."""

import dataclasses
import shutil

import pytest

from daemon.worker import program
from models.bench import trial
from models.bench.process import RowFailed
from models.bench.trial import Trial, objection
from models.bundle import default_directory
from tests import recordings
from tests.models import damage

GOOD = Trial(
    "sherpa", before_ms=100, after_ms=70, ratio=0.7, errors_before=10, errors_after=10, words=133, same_text=True
)
COMMAND = [*program("daemon"), "_bench"]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({}, None),
        ({"errors_after": 9}, None),
        ({"ratio": 0.95}, None),
        (
            {"ratio": 0.96, "after_ms": 96.0},
            "on ort it is not clearly faster here: 96.0 ms for 2.8 s",
        ),
        ({"same_text": False}, "on ort it hears another text in the self-test's recording"),
        ({"errors_after": 11}, "on ort it gets 11 of the practice set's 133 words wrong, the model itself 10"),
        (
            {"fault": "it answers speech with nothing"},
            "on ort the self-test finds it broken: it answers speech with nothing",
        ),
        ({"same_text": False, "ratio": 1.2}, "on ort it hears another text"),
    ],
)
def test_what_one_engine_finds_counts_for_all(change, reason):
    found = objection([GOOD, dataclasses.replace(GOOD, engine="ort", **change)])
    assert found is None if reason is None else found.startswith(reason)


needs_practice = pytest.mark.skipif(recordings.practice_model() is None, reason="no practice model in this checkout")


@needs_practice
@pytest.mark.parametrize("engine", ["sherpa", "ort"])
async def test_a_model_against_its_own_copy(tmp_path, engine):
    shutil.copytree(default_directory(), tmp_path / "copy")
    ran = await trial.run(default_directory(), tmp_path / "copy", engine, command=COMMAND, repeats=5)

    assert ran.same_text
    assert ran.fault is None
    assert ran.errors_before == ran.errors_after < 20
    assert ran.words == 133
    assert ran.before_ms > 0
    assert ran.after_ms > 0


@needs_practice
async def test_a_model_against_a_damaged_one(tmp_path):
    damage.copy(default_directory(), tmp_path / "damaged", ["encoder"], damage.shuffled)
    ran = await trial.run(default_directory(), tmp_path / "damaged", "ort", command=COMMAND, repeats=1)

    assert not ran.same_text
    assert ran.errors_after > ran.errors_before


@needs_practice
async def test_a_variant_that_does_not_load(tmp_path):
    shutil.copytree(default_directory(), tmp_path / "copy")
    (tmp_path / "copy" / "decoder.onnx").unlink()
    with pytest.raises(RowFailed, match=r"there is no decoder\.onnx"):
        await trial.run(default_directory(), tmp_path / "copy", "sherpa", command=COMMAND)
