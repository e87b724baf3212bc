"""Every way in which a server can misbehave, one by one, each against a real one on loopback."""

import random
import socket

import pytest

from models import download
from models.download import Pace, Progress, fetch
from models.errors import DownloadError
from models.http_rules import Again, Body, check_address, decide
from tests.models import file_server
from tests.models.file_server import FileServer

CONTENT = random.Random(7).randbytes(300_000)  # noqa: S311 - the same bytes in every run
PATH = "/model.tar.bz2"


@pytest.fixture
def server():
    with FileServer() as running:
        running.files[PATH] = CONTENT
        yield running


def get(server, target, **options):
    options = {"most_bytes": len(CONTENT), "timeout_s": 20.0, "pause_s": 0.01, "attempts": 3, **options}
    return fetch(server.address + PATH, target, **options)


def test_a_plain_server(server, tmp_path):
    seen = []
    assert get(server, tmp_path / "file", progress=seen.append) is False
    assert (tmp_path / "file").read_bytes() == CONTENT
    assert seen[-1].done_bytes == seen[-1].total_bytes == len(CONTENT)
    assert server.ranges() == [None]


def test_a_cut_is_resumed_with_the_rest_only(server, tmp_path):
    server.scripts[PATH] = [file_server.cut(100_000), file_server.cut(50_000), file_server.honest]
    assert get(server, tmp_path / "file") is True
    assert (tmp_path / "file").read_bytes() == CONTENT
    assert server.ranges() == [None, "bytes=100000-", "bytes=150000-"]
    assert server.requests[1][1]["If-Range"] == file_server.tag(CONTENT)


def test_a_later_process_goes_on_where_the_first_gave_up(server, tmp_path):
    server.scripts[PATH] = [file_server.cut(100_000), file_server.cut(0)]
    with pytest.raises(DownloadError, match=r"broke off\); 0\.1 MB are kept, the same command goes on from there"):
        get(server, tmp_path / "file")
    server.scripts.clear()
    get(server, tmp_path / "file")
    assert (tmp_path / "file").read_bytes() == CONTENT
    assert server.ranges()[-1] == "bytes=100000-"


def test_a_file_that_changed_in_between_is_got_whole(server, tmp_path):
    server.scripts[PATH] = [file_server.cut(100_000), file_server.cut(0)]
    with pytest.raises(DownloadError):
        get(server, tmp_path / "file")
    server.scripts.clear()
    server.files[PATH] = CONTENT[::-1]
    get(server, tmp_path / "file")
    assert (tmp_path / "file").read_bytes() == CONTENT[::-1]


def test_a_range_that_is_ignored_starts_the_file_anew(server, tmp_path):
    server.scripts[PATH] = [file_server.cut(100_000), file_server.whole]
    get(server, tmp_path / "file")
    assert (tmp_path / "file").read_bytes() == CONTENT


def test_a_wrong_range_is_never_appended_and_none_is_asked_for_again(server, tmp_path):
    server.scripts[PATH] = [file_server.cut(100_000), file_server.shifted, file_server.honest]
    get(server, tmp_path / "file")
    assert (tmp_path / "file").read_bytes() == CONTENT
    assert server.ranges() == [None, "bytes=100000-", None]


def test_cuts_and_wrong_ranges_in_turn_end(server, tmp_path):
    server.scripts[PATH] = [file_server.cut(100_000), file_server.shifted] * 20
    with pytest.raises(DownloadError):
        get(server, tmp_path / "file")
    assert len(server.requests) <= 6


def test_416_for_a_file_that_is_whole_already(server, tmp_path):
    (tmp_path / "file").write_bytes(CONTENT)
    get(server, tmp_path / "file")
    assert (tmp_path / "file").read_bytes() == CONTENT
    assert len(server.requests) == 1


def test_416_for_a_file_that_is_shorter_now(server, tmp_path):
    (tmp_path / "file").write_bytes(CONTENT[:200_000])
    server.files[PATH] = CONTENT[:150_000]
    get(server, tmp_path / "file")
    assert (tmp_path / "file").read_bytes() == CONTENT[:150_000]


def test_what_is_whole_is_not_asked_for_where_the_size_is_known(server, tmp_path):
    (tmp_path / "file").write_bytes(CONTENT)
    get(server, tmp_path / "file", size_bytes=len(CONTENT))
    assert server.requests == []


@pytest.mark.parametrize("limits", [{"most_bytes": 299_999}, {"size_bytes": 299_999}, {"size_bytes": 300_001}])
def test_another_size_is_refused_before_it_is_downloaded(server, tmp_path, limits):
    with pytest.raises(DownloadError, match="offers another file: 300000 bytes"):
        get(server, tmp_path / "file", **limits)
    assert list(tmp_path.iterdir()) == []


def test_more_than_allowed_without_a_length_is_cut_off(server, tmp_path):
    server.scripts[PATH] = [file_server.endless]
    with pytest.raises(DownloadError, match="more than the model has"):
        get(server, tmp_path / "file")
    assert list(tmp_path.iterdir()) == []


def test_a_stall_is_resumed(server, tmp_path):
    server.scripts[PATH] = [file_server.stall(100_000), file_server.honest]
    get(server, tmp_path / "file", timeout_s=2.0)
    assert (tmp_path / "file").read_bytes() == CONTENT
    assert server.ranges() == [None, "bytes=100000-"]


def test_a_stall_for_good_is_given_up(server, tmp_path):
    server.scripts[PATH] = [file_server.stall(0)]
    with pytest.raises(DownloadError, match="nothing came for 0 s"):
        get(server, tmp_path / "file", timeout_s=0.4)
    assert len(server.requests) == 3


def test_a_drip_counts_as_a_stall(server, tmp_path):
    server.scripts[PATH] = [file_server.drip, file_server.honest]
    get(server, tmp_path / "file", timeout_s=2.0)
    assert (tmp_path / "file").read_bytes() == CONTENT
    assert len(server.requests) == 2


def test_a_server_that_is_busy_is_asked_again(server, tmp_path):
    server.scripts[PATH] = [file_server.status(503), file_server.status(429), file_server.honest]
    get(server, tmp_path / "file")
    assert (tmp_path / "file").read_bytes() == CONTENT


@pytest.mark.parametrize("code", [401, 403, 404, 410, 451])
def test_what_is_not_there_is_asked_for_once(server, tmp_path, code):
    server.scripts[PATH] = [file_server.status(code)]
    with pytest.raises(DownloadError, match=f"answers {code} .*--mirror URL or a file with --from FILE"):
        get(server, tmp_path / "file")
    assert len(server.requests) == 1


def test_a_redirect_is_followed_and_keeps_the_range(server, tmp_path):
    server.files["/elsewhere"] = CONTENT
    server.scripts[PATH] = [file_server.status(302, Location=server.address + "/elsewhere")]
    server.scripts["/elsewhere"] = [file_server.cut(100_000), file_server.honest]
    get(server, tmp_path / "file")
    assert (tmp_path / "file").read_bytes() == CONTENT
    assert server.ranges() == [None, None, "bytes=100000-", "bytes=100000-"]


@pytest.mark.parametrize("to", ["http://example.invalid/x", "file:///etc/passwd", "ftp://127.0.0.1/x"])
def test_a_redirect_to_an_unsafe_address_is_refused(server, tmp_path, to):
    server.scripts[PATH] = [file_server.status(302, Location=to)]
    with pytest.raises(DownloadError, match=r"redirects to .* not a safe address|answers 302"):
        get(server, tmp_path / "file")
    assert list(tmp_path.iterdir()) == []


def test_redirects_in_a_circle_end(server, tmp_path):
    server.scripts[PATH] = [file_server.status(302, Location=PATH)]
    with pytest.raises(DownloadError, match="answers 302"):
        get(server, tmp_path / "file")


def test_a_packed_transfer_is_refused(server, tmp_path):
    server.scripts[PATH] = [file_server.status(200, Content_Encoding="gzip")]
    with pytest.raises(DownloadError, match="packs the file again"):
        get(server, tmp_path / "file")


def test_no_connection_is_told_at_once_with_what_to_do_without_a_network(tmp_path):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
        with pytest.raises(DownloadError) as raised:
            fetch(f"http://127.0.0.1:{port}/x", tmp_path / "file", most_bytes=10, pause_s=60)
    message = str(raised.value)
    assert "Connection refused" in message
    assert "--from FILE" in message
    assert "--mirror URL" in message
    assert "\n" not in message


def test_a_server_that_speaks_no_http(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
        with pytest.raises(DownloadError, match="cannot be had"):
            fetch(f"http://127.0.0.1:{port}/x", tmp_path / "file", most_bytes=10, timeout_s=0.2, pause_s=0, attempts=2)


@pytest.mark.parametrize(
    "address", ["http://example.org/x", "ftp://example.org/x", "file:///x", "https:///x", "x", "", "http://[::1/x"]
)
def test_unsafe_addresses(address):
    with pytest.raises(DownloadError):
        check_address(address)


@pytest.mark.parametrize(
    "address", ["https://example.org/x", "http://127.0.0.1:8/x", "http://localhost/x", "http://[::1]/"]
)
def test_safe_addresses(address):
    check_address(address)


def test_nothing_leads_back_from_https():
    check_address("http://127.0.0.1/x", since="http://localhost/y")
    with pytest.raises(DownloadError):
        check_address("http://127.0.0.1/x", since="https://example.org/y")


@pytest.mark.parametrize(
    ("status", "headers", "have", "expected"),
    [
        (200, {}, 0, Body(0, None)),
        (200, {"Content-Length": "7"}, 5, Body(0, 7)),
        (200, {"Content-Length": "x"}, 0, Body(0, None)),
        (206, {"Content-Range": "bytes 5-6/7"}, 5, Body(5, 7)),
        (206, {"Content-Range": "bytes 5-6/*"}, 5, Body(5, None)),
        (416, {"Content-Range": "bytes */5"}, 5, None),
    ],
)
def test_what_an_answer_means(status, headers, have, expected):
    assert decide(status, headers, have) == expected


@pytest.mark.parametrize("said", ["bytes 4-6/7", "bytes 0-6/7", "bytes 5-6", "5-6/7", ""])
def test_a_range_that_does_not_fit_throws_away_what_is_there(said):
    with pytest.raises(Again) as raised:
        decide(206, {"Content-Range": said}, 5)
    assert raised.value.discard


def test_a_part_of_a_whole_that_nobody_asked_parts_of():
    with pytest.raises(DownloadError):
        decide(206, {"Content-Range": "bytes 0-6/7"}, 0)


def test_pace_is_that_of_the_last_seconds():
    pace = Pace(100.0, 0)
    assert pace.step(100.1, 500, 10_000) == Progress(500, 10_000, None, None)
    assert pace.step(101.0, 1_000, 10_000) == Progress(1_000, 10_000, 1_000.0, 9.0)
    for second in range(102, 120):
        progress = pace.step(float(second), 1_000, 10_000)
    assert progress.speed_bytes_s == 0
    assert progress.left_s is None


def test_a_small_text_and_what_is_too_large_for_one(server):
    server.files["/checksum.txt"] = b"one two\n"
    assert download.read_text(server.address + "/checksum.txt", most_bytes=8) == "one two\n"
    with pytest.raises(DownloadError, match="larger"):
        download.read_text(server.address + "/checksum.txt", most_bytes=7)
    with pytest.raises(DownloadError, match="cannot be had: Not Found"):
        download.read_text(server.address + "/none", most_bytes=7)
