"""``swictation models`` in a process, with directories of its own and a catalogue on a server of the test's."""

import dataclasses

import pytest

from daemon import cli
from daemon.commands import models as model_commands
from models import catalogue
from models.archive import sha256_of
from models.bundle import default_directory
from tests.models import pulling
from tests.models.archives import packed
from tests.models.file_server import FileServer

ARCHIVE = "some-model-export.tar.bz2"
NAMES = ("encoder.onnx", "decoder.onnx", "joiner.onnx", "tokens.txt")


@pytest.fixture
def home(tmp_path, monkeypatch):
    """Directories of our own, no daemon, no GPU, and no mirror."""
    for variable in ("CONFIG", "DATA", "RUNTIME"):
        place = tmp_path / variable.lower()
        place.mkdir(mode=0o700)
        monkeypatch.setenv(f"XDG_{variable}_{'DIR' if variable == 'RUNTIME' else 'HOME'}", str(place))
    for variable in ("SWICTATION_CONFIG", "SWICTATION_MIRROR"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setattr(model_commands, "nvidia_gpu", lambda: None)
    return tmp_path


@pytest.fixture
def server():
    with FileServer() as running:
        yield running


def contents(model):
    """What an archive of a model holds."""
    return {f"x/{name}": (model / name).read_bytes() for name in NAMES}


@pytest.fixture
def known(home, server, monkeypatch):
    """A catalogue of a transducer, a detector and one whose sum is known from one place, all on ``server``."""
    archive = packed(home / ARCHIVE, contents(default_directory()))
    server.files[f"/{ARCHIVE}"] = archive.read_bytes()
    server.files["/vad.onnx"] = b"a detector"
    (home / "vad.onnx").write_bytes(b"a detector")
    made = pulling.entry(server.address, ARCHIVE, sha256_of(archive), NAMES)
    entries = (
        dataclasses.replace(made, name="parakeet-110m-int8"),
        pulling.entry(server.address, "vad.onnx", sha256_of(home / "vad.onnx"), ["vad.onnx"], name="a-vad", kind="vad"),
        dataclasses.replace(made, name="unsure", sum_sources=1),
    )
    monkeypatch.setattr(catalogue, "ENTRIES", entries)
    return entries


@pytest.fixture
def run(capsys):
    """A command line's status, stdout and stderr."""

    def run(*words):
        status = cli.run(["models", *words])
        said = capsys.readouterr()
        return status, said.out, said.err

    return run
