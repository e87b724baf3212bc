"""Speech recognition for swictation: model bundles, engines and the engine worker.

A leaf of the import order ``gui -> daemon -> models``: it knows arrays and files, not microphones or windows.
"""

import os

# onnxruntime from 1.29 reports usage unless this is set before it is imported; dictation is local, so it is always set.
os.environ["ORT_DISABLE_TELEMETRY"] = "1"
# NumPy's matrix library would wake a thread for each core even for the small products of decoding, and on busy cores
# wait for the slowest: 0.4 ms became 25, and of the 110M 4 ms became 277. It reads this when NumPy is imported.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
