"""The command line of our own program, for whoever has to start it."""

import subprocess

from daemon import launch


def test_the_command_line_of_this_installation_runs_it(tmp_path, monkeypatch):
    monkeypatch.setenv("SWICTATION_CONFIG", str(tmp_path / "config.toml"))
    done = subprocess.run(launch.command("config", "path"), capture_output=True, text=True, check=True)
    assert done.stdout == f"{tmp_path / 'config.toml'}\n"
