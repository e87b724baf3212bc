"""Runs first in a frozen program: what it starts, the system's own tools above all, gets the user's environment back.

The bootloader points LD_LIBRARY_PATH at the bundle and starts itself anew. From there on the loader of this process
knows it, and nothing else should: ``pactl``, ``systemctl`` or a browser would be run with our libraries.
"""

import os
import sys

if sys.platform == "linux":
    os.environ.pop("LD_LIBRARY_PATH", None)
    if (before := os.environ.pop("LD_LIBRARY_PATH_ORIG", None)) is not None:
        os.environ["LD_LIBRARY_PATH"] = before
# a child of ours sets up its own: it is to begin as if it had been started by the user
for name in [name for name in os.environ if name.startswith("_PYI_")]:
    del os.environ[name]
