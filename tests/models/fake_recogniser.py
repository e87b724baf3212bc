"""A recogniser that hears what a test says and fails as CUDA does."""

import numpy as np

from models.recogniser import Transcript
from models.sherpa import in_parts

ILLEGAL = (
    "[ONNXRuntimeError] : 1 : FAIL : Non-zero status code returned while running FusedMatMul node. Status Message: "
    "CUDA failure 700: an illegal memory access was encountered ; GPU=0 ; hostname=h ; expr=cudaStreamSynchronize()"
)
FULL = "bfc_arena.cc:376 Available memory of 1024 is smaller than requested bytes of 4096"
SHAPE = "broadcast an axis by 1"


class FakeRecogniser:
    """Hears ``text`` in sound, nothing in silence. ``fails`` are the errors of its decodes in turn, None for none."""

    model = "fake"
    stops = False

    def __init__(self, provider="cpu", text="the words of the recording", fails=()):
        self.provider, self.text, self.fails, self.decodes = provider, text, list(fails), 0

    def recognise(self, pcm, stop=None):
        return in_parts(np.frombuffer(pcm, "<i2"), self._decode, (RuntimeError,))

    def recognise_many(self, pcms, stop=None):
        return [self.recognise(pcm) for pcm in pcms]

    def _decode(self, samples):
        self.decodes += 1
        if self.fails and (words := self.fails.pop(0)) is not None:
            raise RuntimeError(words)
        loud = samples.astype(np.float32).std() > 1000
        pieces = tuple(self.text.split()) if loud else ()
        return Transcript(" ".join(pieces), pieces, log_probs=(-0.1,) * len(pieces))
