"""A model directory whose workers are scripted, and plans for it."""

import asyncio
import contextlib
import sys

from daemon import worker
from daemon.engine.choice import Plan
from daemon.engine.recogniser import EngineClient
from models.choice import Backend, Wish
from tests.models import tiny
from tests.recordings import ROOT

ON_GPU, ON_CPU = Backend("ort", "cuda", 1), Backend("sherpa", "cpu", 1)
LIMIT_S = 20.0


class Scripted:
    """The directory, and what its workers are to do."""

    def __init__(self, place, monkeypatch):
        self.place = place
        self.model = tiny.bundle(place / "model")
        program = [sys.executable, "-m", "tests.daemon.scripted_engine"]
        monkeypatch.setattr(worker, "program", lambda _package: program)
        monkeypatch.setenv("PYTHONPATH", str(ROOT))
        self.manner("loads none 0")

    def manner(self, words):
        (self.place / "manner").write_text(words)

    def starts(self):
        """The arguments of every worker so far, without the model's."""
        file = self.place / "starts"
        return [line.split(" ", 2)[2] for line in file.read_text().splitlines()] if file.exists() else []

    def plan(self, backend=ON_GPU, **more):
        return Plan(self.model, backend, ON_CPU, wish=Wish(provider="cuda"), **more)

    @contextlib.asynccontextmanager
    async def client(self, plan=None):
        client = EngineClient(plan or self.plan())
        await client.start()
        try:
            yield client
        finally:
            await client.stop()


async def in_decode(client, pcm, begun):
    """A request that the worker is at, as the file ``begun`` shows."""
    request = asyncio.create_task(client.recognise(pcm))
    await until(begun.exists)
    return request


async def until(condition):
    async with asyncio.timeout(LIMIT_S):
        while not condition():
            await asyncio.sleep(0.02)
