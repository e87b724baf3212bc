"""A model that is broken in whatever way: refused in one line by a daemon that goes on with the one it has."""

import json
import os
import random
import shutil

import pytest

from models import protobuf
from models.archive import SeenFile, sha256_of
from models.store import new_manifest, write_manifest
from tests import recordings
from tests.end2end.running import RunningDaemon, environment_of
from tests.models import damage, defects, pulling, tiny
from tests.speech import clips

pytestmark = recordings.needs_model

_FILES = ("encoder.onnx", "decoder.onnx", "joiner.onnx", "tokens.txt")
_GRAPH, _WEIGHT, _NAME = 7, 5, 8  # the numbers of these fields in an ONNX file
_FLIPS = 16  # places spread over the files, from the first byte on


@pytest.fixture(scope="module")
def daemon(tmp_path_factory):
    """One daemon, with the practice model, for all of this module: it is to survive every test."""
    directory = tmp_path_factory.mktemp("daemon")
    daemon = RunningDaemon(directory, environment_of({"XDG_RUNTIME_DIR": str(directory / "run")}))
    daemon.configure('[model]\nengine = "sherpa"\nprovider = "cpu"\nthreads = 1\n')
    daemon.start()
    yield daemon
    daemon.stop()


@pytest.fixture
def good(tmp_path):
    """A copy of a model that works, without sums."""
    return shutil.copytree(recordings.any_model(), tmp_path / "good")


def with_sums(directory):
    """``directory`` as one that was pulled."""
    entry = pulling.entry("https://example.invalid", "a.tar.bz2", "a" * 64, _FILES)
    files = {name: SeenFile((directory / name).stat().st_size, sha256_of(directory / name)) for name in _FILES}
    write_manifest(directory, new_manifest(entry, "somewhere", "a" * 64, "checked so", files))
    return directory


def flip(file, bit):
    """Change one bit and nothing that a directory listing would show."""
    before = file.stat()
    with file.open("r+b") as opened:
        opened.seek(bit // 8)
        [byte] = opened.read(1)
        opened.seek(bit // 8)
        opened.write(bytes([byte ^ 1 << bit % 8]))
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))


def use(daemon, directory):
    return daemon.cli("config", "set", "model.dir", str(directory))


def refused(daemon, directory):
    """The line with which the daemon refuses a model; it answers all the while and keeps the model that it has."""
    before = daemon.worker("_engine").pid
    done = use(daemon, directory)
    assert done.returncode == 1, done.stdout
    lines = done.stderr.splitlines()
    assert len(lines) == 1, lines
    status = daemon.status()
    assert (status["engine"]["phase"], status["model"]) == ("ready", "practice")
    assert daemon.worker("_engine").pid == before
    return lines[0]


def heard(daemon):
    """What the daemon makes of a recording; it is held, as there is no desktop."""
    return json.loads(daemon.cli("dictate", "--json", "--from", str(clips()[3].file)).stdout)


def truncated(good):
    os.truncate(good / "encoder.onnx", (good / "encoder.onnx").stat().st_size // 2)
    return good


def of_another_vocabulary(good):
    lines = (good / "tokens.txt").read_text("utf-8").splitlines()
    names = [line.rpartition(" ")[0] for line in lines]
    (good / "tokens.txt").write_text("".join(f"{name} {place}\n" for place, name in enumerate(names[1:])), "utf-8")
    return good


def without_metadata(good):
    (good / "encoder.onnx").write_bytes(tiny.onnx(tiny.ENCODER_INPUTS, tiny.ENCODER_OUTPUTS))
    return good


def of_no_numbers(good):
    return damage.copy(good, good.with_name("nan"), ["encoder"], damage.not_numbers)


def of_shuffled_weights(good):
    return damage.copy(good, good.with_name("shuffled"), ["encoder", "joiner"], damage.shuffled)


def _replaced(data, place, number, change):
    """``data`` from ``place`` on with the content of its longest field of that number changed."""
    fields = list(protobuf.fields(data, *place))
    chosen = max((field for field in fields if field[0] == number), key=lambda field: field[3] - field[2])
    before = max((field[3] for field in fields if field[3] <= chosen[2]), default=place[0])
    content = change(data[chosen[2] : chosen[3]])
    return data[place[0] : before] + tiny.block(number, content) + data[chosen[3] : place[1]]


def _huge(graph, where):
    """The graph with its largest weight outside."""

    def outside(tensor):
        [name] = [part for number, _, *part in protobuf.fields(tensor, 0, len(tensor)) if number == _NAME]
        field = tiny.weight(tensor[slice(*name)].decode(), (1 << 20, 1 << 20), external=where)
        [(_number, _kind, first, last)] = protobuf.fields(field, 0, len(field))
        return field[first:last]

    return _replaced(graph, (0, len(graph)), _WEIGHT, outside)


def with_huge_weights_outside(good):
    """As large as it says: 4 TB that take no room on the disk."""
    where = {"location": "encoder.weights", "offset": "0", "length": str(1 << 42)}
    model = (good / "encoder.onnx").read_bytes()
    (good / "encoder.onnx").write_bytes(_replaced(model, (0, len(model)), _GRAPH, lambda graph: _huge(graph, where)))
    with (good / "encoder.weights").open("wb") as weights:
        weights.truncate(1 << 42)
    return good


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (truncated, "encoder.onnx"),
        (of_another_vocabulary, "tokens.txt"),
        (without_metadata, "not of a TDT transducer"),
        (of_no_numbers, "is broken: "),
        (of_shuffled_weights, "is broken: "),
        (with_huge_weights_outside, "encoder"),
    ],
)
def test_a_broken_model_is_refused_and_the_one_before_goes_on(daemon, good, spoil, said):
    spoiled = spoil(good)
    line = refused(daemon, spoiled)
    assert said in line
    assert str(spoiled) in line
    assert heard(daemon)[0]["text"] == clips()[3].text


@pytest.mark.parametrize("defect", ["no decoder", "weights elsewhere", "two encoders", "joiner is an LFS pointer"])
def test_what_the_headers_show_is_refused_likewise(daemon, tmp_path, defect):
    make, said = defects.DEFECTS[defect]
    assert said in refused(daemon, make(tmp_path / "model"))


@pytest.mark.parametrize("name", _FILES)
def test_a_bit_that_flips_in_a_pulled_model_is_found_wherever_it_is(daemon, good, name):
    with_sums(good)
    length = 8 * (good / name).stat().st_size
    for bit in (0, random.Random(name).randrange(length), length - 1):  # noqa: S311 -- the same places in every run
        flip(good / name, bit)
        assert f"{name} has changed since it came" in refused(daemon, good)
        flip(good / name, bit)


def test_a_bit_that_flips_in_a_model_without_sums_leaves_the_daemon_up(daemon, good):
    """It may be seen or not; what ends is at most the worker that tried."""
    places = random.Random(1)  # noqa: S311
    loaded = 0
    for count in range(_FLIPS):
        good = good.rename(good.with_name(f"good-{count}"))  # one that is in use is not loaded again
        file = good / _FILES[count % len(_FILES)]
        size = file.stat().st_size
        bit = places.randrange(8 * (4096 if count < _FLIPS // 2 else size) if size > 4096 else 8 * size)
        flip(file, bit)
        done = use(daemon, good)
        assert len(done.stderr.splitlines()) == (done.returncode != 0), done.stderr
        status = daemon.status()
        assert status["engine"]["phase"] == "ready"
        loaded += done.returncode == 0
        flip(file, bit)
    assert 0 < loaded < _FLIPS, "both happen, or this test shows nothing"
    assert use(daemon, recordings.any_model()).returncode == 0
    assert heard(daemon)[0]["text"] == clips()[3].text


def test_the_sum_of_the_model_in_use_is_compared_when_its_worker_starts_again(daemon, good):
    with_sums(good)
    try:
        assert use(daemon, good).returncode == 0
        flip(good / "joiner.onnx", 80_000)
        daemon.worker("_engine").kill()
        status = daemon.wait_status("the refusal", lambda status: status["engine"]["phase"] == "broken")
        assert "joiner.onnx has changed since it came" in status["engine"]["message"]
        shutil.copyfile(recordings.any_model() / "joiner.onnx", good / "joiner.onnx")
        daemon.wait_status("the mended model", lambda status: status["engine"]["phase"] == "ready")
    finally:
        assert use(daemon, recordings.any_model()).returncode == 0
    assert heard(daemon)[0]["text"] == clips()[3].text
