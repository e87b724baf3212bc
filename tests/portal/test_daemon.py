"""Dictation through the real daemon on a desktop that has nothing but the fake portal: key, text and faults."""

import asyncio

import pytest

from tests.end2end.running import RunningDaemon, environment_of
from tests.portal.compositor import HINT, TEXT, Window
from tests.portal.shortcuts import Shortcuts
from tests.portal.test_insertion import given_back, offered_again, until
from tests.sound_server import SoundServer
from tests.speech import clips, write

pytestmark = [pytest.mark.sound]


@pytest.fixture(scope="module")
def sound(tmp_path_factory):
    with SoundServer(tmp_path_factory.mktemp("sound")) as server:
        yield server


class Dictation:
    """A daemon whose command line leaves the test's loop, on which the portal lives, alone."""

    def __init__(self, daemon, directory):
        self.daemon = daemon
        self.clip = clips()[3]
        self.file = write(directory / "speech.wav", self.clip.pcm)

    def __getattr__(self, name):
        there = getattr(self.daemon, name)
        return lambda *arguments, **named: asyncio.to_thread(there, *arguments, **named)

    async def say(self):
        """One utterance; what became of it."""
        before = len(await self.json("history", "-n", "1000"))
        await self.cli("dictate", "--from", str(self.file))
        return (await self.entries(before + 1))[-1]


@pytest.fixture
async def dictation(bus, portal, remote, sound, tmp_path):
    runtime = {"XDG_RUNTIME_DIR": str(tmp_path / "run"), "WAYLAND_DISPLAY": str(tmp_path / "no-compositor")}
    environment = environment_of(sound.environment, runtime, {"DBUS_SESSION_BUS_ADDRESS": bus})
    dictation = Dictation(RunningDaemon(tmp_path, environment), tmp_path)
    yield dictation
    await dictation.stop()


@pytest.fixture
def shortcuts(portal):
    return Shortcuts(portal)


async def test_the_first_days_on_a_desktop_of_wayland(dictation, portal, remote, shortcuts, sound):
    before = dict(remote.content)
    portal.consent = "hang"
    await dictation.start()
    status = await dictation.wait_status("the question", lambda now: "asks whether" in (now["hotkey"]["fault"] or ""))
    assert (status["hotkey"]["way"], status["insertion"]["way"]) == ("portal", "portal")
    assert "will need your permission" in status["insertion"]["notice"]
    assert portal.questions == ["shortcuts"]

    entry = await dictation.say()  # by a command, as there is no key yet
    assert (entry["outcome"], remote.window.text) == ("held", "")
    assert "the desktop asks whether swictation may press keys" in entry["reason"]
    await dictation.stop()

    portal.consent = "grant"
    await dictation.start()
    await dictation.wait_status("the key", lambda now: now["hotkey"]["fault"] is None)
    assert (await dictation.status())["hotkey"]["trigger"] == "F9"
    shortcuts.press()
    await dictation.wait_listening()
    await asyncio.to_thread(lambda: sound.play(dictation.clip.pcm).wait())
    await asyncio.sleep(0.3)
    shortcuts.release()
    entry = (await dictation.entries(2))[-1]
    assert (entry["text"], entry["mode"]) == (dictation.clip.text, "hold")
    await until_inserted(dictation, remote)
    await offered_again(remote)
    await asyncio.sleep(2)  # who else reads it is known by then
    assert (await dictation.say())["outcome"] == "confirmed"
    assert remote.window.text == (dictation.clip.text + " ") * 2
    assert await given_back(remote) == before
    assert portal.questions == ["shortcuts", "keyboard"] * 2


async def test_consent_refused(dictation, portal, remote):
    portal.consent = "refuse"
    await dictation.start()
    assert (await dictation.say())["outcome"] == "held"
    await dictation.wait_status("the no", lambda now: "not allowed" in (now["insertion"]["notice"] or ""))
    entry = await dictation.say()
    assert (entry["outcome"], remote.window.text) == ("held", "")
    assert "not allowed to press keys" in entry["reason"]
    assert portal.questions == ["keyboard"]
    portal.consent = "grant"
    await until_inserted(dictation, remote)
    assert (remote.window.text, portal.questions) == (dictation.clip.text + " ", ["keyboard"] * 2)


async def test_token_lost_session_closed_and_portal_restarted(dictation, portal, remote, tmp_path):
    await dictation.start()
    await dictation.say()
    await until_inserted(dictation, remote)
    token = tmp_path / "data" / "swictation" / "portal-token"
    assert {token.read_text()} == remote.tokens

    portal.close_session(remote.session)
    assert (await dictation.say())["outcome"] in {"sent", "confirmed"}
    await portal.restart()
    assert (await dictation.say())["outcome"] in {"sent", "confirmed"}
    assert (remote.window.text, portal.questions) == ((dictation.clip.text + " ") * 3, ["keyboard"])

    portal.close_session(remote.session)
    remote.tokens.clear()
    entry = await dictation.say()
    if entry["outcome"] == "held":
        await until_inserted(dictation, remote)
    assert (remote.window.text, portal.questions) == ((dictation.clip.text + " ") * 4, ["keyboard"] * 2)


async def test_a_session_that_ends_in_mid_insertion_inserts_nothing_twice(dictation, portal, remote, tmp_path):
    await dictation.start()
    await dictation.say()
    await until_inserted(dictation, remote)
    await offered_again(remote)
    await asyncio.sleep(2)
    remote.window = Window(delay_s=0.8)  # there is a new session by then, and the clipboard not given back
    remote.offers.clear()
    saying = asyncio.create_task(dictation.say())
    await until(lambda: remote.offers and HINT in remote.offers[-1], 20)
    await asyncio.sleep(0.15)
    portal.close_session(remote.session)
    entry = await saying
    assert entry["outcome"] == "held"
    assert "ended the session" in entry["reason"]
    await asyncio.sleep(1.5)
    assert remote.window.text == "", "what was on its way has found nothing to paste"
    remote.window = Window()
    await until_inserted(dictation, remote)
    assert remote.window.text == dictation.clip.text + " "
    assert (await given_back(remote))[TEXT] == b"mine"
    assert dictation.clip.text not in (tmp_path / "daemon.log").read_text()


async def until_inserted(dictation, remote):
    """As the user would: insert the last text again, until it stands there."""
    async with asyncio.timeout(20):
        while not remote.window.text:
            await dictation.cli("last", "--insert")
    assert not [*(dictation.daemon.directory / "run" / "swictation" / "pending").iterdir()]
