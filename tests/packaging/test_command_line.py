"""The man page and the completions follow the parser of the command line."""

import shutil
import subprocess

import pytest

from tests.packaging.scripts import output, verbs


@pytest.fixture(scope="module")
def page():
    return output("manpage.py")


def needs(program):
    return pytest.mark.skipif(shutil.which(program) is None, reason=f"{program} is not installed")


def test_the_man_page_has_every_verb(page):
    assert len(verbs()) > 15
    for verb in verbs():
        assert f"\\fBswictation {verb}\\fR" in page


def test_the_man_page_has_options_with_their_values_and_what_they_do(page):
    assert r"\fB\-\-from\fR \fIFILE\fR" in page
    assert "Insert at every pause, not once at the end." in page.replace("\\", "")


@needs("man")
def test_man_takes_the_page_without_a_warning(page, tmp_path):
    file = tmp_path / "swictation.1"
    file.write_text(page, "utf-8")
    shown = subprocess.run(
        ["man", "--warnings", "--local-file", file], capture_output=True, text=True, check=True,
        env={"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8", "MANWIDTH": "100"},
    )  # fmt: skip
    assert shown.stderr == ""
    assert "~/.config/swictation/config.toml" in shown.stdout


@pytest.mark.parametrize("shell", [pytest.param(name, marks=needs(name)) for name in ("bash", "zsh", "fish")])
def test_the_shell_reads_its_completions(shell, tmp_path):
    file = tmp_path / shell
    file.write_text(output("completions.py", shell), "utf-8")
    subprocess.run([shell, "-n", file], check=True)


@needs("bash")
@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["mod"], ["models"]),
        (["models", "pu"], ["pull"]),
        (["models", "--prog"], ["--progress"]),
        (["models", "--progress", ""], ["json"]),
        (["bench", "--compare", "on"], ["onnx-asr"]),
        (["transcribe", "rec"], ["recording.wav"]),
        (["dictate", "--from", "rec"], ["recording.wav"]),
        (["config", "set", "--"], ["--help", "--json"]),
    ],
)
def test_bash_completes(words, expected, tmp_path):
    file = tmp_path / "completions"
    file.write_text(output("completions.py", "bash"), "utf-8")
    (tmp_path / "recording.wav").touch()
    script = f'. {file}; COMP_WORDS=(swictation "$@"); COMP_CWORD=$#; _swictation; printf "%s\\n" "${{COMPREPLY[@]}}"'
    done = subprocess.run(
        ["bash", "-c", script, "bash", *words], capture_output=True, text=True, check=True, cwd=tmp_path
    )
    assert sorted(done.stdout.split()) == expected


@needs("fish")
@pytest.mark.parametrize(
    ("line", "expected"),
    [("swictation mod", "models"), ("swictation models pu", "pull"), ("swictation models --progress ", "json"),
     ("swictation transcribe rec", "recording.wav")],
)  # fmt: skip
def test_fish_completes(line, expected, tmp_path):
    file = tmp_path / "completions.fish"
    file.write_text(output("completions.py", "fish"), "utf-8")
    (tmp_path / "recording.wav").touch()
    done = subprocess.run(
        ["fish", "--no-config", "-c", f"source {file}; complete -C '{line}'"],
        capture_output=True, text=True, check=True, cwd=tmp_path, env={"PATH": "/usr/bin:/bin", "HOME": str(tmp_path)},
    )  # fmt: skip
    assert [line.split("\t")[0] for line in done.stdout.splitlines()] == [expected]
