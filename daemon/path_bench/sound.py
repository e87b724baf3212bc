"""A private PulseAudio server: what is played into its null sink is what its microphone hears."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

from daemon.errors import SwictationError
from daemon.path_bench.running import Running

MICROPHONE = "vmic"
PROGRAMS = ("pulseaudio", "pactl", "pacat", "paplay", "parec")
_START_LIMIT_S = 20.0


class PrivateSound(Running):
    """A PulseAudio with a null sink called ``vmic``, whose monitor is the default microphone.

    Give ``environment`` to every process that is to use it. ``spare`` adds a null sink of the server's own, which is
    there whenever no other one is. Use it as a context manager, or call ``start`` and ``stop``.
    """

    def __init__(self, directory: Path, *, rate_hz: int = 16_000, channels: int = 1, spare: bool = False) -> None:
        self.directory = directory
        runtime = directory / "sound"
        self.environment = {
            "XDG_RUNTIME_DIR": str(runtime),
            "PULSE_RUNTIME_PATH": str(runtime / "pulse"),
            "PULSE_STATE_PATH": str(runtime / "state"),
            "PULSE_COOKIE": str(runtime / "cookie"),
            "PULSE_SERVER": f"unix:{runtime / 'pulse' / 'native'}",  # named, so that no client starts a server
        }
        self.module: str | None = None  # of the microphone
        self._runtime = runtime
        self._rate_hz, self._channels, self._spare = rate_hz, channels, spare
        self._server: subprocess.Popen[bytes] | None = None
        self._keep_alive: dict[str, subprocess.Popen[bytes]] = {}  # by the module of the sink
        self._players: list[subprocess.Popen[bytes]] = []

    def start(self) -> None:
        """Start the server and the microphone, and wait until audio flows at its full pace. Raises SwictationError."""
        self._runtime.mkdir(mode=0o700, exist_ok=True)
        command = ["pulseaudio", "-n", "--daemonize=no", "--exit-idle-time=-1", "--disallow-exit", "--use-pid-file=no"]
        command += ["--log-target=stderr", "-L", "module-native-protocol-unix auth-anonymous=1"]
        if self._spare:
            command += ["-L", "module-always-sink"]
        with (self.directory / "sound.log").open("ab") as log:
            self._server = subprocess.Popen(
                command,
                env=self._environment(),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        deadline_s = time.monotonic() + _START_LIMIT_S
        while self._pactl("info", check=False).returncode != 0:
            if time.monotonic() > deadline_s or self._server.poll() is not None:
                said = (self.directory / "sound.log").read_text().strip()
                raise SwictationError(f"a private PulseAudio does not start: {said or 'it says nothing'}")
            time.sleep(0.05)
        self.module = self.load_null_sink(MICROPHONE, self._rate_hz, self._channels)
        self.pactl("set-default-sink", MICROPHONE)
        self.pactl("set-default-source", f"{MICROPHONE}.monitor")

    def stop(self) -> None:
        """End everything that was started here."""
        for player in [*self._players, *self._keep_alive.values()]:
            end(player)
        self._players.clear()
        self._keep_alive.clear()
        self.kill()

    def kill(self) -> None:
        """End the server at once, as a crash does. ``start`` starts it again."""
        server, self._server = self._server, None
        if server is not None:
            server.send_signal(signal.SIGCONT)
            end(server, signal.SIGKILL)
        for reader in self._keep_alive.values():
            end(reader)
        self._keep_alive.clear()
        (self._runtime / "pulse" / "native").unlink(missing_ok=True)

    def load_null_sink(self, name: str, rate_hz: int = 16_000, channels: int = 1, description: str = "") -> str:
        """Add a null sink, whose monitor ``NAME.monitor`` is a microphone; gives back its module."""
        arguments = [f"sink_name={name}", f"rate={rate_hz}", f"channels={channels}"]
        if description:
            arguments.append(f"sink_properties=device.description={description}")
        module = self.pactl("load-module", "module-null-sink", *arguments).strip()
        # Without a reader a null sink works in blocks of 2 s and the beginning of a recording is lost.
        self._keep_alive[module] = self._reader(f"{name}.monitor", subprocess.DEVNULL)
        self._wait_for_flow(f"{name}.monitor")
        return module

    def play(
        self, sound: Path | bytes, *, sink: str = MICROPHONE, rate_hz: int = 16_000, channels: int = 1
    ) -> subprocess.Popen[bytes]:
        """Begin to play a file, or int16 PCM, into the microphone; wait for the process to hear it to its end."""
        latency = "--latency-msec=500"  # a player with less runs dry on a busy machine
        if isinstance(sound, Path):
            command = ["paplay", latency, f"--device={sink}", str(sound)]
        else:
            command = ["pacat", "--playback", "--raw", "--format=s16le", latency]
            command += [f"--device={sink}", f"--rate={rate_hz}", f"--channels={channels}"]
            path = self.directory / f"played-{len(self._players)}.raw"
            path.write_bytes(sound)
            command.append(str(path))
        player = subprocess.Popen(
            command,
            env=self._environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        self._players.append(player)
        return player

    @contextlib.contextmanager
    def listening(self) -> Iterator[int]:
        """A descriptor from which the microphone's int16 16 kHz mono samples can be read as they come."""
        reader = self._reader(f"{MICROPHONE}.monitor", subprocess.PIPE)
        assert reader.stdout is not None
        try:
            yield reader.stdout.fileno()
        finally:
            end(reader)

    def pactl(self, *arguments: str) -> str:
        """What ``pactl`` prints."""
        return self._pactl(*arguments, check=True).stdout

    def _pactl(self, *arguments: str, check: bool) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["pactl", *arguments], env=self._environment(), capture_output=True, text=True, check=check, timeout=10
        )

    def _environment(self) -> dict[str, str]:
        return {**os.environ, **self.environment}

    def _reader(self, source: str, output: int) -> subprocess.Popen[bytes]:
        command = ["parec", "--raw", "--rate=16000", "--channels=1", "--format=s16le", "--latency-msec=10"]
        return subprocess.Popen(
            [*command, f"--device={source}"],
            env=self._environment(),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.DEVNULL,
        )

    def _wait_for_flow(self, source: str) -> None:
        """Read until small pieces come at an even pace."""
        reader = self._reader(source, subprocess.PIPE)
        assert reader.stdout is not None
        steady, last_s = 0, time.monotonic()
        deadline_s = last_s + _START_LIMIT_S
        while steady < 10 and time.monotonic() < deadline_s:
            os.read(reader.stdout.fileno(), 640)
            now_s = time.monotonic()
            steady = steady + 1 if 0.005 < now_s - last_s < 0.05 else 0
            last_s = now_s
        end(reader)


def end(process: subprocess.Popen[bytes], number: int = signal.SIGTERM) -> None:
    """End a process with a signal, and by force if it takes too long."""
    if process.poll() is None:
        with contextlib.suppress(ProcessLookupError):
            process.send_signal(number)
        try:
            process.wait(2)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
    if process.stdout is not None:
        process.stdout.close()
