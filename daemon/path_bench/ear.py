"""When each sample of a recording was in the microphone: a second listener to it, which counts samples."""

from __future__ import annotations

import contextlib
import os
import threading
import time
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np

from daemon.errors import SwictationError
from daemon.messages import RATE_HZ
from daemon.path_bench.sound import PrivateSound

_QUIET = 0.01  # of the loudest sample: what is below it at either end of a recording is no speech
_LAG_PIECES = 200  # over which the least lag of the reader is taken: 2 s


def trimmed(pcm: bytes) -> bytes:
    """A recording (int16 mono) without the quiet at its ends, so that its last sample is the last of its speech."""
    samples = np.frombuffer(pcm, "<i2")
    loud = np.flatnonzero(np.abs(samples.astype(np.int32)) > _QUIET * np.abs(samples.astype(np.int32)).max(initial=0))
    return samples[loud[0] : loud[-1] + 1].tobytes() if loud.size else b""


@dataclass(slots=True)
class Track:
    """Where in a stream something lies that was played into silence: the places of its first and last sound.

    ``lag_s`` holds, of the last pieces, the time at which they came less their place in the stream: the least is the
    time at which the stream began, as later pieces were only read later.
    """

    read: int = 0  # samples
    first: int | None = None
    last: int | None = None
    lag_s: deque[float] = field(default_factory=lambda: deque(maxlen=_LAG_PIECES))

    def take(self, samples: np.ndarray, at_s: float) -> None:
        """The next samples (int16), which came at ``at_s``."""
        sounding = np.flatnonzero(samples)
        if sounding.size:
            if self.first is None:
                self.first = self.read + int(sounding[0])
            self.last = self.read + int(sounding[-1])
        self.read += samples.size
        self.lag_s.append(at_s - self.read / RATE_HZ)

    def time_s(self, place: int) -> float:
        """When the sample at ``place`` of the stream came, or will come."""
        return min(self.lag_s) + (place + 1) / RATE_HZ


class Ear:
    """Listens to the microphone of a private sound server."""

    def __init__(self, sound: PrivateSound) -> None:
        self._sound = sound
        self._track = Track()
        self._lock = threading.Lock()
        self._first = threading.Event()
        self._stopped = False

    @contextlib.contextmanager
    def open(self) -> Iterator[None]:
        """Listen."""
        with self._sound.listening() as descriptor:
            thread = threading.Thread(target=self._listen, args=(descriptor,), name="ear", daemon=True)
            thread.start()
            try:
                yield
            finally:
                self._stopped = True
                thread.join()

    def expect(self) -> None:
        """From now on the next sound is the first of a recording."""
        with self._lock:
            self._track.first = self._track.last = None
            self._first.clear()

    def times_s(self, pcm: bytes, places: list[int], limit_s: float = 10.0) -> list[float]:
        """When the samples at ``places`` of ``pcm`` are in the microphone; known once its first sound is there.

        Raises SwictationError if nothing is heard.
        """
        if not self._first.wait(limit_s):
            raise SwictationError("nothing was heard in the private microphone of what was played into it")
        begins = int(np.flatnonzero(np.frombuffer(pcm, "<i2"))[0])
        with self._lock:
            assert self._track.first is not None
            return [self._track.time_s(self._track.first - begins + place) for place in places]

    def whole(self, pcm: bytes) -> bool:
        """Whether what was heard is as long as ``pcm``: no player ran dry in the midst of it."""
        sounding = np.flatnonzero(np.frombuffer(pcm, "<i2"))
        with self._lock:
            first, last = self._track.first, self._track.last
        return first is not None and last is not None and last - first == int(sounding[-1] - sounding[0])

    def _listen(self, descriptor: int) -> None:
        rest = b""
        while not self._stopped and (piece := os.read(descriptor, 4096)):
            now_s = time.monotonic()
            data = rest + piece
            whole = len(data) // 2 * 2
            rest = data[whole:]
            with self._lock:
                self._track.take(np.frombuffer(data[:whole], "<i2"), now_s)
                if self._track.first is not None:
                    self._first.set()
