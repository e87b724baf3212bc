"""What the socket may ask of the configuration, the models and the hotkey."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from daemon import arguments, config
from daemon.commands import model_list
from daemon.errors import RequestRefused
from daemon.server import Answer, Connection, Request

if TYPE_CHECKING:
    from daemon.app import Daemon

Json = dict[str, Any]


class SettingsRequests:
    """The verbs of the settings."""

    def __init__(self, daemon: Daemon) -> None:
        self._daemon = daemon
        self.verbs: dict[str, Answer] = {
            "config": self._config,
            "set_config": self._set_config,
            "reload": self._reload,
            "models": self._models,
            "pause_hotkey": self._pause_hotkey,
        }

    async def _config(self, _request: Request, _connection: Connection) -> Json:
        return {
            "file": str(self._daemon.config_file),
            "values": config.flatten(self._daemon.config),
            "defaults": config.flatten(config.Config()),
            "limits": config.limits(),
        }

    async def _set_config(self, request: Request, _connection: Connection) -> Json:
        key, value = arguments.text(request, "key", 100), arguments.scalar(request, "value")
        needed = await self._daemon.set_value(key, value)
        return {"values": config.flatten(self._daemon.config), "restart_needed_for": needed}

    async def _reload(self, _request: Request, _connection: Connection) -> Json:
        return {"restart_needed_for": await self._daemon.reload()}

    async def _models(self, _request: Request, _connection: Connection) -> list[Json]:
        try:
            return await asyncio.to_thread(model_list.models)
        except OSError as error:
            raise RequestRefused(f"{error.filename or 'the model store'} cannot be read: {error.strerror}") from None

    async def _pause_hotkey(self, _request: Request, connection: Connection) -> Json:
        if self._daemon.control.take is not None:
            raise RequestRefused("a dictation is running: stop it first with `swictation stop`")
        connection.last_answer = True
        async with self._daemon.hotkey.paused():
            await connection.send({"ok": True, "result": "paused"})
            await connection.receive()  # nothing is expected: it ends when the client hangs up
        return {"key": self._daemon.config.hotkey.key, "fault": self._daemon.hotkey.fault}
