"""What a service manager hears: a socket of our own stands for it."""

import asyncio
import os
import socket
import time

import pytest

from daemon.service import Service


@pytest.fixture(params=["file", "abstract"])
def manager(request, tmp_path):
    """A socket, and the address under which the daemon is told of it."""
    name = str(tmp_path / "notify") if request.param == "file" else f"\0swictation-test-{os.getpid()}"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as bound:
        bound.bind(name)
        bound.setblocking(False)
        yield bound, name.replace("\0", "@")


def _heard(bound):
    heard = []
    while True:
        try:
            heard.append(bound.recv(100))
        except BlockingIOError:
            return heard


def test_it_is_told_of_beginning_and_end(manager):
    bound, address = manager
    environment = {"NOTIFY_SOCKET": address, "HOME": "/"}
    service = Service.taken_from(environment)
    service.ready()
    service.stopping()
    assert _heard(bound) == [b"READY=1", b"STOPPING=1"]
    assert environment == {"HOME": "/"}


async def test_the_watchdog_is_fed_while_the_loop_runs_and_not_while_it_stands_still(manager):
    bound, address = manager
    service = Service.taken_from({"NOTIFY_SOCKET": address, "WATCHDOG_USEC": "40000", "WATCHDOG_PID": str(os.getpid())})
    feeding = asyncio.create_task(service.feed())
    while len(_heard(bound)) == 0:
        await asyncio.sleep(0.001)
    await asyncio.sleep(0.2)
    assert set(_heard(bound)) == {b"WATCHDOG=1"}
    time.sleep(0.2)  # the loop stands still
    assert _heard(bound) == []
    feeding.cancel()
    await asyncio.wait({feeding})


@pytest.mark.parametrize(
    "watched", [{}, {"WATCHDOG_USEC": "0"}, {"WATCHDOG_USEC": "x"}, {"WATCHDOG_USEC": "1000", "WATCHDOG_PID": "1"}]
)
async def test_without_a_watchdog_for_us_none_is_fed(manager, watched):
    bound, address = manager
    await Service.taken_from({"NOTIFY_SOCKET": address, **watched}).feed()
    assert _heard(bound) == []


async def test_without_a_manager_nobody_is_told():
    service = Service.taken_from({})
    service.ready()
    await service.feed()
    service.stopping()


def test_a_manager_that_is_gone_is_no_reason_to_end(tmp_path):
    Service(str(tmp_path / "nobody")).ready()
