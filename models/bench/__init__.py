"""``swictation bench``: every model on every engine, side by side in one run, each in a process of its own."""
