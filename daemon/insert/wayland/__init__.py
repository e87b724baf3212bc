"""Insertion on Wayland compositors that lend a keyboard and the clipboard: a worker that speaks the protocol itself."""
