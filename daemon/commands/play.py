"""``swictation dictate --from FILE``: a recording through the running daemon as if it were the microphone."""

from __future__ import annotations

import base64
import time
from pathlib import Path
from typing import Any

from daemon.client import Client
from daemon.messages import FRAME_BYTES, FRAME_MS
from models import audio_file


def play(file: Path, *, hands_free: bool = False) -> list[dict[str, Any]]:
    """Send a file's audio in real time and give back what became of its utterances.

    Raises AudioFileError, NoDaemon or RequestRefused.
    """
    pcm = audio_file.read(file).pcm
    with Client(timeout_s=90.0) as daemon:
        daemon.ask("dictate", hands_free=hands_free)
        began_s = time.monotonic()
        for number, start in enumerate(range(0, len(pcm), FRAME_BYTES), start=1):
            # a frame is there when its last sample has been spoken
            time.sleep(max(0.0, began_s + number * FRAME_MS / 1000 - time.monotonic()))
            daemon.send({"pcm": base64.b64encode(pcm[start : start + FRAME_BYTES]).decode()})
        daemon.send({"end": True})
        entries: list[dict[str, Any]] = daemon.answer()
        return entries
