"""Stands in for sherpa_onnx in an engine worker: what it does depends on the first sample of the audio.

The tests copy it to ``sherpa_onnx.py`` in a directory that is first on the worker's path. Beside it, the files
``load_ends`` and ``decode_ends`` count down how many more times a load or a decode shall end the process. No load is
over while the file ``load_waits`` is there, and no SLOW decode before the file ``go`` is.
"""

import os
import struct
import time
from pathlib import Path

SPEAK, FAIL, END, HANG, SLOW = 1, 2, 3, 4, 5
_HERE = Path(__file__).parent


def pcm_of(action, samples=1600):
    """Audio at which the stand-in does ``action``."""
    return struct.pack("<h", action) + bytes(2 * samples - 2)


def _may_end(what):
    """End the process without a word, as sherpa-onnx does, as long as the count in the file ``what`` lasts."""
    counter = _HERE / what
    left = int(counter.read_text()) if counter.exists() else 0
    if left:
        counter.write_text(str(left - 1))
        os._exit(255)


class _Result:
    def __init__(self, text):
        self.text, self.tokens = text, text.split()
        self.timestamps = self.durations = self.ys_log_probs = [0.0] * len(self.tokens)


class _Stream:
    def accept_waveform(self, rate, samples):
        self.action = round(samples[0] * 32768)
        self.length = len(samples)


class OfflineRecognizer:
    @classmethod
    def from_transducer(cls, **_):
        _may_end("load_ends")
        while (_HERE / "load_waits").exists():
            time.sleep(0.02)
        return cls()

    def create_stream(self):
        return _Stream()

    def decode_stream(self, stream):
        if stream.action == FAIL:
            raise RuntimeError("the stand-in was asked to fail")
        if stream.action == END:
            _may_end("decode_ends")
        if stream.action == HANG:
            (_HERE / "hanging").touch()
            time.sleep(60)
        if stream.action == SLOW:
            (_HERE / "slow").touch()
            while not (_HERE / "go").exists():
                time.sleep(0.02)
        asked = SPEAK <= stream.action <= SLOW  # else it is a self-test, which finds whoever says much broken
        stream.result = _Result(f"heard {stream.length}" if asked else "heard")
