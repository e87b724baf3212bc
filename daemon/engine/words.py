"""What decodes, in words. Pure: from the JSON values of the status to lines of text."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

Json = dict[str, Any]


def engine_lines(provider: str | None, engine: Json) -> list[str]:
    """The lines of the status about its part ``engine``; ``provider`` is the one in use."""
    threads = engine["threads"]
    how = f", {threads} thread{'s' * (threads != 1)}" if provider == "cpu" else ""
    asked = [f"{name} {engine['asked'][name]}" for name in ("engine", "provider") if engine["asked"][name] != "auto"]
    lines = [f"engine      {engine['engine']}{how}; {_reason(engine, asked)}"]
    if engine["provider_fault"] and engine["asked"]["provider"] != "cuda":  # else it is among the faults
        lines.append(f"            the GPU is not used: {engine['provider_fault']}")
    if engine["self_test"]:
        lines.append(f"self-test   {engine['self_test']['verdict']}: {engine['self_test']['reason']}")
    return lines


def _reason(engine: Json, asked: Sequence[str]) -> str:
    wish = f"asked for {' and '.join(asked)}; " if asked else ""
    if engine["measuring"]:
        return f"{wish}being measured"
    if engine["measured"]:
        return f"{wish}measured {time.strftime('%Y-%m-%d %H:%M', time.localtime(engine['measured']['at_s']))}"
    return f"{wish}not measured"
