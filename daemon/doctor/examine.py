"""All examinations in their order, one after the other: they would disturb each other's times."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Sequence
from pathlib import Path
from typing import Any

from daemon.config import Config, model_directory
from daemon.doctor import engine, hotkey, insertion, login, microphone, places, settings, speech, versions
from daemon.doctor.finding import Finding
from daemon.engine import choice as engine_choice

Step = tuple[tuple[str, ...], Callable[[], Awaitable[Sequence[Finding]]]]


async def examine(config_file: Path, only: Collection[str] | None = None) -> AsyncIterator[Finding]:
    """Every finding as it is made, with a daemon or without one; with ``only``, those parts and what belongs to them.

    A model and what decodes with it are found together, and so are insertion and the tray's panel.
    """
    found, config = settings.check(config_file)
    running, status = await asyncio.to_thread(places.daemon)
    for one in (found, running):
        if only is None or one.name in only:
            yield one
    for names, step in _steps(config, status):
        if only is None or not set(names).isdisjoint(only):
            for one in await step():
                yield one


def _steps(config: Config, status: dict[str, Any] | None) -> tuple[Step, ...]:
    async def of_engine() -> Sequence[Finding]:
        plan = await asyncio.to_thread(engine_choice.for_model, model_directory(config), config.model)
        return await engine.check(plan)

    async def of_microphone() -> Sequence[Finding]:
        return [await microphone.check(config.microphone.device)]

    async def of_hotkey() -> Sequence[Finding]:
        return [await hotkey.check(config.hotkey.key, status)]

    return (
        (("socket",), _at_once(places.rights)),
        (("disk",), _at_once(places.disk)),
        (("microphone",), of_microphone),
        (("voice",), _at_once(lambda: speech.check(config.endpoint.aggressiveness))),
        (("model", "engine"), of_engine),
        (("hotkey",), of_hotkey),
        (("insertion", "tray"), lambda: insertion.check(config.insert.method, config.insert.rules)),
        (("autostart",), _at_once(login.check)),
        (("versions",), _at_once(versions.check)),
    )


def _at_once(check: Callable[[], Finding]) -> Callable[[], Awaitable[Sequence[Finding]]]:
    async def step() -> Sequence[Finding]:
        return [await asyncio.to_thread(check)]

    return step
