"""The composition root: which parts the daemon has, in which order they start, and what the socket may ask of them."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import functools
import logging
import os
import secrets
import signal
import sys
import time
from collections.abc import AsyncGenerator, Callable
from pathlib import Path

from daemon import config as configuration
from daemon import paths, silero
from daemon.accessibility import choose as choose_accessibility
from daemon.config import Config
from daemon.control import Control
from daemon.dictation import Dictation, Settings
from daemon.endpoint import EndpointSettings
from daemon.engine import choice as engine_choice
from daemon.engine.keeper import EngineKeeper
from daemon.engine.measure import measure
from daemon.engine.recogniser import EngineClient
from daemon.errors import RequestRefused, SwictationError, WorkerError
from daemon.hotkey.bound import BoundHotkey
from daemon.hotkey.choose import choose as choose_hotkey
from daemon.hotkey.contract import Hotkey, Listener
from daemon.insert.choose import choose as choose_inserter
from daemon.insert.contract import Inserter
from daemon.journal import Journal
from daemon.messages import Frame, Mode
from daemon.microphone.capture import Microphone
from daemon.microphone.trial import MicrophoneTrial
from daemon.requests.verbs import Requests
from daemon.server import Server
from daemon.service import Service
from daemon.silero import Voices
from daemon.single import Lock
from daemon.spool import Spool
from daemon.worker import program

log = logging.getLogger(__name__)

_LOADING_LIMIT_S = 600.0


class Daemon:
    """All parts of the running daemon. ``config_file`` is read again by ``reload``."""

    def __init__(self, config_file: Path, model_directory: Path | None = None, service: Service | None = None) -> None:
        self._service = service or Service()
        self.config_file = config_file
        self.config = configuration.load(config_file)
        self.began_s = time.monotonic()
        self.config_revision = secrets.randbits(31)  # another one after every change, and in the next daemon
        self.stopping = asyncio.Event()
        self._changed = asyncio.Event()
        self._model_override = model_directory
        runtime, data = paths.private(paths.runtime_directory()), paths.private(paths.data_directory())
        history = self.config.history
        self.journal = Journal(paths.history_file(), limit=history.limit, keep_text=history.keep_text)
        self.engine = EngineClient(_plan(self.config, model_directory))
        self.microphone = Microphone(self.config.microphone, self.changed)
        self.voices = Voices(data / "models" / silero.NAME)
        self.accessibility = choose_accessibility(sys.platform, os.environ, on=self.config.insert.refuse_passwords)
        self.inserter: Inserter = self._choose_inserter(self.config)
        self.dictation = Dictation(
            recogniser=self.engine,
            inserter=self.inserter,
            record=self.journal.record,
            spool=Spool(runtime / "pending"),
            kept=Spool(data / "kept"),
            settings=_settings(self.config),
            changed=self.changed,
            detector=self.voices.detector,
        )
        self.control = Control(
            self.dictation,
            open_microphone=self._open_microphone,
            hold_ms=self.config.hotkey.hold_ms,
            max_recording_s=self.config.hotkey.max_recording_s,
            recording=self._recording,
            changed=self.changed,
        )
        self.keeper = EngineKeeper(
            self.engine,
            engine_choice.memory(),
            measure=functools.partial(measure, command=[*program("daemon"), "_bench"]),
            idle=lambda: self.control.take is None and not self.dictation.busy,
            next_change=self.next_change,
            changed=self.changed,
        )
        self.trial = MicrophoneTrial(
            self.microphone.open,
            self.engine,
            settings=lambda: self.dictation.settings.endpoint,
            rewrite=self.dictation.rewrite,
            detector=self.voices.detector,
        )
        self.hotkey = BoundHotkey(self.config.hotkey.key, self._new_hotkey, changed=self.changed)
        self.server = Server(paths.socket_file(), Requests(self).answer)

    # -- life ----------------------------------------------------------------------------------------------------------

    async def run(self) -> None:
        """Start every part, serve until ``stopping`` is set, and stop the parts in reverse order."""
        async with contextlib.AsyncExitStack() as stack:
            stack.callback(self.journal.close)
            self.dictation.last = await self.journal.latest()
            stack.push_async_callback(self._stop_inserter)
            await self.inserter.start()
            await self._start(stack, self.voices, self.microphone, self.engine, self.server, self.hotkey)
            self._service.ready()
            async with asyncio.TaskGroup() as group:
                work = (self.dictation.run(), self._when_ready(), self.hotkey.keep(), self.keeper.run())
                always = (*work, self.microphone.kept_open.run(), self.accessibility.run(), self._service.feed())
                tasks = [group.create_task(one) for one in always]
                await self.stopping.wait()
                self._service.stopping()
                for task in tasks:
                    task.cancel()
            await self.dictation.settle_all()  # or the next daemon would hold what has arrived

    @staticmethod
    async def _start(
        stack: contextlib.AsyncExitStack, *parts: Voices | Microphone | EngineClient | Server | BoundHotkey
    ) -> None:
        for part in parts:
            stack.push_async_callback(part.stop)
            await part.start()

    async def _when_ready(self) -> None:
        """What waits for the engine: audio that an earlier daemon left, and hands-free dictation from the start."""
        told = ""
        while True:
            try:
                await self.engine.wait_ready(_LOADING_LIMIT_S)
                break
            except WorkerError as error:
                if str(error) != told:  # once a second, a broken model would fill the journal
                    told = str(error)
                    log.warning("%s", told)
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
        """Take over the configuration file; gives back the keys that only a restart changes.

        Raises ConfigError, or WorkerError for a model that cannot be loaded, with everything as it was.
        """
        load = functools.partial(configuration.load, self.config_file)
        return await self._change_to(load(), load, insist=False)

    async def set_value(self, key: str, value: str | float) -> list[str]:
        """Change one key of the configuration, here and in its file; gives back the keys that only a restart changes.

        Raises ConfigError, HotkeyError or WorkerError with the reason, and everything, the file too, as it was.
        """
        if key == "hotkey.key" and self.control.take is not None:  # its release would be missed
            raise RequestRefused("a dictation is running: stop it first with `swictation stop`")

        def write() -> Config:
            config, content = configuration.with_value(self.config_file, key, value)  # it may have changed meanwhile
            configuration.write(self.config_file, content)
            return config

        revision = None
        while revision != self.config_revision:  # or what was committed meanwhile would be taken back
            revision = self.config_revision
            wanted, _content = await asyncio.to_thread(configuration.with_value, self.config_file, key, value)
        return await self._change_to(wanted, write, insist=True)

    async def _change_to(self, wanted: Config, commit: Callable[[], Config], *, insist: bool) -> list[str]:
        """Do what can be refused, then ``commit``, then the rest. What a refusal leaves half done is undone."""
        before = self.config
        async with contextlib.AsyncExitStack() as undo:
            await self.hotkey.change(wanted.hotkey.key, insist=insist)
            undo.push_async_callback(self.hotkey.change, before.hotkey.key, insist=False)
            if wanted.model != before.model or not insist:  # a reload looks at the models again, too
                await self._use_model(before, wanted)
                undo.push_async_callback(self._use_model, wanted, before)
            before, self.config = self.config, commit()
            undo.pop_all()
        self.dictation.settings = _settings(self.config)
        self.control.hold_ms = self.config.hotkey.hold_ms
        self.control.max_recording_s = self.config.hotkey.max_recording_s
        self.microphone.use(self.config.microphone)
        self.accessibility.use(self.config.insert.refuse_passwords)
        self.config_revision += 1
        self.changed()
        await self._use_history(before, self.config)
        await self._use_inserter(before, self.config)
        self._use_hands_free(before, self.config)
        return []  # everything can be taken over by a running daemon

    async def _use_model(self, before: Config, new: Config) -> None:
        override = self._model_override if new.model.dir == before.model.dir else None
        plan = await asyncio.to_thread(_plan, new, override)
        if not plan.concerns(self.engine.plan):
            await self.engine.use(plan)
            await self.dictation.recover()
        self._model_override = override

    async def _use_history(self, before: Config, new: Config) -> None:
        if new.history != before.history:
            await self.journal.configure(limit=new.history.limit, keep_text=new.history.keep_text)
            self.changed()

    async def _use_inserter(self, before: Config, new: Config) -> None:
        if (new.insert.method, new.insert.rules) != (before.insert.method, before.insert.rules):
            inserter = self._choose_inserter(new)
            await inserter.start()
            await self.dictation.use_inserter(inserter)
            leaving, self.inserter = self.inserter, inserter
            await leaving.stop()
            self.changed()

    def _use_hands_free(self, before: Config, new: Config) -> None:
        if new.dictation.hands_free == before.dictation.hands_free:
            return
        if not new.dictation.hands_free and self.control.take is not None and self.control.take.mode is Mode.HANDS_FREE:
            self.control.stop()
        elif new.dictation.hands_free and self.engine.state.phase == "ready":
            self.control.start(Mode.HANDS_FREE)

    # -- what the parts need of each other -----------------------------------------------------------------------------

    async def _open_microphone(self, asked_s: float) -> AsyncGenerator[Frame, None]:
        await self.trial.end()
        await self.voices.look()
        async with contextlib.aclosing(self.microphone.open(self.config.microphone.device, asked_s)) as frames:
            async for frame in frames:
                yield frame

    def _recording(self, active: bool) -> None:
        self.hotkey.cancel_key(active)
        self.accessibility.recording(active)

    def _model_directory(self) -> Path:
        return self._model_override or configuration.model_directory(self.config)

    def _plan(self) -> engine_choice.Plan:
        return engine_choice.for_model(self._model_directory(), self.config.model)

    def _new_hotkey(self, key: str, on_lost: Callable[[str | None], None]) -> Hotkey:
        listener = Listener(
            on_press=self.control.press,
            on_release=self.control.release,
            on_cancel=lambda _at_s: self.control.cancel(),
            on_lost=on_lost,
        )
        return choose_hotkey(key, listener, platform=sys.platform, environment=os.environ)

    def _choose_inserter(self, config: Config) -> Inserter:
        used, told = config.insert, self.accessibility
        return choose_inserter(
            used.method, sys.platform, os.environ, self.changed, rules=used.rules, refuse=told.refusal, front=told.front
        )

    async def _stop_inserter(self) -> None:
        await self.inserter.stop()  # perhaps not the one that was there at the start


def _plan(config: Config, override: Path | None) -> engine_choice.Plan:
    return engine_choice.for_model(override or configuration.model_directory(config), config.model)


def _settings(config: Config) -> Settings:
    return Settings(
        endpoint=EndpointSettings(**dataclasses.asdict(config.endpoint)),
        append_space=config.insert.append_space,
        newlines=config.insert.newlines,
        keep_text=config.history.keep_text,
    )


async def _serve(model_directory: Path | None, service: Service) -> None:
    daemon = Daemon(paths.config_file(), model_directory, service)
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        asyncio.get_running_loop().add_signal_handler(number, daemon.stopping.set)
    await daemon.run()


def main(model_directory: Path | None = None) -> int:
    """Run the daemon in the foreground; a second one says so and ends with 0."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    service = Service.taken_from(os.environ)
    try:
        lock = Lock(paths.private(paths.runtime_directory()) / "daemon.lock")
        if (holder := lock.take()) is not None:
            print(f"swictation is already running (process {holder})")
            service.ready()  # a unit that ends well without having been ready has failed
            return 0
        asyncio.run(_serve(model_directory, service))
    except SwictationError as error:
        print(f"swictation: {error}", file=sys.stderr)
        return 1
    return 0
