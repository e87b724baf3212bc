"""See a frozen swictation run: it transcribes, shows its tray, dictates into a window; then print what it costs.

``python packaging/try_frozen.py DIRECTORY PICTURE``, on the display in DISPLAY. What does not work ends it with 1.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

import demonstrate
import psutil

from gui import first_run_memory
from gui.first_run_steps import Proved

_STARTS = 9
_LIVES = 3
_DRAWN_S = 3.0  # until a window has drawn itself
_RIGHT, _BOTTOM = 1268, 788  # in the tray's icon, on a screen of 1280 x 800


def main(directory: Path, picture: Path) -> int:
    """Try the program in ``directory``; the exit status says whether everything worked."""
    program = directory / "swictation"
    with ExitStack() as stack:
        demonstrate.private_directories(stack)
        _transcribes(program)
        _gives_the_environment_back(program)
        if demonstrate.dictate(stack, [str(program)], picture):
            return 1
    with ExitStack() as stack:
        demonstrate.private_directories(stack)
        first_run_memory.keep(Proved(hidden=True))
        _shows_latency(stack, program, picture.with_name("latency.png"))
    _print_costs(directory)
    return 0


def _transcribes(program: Path) -> None:
    bundle = program.parent / "_internal" / "models" / "practice"
    done = subprocess.run(
        [program, "transcribe", bundle / "recording.flac"], capture_output=True, text=True, check=False
    )
    expected = (bundle / "recording.txt").read_text(encoding="utf-8").split()
    if done.returncode or done.stdout.split() != expected:
        raise SystemExit(f"transcribe gave {done.stdout.strip()!r} {done.stderr.strip()!r}, not {' '.join(expected)!r}")
    print(f"transcribes: {done.stdout.strip()}")


def _gives_the_environment_back(program: Path) -> None:
    """A tool of the system that the program starts must see the user's own LD_LIBRARY_PATH, not the bundle's."""
    with tempfile.TemporaryDirectory() as scratch:
        seen = Path(scratch) / "seen"
        tool = Path(scratch) / "nvidia-smi"  # asked for the GPU where there is no driver
        tool.write_text(f"#!/bin/sh\nenv > '{seen}'\nexit 1\n", encoding="utf-8")
        tool.chmod(0o755)
        for mine in (None, "/a/directory/of/mine"):
            environment = {**os.environ, "PATH": f"{scratch}:{os.environ['PATH']}"}
            environment.pop("LD_LIBRARY_PATH", None)
            if mine is not None:
                environment["LD_LIBRARY_PATH"] = mine
            pull = [program, "models", "pull", "--mirror", "http://127.0.0.1:9"]  # where nobody answers
            subprocess.run(pull, env=environment, capture_output=True, check=False)
            there = dict(line.partition("=")[::2] for line in seen.read_text(encoding="utf-8").splitlines())
            ours = {name for name in there if name.startswith("_PYI") or name in {"QT_PLUGIN_PATH", "QML2_IMPORT_PATH"}}
            if there.get("LD_LIBRARY_PATH") != mine or ours - environment.keys():
                raise SystemExit(f"a tool was started with LD_LIBRARY_PATH={there.get('LD_LIBRARY_PATH')} and {ours}")
    print("gives the system's tools the user's environment")


def _shows_latency(stack: ExitStack, program: Path, picture: Path) -> None:
    """The window that needs most of what was bundled, opened from the menu; nothing may have gone wrong by then."""
    demonstrate.started(stack, "openbox")
    demonstrate.wait("the window manager", demonstrate.managed)
    demonstrate.started(stack, "xterm", "-e", "cat")  # what is inserted there is what the window shows
    demonstrate.panel(stack)
    demonstrate.wait("a window", demonstrate.focused)
    demonstrate.started(stack, str(program), "daemon")
    demonstrate.ready([str(program)])
    # a notice would lie under the pointer, and take the click
    subprocess.run([program, "config", "set", "notifications.show", "false"], capture_output=True, check=True)
    recording = program.parent / "_internal" / "models" / "practice" / "recording.flac"
    subprocess.run([program, "dictate", "--from", recording], capture_output=True, check=False)
    said = picture.with_suffix(".log")
    with said.open("w") as messages:
        tray = subprocess.Popen([f"{program}-tray"], stdout=messages, stderr=messages)
    stack.callback(tray.wait, 10)
    stack.callback(tray.terminate)
    demonstrate.wait("the tray's icon", demonstrate.icon_shown)
    time.sleep(_DRAWN_S)
    for does in (f"mousemove {_RIGHT} {_BOTTOM} mousedown 3", "mousemove 600 100 mouseup 3", "key l"):
        _xdotool(f"{does} sleep 1")
    opened = _xdotool("search --onlyvisible --name ^Latency")
    time.sleep(_DRAWN_S)
    subprocess.run(["import", "-window", "root", picture], check=True)
    if not opened:
        raise SystemExit(f"the menu did not open the window of the latency: see {picture}")
    if wrong := said.read_text(encoding="utf-8").strip():
        raise SystemExit(f"the tray said: {wrong}")
    print(f"shows its windows: {picture}")


def _xdotool(does: str) -> bool:
    return subprocess.run(["xdotool", *does.split()], capture_output=True, check=False, timeout=20).returncode == 0


def _print_costs(directory: Path) -> None:
    files = [file for file in directory.rglob("*") if file.is_file() and not file.is_symlink()]
    print(f"size: {sum(file.stat().st_size for file in files) / 1e6:.0f} MB in {len(files)} files")
    program = str(directory / "swictation")
    with ExitStack() as stack:
        demonstrate.private_directories(stack)
        for arguments in (["toggle"], ["config", "path"]):  # the first without a daemon: all but the answer
            print(f"swictation {' '.join(arguments)}: {_median_ms([program, *arguments]):.0f} ms")
        lives = [_life(program) for _ in range(_LIVES)]
    print(f"daemon, from its start to ready with the practice model: {statistics.median(s for s, _ in lives):.2f} s")
    for part in lives[0][1]:
        print(f"memory of {part}: {statistics.median(memory[part] for _, memory in lives):.0f} MB (PSS)")


def _median_ms(command: list[str]) -> float:
    """The median time of ``command`` in ms, its first run left out."""
    times_ms = []
    for _ in range(_STARTS + 1):
        begun = time.perf_counter()
        subprocess.run(command, capture_output=True, check=False)
        times_ms.append((time.perf_counter() - begun) * 1e3)
    return statistics.median(times_ms[1:])


def _life(program: str) -> tuple[float, dict[str, float]]:
    """How long a daemon takes until it is ready, in s, and what it, its workers and the tray take up then, in MB."""
    with ExitStack() as stack:
        begun = time.perf_counter()
        daemon = demonstrate.started(stack, program, "daemon")
        demonstrate.ready([program])
        took_s = time.perf_counter() - begun
        tray = demonstrate.started(stack, f"{program}-tray")
        time.sleep(_DRAWN_S)
        if tray.poll() is not None:
            raise SystemExit(f"the tray ended with status {tray.returncode}")
        processes = [psutil.Process(daemon.pid), *psutil.Process(daemon.pid).children(recursive=True)]
        memory = {_name(process): process.memory_full_info().pss / 1e6 for process in processes}
        memory["tray"] = psutil.Process(tray.pid).memory_full_info().pss / 1e6
    return took_s, memory


def _name(process: psutil.Process) -> str:
    """``daemon``, or a worker's verb without its underscore."""
    return process.cmdline()[1].lstrip("_")


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), Path(sys.argv[2])))
