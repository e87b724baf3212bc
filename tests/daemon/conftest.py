import pytest

from tests.daemon.fake_parts import running


@pytest.fixture
async def parts(tmp_path, monkeypatch):
    """A running daemon with stand-ins for everything outside it."""
    async with running(tmp_path, monkeypatch) as parts:
        yield parts
