"""An engine worker on a stand-in for sherpa-onnx, which cannot be stopped."""

import shutil

import pytest

from tests.daemon import sherpa_stand_in
from tests.models import tiny


@pytest.fixture
def stand_in(tmp_path, monkeypatch):
    """The directory of the stand-in, with a bundle in ``model``."""
    shutil.copy(sherpa_stand_in.__file__, tmp_path / "sherpa_onnx.py")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    tiny.bundle(tmp_path / "model")
    return tmp_path
