"""The composition root: which parts the daemon has, in which order they start, and what the socket may ask of them."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import logging
import os
import signal
import sys
import time
from collections.abc import AsyncGenerator
from pathlib import Path

from daemon import config as configuration
from daemon import paths
from daemon.capture import Microphone
from daemon.config import Config
from daemon.control import Control
from daemon.dictation import Dictation, Settings
from daemon.endpoint import EndpointSettings
from daemon.errors import HotkeyError, SwictationError, WorkerError
from daemon.hotkey.choose import choose as choose_hotkey
from daemon.hotkey.contract import Hotkey, Listener
from daemon.insert.choose import choose as choose_inserter
from daemon.insert.contract import Inserter
from daemon.journal import Journal
from daemon.messages import Frame, Mode
from daemon.recogniser import EngineClient
from daemon.requests import Requests
from daemon.server import Server
from daemon.single import Lock
from daemon.spool import Spool

log = logging.getLogger(__name__)

_LOADING_LIMIT_S = 600.0
_HOTKEY_RETRY_S = 3.0


class Daemon:
    """All parts of the running daemon. ``config_file`` is read again by ``reload``."""

    def __init__(self, config_file: Path, model_directory: Path | None = None) -> None:
        self.config_file = config_file
        self.config = configuration.load(config_file)
        self.began_s = time.monotonic()
        self.hotkey_fault: str | None = None
        self.stopping = asyncio.Event()
        self._changed = asyncio.Event()
        self._model_override = model_directory
        runtime, data = paths.private(paths.runtime_directory()), paths.private(paths.data_directory())
        history = self.config.history
        self.journal = Journal(paths.history_file(), limit=history.limit, keep_text=history.keep_text)
        model = self.config.model
        self.engine = EngineClient(self._model_directory(), model.threads, model.engine)
        self.microphone = Microphone()
        self.inserter: Inserter = choose_inserter(self.config.insert.method, sys.platform, os.environ)
        self.dictation = Dictation(
            recogniser=self.engine,
            inserter=self.inserter,
            record=self.journal.record,
            spool=Spool(runtime / "pending"),
            kept=Spool(data / "kept"),
            settings=_settings(self.config),
            changed=self.changed,
        )
        self.control = Control(
            self.dictation,
            open_microphone=self._open_microphone,
            hold_ms=self.config.hotkey.hold_ms,
            max_recording_s=self.config.hotkey.max_recording_s,
            recording=self._recording,
            changed=self.changed,
        )
        self.hotkey: Hotkey = self._new_hotkey()
        self.server = Server(paths.socket_file(), Requests(self).answer)

    # -- life ----------------------------------------------------------------------------------------------------------

    async def run(self) -> None:
        """Start every part, serve until ``stopping`` is set, and stop the parts in reverse order."""
        async with contextlib.AsyncExitStack() as stack:
            stack.callback(self.journal.close)
            self.dictation.last = await self.journal.latest()
            await self._start(stack, self.inserter, self.microphone, self.engine, self.server)
            stack.push_async_callback(self._release_hotkey)
            await self._bind_hotkey()
            async with asyncio.TaskGroup() as group:
                work = (self.dictation.run(), self._when_ready(), self._keep_hotkey())
                tasks = [group.create_task(one) for one in work]
                await self.stopping.wait()
                for task in tasks:
                    task.cancel()
            await self.dictation.settle_all()  # or the next daemon would hold what has arrived

    @staticmethod
    async def _start(stack: contextlib.AsyncExitStack, *parts: Inserter | Microphone | EngineClient | Server) -> None:
        for part in parts:
            stack.push_async_callback(part.stop)
            await part.start()

    async def _when_ready(self) -> None:
        """What waits for the engine: audio that an earlier daemon left, and hands-free dictation from the start."""
        while True:
            try:
                await self.engine.wait_ready(_LOADING_LIMIT_S)
                break
            except WorkerError as error:
                log.warning("%s", error)
                await asyncio.sleep(1.0)
        state = self.engine.state
        log.info("ready: %s on %s", state.model, state.provider)
        self.changed()
        if recovered := await self.dictation.recover():
            log.info("%d utterances of an earlier run are held", recovered)
        if self.config.dictation.hands_free:
            self.control.start(Mode.HANDS_FREE)

    # -- change --------------------------------------------------------------------------------------------------------

    def changed(self) -> None:
        """Tell everyone who watches that the status is another."""
        self._changed.set()
        self._changed = asyncio.Event()

    def next_change(self) -> asyncio.Event:
        """The event that the next call of ``changed`` sets; taken before the status is read, it misses no change."""
        return self._changed

    async def reload(self) -> list[str]:
        """Take over the configuration file; gives back the keys that only a restart changes. Raises ConfigError."""
        before, self.config = self.config, configuration.load(self.config_file)
        self.dictation.settings = _settings(self.config)
        self.control.hold_ms = self.config.hotkey.hold_ms
        self.control.max_recording_s = self.config.hotkey.max_recording_s
        if self.config.hotkey.key != before.hotkey.key:
            await self.hotkey.stop()
            self.hotkey = self._new_hotkey()
            await self._bind_hotkey()
        if self.config.model.dir != before.model.dir:
            self._model_override = None
            await self.engine.use(self._model_directory())
            await self.dictation.recover()
        self.changed()
        old, new = configuration.flatten(before), configuration.flatten(self.config)
        fixed = (
            "model.threads",
            "model.engine",
            "insert.method",
            "history.keep_text",
            "history.limit",
            "dictation.hands_free",
        )
        return [key for key in fixed if old[key] != new[key]]

    def _open_microphone(self) -> AsyncGenerator[Frame, None]:
        return self.microphone.open(self.config.microphone.device)

    def _recording(self, active: bool) -> None:
        self.hotkey.cancel_key(active)

    def _model_directory(self) -> Path:
        return self._model_override or configuration.model_directory(self.config)

    def _new_hotkey(self) -> Hotkey:
        listener = Listener(
            on_press=self.control.press,
            on_release=self.control.release,
            on_cancel=lambda _at_s: self.control.cancel(),
            on_lost=self._hotkey_lost,
        )
        return choose_hotkey(self.config.hotkey.key, listener, platform=sys.platform, environment=os.environ)

    async def _release_hotkey(self) -> None:
        await self.hotkey.stop()

    async def _bind_hotkey(self) -> None:
        try:
            await self.hotkey.start()
        except HotkeyError as error:
            self._hotkey_lost(str(error))
        else:
            self.hotkey_fault = self.hotkey.reason
            self.changed()

    def _hotkey_lost(self, reason: str) -> None:
        if reason != self.hotkey_fault:
            log.warning("%s", reason)
        self.hotkey_fault = reason
        self.changed()

    async def _keep_hotkey(self) -> None:
        """Try again for a key that was taken or lost: the other program may have ended, the X server come back."""
        while True:
            await asyncio.sleep(_HOTKEY_RETRY_S)
            if self.hotkey_fault is not None and self.hotkey.reason is None:
                await self.hotkey.stop()
                await self._bind_hotkey()


def _settings(config: Config) -> Settings:
    return Settings(
        endpoint=EndpointSettings(**dataclasses.asdict(config.endpoint)),
        append_space=config.insert.append_space,
        newlines=config.insert.newlines,
        keep_text=config.history.keep_text,
    )


async def _serve(model_directory: Path | None) -> None:
    daemon = Daemon(paths.config_file(), model_directory)
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        loop.add_signal_handler(number, daemon.stopping.set)
    await daemon.run()


def main(model_directory: Path | None = None) -> int:
    """Run the daemon in the foreground; a second one says so and ends with 0."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    try:
        lock = Lock(paths.private(paths.runtime_directory()) / "daemon.lock")
        if (holder := lock.take()) is not None:
            print(f"swictation is already running (process {holder})")
            return 0
        asyncio.run(_serve(model_directory))
    except SwictationError as error:
        print(f"swictation: {error}", file=sys.stderr)
        return 1
    return 0
