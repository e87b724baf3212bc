"""How fast an engine decodes: by its warm-up, then by its last decodes."""

import os
import signal

import pytest

from daemon.engine.choice import Plan
from daemon.engine.pace import Pace
from daemon.engine.recogniser import EngineClient
from daemon.errors import WorkerError
from tests.daemon.scripted_backend import LIMIT_S, ON_CPU, Scripted, until
from tests.daemon.scripted_engine import WARM_MS
from tests.daemon.sherpa_stand_in import FAIL, SPEAK, pcm_of


@pytest.mark.parametrize(
    ("took_ms", "pace_ms"), [((), 5.0), ((100,), 50), ((100, 400), 200), ((100, 400, 100), 50), ((100, 400, 400), 200)]
)
def test_one_slow_decode_among_others_is_forgiven(took_ms, pace_ms):
    pace = Pace()
    for ms in took_ms:
        pace.decoded(ms, 2.0)
    assert pace.ms(5.0) == pace_ms


def test_after_a_failure_it_has_to_show_first_that_it_works():
    pace = Pace()
    pace.decoded(100, 2.0)
    pace.failed()
    assert pace.ms(5.0) is None
    pace.decoded(20, 2.0)
    assert pace.ms(5.0) == 10


async def test_an_engine_has_a_pace_from_when_it_is_ready_to_when_it_fails(stand_in):
    client = EngineClient(Plan(stand_in / "model"))
    assert client.pace_ms is None
    await client.start()
    try:
        await client.wait_ready(LIMIT_S)
        at_first_ms = client.pace_ms
        assert at_first_ms > 0
        await client.recognise(pcm_of(SPEAK))
        assert client.pace_ms not in {None, at_first_ms}
        with pytest.raises(WorkerError):
            await client.recognise(pcm_of(FAIL))
        assert client.pace_ms is None
        await client.recognise(pcm_of(SPEAK))
        assert client.pace_ms > 0
        (stand_in / "load_waits").touch()
        os.kill(client.pid, signal.SIGKILL)
        await until(lambda: client.pace_ms is None)
        (stand_in / "load_waits").unlink()
        await client.wait_ready(LIMIT_S)
        assert client.pace_ms > 0
    finally:
        await client.stop()


async def test_an_engine_that_takes_over_begins_with_its_own(tmp_path, monkeypatch):
    scripted = Scripted(tmp_path, monkeypatch)
    async with scripted.client() as client:
        await client.wait_ready(LIMIT_S)
        for _ in range(3):
            await client.recognise(bytes(200))
        assert client.pace_ms != WARM_MS
        await client.use(scripted.plan(ON_CPU))
        assert client.pace_ms == WARM_MS
