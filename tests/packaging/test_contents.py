"""What a package holds: everything that the code reads, under licences that are known."""

import ast
import plistlib
import re
import shutil
import subprocess
import sys
import zipfile
from xml.etree import ElementTree as ET

import pytest
from hatchling.builders.wheel import WheelBuilder

from daemon import __main__ as entry
from daemon.paths import APP_ID
from tests.packaging.scripts import PACKAGING, ROOT, output, verbs

# what the programs read at run time, beside their code
_READ = {
    *(str(file.relative_to(ROOT)) for file in (ROOT / "gui" / "icons").glob("*.svg")),
    *(str(file.relative_to(ROOT)) for file in (ROOT / "gui" / "sounds").glob("*.wav")),
    *(str(file.relative_to(ROOT)) for file in (ROOT / "models" / "practice").rglob("*") if file.is_file()),
    "models/sherpa_session.conf",
}


def test_every_file_that_the_code_names_is_among_those_that_it_reads():
    named = set()
    for package in ("daemon", "gui", "models"):
        for file in (ROOT / package).rglob("*.py"):
            if "training" not in file.parts:
                named |= set(re.findall(r'with_name\("([\w.]+\.\w+)"\)', file.read_text("utf-8")))
    there = {name.rpartition("/")[2] for name in _READ}
    assert named & {"sherpa_session.conf"}
    assert {name for name in named if (ROOT / "models" / name).exists() or (ROOT / "gui" / name).exists()} <= there


def test_the_frozen_application_has_what_the_code_reads():
    spec = ast.parse((ROOT / "swictation.spec").read_text("utf-8"))
    (function,) = (node for node in spec.body if isinstance(node, ast.FunctionDef) and node.name == "beside_the_code")
    scope = {"ROOT": ROOT}
    exec(compile(ast.Module([function], []), "swictation.spec", "exec"), scope)  # noqa: S102 -- our own
    there = {
        f"{place}/{source.rpartition('/')[2]}"
        for package in ("daemon", "gui", "models")
        for source, place in scope["beside_the_code"](package)
    }
    assert there >= _READ
    assert not {name for name in there if "training" in name or name.endswith((".py", ".pyc"))}


def test_the_workers_of_the_frozen_application_are_in_the_packages_that_it_takes_whole():
    assert {module.partition(".")[0] for module in entry._WORKERS.values()} == {"daemon", "models"}


def test_the_wheel_has_what_the_code_reads_and_both_commands(tmp_path):
    (built,) = WheelBuilder(str(ROOT)).build(directory=str(tmp_path), versions=["standard"])
    with zipfile.ZipFile(built) as wheel:
        names = set(wheel.namelist())
        (commands,) = (name for name in names if name.endswith("entry_points.txt"))
        said = wheel.read(commands).decode()
    assert names >= _READ
    assert not {name for name in names if name.startswith(("tests/", "packaging/", "models/training"))}
    assert "swictation = daemon.__main__:main" in said
    assert "swictation-tray = gui.__main__:main" in said


def test_each_dependency_says_its_licence(tmp_path):
    (tmp_path / "_internal").mkdir()
    table = output("licences.py", tmp_path)
    assert "PySide6_Essentials" in table.partition("=" * 100)[0]
    assert "numpy" in table.partition("=" * 100)[0]


def test_the_icon_is_drawn_at_every_size(tmp_path):
    output("icons.py", tmp_path)
    for file in tmp_path.rglob("*.png"):
        content = file.read_bytes()
        side = int(file.parts[-3].partition("x")[0])
        assert content[:8] == b"\x89PNG\r\n\x1a\n"
        assert (int.from_bytes(content[16:20]), int.from_bytes(content[20:24])) == (side, side)
    assert {"16x16", "48x48", "256x256", "scalable"} <= {place.name for place in tmp_path.iterdir()}


def test_the_desktop_entry_starts_what_there_is():
    text = (PACKAGING / "linux" / f"{APP_ID}.desktop").read_text("utf-8")
    started = re.findall(r"^Exec=(\S+) ?(\S*)$", text, re.MULTILINE)
    assert {program for program, _verb in started} == {"swictation"}
    assert {verb for _program, verb in started if verb} <= set(verbs())


@pytest.mark.skipif(shutil.which("desktop-file-validate") is None, reason="desktop-file-utils is not installed")
def test_the_desktop_entry_is_valid():
    done = subprocess.run(
        ["desktop-file-validate", PACKAGING / "linux" / f"{APP_ID}.desktop"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (0, "")


def test_the_data_for_software_centres_names_the_programs():
    component = ET.parse(PACKAGING / "linux" / f"{APP_ID}.metainfo.xml").getroot()  # noqa: S314 -- our own
    assert [binary.text for binary in component.iter("binary")] == ["swictation", "swictation-tray"]
    assert (component.findtext("id"), component.findtext("launchable")) == (APP_ID, f"{APP_ID}.desktop")


def test_the_package_has_them_under_the_id_that_desktops_know():
    assert f"id={APP_ID} #" in (PACKAGING / "debian.sh").read_text("utf-8")


@pytest.mark.skipif(sys.platform != "linux", reason="the shell scripts are for Linux")
@pytest.mark.parametrize("script", sorted(file.name for file in PACKAGING.glob("*.sh")))
def test_bash_reads_the_script(script):
    subprocess.run(["bash", "-n", PACKAGING / script], check=True)


@pytest.mark.parametrize("name", ["Info.plist", "entitlements.plist"])
def test_the_settings_for_macos_can_be_read(name):
    settings = plistlib.loads((PACKAGING / "macos" / name).read_bytes())
    assert all(settings.values())
