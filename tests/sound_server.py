"""A sound server of a test's own, which can freeze and lose its microphone as a real one may."""

from __future__ import annotations

import json
import signal

from daemon.path_bench.sound import MICROPHONE, PrivateSound, end

__all__ = ["MICROPHONE", "SoundServer"]


class SoundServer(PrivateSound):
    """A private PulseAudio that things can happen to."""

    def freeze(self) -> None:
        """Stop the server in mid-air: it answers nobody until ``thaw``."""
        assert self._server is not None
        self._server.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        assert self._server is not None
        self._server.send_signal(signal.SIGCONT)

    def unload(self, module: str) -> None:
        """Take a sink away, and the microphone with it."""
        self.pactl("unload-module", module)
        if module in self._keep_alive:
            end(self._keep_alive.pop(module))

    def recorders(self) -> list[str]:
        """The process ids that have a microphone open, but for our own."""
        ours = {str(reader.pid) for reader in self._keep_alive.values()}
        return [pid for pid in self.streams().values() if pid not in ours]

    def streams(self) -> dict[int, str | None]:
        """Every stream that reads a microphone, with its process id."""
        outputs = json.loads(self.pactl("--format=json", "list", "source-outputs"))
        return {one["index"]: one["properties"].get("application.process.id") for one in outputs}
