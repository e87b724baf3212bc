"""Length-prefixed messages between the daemon and its worker processes, on stdin and stdout.

A message is a head (a JSON object with a string under ``kind``) and a body (raw bytes, mostly PCM)::

    uint32 head length | uint32 body length | head (UTF-8 JSON) | body        (big endian)
"""

from __future__ import annotations

import asyncio
import json
import os
import struct
from typing import Any, BinaryIO

_LENGTHS = struct.Struct(">II")
_HEAD_LIMIT = 1 << 20  # 1 MiB of JSON
_BODY_LIMIT = 1 << 27  # 128 MiB: over an hour of 16 kHz PCM

Head = dict[str, Any]


def pack(head: Head, body: bytes = b"") -> bytes:
    """One message as bytes."""
    encoded = json.dumps(head, separators=(",", ":")).encode()
    return _LENGTHS.pack(len(encoded), len(body)) + encoded + body


def read(stream: BinaryIO) -> tuple[Head, bytes] | None:
    """The next message of a blocking stream, or None at its end. Raises ValueError on a broken length."""
    prefix = stream.read(_LENGTHS.size)
    if len(prefix) < _LENGTHS.size:
        return None
    head_length, body_length = _checked(prefix)
    content = stream.read(head_length + body_length)
    if len(content) < head_length + body_length:
        return None
    return json.loads(content[:head_length]), content[head_length:]


async def read_async(stream: asyncio.StreamReader) -> tuple[Head, bytes] | None:
    """The next message of an asyncio stream, or None at its end. Raises ValueError on a broken length."""
    try:
        head_length, body_length = _checked(await stream.readexactly(_LENGTHS.size))
        content = await stream.readexactly(head_length + body_length)
    except asyncio.IncompleteReadError:
        return None
    return json.loads(content[:head_length]), content[head_length:]


def _checked(prefix: bytes) -> tuple[int, int]:
    head_length, body_length = _LENGTHS.unpack(prefix)
    if head_length > _HEAD_LIMIT or body_length > _BODY_LIMIT:
        message = f"a message of {head_length} + {body_length} bytes is larger than any that swictation sends"
        raise ValueError(message)
    return head_length, body_length


def claim_stdio() -> tuple[BinaryIO, BinaryIO]:
    """The message streams of a worker process (in, out), taken away from everything else in it.

    Native libraries print to stdout when they feel like it; one such line between two messages would end the worker.
    So file descriptor 1 becomes stderr, and only the stream returned here reaches the daemon.
    """
    incoming = os.fdopen(os.dup(0), "rb")
    outgoing = os.fdopen(os.dup(1), "wb", buffering=0)
    os.dup2(2, 1)
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, 0)
    os.close(null)
    return incoming, outgoing
