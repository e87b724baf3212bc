"""A desktop with a session bus and the accessibility bus, and fields to dictate into, passwords among them."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from tests.desktop import Application, Desktop, wait_until

LAUNCHER = Path("/usr/libexec/at-spi-bus-launcher")


def start_bus(environment: Mapping[str, str], *, enabled: bool = False) -> tuple[subprocess.Popen[bytes], str]:
    """A session bus for the programs of a desktop, and its address; the accessibility bus runs, as on real desktops.

    Qt looks for that one only once, when a program starts. On Wayland it tells nothing unless accessibility is
    ``enabled``, as it is for a person with a screen reader.
    """
    bus = subprocess.Popen(
        ["dbus-daemon", "--session", "--nofork", "--print-address"],
        env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    assert bus.stdout is not None
    with bus.stdout:
        address = bus.stdout.readline().decode().strip()
    ask = ("dbus-send", f"--bus={address}", "--print-reply", "--dest=org.a11y.Bus", "/org/a11y/bus")
    enable = ("org.freedesktop.DBus.Properties.Set", "string:org.a11y.Status", "string:IsEnabled")
    for call in (("org.a11y.Bus.GetAddress",), *([(*enable, "variant:boolean:true")] if enabled else [])):
        subprocess.run((*ask, *call), check=True, stdout=subprocess.DEVNULL, timeout=30)
    return bus, address


class AccessibleDesktop(Desktop):
    """A desktop on which programs tell what has the focus."""

    def start(self) -> None:
        """Bring up the screen, then the buses."""
        super().start()
        self.environment |= {"NO_AT_BRIDGE": "0", "XDG_RUNTIME_DIR": str(self.directory)}
        bus, self.environment["DBUS_SESSION_BUS_ADDRESS"] = start_bus(self.all_environment())
        self._processes.append(bus)

    def field(self, *kinds: str) -> Application:
        """A Qt window with fields below each other, ``plain`` or ``password``; the first one has the cursor.

        ``text`` is what stands in them, a line each.
        """
        file = self.directory / f"field-{len(self._processes)}.txt"
        file.touch()
        return self.opened(file, sys.executable, "-m", "tests.qt_lines", str(file), *kinds)

    def zenity(self, *kind: str) -> Application:
        """The GTK dialog with one field: ``--password`` or ``--entry``. It prints what stands in it when it ends."""
        file = self.directory / f"zenity-{len(self._processes)}.txt"
        return self.opened(file, "sh", "-c", 'exec zenity "$@" > "$0"', str(file), *kind, f"--title={file.name}")

    def opened(self, file: Path, *command: str) -> Application:
        """Start a program with a window named as ``file``, in which it says what stands in it."""
        process = self.spawn(*command, PYTHONPATH=str(Path(__file__).parents[1]))
        self._processes.append(process)
        found = wait_until(file.name, lambda: self.xdotool("search", "--onlyvisible", "--name", file.name).split())
        application = Application(self, process, found[-1], file, saves=False)
        application.focus()
        return application
