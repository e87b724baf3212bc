"""What the socket may ask of the start on login."""

from __future__ import annotations

import asyncio
from typing import Any

from daemon.autostart import switch
from daemon.errors import AutostartError, RequestRefused
from daemon.server import Answer, Connection, Request


class AutostartRequests:
    """The verb ``autostart``: how it stands, or the switch."""

    def __init__(self) -> None:
        self.verbs: dict[str, Answer] = {"autostart": self._autostart}

    async def _autostart(self, request: Request, _connection: Connection) -> dict[str, Any]:
        on = request.get("on")
        if on is not None and not isinstance(on, bool):
            raise RequestRefused("on must be true, false or null")
        try:
            return (await asyncio.to_thread(switch.switched, on)).as_json()
        except AutostartError as error:
            raise RequestRefused(str(error)) from None
