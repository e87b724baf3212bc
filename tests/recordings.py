"""Where the tests find models and recordings, and why they skip without them.

The human recordings lie beside the checkout and are no part of it; ``SWICTATION_TEST_DATA`` may name another place.
"""

import os
from pathlib import Path

import pytest

from models import bundle

ROOT = Path(__file__).parent.parent
#: The practice model with another prediction and joint network: it writes full stops (see models/training/README.md).
MARKING_MODEL = ROOT / "tests" / "data" / "marking"


def human_data() -> Path | None:
    """The directory with human speech, noise and a model that understands people, if there is one."""
    place = Path(os.environ.get("SWICTATION_TEST_DATA") or ROOT.parent / "shared" / "data")
    return place if (place / "speech" / "manifest.tsv").is_file() else None


def human_model() -> Path | None:
    """The model that understands people, if there is one."""
    data = human_data()
    return data / "models" / "human-tdt" if data else None


def practice_model() -> Path | None:
    """The practice model that comes with the program, if it is in this checkout."""
    return bundle.default_directory() if (bundle.default_directory() / "encoder.onnx").is_file() else None


def any_model() -> Path | None:
    """A model that loads: the practice model, else the human one."""
    return practice_model() or human_model()


def practice_clips() -> list[Path]:
    """Recordings of synthesised speech that the practice model understands."""
    return sorted((ROOT / "tests" / "data" / "speech").glob("*.flac"))


def human_clips(folder: str, count: int) -> list[Path]:
    """The first ``count`` recordings of a folder of the human speech; none where there is no such data."""
    data = human_data()
    found = sorted((data / "speech" / folder).glob("*")) if data else []
    return [path for path in found if path.suffix in {".wav", ".flac"}][:count]


needs_human = pytest.mark.skipif(human_data() is None, reason="no human recordings: set SWICTATION_TEST_DATA")
needs_model = pytest.mark.skipif(any_model() is None, reason="neither the practice model nor the human one is here")
