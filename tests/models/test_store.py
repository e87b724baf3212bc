"""What lies in the store is whole or told to be broken; whoever changes a model is alone at it."""

import os
import threading

import pytest

from models.archive import SeenFile, sha256_of
from models.errors import StoreError
from models.store import MANIFEST, Store, new_manifest, write_manifest
from tests.models import pulling, tiny

NAMES = ("encoder.onnx", "decoder.onnx", "joiner.onnx", "tokens.txt")


@pytest.fixture
def store(tmp_path):
    return Store(tmp_path / "models")


@pytest.fixture
def installed(store):
    """A model that came with sums."""
    with store.lock("some-model", None), store.place("some-model") as directory:
        tiny.bundle(directory)
        entry = pulling.entry("https://example.invalid", "a.tar.bz2", "a" * 64, NAMES)
        files = {name: SeenFile((directory / name).stat().st_size, sha256_of(directory / name)) for name in NAMES}
        write_manifest(directory, new_manifest(entry, "somewhere", "a" * 64, "checked so", files))
    return store.path("some-model")


def test_an_empty_store(store):
    assert store.names() == []
    with pytest.raises(StoreError, match=r"no model x is installed .* `swictation models pull x`"):
        store.path("x")
    assert not store.directory.exists(), "nobody who only looks makes it"


def test_a_sound_model(store, installed):
    assert store.names() == ["some-model"]
    assert store.faults("some-model") == []
    assert store.manifest("some-model").checked == "checked so"
    assert store.kind("some-model") == "transducer"


def truncated(directory):
    os.truncate(directory / "encoder.onnx", 10)
    return "encoder.onnx has 10 bytes where it came with"


def emptied(directory):
    (directory / "tokens.txt").write_bytes(b"")
    return "tokens.txt has 0 bytes"


def missing(directory):
    (directory / "joiner.onnx").unlink()
    return "joiner.onnx is missing"


def bit_flipped(directory):
    content = bytearray((directory / "decoder.onnx").read_bytes())
    content[-1] ^= 1
    (directory / "decoder.onnx").write_bytes(content)
    return "decoder.onnx has changed since it came"


def without_note(directory):
    (directory / MANIFEST).write_text("{")
    return "is damaged; get the model again"


def note_of_another_kind(directory):
    (directory / MANIFEST).write_text('{"files": 3}')
    return "is damaged; get the model again"


@pytest.mark.parametrize(
    "damage", [truncated, emptied, missing, bit_flipped, without_note, note_of_another_kind], ids=lambda f: f.__name__
)
def test_every_damage_is_one_line(store, installed, damage):
    said = damage(installed)
    [fault] = store.faults("some-model")
    assert said in fault
    assert "`swictation models pull some-model`" in fault
    assert "\n" not in fault


def test_a_model_put_there_by_hand_is_checked_without_sums(store):
    directory = tiny.bundle(store.directory / "by-hand")
    assert store.faults("by-hand") == []
    assert store.manifest("by-hand") is None
    (directory / "joiner.onnx").write_bytes(b"")
    assert len(store.faults("by-hand")) == 1


def test_a_place_is_all_or_nothing(store, installed):
    def unpack_half():
        with store.lock("some-model", None), store.place("some-model") as directory:
            (directory / "half").write_text("x")
            raise EOFError

    with pytest.raises(EOFError):
        unpack_half()
    assert [path.name for path in store.directory.iterdir()] == ["some-model"]
    assert store.faults("some-model") == []


def test_what_killed_processes_left_is_swept_away(store, installed):
    for what in ("incoming", "replaced", "removed"):
        (store.directory / f".some-model.{what}" / "x").mkdir(parents=True)
    (store.directory / ".some-model-int8.incoming").mkdir()
    with store.lock("some-model", None):
        pass
    left = sorted(path.name for path in store.directory.iterdir())
    assert left == [".some-model-int8.incoming", "some-model"], "another model's is not touched"


def test_a_process_killed_between_the_two_renames_loses_no_model(store, installed):
    installed.rename(store.directory / ".some-model.replaced")
    with store.lock("some-model", None):
        assert store.faults("some-model") == []


def test_remove(store, installed):
    (store.partial("some-model") / "part").write_bytes(b"x")
    store.remove("some-model")
    assert list(store.directory.iterdir()) == []
    with pytest.raises(StoreError, match="no model some-model is installed"):
        store.remove("some-model")


def test_an_unfinished_download_can_be_removed(store):
    store.directory.mkdir()
    store.partial("some-model")
    store.remove("some-model")
    assert list(store.directory.iterdir()) == []


@pytest.mark.parametrize("name", ["..", ".", "", "../models", "/", "some-model/.."])
def test_names_that_are_no_names_remove_nothing(store, installed, name):
    with pytest.raises(StoreError):
        store.remove(name)
    assert store.faults("some-model") == []


def test_nobody_removes_what_another_fetches(store, installed):
    with store.lock("some-model", None), pytest.raises(StoreError, match=f"process {os.getpid()} is fetching"):
        store.remove("some-model")
    assert store.faults("some-model") == []


def test_many_take_the_lock_in_turn(store):
    inside, most, waited = [], [], []

    def work():
        with store.lock("some-model", waited.append):
            inside.append(1)
            most.append(len(inside))
            inside.pop()

    crowd = [threading.Thread(target=work) for _ in range(20)]
    for thread in crowd:
        thread.start()
    for thread in crowd:
        thread.join(30)
    assert most == [1] * 20
    assert list(store.directory.iterdir()) == []


def test_two_models_have_two_locks(store):
    with store.lock("some-model", None), store.lock("some-model-int8", None):
        pass
