"""Which microphones there are, and which one a name means.

Under PulseAudio and PipeWire a microphone is a source of the sound server: PortAudio shows none of them, only the
server as one device, and the environment variable PULSE_SOURCE says which source a new stream of it takes. Elsewhere
a microphone is an input device of PortAudio.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from daemon.errors import MicrophoneError

SERVER_DEVICE = "pulse"  # what ALSA's plug-in for the sound server is called
_PACTL_LIMIT_S = 1.0  # it answers in 10 ms, or never where the server is frozen
_NOTHING_LEFT = "auto_null.monitor"  # the default source of a server that has no real one


@dataclass(frozen=True, slots=True)
class Source:
    """One microphone. ``device`` is what PortAudio opens, ``server_source`` the source behind it on a sound server.

    A server gives ``index`` to one connection of a microphone: plugged in again, it has another.
    """

    name: str
    description: str
    device: int | str | None = None  # None is the default of PortAudio
    server_source: str | None = None
    index: int | None = None
    default: bool = False
    monitor: bool = False  # what a loudspeaker plays


def on_server(devices: Sequence[Mapping[str, Any]]) -> bool:
    """Whether PortAudio can reach a sound server among its ``devices``."""
    return any(device["name"] == SERVER_DEVICE and device["max_input_channels"] > 0 for device in devices)


def sources(devices: Sequence[Mapping[str, Any]], default_device: int) -> list[Source]:
    """The microphones: those of the sound server, else those of PortAudio; monitors come last."""
    served = server_sources() if on_server(devices) else None
    if served is not None:
        return sorted(served, key=lambda source: source.monitor)
    return [
        Source(str(device["name"]), str(device["name"]), device=index, default=index == default_device)
        for index, device in enumerate(devices)
        if device["max_input_channels"] > 0
    ]


def server_sources() -> list[Source] | None:
    """The sources of the sound server, or None where it does not answer."""
    listed, about = _pactl("list", "sources"), _pactl("info")
    if listed is None or about is None:
        return None
    return [
        Source(
            name=source["name"],
            description=source["description"],
            device=SERVER_DEVICE,
            server_source=source["name"],
            index=source["index"],
            default=source["name"] == about["default_source_name"],
            monitor=bool(source["monitor_source"]),
        )
        for source in listed
        if source["name"] != _NOTHING_LEFT
    ]


def choose(among: Sequence[Source], wanted: str) -> Source:
    """The microphone called ``wanted``, or the only one with that in its name whatever the case.

    Raises MicrophoneError, listing those that exist.
    """
    exact = [source for source in among if wanted in {source.name, source.description}]
    part = wanted.casefold()
    similar = [source for source in among if part in source.name.casefold() or part in source.description.casefold()]
    found = exact or similar
    if len(found) == 1 or exact:
        return found[0]
    what = f'"{wanted}" means more than one microphone' if found else f'there is no microphone "{wanted}"'
    raise MicrophoneError(f"{what}: set microphone.device to one of {names(found or among)}")


def names(among: Sequence[Source]) -> str:
    """The microphones in words, for a message."""
    return ", ".join(f'"{source.name}" ({source.description})' for source in among) or "none: no microphone was found"


def default_source(opened: Source) -> Source:
    """The source behind the default device of a sound server, or ``opened`` itself where it cannot be told."""
    if opened.device == SERVER_DEVICE:
        return next((source for source in server_sources() or [] if source.default), opened)
    return opened


def is_gone(source: Source) -> bool:
    """Whether a microphone that gives digital silence is no longer there.

    A stream whose source was unplugged goes on without an error: the server moves it to another source, and where
    there is none, to a null sink's zeros.
    """
    left = server_sources() if source.server_source is not None else None
    return left is not None and all(other.name != source.name for other in left)


def recorded_index(process: int) -> int | None:
    """The index of what a process records from, to which the server may have moved it; None where it does not say."""
    streams = _pactl("list", "source-outputs") or ()
    ours = (one for one in streams if one["properties"].get("application.process.id") == str(process))
    return next((int(one["source"]) for one in ours), None)


def _pactl(*arguments: str) -> Any:
    command = ["pactl", "--format=json", *arguments]
    try:
        done = subprocess.run(command, capture_output=True, timeout=_PACTL_LIMIT_S, check=True)
        return json.loads(done.stdout)
    except (OSError, subprocess.SubprocessError, ValueError):  # not installed, frozen, no server, an old pactl
        return None
