"""ARCHITECTURE.md names every module, and no module that is not there."""

import re
from fnmatch import fnmatch

from tests.packaging.scripts import ROOT

MAP = (ROOT / "ARCHITECTURE.md").read_text("utf-8")
PARTS = re.split(r"^In `(\w+)/`", MAP, flags=re.MULTILINE)[1:]  # package, what is said of it, package, ...


def named(package):
    """The names in the first column of the package's table."""
    said = dict(zip(PARTS[::2], PARTS[1::2], strict=True))[package].partition("\nAnd around")[0]
    first = [line.split("|")[1] for line in said.splitlines() if line.startswith("| `")]
    return {name for cell in first for name in re.findall(r"`([^`]+)`", cell)}


def there(package):
    """Its modules, and its directories with a slash."""
    modules = {path.stem for path in (ROOT / package).glob("*.py")} - {"__init__"}
    directories = {path.name for path in (ROOT / package).iterdir() if path.is_dir() and path.name != "__pycache__"}
    return modules, {f"{name}/" for name in directories}


def test_every_module_is_on_the_map():
    for package in ("daemon", "models", "gui"):
        modules, directories = there(package)
        names = named(package)
        missing = {
            thing for thing in modules | directories if not any(fnmatch(thing.strip("/"), n.strip("/")) for n in names)
        }
        assert not missing, f"{package}: ARCHITECTURE.md does not say what these are: {sorted(missing)}"


def test_the_map_names_nothing_that_is_gone():
    for package in ("daemon", "models", "gui"):
        modules, directories = there(package)
        gone = {name for name in named(package) if not any(fnmatch(thing, name) for thing in modules | directories)}
        assert not gone, f"{package}: ARCHITECTURE.md names what is not there: {sorted(gone)}"
