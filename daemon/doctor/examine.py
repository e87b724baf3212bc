"""All examinations in their order, one after the other: they would disturb each other's times."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

from daemon import engine_choice
from daemon.config import model_directory
from daemon.doctor import engine, hotkey, insertion, login, microphone, places, settings, speech, versions
from daemon.doctor.finding import Finding


async def examine(config_file: Path) -> AsyncIterator[Finding]:
    """Every finding as it is made, with a daemon or without one."""
    found, config = settings.check(config_file)
    yield found
    running, status = await asyncio.to_thread(places.daemon)
    yield running
    yield places.rights()
    yield places.disk()
    yield await microphone.check(config.microphone.device)
    yield speech.check(config.endpoint.aggressiveness)
    plan = await asyncio.to_thread(engine_choice.for_model, model_directory(config), config.model)
    for one in await engine.check(plan):
        yield one
    yield await hotkey.check(config.hotkey.key, status)
    for one in await insertion.check(config.insert.method):
        yield one
    yield await asyncio.to_thread(login.check)
    yield versions.check()
