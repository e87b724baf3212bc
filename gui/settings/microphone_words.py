"""What the page of the microphone says. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

Json = dict[str, Any]

LOWEST_DBFS = -60.0
_QUIET_DBFS = -50.0
_COSTS = {
    "endpoint_wait": "silence awaited",
    "queue": "queue",
    "features": "features",
    "encode": "encoding",
    "decode": "decoding",
    "felt": "altogether",
}


def offered(listed: Sequence[Json], configured: str) -> list[tuple[str, str]]:
    """The microphones to choose from, each as the value of ``microphone.device`` and in words."""
    default = next((each["description"] for each in listed if each["default"]), None)
    first = ("", f"System default ({default})" if default else "System default")
    rest = [(each["name"], _described(each)) for each in listed]
    if not configured or configured in {name for name, _ in rest}:
        return [first, *rest]
    there = _meant(listed, configured)
    return [first, (configured, f"“{configured}”" if there else f"“{configured}” (not connected)"), *rest]


def _described(each: Json) -> str:
    return f"{each['description']} (what is played)" if each.get("monitor") else str(each["description"])


def _meant(listed: Sequence[Json], configured: str) -> bool:
    part = configured.casefold()
    return any(part in each["name"].casefold() or part in each["description"].casefold() for each in listed)


def level_words(answer: Json) -> str:
    """What a level says, in one word or two."""
    level = answer["level_dbfs"]
    if answer["speech"]:
        return "speech"
    if level is None or level < LOWEST_DBFS:
        return "silence"
    return "quiet" if level < _QUIET_DBFS else "sound"


def heard_words(answer: Json) -> tuple[str, str]:
    """What was heard, and what it cost."""
    text = answer["text"].strip()
    said = f"Heard: “{text}”" if text else "No words were heard in it: speak louder, or choose another microphone."
    timings = answer["timings_ms"]
    parts = [f"{answer['audio_s']:.1f} s of audio"]
    parts += [f"{words} {timings[name]:.0f} ms" for name, words in _COSTS.items() if timings.get(name) is not None]
    return said, " · ".join(parts)
