"""The checks of packaging/checks.sh fail on what they are there for."""

import ast
import importlib
import json

import pytest

from tests.packaging.scripts import PACKAGING


@pytest.fixture
def script(monkeypatch):
    """One of the scripts as a module."""
    monkeypatch.syspath_prepend(str(PACKAGING))
    return importlib.import_module


@pytest.mark.parametrize(
    ("name", "licence", "fits"),
    [
        ("any", "MIT", True),
        ("any", "Apache 2.0", True),
        ("any", "BSD License", True),
        ("any", "BSD-3-Clause AND 0BSD AND Zlib", True),
        ("any", "Apache-2.0 OR GPL-3.0-only", True),
        ("any", "GPL-3.0-only", False),
        ("any", "MIT AND GPL-3.0-only", False),
        ("any", "(MIT OR GPL-3.0-only) AND GPL-2.0-only", False),
        ("any", "(MIT OR Apache-2.0) AND BSD-3-Clause", True),
        ("any", "LGPL-2.1-or-later", False),
        ("soxr", "LGPL-2.1-or-later", True),
        ("PySide6_Essentials", "LGPL-3.0-only OR GPL-2.0-only OR GPL-3.0-only", True),
        ("soxr", "AGPL-3.0-only", False),
        ("any", "", False),
    ],
)
def test_a_licence_fits_or_not(script, name, licence, fits):
    assert bool(script("allowed_licences").fits(name, licence)) == fits


def test_what_is_over_the_budget_is_named_and_so_is_an_allowance_that_nothing_needs(script):
    found = {"a.py": 301, "b.py": 300, "c.py": 350, "d.py": 361}
    faults = list(script("budget").over("lines", found, 300, {"b.py": 310, "c.py": 360, "d.py": 360, "gone.py": 400}))
    assert [fault.partition(":")[0] for fault in faults] == ["a.py", "d.py", "b.py", "gone.py"]


def test_the_lines_of_functions_are_counted_without_their_docstrings(script):
    method = '    def b(self):\n        """One.\n\n        Two.\n        """\n        return 1\n'
    source = f"class A:\n{method}\n\nasync def c(): pass\n"
    assert dict(script("budget").function_lines(ast.parse(source))) == {"A.b": 2, "c": 1}


@pytest.mark.parametrize(
    ("handler", "broad"),
    [("", True), (" Exception", True), (" (OSError, BaseException)", True), (" OSError", False), (" (A, b.C)", False)],
)
def test_a_handler_that_catches_everything_is_seen(script, handler, broad):
    [statement] = ast.parse(f"try:\n    pass\nexcept{handler}:\n    pass\n").body
    assert script("budget").catches_all(statement.handlers[0]) == broad


def test_a_handler_that_raises_again_is_not_broad(script):
    [statement] = ast.parse("try:\n    pass\nexcept BaseException:\n    stop()\n    raise\n").body
    assert not script("budget").catches_all(statement.handlers[0])


def test_a_known_vulnerability_ends_the_audit_with_1(script, capsys):
    flaw = {"id": "PYSEC-1", "fix_versions": ["1.1"]}
    packages = [{"name": "a", "version": "1.0", "vulns": [flaw]}, {"name": "b", "skip_reason": "not found"}]
    assert script("audit").judge("x.lock", json.dumps({"dependencies": packages}), "") == 1
    assert "a 1.0: PYSEC-1, mended in 1.1" in capsys.readouterr().out


def test_an_audit_without_an_answer_says_so_and_ends_with_0(script, capsys):
    assert script("audit").judge("x.lock", "", "Traceback\nConnectionError: refused\n") == 0
    assert "could not be asked about vulnerabilities: ConnectionError: refused" in capsys.readouterr().out
