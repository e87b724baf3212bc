"""From a server, a mirror or a file to a model that is whole, checked and noted, or to one line and nothing left."""

import dataclasses
import hashlib
import json
import random
import signal
import subprocess
import sys

import pytest

from models import audio_file, bundle
from models.archive import sha256_of
from models.errors import ArchiveError, BundleError, DownloadError, StoreError
from models.pull import Reporter, Source, judge, pull, sum_in_list
from models.sherpa import SherpaRecogniser
from models.store import MANIFEST, Store
from tests import recordings
from tests.desktop import wait_until
from tests.models import file_server, pulling, tiny
from tests.models.archives import packed
from tests.models.file_server import FileServer

ARCHIVE = "some-model-export.tar.bz2"
PATH = f"/{ARCHIVE}"
NAMES = ("encoder.onnx", "decoder.onnx", "joiner.onnx", "tokens.txt")


@pytest.fixture
def server():
    with FileServer() as running:
        yield running


@pytest.fixture
def store(tmp_path):
    return Store(tmp_path / "data" / "models")


@pytest.fixture
def archive(tmp_path):
    """A real archive of a sound bundle, large enough to be cut, with what else such archives hold."""
    model = tiny.bundle(tmp_path / "made")
    files = {f"some-model-export/{name}": (model / name).read_bytes() for name in NAMES}
    files["some-model-export/test_wavs/0.wav"] = random.Random(1).randbytes(50_000)  # noqa: S311 - not a secret
    return packed(tmp_path / ARCHIVE, files)


def made_entry(server, archive, **changes):
    server.files[PATH] = archive.read_bytes()
    return pulling.entry(server.address, ARCHIVE, sha256_of(archive), NAMES, **changes)


def get(store, entry, source=None, reporter=None):
    return pull(store, entry, source or Source(), reporter or Reporter(), timeout_s=20.0, pause_s=0.01)


def left(store):
    """What lies in the store, hidden or not."""
    return sorted(path.name for path in store.directory.iterdir()) if store.directory.exists() else []


def test_a_pull_puts_a_whole_model_in_its_place_and_notes_what_it_saw(server, store, archive):
    entry = made_entry(server, archive)
    steps = []
    pulled = get(store, entry, reporter=Reporter(step=steps.append))
    assert pulled.directory == store.path("some-model")
    assert pulled.fresh
    assert left(store) == ["some-model"]
    assert sorted(path.name for path in pulled.directory.iterdir()) == sorted([*NAMES, MANIFEST])
    assert store.faults("some-model") == []
    note = json.loads((pulled.directory / MANIFEST).read_text())
    assert note["archive_sha256"] == entry.sha256
    assert note["source"] == server.address + PATH
    assert note["licence"] == "CC-BY-4.0"
    assert note["files"]["tokens.txt"]["sha256"] == sha256_of(pulled.directory / "tokens.txt")
    assert steps[0].startswith(f"getting {ARCHIVE} from http://127.0.0.1")


def test_a_second_pull_finds_it_there(server, store, archive):
    entry = made_entry(server, archive)
    get(store, entry)
    again = get(store, entry)
    assert not again.fresh
    assert len(server.requests) == 1


def test_a_model_that_was_damaged_since_is_replaced(server, store, archive):
    entry = made_entry(server, archive)
    joiner = get(store, entry).directory / "joiner.onnx"
    joiner.write_bytes(joiner.read_bytes()[:-1] + b"\xff")
    steps = []
    assert get(store, entry, reporter=Reporter(step=steps.append)).fresh
    assert "joiner.onnx has changed since it came" in steps[0]
    assert store.faults("some-model") == []
    assert left(store) == ["some-model"]


def test_a_model_put_there_by_hand_is_not_replaced(server, store, archive):
    tiny.bundle(store.directory / "some-model")
    with pytest.raises(StoreError, match="put there by hand"):
        get(store, made_entry(server, archive))
    assert server.requests == []


def test_a_cut_download_is_resumed_by_the_next_pull(server, store, archive):
    entry = made_entry(server, archive)
    server.scripts[PATH] = [file_server.cut(20_000), file_server.cut(0)]
    with pytest.raises(DownloadError, match="the same command goes on from there"):
        get(store, entry)
    assert left(store) == [".some-model.partial"]
    server.scripts.clear()
    get(store, entry)
    assert server.ranges()[-1] == "bytes=20000-"
    assert left(store) == ["some-model"]


def test_a_wrong_sum_is_refused_and_nothing_is_kept(server, store, archive):
    entry = dataclasses.replace(made_entry(server, archive), sha256="0" * 64)
    with pytest.raises(ArchiveError, match=r"is damaged or another file: its sha256 is [0-9a-f]{64}, not 0{64}"):
        get(store, entry)
    assert left(store) == []
    assert len(server.requests) == 1


def test_parts_of_different_files_are_got_once_more_whole(server, store, archive):
    entry = made_entry(server, archive)
    content = archive.read_bytes()

    def ignoring_if_range(handler, whole):
        begin = int(handler.headers["Range"].removeprefix("bytes=").split("-")[0])
        span = f"bytes {begin}-{len(whole) - 1}/{len(whole)}"
        handler.head(206, Content_Range=span, Content_Length=len(whole) - begin)
        handler.wfile.write(bytes(len(whole) - begin))

    server.scripts[PATH] = [file_server.cut(20_000), ignoring_if_range, file_server.honest]
    steps = []
    get(store, entry, reporter=Reporter(step=steps.append))
    assert any("getting it whole" in step for step in steps)
    assert server.ranges() == [None, "bytes=20000-", None]
    assert store.manifest("some-model").archive_sha256 == hashlib.sha256(content).hexdigest()


def test_a_bundle_that_the_engine_would_not_take_is_refused(server, store, tmp_path):
    model = tiny.bundle(tmp_path / "made")
    (model / "tokens.txt").write_text("only one line\n")
    archive = packed(tmp_path / ARCHIVE, {name: (model / name).read_bytes() for name in NAMES})
    with pytest.raises(BundleError, match=r"tokens\.txt"):
        get(store, made_entry(server, archive))
    assert left(store) == []


def test_a_model_that_is_not_accepted_is_not_put_there(server, store, archive):
    shown = []

    def refuse(directory):
        shown.append(sorted(path.name for path in directory.iterdir()))
        raise BundleError("it understands nothing")

    with pytest.raises(BundleError, match="understands nothing"):
        pull(store, made_entry(server, archive), Source(), Reporter(), accept=refuse)
    assert shown == [sorted([*NAMES, MANIFEST])]
    assert left(store) == []


def test_a_hostile_archive_with_the_right_sum_leaves_nothing(server, store, tmp_path):
    archive = packed(tmp_path / ARCHIVE, {"encoder.onnx": b"x", "../../../evil": b"x"})
    with pytest.raises(ArchiveError, match="leads elsewhere"):
        get(store, made_entry(server, archive))
    assert left(store) == []
    assert not list(tmp_path.rglob("evil"))


def test_a_file_with_another_sum_than_the_catalogue_knows(server, store, archive):
    entry = made_entry(server, archive)
    files = tuple(dataclasses.replace(file, sha256="0" * 64) for file in entry.files)
    with pytest.raises(ArchiveError, match=r"encoder\.onnx in .* is not the known one"):
        get(store, dataclasses.replace(entry, files=files))
    assert left(store) == []


def test_a_model_that_is_one_file(server, store, tmp_path):
    single = tmp_path / "vad.onnx"
    single.write_bytes(b"a detector" * 1000)
    entry = pulling.entry(server.address, "vad.onnx", sha256_of(single), ["vad.onnx"], kind="vad")
    server.files["/vad.onnx"] = single.read_bytes()
    assert (get(store, entry).directory / "vad.onnx").read_bytes() == single.read_bytes()
    assert store.faults("some-model") == []


def test_a_file_instead_of_a_network(server, store, archive):
    entry = made_entry(server, archive)
    get(store, entry, Source(file=archive))
    assert server.requests == []
    assert archive.exists()
    assert store.faults("some-model") == []


@pytest.mark.parametrize("content", [None, b"", b"no archive"])
def test_a_file_that_is_none_of_it(server, store, archive, tmp_path, content):
    wrong = tmp_path / "wrong.tar.bz2"
    if content is not None:
        wrong.write_bytes(content)
    with pytest.raises(StoreError) as raised:
        get(store, made_entry(server, archive), Source(file=wrong))
    assert "\n" not in str(raised.value)
    assert left(store) == []


def test_a_known_bad_file_is_refused_by_its_name(server, store, archive, tmp_path):
    bad = archive.rename(tmp_path / "sherpa-onnx-nemo-parakeet-tdt-0.6b-v2-fp16.tar.bz2")
    entry = pulling.entry(server.address, ARCHIVE, sha256_of(bad), NAMES)
    with pytest.raises(StoreError, match="fp16 exports"):
        get(store, entry, Source(file=bad))


def test_a_mirror_is_asked_instead(server, store, archive):
    entry = dataclasses.replace(made_entry(server, archive), base_address="https://example.invalid/never")
    server.files[f"/copies{PATH}"] = archive.read_bytes()
    get(store, entry, Source(mirror=server.address + "/copies/"))
    assert [path for path, _headers in server.requests] == [f"/copies{PATH}"]


def test_a_sum_from_one_place_is_held_against_the_release_s_list(server, store, archive):
    entry = made_entry(server, archive, sum_sources=1)
    server.files["/checksum.txt"] = f"other.tar.bz2\t{'1' * 64}\n{ARCHIVE}\t{entry.sha256}\n".encode()
    assert get(store, entry).checked == "its sum is the known one and in the release's own list"


def test_without_the_release_s_list_it_is_said_so(server, store, archive):
    entry = made_entry(server, archive, sum_sources=1)
    assert "from one place only" in get(store, entry).checked
    assert "from one place only" in store.manifest("some-model").checked


def test_what_was_judged():
    certain = pulling.entry("https://example.invalid", ARCHIVE, "a" * 64, NAMES)
    single = dataclasses.replace(certain, sum_sources=1)
    assert "several" in judge(certain, "a" * 64, None)
    assert "could not be had" in judge(single, "a" * 64, None)
    assert "in the release's own list" in judge(single, "a" * 64, "a" * 64)
    assert "differs" in judge(single, "b" * 64, "b" * 64)
    for entry, seen, listed in [
        (certain, "b" * 64, None),
        (certain, "b" * 64, "b" * 64),
        (single, "b" * 64, None),
        (single, "b" * 64, "a" * 64),
        (single, "a" * 64, "b" * 64),
    ]:
        with pytest.raises(ArchiveError):
            judge(entry, seen, listed)


def test_a_list_of_sums_in_either_order():
    text = f"a.tar.bz2 {'1' * 64}\n{'2' * 64} *b.tar.bz2\nc.tar.bz2\nab.tar.bz2\t{'A' * 64}\n<html>\n"
    assert sum_in_list(text, "a.tar.bz2") == "1" * 64
    assert sum_in_list(text, "b.tar.bz2") == "2" * 64
    assert sum_in_list(text, "c.tar.bz2") is None
    assert sum_in_list(text, "ab.tar.bz2") == "a" * 64
    assert sum_in_list(text, "d.tar.bz2") is None


def test_two_pulls_at_once_fetch_once(server, store, archive):
    entry = made_entry(server, archive)
    server.scripts[PATH] = [file_server.stall(20_000), file_server.honest]
    first = pulling.start(store.directory, server.address, ARCHIVE, entry.sha256, NAMES)
    second = None
    try:
        wait_until("the first to be at it", lambda: len(server.requests) == 1)
        second = pulling.start(store.directory, server.address, ARCHIVE, entry.sha256, NAMES)
        waited = second.stdout.readline()
        server.leave.set()  # the first one's connection breaks off, and it goes on
        said = [process.communicate(timeout=30) for process in (first, second)]
    finally:
        for process in filter(None, (first, second)):
            process.kill()
            process.communicate()
    assert said[0][0].splitlines()[-1] == "fresh", said
    assert waited == f"another pull of some-model is running (process {first.pid}): waiting until it is done\n"
    assert said[1][0] == "here already\n"
    assert left(store) == ["some-model"]


def test_a_killed_pull_leaves_no_model_and_the_next_one_goes_on(server, store, archive):
    entry = made_entry(server, archive)
    server.scripts[PATH] = [file_server.stall(20_000), file_server.honest]
    process = pulling.start(store.directory, server.address, ARCHIVE, entry.sha256, NAMES)
    try:
        part = store.directory / ".some-model.partial" / ARCHIVE
        wait_until("a part of it", lambda: part.exists() and part.stat().st_size > 0)
    finally:
        process.send_signal(signal.SIGKILL)
        process.communicate()
    assert store.names() == []
    assert get(store, entry).fresh
    assert left(store) == ["some-model"]


@pytest.mark.parametrize("limit_bytes", [10_000, 60_000])
def test_a_file_that_cannot_grow_is_told_in_one_line_and_nothing_is_left(server, store, tmp_path, limit_bytes):
    """The smaller limit meets the download, the larger one the unpacking."""
    model = tiny.bundle(tmp_path / "made")
    (model / "joiner.onnx").write_bytes((model / "joiner.onnx").read_bytes() + bytes(200_000))
    files = {name: (model / name).read_bytes() for name in NAMES}
    files["notes"] = random.Random(1).randbytes(20_000)  # noqa: S311 - not a secret
    archive = packed(tmp_path / ARCHIVE, files)
    entry = made_entry(server, archive)
    process = pulling.start(store.directory, server.address, ARCHIVE, entry.sha256, NAMES, file_limit_bytes=limit_bytes)
    _out, said = process.communicate(timeout=30)
    assert process.returncode == 1
    assert said.count("\n") == 1
    assert "is full: some-model needs up to" in said
    assert left(store) == []


def _can_mount():
    done = subprocess.run(["unshare", "-Urm", "true"], capture_output=True, check=False)
    return done.returncode == 0


@pytest.mark.skipif(sys.platform != "linux" or not _can_mount(), reason="no file system of one's own can be mounted")
@pytest.mark.parametrize(("size_kb", "length"), [(64, True), (64, False), (160, True)])
def test_a_disk_that_is_full(server, store, tmp_path, size_kb, length):
    """A real, small file system: full at the download, told by its length or not, or at the unpacking."""
    model = tiny.bundle(tmp_path / "made")
    (model / "joiner.onnx").write_bytes((model / "joiner.onnx").read_bytes() + bytes(200_000))
    files = {name: (model / name).read_bytes() for name in NAMES}
    files["notes"] = random.Random(1).randbytes(90_000)  # noqa: S311 - not a secret
    archive = packed(tmp_path / ARCHIVE, files)
    made_entry(server, archive)
    if not length:
        server.scripts[PATH] = [file_server.unsized]
    place = tmp_path / "small"
    place.mkdir()
    wanted = {"store": str(place / "models"), "base": server.address, "archive": ARCHIVE}
    wanted |= {"sha256": sha256_of(archive), "names": list(NAMES)}
    script = (
        'mount -t tmpfs -o size="$1"k tmpfs "$2" && "$3" -m tests.models.pulling "$4"; echo "rc $?"; ls -A "$2/models"'
    )
    done = subprocess.run(
        ["unshare", "-Urm", "sh", "-c", script, "sh", str(size_kb), place, sys.executable, json.dumps(wanted)],
        cwd=recordings.ROOT, capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    assert "is full: some-model needs up to" in done.stderr, done
    assert done.stderr.count("\n") == 1
    assert done.stdout.splitlines()[-1] == "rc 1", "nothing is left in the store"


@pytest.mark.skipif(recordings.practice_model() is None, reason="the practice model is not in this checkout")
def test_a_real_model_comes_over_a_bad_line_and_decodes(server, store, tmp_path):
    practice = recordings.practice_model()
    files = {f"practice-export/{name}": (practice / name).read_bytes() for name in NAMES}
    archive = packed(tmp_path / ARCHIVE, files)
    entry = made_entry(server, archive)
    third = archive.stat().st_size // 3
    server.scripts[PATH] = [file_server.cut(third), file_server.cut(third), file_server.honest]
    pulled = get(store, entry)
    assert server.ranges() == [None, f"bytes={third}-", f"bytes={2 * third}-"]
    pcm = audio_file.read(recordings.practice_clips()[0]).pcm
    heard, expected = (SherpaRecogniser(bundle.find(place)).recognise(pcm) for place in (pulled.directory, practice))
    assert heard.tokens == expected.tokens
    assert heard.text
