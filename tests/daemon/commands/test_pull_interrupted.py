"""A pull that its user breaks off, as the tray does: by SIGINT to its process."""

import json
import os
import signal
import subprocess
import sys

import pytest

from models.archive import sha256_of
from models.bundle import default_directory
from tests import recordings
from tests.models import file_server
from tests.models.archives import packed
from tests.models.file_server import FileServer

_PULL = """
import signal, sys
from daemon import cli
from models import catalogue
from tests.models import pulling
signal.signal(signal.SIGINT, signal.default_int_handler)  # a runner in the background ignores it
base, archive, sha256, *names = sys.argv[1:]
catalogue.ENTRIES = (pulling.entry(base, archive, sha256, names),)
sys.exit(cli.run(["models", "pull", "some-model", "--progress", "json"]))
"""
_NAMES = ("encoder.onnx", "decoder.onnx", "joiner.onnx", "tokens.txt")


@pytest.mark.skipif(recordings.practice_model() is None, reason="no practice model in this checkout")
def test_what_came_is_kept_and_the_next_pull_goes_on_from_it(tmp_path):
    archive = packed(
        tmp_path / "x.tar.bz2", {f"x/{name}": (default_directory() / name).read_bytes() for name in _NAMES}
    )
    content = archive.read_bytes()
    (tmp_path / "run").mkdir(mode=0o700)
    places = {"XDG_DATA_HOME": "data", "XDG_CONFIG_HOME": "config", "XDG_RUNTIME_DIR": "run"}
    environment = {**os.environ, **{name: str(tmp_path / place) for name, place in places.items()}}
    with FileServer() as server:
        server.files["/x.tar.bz2"] = content
        server.scripts["/x.tar.bz2"] = [file_server.stall(1_000_000), file_server.honest]
        command = [sys.executable, "-c", _PULL, server.address, archive.name, sha256_of(archive), *_NAMES]

        def start():
            return subprocess.Popen(
                command, cwd=recordings.ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
            )

        with start() as first:
            while not json.loads(first.stdout.readline())["done_bytes"]:
                pass
            first.send_signal(signal.SIGINT)
            _out, err = first.communicate(timeout=20)
        assert (first.returncode, err) == (130, "")
        store = tmp_path / "data" / "swictation" / "models"
        assert [path.name for path in store.iterdir()] == [".some-model.partial"]
        kept_bytes = (store / ".some-model.partial" / archive.name).stat().st_size
        assert kept_bytes > 0

        with start() as second:
            out, err = second.communicate(timeout=60)
        assert (second.returncode, err) == (0, "")
        assert server.ranges() == [None, f"bytes={kept_bytes}-"], "the rest only"
    assert json.loads(out.splitlines()[-1])["result"]["fresh"]
    assert [path.name for path in store.iterdir()] == ["some-model"]
