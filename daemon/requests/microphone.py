"""What the socket may ask of the microphone: which ones there are, and how one sounds to the engine."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from daemon import arguments
from daemon.errors import RequestRefused
from daemon.server import Answer, Connection, Request

if TYPE_CHECKING:
    from daemon.app import Daemon

Json = dict[str, Any]


class MicrophoneRequests:
    """The verbs of the microphone. Levels and texts go out, never audio."""

    def __init__(self, daemon: Daemon) -> None:
        self._daemon = daemon
        self.verbs: dict[str, Answer] = {"microphones": self._microphones, "try_microphone": self._try_microphone}

    async def _microphones(self, _request: Request, _connection: Connection) -> list[Json]:
        return await self._daemon.microphone.devices()

    async def _try_microphone(self, request: Request, connection: Connection) -> Json:
        device = request.get("device")
        chosen = self._daemon.config.microphone.device if device is None else arguments.text(request, "device")
        recognise = arguments.flag(request, "recognise")
        if self._daemon.control.take is not None:
            raise RequestRefused("a dictation is running: stop it first with `swictation stop`")
        connection.keep_short()
        return await connection.while_there(self._try(connection, chosen, recognise=recognise))

    async def _try(self, connection: Connection, device: str, *, recognise: bool) -> Json:
        async def report(level: Json) -> None:
            await connection.send({"ok": True, "result": level})

        segment = await self._daemon.trial.run(device, report, listen=recognise)
        return await self._daemon.trial.recognise(segment)
