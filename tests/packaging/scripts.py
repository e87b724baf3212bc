"""The scripts of packaging/, run as its shell scripts run them."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGING = ROOT / "packaging"


def output(script, *arguments):
    """What a Python script of packaging/ prints."""
    done = subprocess.run([sys.executable, PACKAGING / script, *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def verbs():
    """The verbs that `swictation --help` lists."""
    shown = subprocess.run(
        [sys.executable, "-m", "daemon", "--help"], capture_output=True, text=True, check=True
    ).stdout
    listed = shown[shown.index("VERB\n") :].splitlines()[1:]
    return [line.split()[0] for line in listed if line.startswith("    ") and not line.startswith("     ")]
