"""Only the files that are expected, and a hostile archive is refused as a whole with nothing outside written."""

import bz2
import hashlib
import io
import random
import resource
import subprocess
import sys
import tarfile

import pytest

from models import archive
from models.archive import SeenFile
from models.errors import ArchiveError
from tests import recordings
from tests.models.archives import packed, special, zipped

FILES = {"encoder.onnx": b"e" * 3000, "tokens.txt": b"<blk> 0\n"}
NAMES = tuple(FILES)
INNER = {f"some-model/{name}": content for name, content in FILES.items()}
MOST = 10_000


@pytest.fixture
def into(tmp_path):
    directory = tmp_path / "store" / "incoming"
    directory.mkdir(parents=True)
    return directory


def files_in(directory):
    return {path.name: path.read_bytes() for path in directory.iterdir()}


def refused(path, into, tmp_path, match):
    """It is refused, in one line, and nothing was written but, at most, expected files in their place."""
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(ArchiveError, match=match) as raised:
        archive.unpack(path, into, NAMES, MOST)
    assert "\n" not in str(raised.value)
    assert path.name in str(raised.value)
    new = set(tmp_path.rglob("*")) - set(before)
    assert all(found.parent == into and found.name in NAMES and not found.is_symlink() for found in new)


@pytest.mark.parametrize("mode", ["w:bz2", "w:gz", "w"])
@pytest.mark.parametrize("prefix", ["", "./", "some-model/", "./some-model/deep/"])
def test_expected_files_are_found_where_they_lie(tmp_path, into, mode, prefix):
    files = {f"{prefix}{name}": content for name, content in FILES.items()}
    seen = archive.unpack(packed(tmp_path / "a", files, mode), into, NAMES, MOST)
    assert files_in(into) == FILES
    assert seen == {
        name: SeenFile(len(content), hashlib.sha256(content).hexdigest()) for name, content in FILES.items()
    }


def test_a_zip(tmp_path, into):
    archive.unpack(zipped(tmp_path / "a.zip", {**INNER, "some-model/": b""}), into, NAMES, MOST)
    assert files_in(into) == FILES


def test_what_nobody_asked_for_is_passed_over(tmp_path, into):
    more = {"some-model/test_wavs/0.wav": b"x" * 5000, "some-model/README.md": b"", "bin/sh": b"#!"}
    directory = special("some-model", tarfile.DIRTYPE)
    archive.unpack(packed(tmp_path / "a", {**more, **INNER}, extra=(directory,)), into, NAMES, MOST)
    assert files_in(into) == FILES


def test_progress_grows_to_all_that_was_written(tmp_path, into):
    told = []
    archive.unpack(packed(tmp_path / "a", INNER), into, NAMES, MOST, told.append)
    assert told == [3000, 3008]


@pytest.mark.parametrize(
    "name",
    [
        *("../tokens.txt", "a/../../tokens.txt", "/tokens.txt", "//tokens.txt", "C:\\tokens.txt", "C:tokens.txt"),
        *("..\\tokens.txt", "a\\..\\..\\tokens.txt", "\\\\host\\share\\tokens.txt", "tok\x1b[2Jens.txt", ".."),
    ],
)
@pytest.mark.parametrize("make", [packed, zipped])
def test_names_that_lead_elsewhere(tmp_path, into, name, make):
    refused(make(tmp_path / "a", {**INNER, name: b"evil"}), into, tmp_path, "leads elsewhere")


@pytest.mark.parametrize(
    ("kind", "link"),
    [
        (tarfile.SYMTYPE, "/etc/passwd"),
        (tarfile.SYMTYPE, "tokens.txt"),
        (tarfile.LNKTYPE, "some-model/tokens.txt"),
        (tarfile.CHRTYPE, ""),
        (tarfile.BLKTYPE, ""),
        (tarfile.FIFOTYPE, ""),
    ],
)
@pytest.mark.parametrize("name", ["joiner.onnx", "encoder.onnx"])
def test_links_and_devices(tmp_path, into, kind, link, name):
    files = {path: content for path, content in INNER.items() if not path.endswith(name)}
    refused(packed(tmp_path / "a", files, extra=(special(name, kind, link),)), into, tmp_path, "link or device")


def test_a_link_to_a_directory_and_a_file_through_it(tmp_path, into):
    path = tmp_path / "a"
    with tarfile.open(path, "w:bz2") as tar:
        tar.addfile(special("some-model", tarfile.SYMTYPE, str(tmp_path)))
        member = tarfile.TarInfo("some-model/tokens.txt")
        member.size = 4
        tar.addfile(member, io.BytesIO(b"evil"))
    refused(path, into, tmp_path, "link or device")


def test_a_link_in_a_zip(tmp_path, into):
    made = zipped(tmp_path / "a", {**INNER, "link": b"/etc/passwd"}, modes={"link": 0o120777})
    refused(made, into, tmp_path, "a link")


def test_a_sparse_file_is_no_regular_one(tmp_path, into):
    path = tmp_path / "a"
    with tarfile.open(path, "w:bz2", format=tarfile.PAX_FORMAT) as tar:
        member = tarfile.TarInfo("tokens.txt")
        member.pax_headers = {
            "GNU.sparse.major": "0",
            "GNU.sparse.minor": "1",
            "GNU.sparse.map": "0,1",
            "GNU.sparse.size": "1",
        }
        tar.addfile(member)
    refused(path, into, tmp_path, "link or device")


@pytest.mark.parametrize("make", [packed, zipped])
def test_a_name_that_comes_twice(tmp_path, into, make):
    refused(make(tmp_path / "a", {**INNER, "again/tokens.txt": b"other"}), into, tmp_path, "tokens.txt twice")


@pytest.mark.parametrize("make", [packed, zipped])
@pytest.mark.parametrize("name", ["encoder.onnx", "nobody/asked.for"])
def test_a_bomb(tmp_path, into, make, name):
    made = make(tmp_path / "a", {**INNER, f"x/{name}": bytes(MOST)})
    assert made.stat().st_size < MOST
    refused(made, into, tmp_path, r"unpacks to more than|twice")


def test_a_bomb_of_many_small_files(tmp_path, into):
    refused(packed(tmp_path / "a", {f"x/{n}": b"" for n in range(10_001)}), into, tmp_path, "10000 files")


def test_a_header_that_would_fill_the_memory(tmp_path, into):
    header = tarfile.TarInfo("long")
    header.type, header.size = tarfile.GNUTYPE_LONGNAME, 1 << 30
    path = tmp_path / "a"
    with bz2.open(path, "wb") as file:
        file.write(header.tobuf(tarfile.GNU_FORMAT))
        for _ in range(64):
            file.write(bytes(1 << 20))
    code = (
        "import sys, pathlib; from models import archive, errors\n"
        "try: archive.unpack(pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]), ['x'], 10**6)\n"
        "except errors.ArchiveError as error: print(error)"
    )
    limited = lambda: resource.setrlimit(resource.RLIMIT_AS, (200 << 20, 200 << 20))  # noqa: E731
    done = subprocess.run(
        [sys.executable, "-c", code, path, into],
        cwd=recordings.ROOT, capture_output=True, text=True, check=True, preexec_fn=limited, timeout=60,
    )  # fmt: skip
    assert "more data than its headers say" in done.stdout


def test_headers_nested_without_end(tmp_path, into):
    header = tarfile.TarInfo("x" * 90)
    header.type, header.size = tarfile.GNUTYPE_LONGNAME, 1
    path = tmp_path / "a"
    path.write_bytes((header.tobuf(tarfile.GNU_FORMAT) + bytes(512)) * 1020)
    refused(path, into, tmp_path, "damaged|more data")


def test_a_size_below_nothing(tmp_path, into):
    whole = io.BytesIO()
    with tarfile.open(fileobj=whole, mode="w") as tar:
        tar.addfile(tarfile.TarInfo("nobody-asked"))
    raw = bytearray(whole.getvalue())
    raw[124:136] = b"\xff" * 12  # the size in base 256: -1
    raw[148:156] = b" " * 8
    raw[148:156] = b"%06o\0 " % sum(raw[:512])
    (tmp_path / "a").write_bytes(raw)
    refused(tmp_path / "a", into, tmp_path, "below nothing|damaged|not in it")


def test_a_missing_file_and_another_model(tmp_path, into):
    refused(
        packed(tmp_path / "a", {"tokens.txt": b""}), into, tmp_path, "no archive of this model: encoder.onnx not in it"
    )


@pytest.mark.parametrize(
    "content", [b"", b"BZh", b"BZh9garbage", b"\x1f\x8bgarbage", b"PK\x03\x04garbage", b"<html>" * 200]
)
def test_what_is_no_archive(tmp_path, into, content):
    (tmp_path / "a").write_bytes(content)
    refused(tmp_path / "a", into, tmp_path, "damaged|no archive of this model")


@pytest.mark.parametrize("mode", ["w:bz2", "w:gz", "w", "zip"])
def test_whatever_is_damaged_gives_an_error_of_ours_or_the_very_files(tmp_path, mode):
    sound = zipped(tmp_path / "a", INNER) if mode == "zip" else packed(tmp_path / "a", INNER, mode)
    chance, raw, refusals = random.Random(3), sound.read_bytes(), 0  # noqa: S311 - the same damage in every run
    for number in range(150):
        damaged = bytearray(raw)
        if number % 3:
            damaged[chance.randrange(len(raw))] ^= 1 << chance.randrange(8)
        else:
            del damaged[chance.randrange(len(raw)) :]
        (tmp_path / "b").write_bytes(damaged)
        into = tmp_path / f"into-{number}"
        into.mkdir()
        try:
            archive.unpack(tmp_path / "b", into, NAMES, MOST)
        except ArchiveError:
            refusals += 1
        assert set(files_in(into)) <= set(NAMES)
    assert refusals > 30


def test_a_file_that_is_there_is_not_written_over(tmp_path, into):
    (into / "tokens.txt").write_text("mine")
    with pytest.raises(FileExistsError):
        archive.unpack(packed(tmp_path / "a", INNER), into, NAMES, MOST)
    assert (into / "tokens.txt").read_text() == "mine"
