"""Reports of the command line in words. Pure: from the JSON values to lines of text."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

from daemon.engine.words import engine_lines

Json = dict[str, Any]


def status_in_words(status: Json) -> str:
    """The daemon's status, a line for each part."""
    microphone, hotkey, engine = status["microphone"], status["hotkey"], status["engine"]
    lines = [f"state       {status['state']}" + (f" ({status['mode']})" if status["mode"] else "")]
    lines.append(f"model       {status['model']} on {status['provider'] or 'no provider yet'} ({engine['phase']})")
    if status["notice"]:
        lines.append(f"            {status['notice']}")
    lines += engine_lines(status["provider"], engine)
    device = microphone["device"] + (f" ({microphone['in_use']})" if microphone["in_use"] else "")
    lines.append(f"microphone  {device}, {_openness(microphone)}")
    lines.append(f"hotkey      {hotkey['key']} ({hotkey['way']})")
    if hotkey["trigger"] is not None:
        lines.append(f"            in the desktop's words: {hotkey['trigger']}")
    lines.append(f"insertion   {status['insertion']['way']}")
    if status["insertion"]["notice"] is not None:
        lines.append(f"            {status['insertion']['notice']}")
    if (last := status["last_utterance"]) is not None:
        felt = last["timings_ms"]["felt"]
        lines.append(f"last        {last['outcome']}" + (f", felt {felt:.0f} ms" if felt is not None else ""))
        if last["reason"]:
            lines.append(f"            {last['reason']}")
    if status["held"]:
        lines.append(f"held        {status['held']} (insert the last one with `swictation last --insert`)")
    if failed := status["history"]["failed"]:
        lines.append(f"failed      {failed} (listed by `swictation history --ids`, tried again with --decode ID)")
    lines += [f"fault       {fault}" for fault in status["faults"]]
    return "\n".join(lines)


def _openness(microphone: Json) -> str:
    if not microphone.get("standing"):
        return "open" if microphone["open"] else "closed"
    left_s, kept_ms = microphone["lingering_s"], microphone["pre_roll_ms"]
    how = "kept open" if left_s is None else f"open for {left_s:.0f} s more: `swictation cancel` closes it now"
    return how + (f" (pre-roll {kept_ms} ms in memory)" if kept_ms else "")


def entry_in_words(entry: Json) -> str:
    """One utterance: when, what became of it, what it cost, and its text."""
    when = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(entry["at_s"]))
    felt = entry["timings_ms"]["felt"]
    cost = f"{felt:.0f} ms" if felt is not None else "-"
    said = entry["text"] if entry["text"] is not None else ""
    reason = f"  [{entry['reason']}]" if entry["reason"] else ""
    return f"{when}  {entry['outcome']:<9}  {cost:>8}  {said}{reason}"


def timings_in_words(timings: Json) -> str:
    """The stages of one utterance that it had, in one line."""
    known = [(stage, value) for stage, value in timings.items() if value is not None]
    return ", ".join(f"{stage} {value:.3f}" if stage == "rtf" else f"{stage} {value:.0f}" for stage, value in known)


def devices_in_words(devices: Sequence[Json]) -> str:
    """The microphones, a line each."""
    lines = [
        f"{'*' if device['default'] else ' '} {device['name']}"
        + (f"  {device['description']}" if device["description"] != device["name"] else "")
        + ("  (what a loudspeaker plays)" if device["monitor"] else "")
        for device in devices
    ]
    return "\n".join(lines) or "no microphone found: plug one in, and see whether the sound server runs"


def models_in_words(models: Sequence[Json]) -> str:
    """The models, a line each: those that are here, then those that `swictation models pull NAME` gets."""
    lines = []
    for model in models:
        mark = "*" if model["in_use"] else " "
        place = model["directory"] or _to_be_had(model)
        lines.append(f"{mark} {model['name']:<24} {place}")
        lines += [f"    {remark}" for remark in (model["notice"], model["fault"]) if remark]
    return "\n".join(lines)


def _to_be_had(model: Json) -> str:
    size = f"{model['download_bytes'] / 1e6:.0f} MB, " if model["download_bytes"] else ""
    device = {"gpu": "for a GPU", "cpu": "for a CPU", "any": "for any machine"}[model["device"]]
    languages = {0: "", 1: f", {''.join(model['languages'])}"}.get(
        len(model["languages"]), f", {len(model['languages'])} languages"
    )
    return f"not here: {model['title']}{languages}; {size}{device}; {model['licence']}"
