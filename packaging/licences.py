"""Print the licences of everything that a frozen swictation brings: ``python packaging/licences.py DIRECTORY``.

Python packages are asked by their installed metadata, Python itself by its own file, and libraries that were taken from
Debian by the package that they came from. What is in DIRECTORY and has no licence to be found ends it with 1.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from importlib import metadata
from pathlib import Path

from packaging.requirements import Requirement

_PROJECT = Path(__file__).parents[1] / "pyproject.toml"
_COMMON = Path("/usr/share/common-licenses")
_RULE = "=" * 100
# What a wheel brings without a word in its metadata: whose it is, and the text that goes with it.
_INSIDE = (
    ("PySide6", "Qt 6 (The Qt Company), LGPL-3.0-only: linked dynamically, so that another can be put there", "LGPL-3"),
    ("sherpa_onnx", "onnxruntime (Microsoft), MIT; kaldi-native-fbank and others of k2-fsa, Apache-2.0", "Apache-2.0"),
    ("_soundfile_data", "libsndfile, LGPL-2.1-or-later: linked dynamically", "LGPL-2.1"),
)  # fmt: skip
_TEXTS = {
    "LGPL-3": ("LGPL-3", "GPL-3"),
    "Apache-2.0": ("Apache-2.0",),
    "LGPL-2.1": ("LGPL-2.1",),
    "LGPL-2": ("LGPL-2",),
}


def main(directory: Path) -> int:
    """Print them: a table first, the texts after it."""
    inside = directory / "_internal"
    table, texts, common = [], [], set()
    for package in packages(tomllib.loads(_PROJECT.read_text("utf-8"))["project"]["dependencies"]):
        licence = name(package)
        if licence is None:
            print(f"{package.name} does not say its licence", file=sys.stderr)
            return 1
        table.append(f"{package.name} {package.version}: {licence}")
        texts += [(f"{package.name}: {file.name}", file.read_text("utf-8", "replace")) for file in files(package)]
        common |= {key for key in _TEXTS if licence.startswith((key, key.replace("LGPL-", "LGPLv")))}
    for place, what, key in _INSIDE:
        if (inside / place).exists():
            table.append(f"in {place}: {what}")
            common.add(key)
    table.append("Python: PSF-2.0")
    python = Path(sys.base_prefix) / "lib" / f"python{sys.version_info[0]}.{sys.version_info[1]}" / "LICENSE.txt"
    texts.append(
        ("Python", (python if python.exists() else Path("/usr/share/doc/python3/copyright")).read_text("utf-8"))
    )
    for owner, copyright_file in sorted(of_debian(inside).items()):
        table.append(f"{owner}: as Debian's package says, below")
        texts.append((owner, copyright_file.read_text("utf-8", "replace")))
    for key in sorted(text for licence in common for text in _TEXTS[licence]):
        texts.append((key, (_COMMON / key).read_text("utf-8")))
    print("What this directory holds, and under which licences. swictation itself is under the MIT licence.\n")
    print("\n".join(table))
    for title, text in texts:
        print(f"\n{_RULE}\n{title}\n{_RULE}\n{text.strip()}")
    return 0


def packages(requirements: list[str]) -> list[metadata.Distribution]:
    """The distributions that ``requirements`` ask for here, and those that they need."""
    found: dict[str, metadata.Distribution] = {}
    wanted = [Requirement(line) for line in requirements]
    while wanted:
        requirement = wanted.pop()
        if requirement.name in found or (requirement.marker and not requirement.marker.evaluate({"extra": ""})):
            continue
        found[requirement.name] = metadata.distribution(requirement.name)
        wanted += [Requirement(line) for line in found[requirement.name].requires or []]
    return [package for _name, package in sorted(found.items())]


def name(package: metadata.Distribution) -> str | None:
    """The licence in one line, from the first place where the metadata names one."""
    fields = package.metadata
    classifiers = [line for line in fields.get_all("Classifier") or [] if line.startswith("License ::")]
    said = (
        fields["License-Expression"] or fields["License"] or (classifiers[0].rpartition("::")[2] if classifiers else "")
    )
    return " ".join(said.split()) or None


def files(package: metadata.Distribution) -> list[Path]:
    """The files with the text of its licence."""
    named = [file for file in package.files or [] if re.match(r"(?i)(licen[cs]e|copying|notice)", file.name)]
    return [path for file in named if (path := Path(str(file.locate()))).is_file() and path.suffix != ".py"]


def of_debian(inside: Path) -> dict[str, Path]:
    """The Debian packages from which libraries were taken, with the file of each one's licence."""
    owners: dict[str, Path] = {}
    for library in inside.glob("lib*.so*"):
        said = subprocess.run(["dpkg-query", "-S", f"*/{library.name}"], capture_output=True, text=True, check=False)
        owner = said.stdout.partition(":")[0]
        copyright_file = Path("/usr/share/doc") / owner / "copyright"
        if owner and copyright_file.is_file():
            owners[owner] = copyright_file
    return owners


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
