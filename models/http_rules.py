"""Which addresses a download may use, and what an answer of an HTTP server means for it. Pure."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from http import HTTPStatus
from http.client import responses
from typing import Protocol
from urllib.parse import urlsplit

from models.errors import DownloadError

_TRY_AGAIN = {408, 425, 429, 500, 502, 503, 504}
_RANGE = re.compile(r"bytes (\d+)-(\d+)/(\d+|\*)")


class Headers(Protocol):
    """The headers of an answer; names in any case."""

    def get(self, name: str, default: str, /) -> str:
        """The value of a header, or ``default``."""


@dataclass(frozen=True, slots=True)
class Body:
    """What an answer brings: the file from ``at_bytes`` on, of ``total_bytes`` in all if the server says so."""

    at_bytes: int
    total_bytes: int | None


class Again(Exception):
    """An attempt failed and the next may not; ``discard`` says that what is there is of no use to it."""

    def __init__(self, reason: str, *, discard: bool = False) -> None:
        super().__init__(reason)
        self.discard = discard


def check_address(address: str, since: str | None = None) -> None:
    """Raise DownloadError unless ``address`` is https, or http on this machine's own loopback (a mirror, a test).

    ``since`` is the address that redirected here: from https nothing leads back to http.
    """
    try:
        parts = urlsplit(address)
    except ValueError:
        raise DownloadError(f"{address} is no address; give one that begins with https://") from None
    downgrade = since is not None and urlsplit(since).scheme == "https" and parts.scheme != "https"
    private = parts.scheme == "https" or (parts.scheme == "http" and is_loopback(parts.hostname or ""))
    if parts.hostname and private and not downgrade:
        return
    led = f"{host_of(since)} redirects to {address}, which" if since else f"{address}"
    raise DownloadError(f"{led} is not a safe address: it must begin with https://; give another with --mirror URL")


def decide(status: int, headers: Headers, have_bytes: int) -> Body | None:
    """What to make of an answer to a request for the file from ``have_bytes`` on; None: it is complete already.

    Raises Again for an answer that is of no use, DownloadError for one that will not change.
    """
    if headers.get("Content-Encoding", "identity").lower() not in {"identity", ""}:
        raise DownloadError("the server packs the file again on its way; give another with --mirror URL")
    if status == HTTPStatus.OK:
        length = headers.get("Content-Length", "")
        return Body(0, int(length) if length.isdecimal() else None)
    said = headers.get("Content-Range", "")
    if status == HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE and have_bytes:
        if said == f"bytes */{have_bytes}":
            return None
        raise Again("the server has no more of the file", discard=True)
    if status == HTTPStatus.PARTIAL_CONTENT and have_bytes:
        if (match := _RANGE.fullmatch(said)) is None or int(match[1]) != have_bytes:
            raise Again(f"the server sends another part than was asked for ({said or 'unnamed'})", discard=True)
        return Body(have_bytes, None if match[3] == "*" else int(match[3]))
    if status in _TRY_AGAIN:
        raise Again(f"the server answers {status}")
    raise DownloadError(
        f"the server answers {status} {responses.get(status, '')}: the file is not to be had there; "
        "give another address with --mirror URL or a file with --from FILE"
    )


def is_loopback(host: str) -> bool:
    """Whether a host name or address is this machine's own."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def host_of(address: str) -> str:
    """The host and port of an address, for messages."""
    return urlsplit(address).netloc
