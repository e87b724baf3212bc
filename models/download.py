"""Fetching one file over HTTP from a server that may break off, stall, lie about ranges or change its mind.

What has come is kept beside the target's note of where it came from, and the next attempt, in this process or a later
one, asks for the rest only. A server that does not keep to the ranges is asked for the whole. Nothing here makes a file
trustworthy: its sum does, and that is for the caller to check.
"""

from __future__ import annotations

import errno
import http.client
import json
import shutil
import ssl
import time
import urllib.error
import urllib.request
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from models.errors import DownloadError
from models.http_rules import Again, Body, Headers, check_address, decide, host_of, is_loopback

TIMEOUT_S = 30.0
_PIECE_BYTES = 1 << 16
_WORTH_BYTES = 1 << 20  # an attempt that brought this much more than any before counts as progress
_SLOWEST_BYTES = 1024  # less than this in a whole timeout is a stall, however often a byte drips
_PACE_WINDOW_S = 5.0


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a download is: bytes, bytes a second over the last seconds, seconds left; None is not known."""

    done_bytes: int
    total_bytes: int | None
    speed_bytes_s: float | None
    left_s: float | None


class Pace:
    """Speed over the last seconds. ``now_s`` is any clock that only goes forward."""

    def __init__(self, now_s: float, done_bytes: int) -> None:
        self._points = deque([(now_s, done_bytes)])

    def step(self, now_s: float, done_bytes: int, total_bytes: int | None) -> Progress:
        """Where the download is now."""
        began_s, began_bytes = self._points[0]
        speed = (done_bytes - began_bytes) / (now_s - began_s) if now_s - began_s >= 0.2 else None
        left_s = (total_bytes - done_bytes) / speed if speed and total_bytes is not None else None
        if now_s - self._points[-1][0] >= 0.1:
            self._points.append((now_s, done_bytes))
        while len(self._points) > 1 and now_s - self._points[0][0] > _PACE_WINDOW_S:
            self._points.popleft()
        return Progress(done_bytes, total_bytes, speed, left_s)


def fetch(
    address: str,
    target: Path,
    *,
    most_bytes: int,
    size_bytes: int | None = None,
    timeout_s: float = TIMEOUT_S,
    attempts: int = 5,
    pause_s: float = 1.0,
    progress: Callable[[Progress], None] | None = None,
) -> bool:
    """Bring ``target`` to the whole length of the file at ``address``, going on from what is there.

    Gives back whether it came in parts, which might be parts of different files. Gives up after ``attempts`` in a row
    that brought nothing new, with pauses that begin at ``pause_s`` and double, and at once where there is no connection
    at all. Raises DownloadError, and OSError as the disk does; a full one is seen before the first byte is written, if
    the server tells the size.
    """
    check_address(address)
    wanted = _Wanted(address, most_bytes, size_bytes, timeout_s)
    transfer = _Transfer(wanted, target, progress or (lambda _progress: None))
    furthest, failed = transfer.have_bytes, 0
    while True:
        began_bytes = transfer.have_bytes
        try:
            transfer.attempt()
        except Again as again:
            if again.discard:
                transfer.start_over()
            gained = transfer.have_bytes - furthest
            failed = 0 if gained >= _WORTH_BYTES else failed + 1
            furthest = max(furthest, transfer.have_bytes)
            if failed >= attempts or (isinstance(again.__cause__, urllib.error.URLError) and furthest == 0):
                raise DownloadError(_gave_up(address, str(again), transfer.have_bytes)) from None
            time.sleep(pause_s * 2 ** max(0, failed - 1))
        else:
            return began_bytes > 0


def discard(target: Path) -> None:
    """Remove what a download left at ``target``."""
    target.unlink(missing_ok=True)
    _note(target).unlink(missing_ok=True)


def read_text(address: str, *, most_bytes: int, timeout_s: float = TIMEOUT_S) -> str:
    """A small text file. Raises DownloadError, whatever the reason why it cannot be had."""
    check_address(address)
    try:
        with _open(address, {}, timeout_s) as response:
            content: bytes = response.read(most_bytes + 1)
    except (OSError, http.client.HTTPException) as error:
        raise DownloadError(f"{address} cannot be had: {_reason(error)}") from None
    if len(content) > most_bytes:
        raise DownloadError(f"{address} is larger than it may be")
    return content.decode("utf-8", "replace")


@dataclass(frozen=True, slots=True)
class _Wanted:
    address: str
    most_bytes: int
    size_bytes: int | None
    timeout_s: float


class _Transfer:
    """One file on its way, attempt by attempt."""

    def __init__(self, wanted: _Wanted, target: Path, progress: Callable[[Progress], None]) -> None:
        self._wanted, self._target, self._progress = wanted, target, progress
        self._host = host_of(wanted.address)
        self._ranges = True

    @property
    def have_bytes(self) -> int:
        """How much of the file is there."""
        return self._target.stat().st_size if self._target.exists() else 0

    def start_over(self) -> None:
        """Throw away what is there and ask for the whole from now on."""
        discard(self._target)
        self._ranges = False

    def attempt(self) -> None:
        """Ask once for what is missing; raises Again if it did not all come."""
        have_bytes = self.have_bytes
        if have_bytes and (not self._ranges or have_bytes > self._wanted.most_bytes):
            discard(self._target)
            have_bytes = 0
        if self._wanted.size_bytes is not None and have_bytes == self._wanted.size_bytes:
            return
        try:
            response = _open(self._wanted.address, self._headers(have_bytes), self._wanted.timeout_s)
        except urllib.error.HTTPError as error:
            with error:
                if decide(error.code, error.headers, have_bytes) is None:
                    return
                raise Again(f"the server answers {error.code}") from None
        except TimeoutError:
            raise self._stalled() from None
        except (OSError, http.client.HTTPException) as error:
            if isinstance(why := getattr(error, "reason", None), ssl.SSLCertVerificationError):
                raise DownloadError(f"{self._host} cannot prove who it is: {why.verify_message}") from None
            raise Again(_reason(error)) from error
        with response:
            body = decide(response.status, response.headers, have_bytes)
            assert body is not None  # only an error's status says that nothing is missing
            self._check_size(body)
            if body.at_bytes == 0:
                self._write_note(response.headers)
            self._receive(response, body)

    def _headers(self, have_bytes: int) -> dict[str, str]:
        if not have_bytes:
            return {}
        headers = {"Range": f"bytes={have_bytes}-"}
        try:
            note = json.loads(_note(self._target).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return headers  # then the sum decides whether the parts belong together
        if isinstance(note, dict) and note.get("address") == self._wanted.address and note.get("version"):
            headers["If-Range"] = str(note["version"])
        return headers

    def _write_note(self, headers: Headers) -> None:
        version = headers.get("ETag", "")
        if not version or version.startswith("W/"):  # a weak one does not speak of bytes
            version = headers.get("Last-Modified", "")
        note = {"address": self._wanted.address, "version": version or None}
        _note(self._target).write_text(json.dumps(note), encoding="utf-8")

    def _check_size(self, body: Body) -> None:
        total, most, size = body.total_bytes, self._wanted.most_bytes, self._wanted.size_bytes
        if total is None:
            return
        if total > most or (size is not None and total != size):
            discard(self._target)
            wanted = f"at most {most}" if size is None else f"{size}"
            raise DownloadError(
                f"{self._host} offers another file: {total} bytes where the model has {wanted}; "
                "give another address with --mirror URL or a file with --from FILE"
            )
        if shutil.disk_usage(self._target.parent).free < total - self.have_bytes:
            raise OSError(errno.ENOSPC, "No space left on device", str(self._target))

    def _receive(self, response: Any, body: Body) -> None:
        total = body.total_bytes if body.total_bytes is not None else self._wanted.size_bytes
        done = mark_bytes = body.at_bytes
        mark_s = time.monotonic()
        pace = Pace(mark_s, done)
        with self._target.open("ab" if done else "wb") as file:
            while piece := self._read(response):
                done += len(piece)
                if done > self._wanted.most_bytes:
                    break
                file.write(piece)
                now_s = time.monotonic()
                self._progress(pace.step(now_s, done, total))
                if now_s - mark_s >= self._wanted.timeout_s:
                    if done - mark_bytes < _SLOWEST_BYTES:
                        raise Again("the server hardly sends anything any more")
                    mark_s, mark_bytes = now_s, done
        if done > self._wanted.most_bytes or (total is not None and done > total):
            discard(self._target)
            raise DownloadError(f"{self._host} sends more than the model has; give another with --mirror URL")
        if total is not None and done < total:
            raise Again("the connection broke off")

    def _stalled(self) -> Again:
        return Again(f"nothing came for {self._wanted.timeout_s:.0f} s")

    def _read(self, response: Any) -> bytes:
        try:
            piece: bytes = response.read1(_PIECE_BYTES)
        except TimeoutError:
            raise self._stalled() from None
        except http.client.IncompleteRead:
            raise Again("the connection broke off") from None
        except (OSError, http.client.HTTPException) as error:
            raise Again(_reason(error)) from None
        return piece


class _SafeRedirects(urllib.request.HTTPRedirectHandler):
    def redirect_request(  # noqa: PLR0917 - the library's signature
        self, req: urllib.request.Request, fp: Any, code: int, msg: str, headers: Any, newurl: str
    ) -> urllib.request.Request | None:
        try:
            check_address(newurl, since=req.full_url)
        except DownloadError:
            fp.close()
            raise
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def _open(address: str, headers: dict[str, str], timeout_s: float) -> Any:
    handlers: list[urllib.request.BaseHandler] = [_SafeRedirects()]
    if is_loopback(urlsplit(address).hostname or ""):
        handlers.append(urllib.request.ProxyHandler({}))
    asked = {"User-Agent": "swictation", "Accept-Encoding": "identity", **headers}
    request = urllib.request.Request(address, headers=asked)  # noqa: S310 - check_address allows no other scheme
    return urllib.request.build_opener(*handlers).open(request, timeout=timeout_s)


def _note(target: Path) -> Path:
    return target.with_name(target.name + ".json")


def _reason(error: BaseException) -> str:
    cause = getattr(error, "reason", None) or error
    return getattr(cause, "strerror", None) or str(cause) or type(cause).__name__


def _gave_up(address: str, reason: str, have_bytes: int) -> str:
    if have_bytes:
        kept = f"{have_bytes / 1e6:.1f} MB are kept, the same command goes on from there"
        return f"{host_of(address)} does not give the whole file ({reason}); {kept}"
    return (
        f"{host_of(address)} cannot be had ({reason}); without a network get {address} on another machine and give it "
        "with --from FILE, or name a copy of it with --mirror URL"
    )
