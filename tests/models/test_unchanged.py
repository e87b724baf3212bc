"""The sums of a model are compared when its files were touched, and only then."""

import os
import shutil

import pytest

from models import unchanged
from models.archive import SeenFile, sha256_of
from models.errors import BundleError
from models.store import MANIFEST, Store, new_manifest, write_manifest
from tests.models import pulling, tiny

NAMES = ("encoder.onnx", "decoder.onnx", "joiner.onnx", "tokens.txt")


@pytest.fixture
def compared(monkeypatch):
    """How often sums were compared, as one entry for each time."""
    times = []
    faults = Store.faults

    def counted(store, name):
        times.append(name)
        return faults(store, name)

    monkeypatch.setattr(Store, "faults", counted)
    return times


@pytest.fixture
def model(tmp_path):
    directory = tiny.bundle(tmp_path / "models" / "some-model")
    entry = pulling.entry("https://example.invalid", "a.tar.bz2", "a" * 64, NAMES)
    files = {name: SeenFile((directory / name).stat().st_size, sha256_of(directory / name)) for name in NAMES}
    write_manifest(directory, new_manifest(entry, "somewhere", "a" * 64, "checked so", files))
    return directory


def _flip(file):
    """Change one bit, and leave size and time of modification as they are."""
    before, content = file.stat(), bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    with file.open("r+b") as opened:
        opened.write(content)
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))


def test_the_sums_of_an_untouched_model_are_compared_once(model, compared):
    for _ in range(3):
        unchanged.check(model)
    assert compared == ["some-model"]


@pytest.mark.parametrize("name", NAMES)
def test_a_bit_that_changes_later_is_found_though_size_and_time_are_as_before(model, name):
    unchanged.check(model)
    _flip(model / name)
    for _ in range(2):
        with pytest.raises(BundleError, match=rf"{name} has changed since it came.*swictation models pull some-model"):
            unchanged.check(model)


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda model: os.truncate(model / "encoder.onnx", 10), "encoder.onnx has 10 bytes where it came with"),
        (lambda model: (model / "joiner.onnx").unlink(), "joiner.onnx is missing"),
        (lambda model: (model / MANIFEST).write_text("{"), "is damaged"),
    ],
)
def test_what_else_can_happen_to_it(model, spoil, said):
    unchanged.check(model)
    spoil(model)
    with pytest.raises(BundleError, match=said):
        unchanged.check(model)


def test_a_model_that_is_mended_is_good_again(model, compared):
    whole = (model / "tokens.txt").read_bytes()
    _flip(model / "tokens.txt")
    with pytest.raises(BundleError):
        unchanged.check(model)
    (model / "tokens.txt").write_bytes(whole)
    unchanged.check(model)
    assert len(compared) == 2


def test_a_model_that_was_moved_or_copied_is_compared_there(model, compared):
    unchanged.check(model)
    copied = shutil.copytree(model, model.with_name("copied"))
    unchanged.check(copied)
    assert compared == ["some-model", "copied"]


@pytest.mark.parametrize("note", ["", "{", "[]", "null", "[" * 100_000])
def test_a_damaged_note_counts_for_nothing(model, compared, note):
    (model / unchanged.NOTE).write_text(note)
    unchanged.check(model)
    assert compared == ["some-model"]


def test_a_model_without_sums_is_left_alone(tmp_path, compared):
    unchanged.check(tiny.bundle(tmp_path / "mine"))
    unchanged.check(tmp_path / "none")
    assert compared == []
    assert not (tmp_path / "mine" / unchanged.NOTE).exists()


def test_a_place_that_cannot_be_written_is_no_fault(model, monkeypatch, compared):
    def full(*_arguments):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(unchanged, "_write", full)
    unchanged.check(model)
    unchanged.check(model)
    assert len(compared) == 2
