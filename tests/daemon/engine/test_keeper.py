"""The keeper with scripted engines: it measures while nobody dictates, switches, and asks for a lost GPU again."""

import asyncio
import contextlib

import pytest

from daemon.engine import choice as engine_choice
from daemon.engine.choice import Memory
from daemon.engine.keeper import EngineKeeper, retry_pause_s
from daemon.engine.measure import NotMeasured
from models.choice import REFERENCE, Backend, Machine, Measured, Wish
from tests.daemon.scripted_backend import LIMIT_S, ON_GPU, Scripted, until

ORT = Backend("ort", "cpu", 1)
DESKTOP, WORKSTATION = Machine(ort=True), Machine(ort=True, gpu=True, cuda=("ort",))


class Desk:
    """A daemon's part around the keeper: somebody who dictates or not, and measurements that come out as told."""

    def __init__(self, scripted, machine, wish=None):
        self.scripted, self.machine, self.wish = scripted, machine, wish or Wish()
        self.memory = Memory(scripted.place / "engines.json")
        self.dictating = self.crowded = False
        self.ratios = {ORT: 0.5, ON_GPU: 0.1}
        self.measurements, self.dropped = [], 0
        self.go = asyncio.Event()
        self.go.set()
        self._change = asyncio.Event()

    def changed(self):
        self._change.set()
        self._change = asyncio.Event()

    def dictate(self, begin):
        self.dictating = begin
        self.changed()

    async def measure(self, directory, backend):
        self.measurements.append(backend)
        try:
            await self.go.wait()
        except asyncio.CancelledError:
            self.dropped += 1
            raise
        outcome = self.ratios[backend]
        if outcome is None:
            raise NotMeasured("too little memory")
        row = (
            Measured(backend, fault=outcome) if isinstance(outcome, str) else Measured(backend, 100 * outcome, outcome)
        )
        return [Measured(REFERENCE, 100.0, 1.0), row]

    @contextlib.asynccontextmanager
    async def kept(self):
        model = self.scripted.model
        plan = engine_choice.plan(model, self.wish, self.memory.known(model), self.machine)
        async with self.scripted.client(plan) as client:
            keeper = EngineKeeper(
                client,
                self.memory,
                measure=self.measure,
                idle=lambda: not self.dictating,
                next_change=lambda: self._change,
                changed=self.changed,
                machine=lambda: self.machine,
                crowded=lambda: self.crowded,
                calm_s=0.05,
                retry_first_s=0.2,
            )
            running = asyncio.create_task(keeper.run())
            try:
                yield client, keeper
            finally:
                running.cancel()
                await asyncio.wait({running})
                assert running.cancelled()


@pytest.fixture
def scripted(tmp_path, monkeypatch):
    return Scripted(tmp_path, monkeypatch)


async def test_it_begins_with_the_reference_measures_and_switches(scripted):
    desk = Desk(scripted, DESKTOP)
    async with desk.kept() as (client, keeper):
        await client.wait_ready(LIMIT_S)
        assert client.state.backend == REFERENCE
        assert keeper.status()["measured"] is None
        await until(lambda: client.state.backend == ORT)

        told = keeper.status()
        assert desk.measurements == [ORT]
        assert (told["engine"], told["threads"], told["measuring"]) == ("ort", 1, False)
        assert told["asked"] == {"engine": "auto", "provider": "auto"}
        assert told["self_test"] == {"verdict": "passed", "reason": "fine"}
        assert [(row["backend"], row["ratio"]) for row in told["measured"]["rows"]] == [
            (str(REFERENCE), 1.0),
            (str(ORT), 0.5),
        ]
        assert (await client.recognise(bytes(100))).transcript.text == "cpu 100"


async def test_the_next_daemon_begins_with_what_was_found_out(scripted):
    async with Desk(scripted, DESKTOP).kept() as (client, _keeper):
        await until(lambda: client.state.backend == ORT)
    again = Desk(scripted, DESKTOP)
    async with again.kept() as (client, keeper):
        await client.wait_ready(LIMIT_S)
        assert client.state.backend == ORT
        assert keeper.status()["self_test"] == {"verdict": "passed", "reason": "fine"}
        await asyncio.sleep(0.3)

    assert again.measurements == []


async def test_the_verdict_is_noted_and_the_model_not_judged_again(scripted):
    desk = Desk(scripted, Machine())
    async with desk.kept() as (_client, _keeper):
        await until(lambda: desk.memory.known(scripted.model).verdicts)
    async with desk.kept() as (client, keeper):
        await client.wait_ready(LIMIT_S)
        assert keeper.status()["self_test"] == {"verdict": "passed", "reason": "fine"}

    first, second = scripted.starts()
    assert first.endswith("--judge")
    assert second.endswith("--cpu-text ab12")


async def test_a_dictation_drops_the_measurement_which_is_made_later(scripted):
    desk = Desk(scripted, DESKTOP)
    desk.go.clear()
    async with desk.kept() as (client, keeper):
        await until(lambda: keeper.measuring)
        desk.dictate(True)
        await until(lambda: not keeper.measuring)
        assert (desk.dropped, len(desk.measurements)) == (1, 1)
        await asyncio.sleep(0.3)
        assert len(desk.measurements) == 1
        assert client.state.backend == REFERENCE
        desk.go.set()
        desk.dictate(False)

        await until(lambda: client.state.backend == ORT)


async def test_what_cannot_be_measured_now_is_left_for_later(scripted):
    desk = Desk(scripted, DESKTOP)
    desk.ratios[ORT] = None
    async with desk.kept() as (client, keeper):
        await until(lambda: desk.measurements and not keeper.measuring)
        desk.changed()
        await asyncio.sleep(0.3)

        assert desk.measurements == [ORT]
        assert client.state.backend == REFERENCE


async def test_a_busy_machine_is_measured_when_it_is_quiet(scripted):
    desk = Desk(scripted, DESKTOP)
    desk.crowded = True
    async with desk.kept() as (client, _keeper):
        await until(lambda: desk.memory.known(scripted.model).verdicts)
        await asyncio.sleep(0.2)
        assert desk.measurements == []
        desk.crowded = False
        desk.changed()

        await until(lambda: client.state.backend == ORT)


async def test_a_measurement_from_the_command_line_is_taken_over(scripted):
    desk = Desk(scripted, DESKTOP)
    desk.ratios[ORT] = 0.95
    async with desk.kept() as (client, keeper):
        await until(lambda: keeper.status()["measured"])
        known = desk.memory.known(scripted.model)
        desk.memory.note(scripted.model, engine_choice.with_rows(known, Measured(ORT, 40.0, 0.4)))
        desk.changed()

        await until(lambda: client.state.backend == ORT)


async def test_a_gpu_is_used_before_it_is_measured_and_kept_if_it_is_faster(scripted):
    desk = Desk(scripted, WORKSTATION)
    async with desk.kept() as (client, keeper):
        assert (await client.recognise(bytes(100))).provider == "cuda"
        await until(lambda: len(desk.measurements) == 2)
        await asyncio.sleep(0.3)

        assert client.state.backend == ON_GPU
        assert keeper.status()["provider_fault"] is None
    assert len(scripted.starts()) == 1


async def test_a_lost_gpu_is_tried_again_until_it_is_back(scripted):
    desk = Desk(scripted, WORKSTATION)
    scripted.manner("loads loses 1")
    async with desk.kept() as (client, keeper):
        assert (await client.recognise(bytes(100))).provider == "cpu"
        scripted.manner("refuses none 0")
        assert keeper.status()["provider_fault"] == "CUDA failure 999"
        await until(lambda: keeper.status()["provider_fault"] == "no onnxruntime here")
        assert client.state.provider == "cpu"
        scripted.manner("loads none 0")

        await until(lambda: client.state.backend == ON_GPU)
        assert keeper.status()["provider_fault"] is None


async def test_a_gpu_that_could_not_be_measured_is_shown_tried_and_measured_when_it_is_there(scripted):
    desk = Desk(scripted, WORKSTATION)
    scripted.manner("cpu none 0")
    desk.ratios[ON_GPU] = "there is no driver"
    async with desk.kept() as (client, keeper):
        await until(lambda: client.state.backend == ORT and keeper.status()["measured"])
        assert keeper.status()["provider_fault"] == "there is no driver"
        await asyncio.sleep(0.5)
        assert client.state.backend == ORT
        scripted.manner("loads none 0")
        desk.ratios[ON_GPU] = 0.1

        await until(lambda: desk.measurements.count(ON_GPU) == 2)
        await until(lambda: client.state.backend == ON_GPU)
        assert keeper.status()["provider_fault"] is None


async def test_a_gpu_that_the_user_asked_for_is_asked_for_again_though_nothing_is_measured(scripted):
    desk = Desk(scripted, WORKSTATION, Wish(provider="cuda"))
    scripted.manner("cpu none 0")
    async with desk.kept() as (client, _keeper):
        await until(lambda: len(scripted.starts()) == 3)

        assert client.state.provider_fault == "there is no driver"
    assert desk.measurements == []


async def test_int8_weights_are_not_tried_on_the_gpu_over_and_over(scripted):
    desk = Desk(scripted, WORKSTATION, Wish(provider="cuda"))
    scripted.manner("int8 none 0")
    async with desk.kept() as (client, _keeper):
        state = await client.wait_ready(LIMIT_S)
        await asyncio.sleep(0.6)

        assert (state.int8, client.state.provider) == (True, "cpu")
    assert len(scripted.starts()) == 1


def test_the_time_between_two_tries_doubles_to_ten_minutes():
    assert [retry_pause_s(60.0, tries) for tries in range(6)] == [60, 120, 240, 480, 600, 600]
