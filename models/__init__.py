"""Speech recognition for swictation: model bundles, engines and the engine worker.

A leaf of the import order ``gui -> daemon -> models``: it knows arrays and files, not microphones or windows.
"""

import os

# onnxruntime from 1.29 reports usage unless this is set before it is imported; dictation is local, so it is always set.
os.environ["ORT_DISABLE_TELEMETRY"] = "1"
