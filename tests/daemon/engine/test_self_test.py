"""The self-test in a process of its own."""

import pytest

from daemon.engine.self_test import self_test, self_test_async
from tests import recordings
from tests.models import damage, tiny

pytestmark = pytest.mark.skipif(recordings.practice_model() is None, reason="no practice model in this checkout")


def test_a_sound_model():
    result = self_test(recordings.practice_model())

    assert set(result) == {"verdict", "wer", "reason", "decode_ms"}
    assert result["verdict"] == "passed"
    assert result["decode_ms"] > 0


@pytest.mark.parametrize("engine", ["sherpa", "ort"])
async def test_damaged_weights(tmp_path, engine):
    directory = damage.copy(recordings.practice_model(), tmp_path / "m", ["joiner"], damage.zeroed)

    result = await self_test_async(directory, engine=engine, provider="cpu", threads=1)

    assert (result["verdict"], result["reason"]) == ("broken", "it answers speech with <unk>: a bad export")


@pytest.mark.parametrize("engine", ["sherpa", "ort"])
def test_a_model_that_does_not_load(tmp_path, engine):
    result = self_test(tiny.bundle(tmp_path / "hollow"), engine=engine)

    assert (result["verdict"], result["decode_ms"]) == ("broken", None)
    assert "hollow" in result["reason"]
    assert "\n" not in result["reason"]


def test_a_model_that_is_not_there(tmp_path):
    assert "does not exist" in self_test(tmp_path / "absent")["reason"]
