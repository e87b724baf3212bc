"""Hold the tree to its budget: ``python packaging/budget.py`` names what is over it, and ends with 1.

A file has at most 320 lines, a function at most 45, and no handler catches everything. What may be larger stands in
``_FILES`` and ``_FUNCTIONS`` with its own limit, and ``_BROAD`` counts the handlers that hand everything on; an
allowance that nothing needs any more is over the budget too.
"""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

_ROOT = Path(__file__).parents[1]
_FILE_LINES = 320  # near 300
_FUNCTION_LINES = 45  # near 40
_FILES = {
    "daemon/cli.py": 350,
    "daemon/endpoint.py": 330,
    "daemon/engine/recogniser.py": 340,
    "tests/daemon/hotkey/test_x11.py": 350,
    "tests/daemon/microphone/test_capture.py": 336,
    "tests/daemon/test_endpoint.py": 360,
    "tests/gui/settings/test_settings_window.py": 370,
    "tests/models/conformer.py": 352,
    "tests/models/test_ort.py": 370,
    "tests/models/test_pull.py": 365,
}
_FUNCTIONS = {
    "daemon/app.py:Daemon.__init__": 55,  # every part of the daemon, once
    "daemon/cli.py:_parser": 60,  # every verb, once
}
_BROAD = {"daemon/commands/transcribe.py": 1}  # handed on to whoever waits


def main() -> int:
    """Measure every Python file that git knows or would take."""
    listed = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "*.py"]
    names = subprocess.run(listed, cwd=_ROOT, capture_output=True, text=True, check=True).stdout.split()
    files: dict[str, int] = {}
    functions: dict[str, int] = {}
    broad: dict[str, int] = {}
    for name in sorted(names):
        if not (path := _ROOT / name).exists():  # deleted, and git has not been told yet
            continue
        source = path.read_text("utf-8")
        tree = ast.parse(source, name)
        files[name] = source.count("\n")
        functions |= {f"{name}:{function}": lines for function, lines in function_lines(tree)}
        broad[name] = sum(1 for node in ast.walk(tree) if isinstance(node, ast.ExceptHandler) and catches_all(node))
    faults = [
        *over("lines", files, _FILE_LINES, _FILES),
        *over("lines", functions, _FUNCTION_LINES, _FUNCTIONS),
        *over("handlers that catch everything", broad, 0, _BROAD),
    ]
    print("\n".join(faults) or f"{len(files)} files, {len(functions)} functions: all within the budget")
    return 1 if faults else 0


def function_lines(tree: ast.Module) -> Iterator[tuple[str, int]]:
    """The qualified name of every function and how many lines it has, decorators and docstring apart."""

    def below(node: ast.AST, prefix: str) -> Iterator[tuple[str, int]]:
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef):
                docstring = child.body[0] if ast.get_docstring(child, clean=False) is not None else None
                said = (docstring.end_lineno or 0) - docstring.lineno + 1 if docstring else 0
                yield f"{prefix}{child.name}", (child.end_lineno or 0) - child.lineno + 1 - said
            named = isinstance(child, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
            yield from below(child, f"{prefix}{child.name}." if named else prefix)

    return below(tree, "")


def catches_all(handler: ast.ExceptHandler) -> bool:
    """Whether it catches Exception or more, and does not end by raising it again."""
    if isinstance(last := handler.body[-1], ast.Raise) and last.exc is None:
        return False
    kinds = handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type]
    return any(
        kind is None or (isinstance(kind, ast.Name) and kind.id in {"Exception", "BaseException"}) for kind in kinds
    )


def over(what: str, found: Mapping[str, int], limit: int, allowed: Mapping[str, int]) -> Iterator[str]:
    """A line for each one that is over its limit, and for each allowance that nothing needs."""
    for name, number in found.items():
        own_limit = allowed.get(name, limit)
        if number > own_limit:
            yield f"{name}: {number} {what}, and {own_limit} are the limit: split it"
    for name in allowed:
        if found.get(name, 0) <= limit:
            yield f"{name}: its allowance is not needed any more: delete it from packaging/budget.py"


if __name__ == "__main__":
    sys.exit(main())
