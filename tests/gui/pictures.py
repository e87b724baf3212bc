"""``python -m tests.gui.pictures DIRECTORY [NAME...]``: all states and windows of the tray as PNG files, to be seen.

Light and dark, at 100 % and 200 %, with an English and a German system: a directory for each, a process for each.
"""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from PySide6.QtCore import QRect, QSize
from PySide6.QtGui import QColor, QImage, QPainter, QPalette
from PySide6.QtWidgets import QApplication

from daemon import paths
from daemon.path_bench.screen import PrivateScreen
from gui import first_run_memory
from gui.doctor_window import DoctorWindow
from gui.first_run import FirstRun
from gui.first_run_steps import Proved
from gui.history_window import HistoryWindow
from gui.latency_window import LatencyWindow
from gui.link import Link
from gui.menu import Known
from gui.overlay import Overlay
from gui.picture import picture, program_picture
from gui.popup import Popup
from gui.present import Icon, view
from gui.settings_window import SettingsWindow
from gui.small_window import SmallWindow
from tests.gui.scripted_daemon import ENGINE, LISTENING, ScriptedDaemon, microphone, status, utterance
from tests.gui.settings.answers import Configured
from tests.gui.spoken import Spoken, entries
from tests.gui.waiting import settle, spin

VARIANTS = {
    f"{scheme}-{scale}x-{language[:2]}": (scheme, str(scale), language)
    for scheme, scale, language in (
        ("light", 1, "en_GB.UTF-8"),
        ("light", 2, "de_DE.UTF-8"),
        ("dark", 1, "de_DE.UTF-8"),
        ("dark", 2, "en_GB.UTF-8"),
    )
}
HELD = utterance("held", None, "another window had the focus")
HEARD = LISTENING | {"level_dbfs": -24.0, "settled": "we should measure this once", "unsettled": "more before we"}
LATE = HEARD | {"level_dbfs": -47.0, "left_s": 9.0, "settled": "", "unsettled": ""}
GPU = ENGINE | {"engine": "ort", "provider_fault": "the NVIDIA driver 470.82 is too old for CUDA 12: it needs 525"}
STANDING = microphone(open=True, standing=True, lingering_s=30.0, pre_roll_ms=500)
STATES = {
    "idle": status(last_utterance=utterance(undo=True)),
    "listening": status("listening", listening=HEARD, last_utterance=utterance()),
    "hands-free": status("listening", listening=HEARD, mode="hands_free", last_utterance=utterance()),
    "working": status("working"),
    "held": status(held=2, last_utterance=HELD),
    "standing": status(microphone=STANDING, last_utterance=utterance()),
    "practice": status(practice=True, last_utterance=utterance()),
    "other-engine": status(engine=GPU, last_utterance=utterance()),
    "broken": status("broken", faults=["the model cannot be loaded: encoder.onnx has changed since it was pulled"]),
    "no-daemon": None,
}
KNOWN = Known(
    (("alsa_input.desk", "Desk microphone"), ("alsa_input.headset", "USB headset & charger")), autostart=False
)
FINDINGS = [
    {"name": name, "state": state, "says": says, "mend": mend}
    for name, state, says, mend in (
        ("microphone", "ok", "Desk microphone hears: the quietest 0.1 s has -61 dBFS", None),
        ("model", "warn", "the practice model understands little", "swictation models pull parakeet-110m"),
        ("hotkey", "bad", "F9 is held by another program", "swictation config set hotkey.key F10"),
        ("tray", "unknown", "no desktop session is known here", None),
    )
]


class Studio:
    """Takes the pictures of one variant into ``directory``."""

    def __init__(self, directory, wanted):
        self._directory = directory
        self._wanted = wanted
        self._configured = Configured(overlay__show=True)
        self._daemon = ScriptedDaemon(status(), answers=self._configured.answers())
        self._configured.daemon = self._daemon
        self._daemon.start()
        self._link = Link()
        self._link.open()
        settle("the status", lambda: self._link.snapshot.status)

    def close(self):
        self._link.close()
        self._daemon.stop()

    def take(self):
        """Every picture."""
        for part in (
            self._icons, self._menus, self._small, self._latency, self._history, self._settings, self._first_run,
            self._overlay, self._doctor,
        ):  # fmt: skip
            if not self._wanted or part.__name__.removeprefix("_") in self._wanted:
                part()

    def _save(self, widget, name):
        widget.grab().save(str(self._directory / f"{name}.png"))

    def _spoken(self, held):
        spoken = Spoken(held)
        spoken.follow(self._daemon)
        self._daemon.answers |= spoken.answers
        spoken.changed()
        settle("the revision", lambda: self._link.snapshot.status["history"]["revision"] == spoken.revision)

    def _show(self, shown):
        self._daemon.show(shown)
        settle("the status", lambda: self._link.snapshot.status == shown)

    def _icons(self):
        icon_sheet().save(str(self._directory / "icons.png"))

    def _menus(self):
        for name, shown in STATES.items():
            popup = Popup()
            popup.show_sections(view(shown, "no daemon answers: start it with `swictation`", KNOWN).menu)
            popup.menu.popup(popup.menu.pos())
            spin(100)
            self._save(popup.menu, f"menu-{name}")
            popup.menu.close()

    def _small(self):
        for name in ("idle", "listening", "broken", "no-daemon"):
            window = SmallWindow(Popup().menu)
            window.show_view(view(STATES[name], "no daemon answers: start it with `swictation`", KNOWN))
            window.show()
            spin(100)
            self._save(window, f"small-{name}")
            window.close()

    def _latency(self):
        for count in (0, 1, 20, 20_000):
            self._spoken(entries(count))
            window = LatencyWindow(self._link)
            window.show()
            spin(900)
            self._save(window, f"latency-{count}")
            window.close()

    def _history(self):
        for count, held in ((0, 0), (60, 2)):
            self._spoken(entries(count, held=held, failed=held // 2))
            window = HistoryWindow(self._link)
            window.show()
            spin(600)
            self._save(window, f"history-{count}")
            window.close()

    def _settings(self):
        window = SettingsWindow(self._link)
        window.show()
        spin(400)
        for row in range(window._list.count()):
            window._list.setCurrentRow(row)
            spin(300)
            self._save(window, f"settings-{row}-{window._list.item(row).text().strip().lower()}")
        window.close_down()
        window.close()

    def _first_run(self):
        for name, shown, proved in (
            ("new", status(practice=True), Proved()),
            ("done", status(), Proved(microphone="default", hotkey="F9")),
            (
                "taken",
                status(hotkey={"key": "F9", "way": "none", "trigger": None, "fault": "F9 is held by another program"}),
                Proved(),
            ),
        ):
            first_run_memory.keep(proved)
            self._show(shown)
            page = FirstRun(self._link)
            page.show()
            spin(500)
            self._save(page, f"first-run-{name}")
            page.close_down()
            page.close()

    def _overlay(self):
        overlay = Overlay(self._link)
        for name, heard in (("words", HEARD), ("countdown", LATE)):
            self._show(status("listening", listening=heard, mode="hands_free"))
            settle("the overlay", overlay.isVisible)
            spin(200)
            self._save(overlay, f"overlay-{name}")
        self._show(status())
        overlay.close()

    def _doctor(self):
        window = DoctorWindow()
        window._examine = lambda: None  # the real one looks at this machine
        window.show()
        window._show_result({"works": False, "findings": FINDINGS})
        spin(200)
        self._save(window, "doctor")
        window.close()


def icon_sheet():
    """Every icon on light and dark ground, at the sizes of panels, and once more as an eye without colours sees it."""
    looks = [{"icon": icon} for icon in Icon] + [{"icon": Icon.LISTENING, "level": level} for level in (1, 2, 3)]
    looks += [{"icon": Icon.IDLE, "practice": True}, {"icon": Icon.LISTENING, "level": 2, "practice": True}]
    looks += [{"icon": icon, "standing": True} for icon in (Icon.IDLE, Icon.WORKING, Icon.HELD, Icon.ERROR)]
    looks += [{"icon": Icon.IDLE, "standing": True, "practice": True}]
    sizes, cell = (16, 22, 44), 56
    sheet = QImage(QSize(cell * len(looks), cell * 12), QImage.Format.Format_ARGB32)
    painter = QPainter(sheet)
    for row, (ground, grey, size) in enumerate(
        (ground, grey, size) for ground in ("#f2f2f2", "#24282c") for grey in (False, True) for size in sizes
    ):
        strip = QImage(QSize(sheet.width(), cell), QImage.Format.Format_ARGB32)
        strip.fill(QColor(ground))
        inside = QPainter(strip)
        for column, look in enumerate(looks):
            place = QRect(column * cell, 0, cell, cell)
            pixmap = picture(**look).pixmap(QSize(size, size), 1.0)
            inside.drawPixmap(place.center().x() - size // 2, place.center().y() - size // 2, pixmap)
        inside.end()
        painter.drawImage(0, row * cell, strip.convertToFormat(QImage.Format.Format_Grayscale8) if grey else strip)
    painter.end()
    return sheet


def dark():
    """A palette as dark desktops give it."""
    ground, raised = QColor("#24282c"), QColor("#33393e")
    palette = QPalette(raised, ground)
    palette.setColor(QPalette.ColorRole.Base, QColor("#1b1e21"))
    palette.setColor(QPalette.ColorRole.AlternateBase, ground)
    palette.setColor(QPalette.ColorRole.Highlight, QColor("#2f6fb5"))
    palette.setColor(QPalette.ColorRole.PlaceholderText, QColor("#9aa3ab"))
    return palette


def one_variant(directory, scheme, wanted):
    """Take the pictures in this process."""
    qt = QApplication(["swictation"])
    qt.setQuitOnLastWindowClosed(False)
    if scheme == "dark":
        qt.setPalette(dark())
    qt.setWindowIcon(program_picture())
    directory.mkdir(parents=True, exist_ok=True)
    paths.private(paths.runtime_directory())
    studio = Studio(directory, wanted)
    try:
        studio.take()
    finally:
        studio.close()


def main(directory, wanted):
    """Take them all, on a screen of their own."""
    with tempfile.TemporaryDirectory(prefix="swp") as home, PrivateScreen(Path(home)) as screen:
        for name, (scheme, scale, language) in VARIANTS.items():
            run = Path(home) / name
            run.mkdir(mode=0o700)
            more = {"QT_SCALE_FACTOR": scale, "LANG": language, "LC_ALL": "", "LC_CTYPE": "C.UTF-8"}
            more |= {"XDG_RUNTIME_DIR": str(run), "XDG_DATA_HOME": str(run), "DBUS_SESSION_BUS_ADDRESS": "disabled:"}
            command = (sys.executable, "-m", "tests.gui.pictures", "--variant", scheme, str(directory / name), *wanted)
            subprocess.run(command, env=screen.all_environment(more), check=True)


if __name__ == "__main__":
    os.umask(0o077)
    arguments = sys.argv[1:]
    if arguments[:1] == ["--variant"]:
        one_variant(Path(arguments[2]), arguments[1], arguments[3:])
    else:
        main(Path(arguments[0]).absolute(), arguments[1:])
