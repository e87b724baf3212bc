"""A daemon whose engine, microphone, hotkey and window are stand-ins, behind its real socket, with its real files."""

import asyncio
import contextlib
import itertools
from collections.abc import AsyncGenerator
from typing import Any

from daemon import app, client, paths
from daemon.engine.recogniser import EngineState, Phase
from daemon.errors import KeyTaken, MicrophoneError, WorkerError
from daemon.messages import FRAME_BYTES, FRAME_MS, Frame
from models.choice import Wish
from tests.daemon.fakes import SILENT, FakeDetector, FakeInserter, FakeRecogniser

TAKEN = "F11"
LOUD = (b"\x00\x10" + b"\x00\xf0") * (FRAME_BYTES // 4)  # -18 dB


class FakeEngine(FakeRecogniser):
    """Ready at once; cannot load a model in a directory that is named ``bad``."""

    def __init__(self, plan) -> None:
        super().__init__()
        self.plan, self.pid = plan, 1
        self.slow = asyncio.Event()
        self.slow.set()

    @property
    def state(self) -> Any:
        return EngineState(
            phase=Phase.READY, message=None, model=self.plan.directory.name, provider="cpu", practice=False,
            directory=self.plan.directory, engine="sherpa", threads=1, int8=False, provider_fault=None,
            self_test=None, asked=Wish("auto", "auto", 0),
        )  # fmt: skip

    async def start(self) -> None:
        pass

    async def stop(self) -> None:
        pass

    async def wait_ready(self, _timeout_s) -> Any:
        return self.state

    async def use(self, plan) -> None:
        await self.slow.wait()
        if plan.directory.name == "bad":
            raise WorkerError("the model cannot be loaded: it is bad")
        self.plan = plan


class FakePlan:
    """The model's directory alone."""

    def __init__(self, directory) -> None:
        self.directory = directory

    def concerns(self, other) -> bool:
        return self.directory == other.directory


class FakeKeeper:
    """Has nothing to see to."""

    def __init__(self, *_arguments, **_more) -> None:
        pass

    def status(self) -> dict[str, Any]:
        return {}

    async def run(self) -> None:
        await asyncio.Event().wait()


class FakeKeptOpen:
    """Nothing is kept open."""

    fault = None

    async def run(self) -> None:
        await asyncio.Event().wait()


class FakeMicrophone:
    """Hears ``pattern`` (``#`` is speech) and then silence, a frame each 2 ms while ``flows`` is set.

    There is no device named ``none``.
    """

    def __init__(self, between=None, _changed=None) -> None:
        self.pattern = ""
        self.flows = asyncio.Event()
        self.flows.set()
        self.kept_open = FakeKeptOpen()
        self.between = between
        self.closed_between = 0
        self.is_open: str | None = None
        self.opened: list[str] = []

    async def start(self) -> None:
        pass

    async def stop(self) -> None:
        pass

    def status(self) -> dict[str, Any]:
        return {"open": self.is_open is not None, "in_use": self.is_open}

    async def devices(self) -> list[dict[str, Any]]:
        return [{"name": "one", "description": "One", "default": True, "monitor": False}]

    def use(self, between) -> None:
        self.between = between

    def close_between(self) -> None:
        self.closed_between += 1

    async def open(self, device: str, _asked_s: float | None = None) -> AsyncGenerator[Frame, None]:
        if device == "none":
            raise MicrophoneError("there is no microphone named none: there are one")
        if self.is_open is not None:
            raise MicrophoneError("the microphone is open already: stop that recording first")
        self.opened.append(device)
        self.is_open = device
        try:
            for number in itertools.count(1):
                await asyncio.sleep(0.002)
                await self.flows.wait()
                voiced = self.pattern[number - 1 : number] == "#"
                yield Frame(asyncio.get_running_loop().time() + FRAME_MS / 1000, LOUD if voiced else SILENT)
        finally:
            self.is_open = None


class FakeHotkey:
    """A key of a keyboard on which another program holds ``TAKEN``; ``bound`` is what all of them hold."""

    name = "fake"
    reason = None
    trigger = None

    def __init__(self, key: str, bound: list[str]) -> None:
        self.key, self._bound = key, bound

    async def start(self) -> None:
        if self.key == TAKEN:
            raise KeyTaken(f"the hotkey {self.key} is taken by another program")
        self._bound.append(self.key)

    async def stop(self) -> None:
        if self.key in self._bound:
            self._bound.remove(self.key)

    def cancel_key(self, active: bool) -> None:
        pass


class Parts:
    """The running daemon and its stand-ins."""

    def __init__(self, directory, monkeypatch) -> None:
        for variable in ("XDG_RUNTIME_DIR", "XDG_CONFIG_HOME", "XDG_DATA_HOME"):
            monkeypatch.setenv(variable, str(directory / variable.lower()))
        monkeypatch.delenv("SWICTATION_CONFIG", raising=False)
        monkeypatch.delenv("DBUS_SESSION_BUS_ADDRESS", raising=False)  # it may be somebody's own
        self.inserters: list[FakeInserter] = []
        self.bound: list[str] = []
        monkeypatch.setattr(app, "EngineClient", FakeEngine)
        monkeypatch.setattr(app, "EngineKeeper", FakeKeeper)
        monkeypatch.setattr(app, "Microphone", FakeMicrophone)
        monkeypatch.setattr(app, "choose_inserter", self._choose_inserter)
        monkeypatch.setattr(app, "choose_hotkey", lambda key, *_a, **_k: FakeHotkey(key, self.bound))
        monkeypatch.setattr(app.engine_choice, "for_model", lambda directory, _config: FakePlan(directory))
        self.daemon = app.Daemon(paths.config_file())
        self.daemon.dictation.listener.new_detector = self.daemon.trial._new_detector = FakeDetector
        self.file = paths.config_file()

    def _choose_inserter(self, _method, *_rest, **_more) -> FakeInserter:
        self.inserters.append(FakeInserter())
        return self.inserters[-1]

    @property
    def engine(self) -> FakeEngine:
        return self.daemon.engine

    @property
    def microphone(self) -> FakeMicrophone:
        return self.daemon.microphone

    async def ask(self, verb, **arguments):
        return await asyncio.to_thread(client.ask, verb, **arguments)

    async def dictate(self, pattern="#" * 25) -> None:
        """Say something, and wait until it is written down."""
        before = self.daemon.journal.revision
        self.microphone.pattern = pattern
        await self.ask("start")
        async with asyncio.timeout(30):
            while (take := self.daemon.control.take) is None or take.frames < len(pattern):
                await asyncio.sleep(0.005)
            await self.ask("stop")
            while self.daemon.journal.revision == before:
                await asyncio.sleep(0.005)

    async def until(self, met) -> None:
        """Wait until ``met()``."""
        async with asyncio.timeout(30):
            while not met():
                await asyncio.sleep(0.005)


@contextlib.asynccontextmanager
async def running(directory, monkeypatch):
    """The daemon while it runs."""
    parts = Parts(directory, monkeypatch)
    work = asyncio.create_task(parts.daemon.run())
    try:
        await parts.until(lambda: paths.socket_file().exists() and parts.bound)
        yield parts
    finally:
        parts.daemon.stopping.set()
        await work
