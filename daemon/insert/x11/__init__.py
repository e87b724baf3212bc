"""Insertion on X11: a worker with a connection of its own to the X server."""
