"""Whether everything that swictation depends on may go with it: ``python packaging/allowed_licences.py``; 1 if not.

Asked are the installed packages of the program itself and of its extras ``bench`` and ``optimise``, with all that they
need. ``gpu`` is left out: its CUDA libraries are NVIDIA's own, and only users install them.
"""

from __future__ import annotations

import re
import sys
import tomllib
from importlib import metadata
from pathlib import Path

import licences

# What may be part of a program under the MIT licence without another condition than to be named.
_FREE = {
    "0BSD", "Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "CC0-1.0", "HPND", "ISC", "MIT", "MIT-0", "MIT-CMU",
    "PSF-2.0", "Unlicense", "Zlib",
}  # fmt: skip
# Under the LGPL, and fine as we use them: as they come, in files of their own that anybody can replace.
_LESSER = {
    "pynput": "Python source, on macOS and Windows only",
    "pyside6-essentials": "Qt's shared libraries",
    "python-xlib": "Python source",
    "shiboken6": "a shared library",
    "soxr": "a shared library",
}
# How packages that are older than SPDX expressions name theirs.
_NAMES = (
    (r"MIT( License)?", "MIT"),
    (r"Apache( Software)?( License)?,?( Version)?( 2\.0)?|Apache licensed.*", "Apache-2.0"),
    (r"(The )?(Modified |New |3-Clause )?BSD( 3-Clause)?( License)?", "BSD-3-Clause"),
    (r"Python Software Foundation License", "PSF-2.0"),
)


def main() -> int:
    """Name every package that does not fit."""
    project = tomllib.loads((Path(__file__).parents[1] / "pyproject.toml").read_text("utf-8"))["project"]
    extras = project["optional-dependencies"]
    packages = licences.packages([*project["dependencies"], *extras["bench"], *extras["optimise"]])
    unfit = [package for package in packages if not fits(package.name, said(package))]
    for package in unfit:
        print(f"{package.name} {package.version}: {said(package) or 'no licence named'}, which is on no list of ours")
    if not unfit:
        print(f"{len(packages)} packages: every licence fits")
    return 1 if unfit else 0


def said(package: metadata.Distribution) -> str:
    """The licence as its metadata names it: an expression, a classifier, or the first words of a text."""
    fields = package.metadata
    classifiers = [
        line.rpartition(" :: ")[2] for line in fields.get_all("Classifier") or [] if line.startswith("License ::")
    ]
    named = [name for name in classifiers if name != "OSI Approved"]
    return (fields["License-Expression"] or " AND ".join(named) or fields["License"] or "").strip().partition("\n")[0]


def fits(name: str, licence: str) -> bool:
    """Whether a package under ``licence`` may go with us: an alternative of it of which every part may.

    Where it groups alternatives with brackets, all of them must do.
    """
    lesser = re.sub(r"[-_.]+", "-", name).lower() in _LESSER
    grouped = "(" in licence and " OR " in licence
    choices = [re.sub(r"[()]| OR ", " AND ", licence)] if grouped else licence.split(" OR ")
    parts = [[part.strip() for part in choice.split(" AND ") if part.strip()] for choice in choices]
    return any(
        choice and all(spdx(part) in _FREE or (lesser and re.search(r"LGPL|Lesser General", part)) for part in choice)
        for choice in parts
    )


def spdx(name: str) -> str:
    """The SPDX identifier of a licence that is named in words."""
    return next((known for pattern, known in _NAMES if re.fullmatch(pattern, name.strip())), name.strip())


if __name__ == "__main__":
    sys.exit(main())
