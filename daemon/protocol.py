"""What client and server agree on: one JSON object a line on a local socket that only its owner can reach.

A request is ``{"v": 1, "verb": ..., ...}``; its answer ``{"ok": true, "result": ...}`` or ``{"ok": false, "error":
"one line"}``. ``watch`` goes on with a line for every change and ``try_microphone`` with one for every level, until the
client hangs up, as ``pause_hotkey`` lasts until then; ``dictate`` takes lines of audio before it answers. There is no
request that inserts a caller's text, reads a caller's file, or gives microphone audio away.
"""

VERSION = 1
LINE_LIMIT_BYTES = 64 * 1024
CLIENT_LIMIT = 32
REQUEST_LIMIT_S = 5.0
