"""``swictation bench --path``: from sound in a microphone to text in a window, on a desktop of its own."""
