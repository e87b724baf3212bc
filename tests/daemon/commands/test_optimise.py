"""``swictation models optimise`` as a person runs it."""

import json

import pytest

from daemon.commands import optimise as optimise_command
from models.bench.trial import Trial
from tests import recordings
from tests.daemon.commands.test_models import as_json

pytestmark = pytest.mark.usefixtures("home")


def _tried(ratio):
    return lambda _before, _after: [Trial("sherpa", 100, 100 * ratio, ratio, 10, 10, 133, same_text=True)]


def test_optimise_makes_a_model_of_the_store(run, known, monkeypatch):
    monkeypatch.setattr(optimise_command, "_tried", _tried(0.55))
    status, out, err = run("optimise")
    assert status == 0, err
    assert out.splitlines() == [
        "practice-optimised is made, with signed weights",
        "sherpa: 55.0 ms in place of 100.0 (0.55 x) for 2.8 s of speech, 10 of 133 words wrong in place of 10",
        "`swictation models use practice-optimised` dictates with it",
    ]
    assert "was made already" in run("optimise", "practice")[1]
    assert run("verify", "practice-optimised")[:2] == (0, "practice-optimised: sound, every sum is as it came\n")
    [model] = [model for model in as_json(run) if model["name"] == "practice-optimised"]
    assert model["int8"]
    assert model["fault"] is None


def test_optimise_says_why_not(run, monkeypatch):
    monkeypatch.setattr(optimise_command, "_tried", _tried(1.01))
    status, out, err = run("optimise")
    assert (status, out) == (1, "")
    assert err.splitlines()[-1].startswith(
        "swictation: practice-optimised is not kept: on sherpa it is not clearly faster"
    )
    status, out, _err = run("optimise", "--json")
    assert status == 1
    said = json.loads(out)
    assert (said["made"], said["directory"]) == (False, None)
    assert said["reason"].startswith("on sherpa it is not clearly faster")
    assert said["trials"][0]["ratio"] == 1.01


@pytest.mark.skipif(recordings.practice_model() is None, reason="the practice model is not in this checkout")
def test_optimise_with_real_trials(run, home):
    """Whether it is faster is for the machine to say; in either case it is told, and nothing half is kept."""
    status, out, err = run("optimise", "--json")
    said = json.loads(out)
    assert [trial["engine"] for trial in said["trials"]] == ["sherpa", "ort"], err
    assert all(trial["words"] == 133 and trial["before_ms"] > 0 for trial in said["trials"])
    assert status == (0 if said["made"] else 1)
    store = home / "data" / "swictation" / "models"
    assert [path.name for path in store.iterdir()] == (["practice-optimised"] if said["made"] else [])
