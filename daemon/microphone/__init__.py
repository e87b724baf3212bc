"""The microphone: its worker process, its stream, and how long it stays open."""
