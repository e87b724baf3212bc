"""The Silero worker: the voice activity model through sherpa-onnx, in a process of its own.

The daemon starts it as ``_silero DIRECTORY``, the model's place in the store. It speaks ``models.wire``::

    -> {"kind": "ready", "model"}, or {"kind": "failed", "message"}
    <- {"kind": "listen", "id", "fresh"} + PCM       ``fresh``: it does not follow on what came before
    -> {"kind": "heard", "id", "speech"}             whether there is speech at its end
"""

from __future__ import annotations

from array import array
from pathlib import Path
from typing import Any

from daemon.errors import SwictationError
from daemon.messages import RATE_HZ
from models import wire
from models.store import Store

_WINDOW = 512  # samples, 32 ms: what the model decides on
_FULL_SCALE = 32768
# After a second without speech the model forgets what it heard. One that never does hears speech end 400 ms late, not
# 60, after some minutes (noise 20 dB below it, the older model).
_FORGET_WINDOWS = 31


class Silero:
    """Decides window by window, from 0.5 on that speech has begun and below 0.35 that it has ended.

    With 0.35 and 0.2 the older model takes 27 % of noise as loud as the speech for speech instead of 17 %, and nothing
    is gained in the quiet (tests/benchmarks/vad.py).
    """

    def __init__(self, file: Path) -> None:
        import sherpa_onnx

        silero = sherpa_onnx.SileroVadModelConfig(
            model=str(file), threshold=0.5, min_silence_duration=0.0, min_speech_duration=0.0, window_size=_WINDOW
        )
        self._model: Any = sherpa_onnx.VadModel.create(
            sherpa_onnx.VadModelConfig(silero_vad=silero, sample_rate=RATE_HZ, num_threads=1)
        )
        self._span = self._model.window_size()  # newer models look at the end of the window before, too
        self._silent = 0  # windows without speech, up to now
        self._waiting = array("h")
        self._speech = False
        self.forget()

    def forget(self) -> None:
        """What comes does not follow on what came before."""
        self._model.reset()
        self._waiting = array("h", bytes(2 * (self._span - _WINDOW)))
        self._speech, self._silent = False, 0

    def speech_after(self, pcm: bytes) -> bool:
        """Take int16 mono PCM at RATE_HZ and say whether the last whole window holds speech; about 100 us each."""
        self._waiting.extend(array("h", pcm))
        while len(self._waiting) >= self._span:
            window = [sample / _FULL_SCALE for sample in self._waiting[: self._span]]
            del self._waiting[:_WINDOW]
            self._speech = bool(self._model.is_speech(window))
            self._silent = 0 if self._speech else self._silent + 1
            if self._silent == _FORGET_WINDOWS:
                self._model.reset()
                self._silent = 0
        return self._speech


def model_file(directory: Path) -> Path | None:
    """The model in a directory, if there is one."""
    return next(iter(sorted(directory.glob("*.onnx"))), None)


def main(arguments: list[str]) -> int:
    """Run the worker; gives back 3 where the model is not what was fetched."""
    directory = Path(arguments[0])
    incoming, outgoing = wire.claim_stdio()
    try:
        file = _checked(directory)
    except SwictationError as error:
        outgoing.write(wire.pack({"kind": "failed", "message": str(error)}))
        return 3
    silero = Silero(file)
    outgoing.write(wire.pack({"kind": "ready", "model": file.name}))
    while (message := wire.read(incoming)) is not None:
        head, pcm = message
        if head["fresh"]:
            silero.forget()
        outgoing.write(wire.pack({"kind": "heard", "id": head["id"], "speech": silero.speech_after(pcm)}))
    return 0


def _checked(directory: Path) -> Path:
    """The model's file. sherpa-onnx ends the process over a damaged one, so it is compared with its sum before."""
    file, store = model_file(directory), Store(directory.parent)
    if file is None:
        raise SwictationError(
            f"there is no model in {directory}; get it with `swictation models pull {directory.name}`"
        )
    if store.manifest(directory.name) is not None and (faults := store.faults(directory.name)):
        raise SwictationError("; ".join(faults))
    return file
