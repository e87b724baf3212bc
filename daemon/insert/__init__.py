"""Ways for a text to reach the cursor: one contract, one place of choice, one file or family of files for each way."""

from daemon.insert.choose import choose

__all__ = ["choose"]
