"""``swictation models`` as a person runs it, without a daemon: what it says, where, and with which status."""

import dataclasses
import json

import pytest

from daemon import cli
from daemon.commands import models as model_commands
from daemon.engine import fastest_model
from daemon.engine.fastest_model import Pace
from models import catalogue
from models.archive import sha256_of
from models.bundle import default_directory
from tests import recordings
from tests.daemon.commands.conftest import ARCHIVE, NAMES, contents
from tests.models import damage, pulling, tiny
from tests.models.archives import packed

pytestmark = pytest.mark.usefixtures("home")


def as_json(run, *words):
    status, out, err = run(*words, "--json")
    assert status == 0, err
    return json.loads(out)


def model_dir(home):
    file = home / "config" / "swictation" / "config.toml"
    return file.read_text() if file.exists() else ""


def test_list_shows_what_is_here_and_what_can_be_had(run):
    models = {model["name"]: model for model in as_json(run)}
    assert models["practice"]["in_use"]
    assert models["practice"]["directory"] == str(default_directory())
    assert not models["parakeet-110m"]["installed"]
    assert models["parakeet-110m"]["licence"] == "CC-BY-4.0"
    _status, out, err = run("list")
    assert err == ""
    [line] = [line for line in out.splitlines() if " parakeet-0.6b-v3-int8 " in line]
    assert "not here: Parakeet TDT 0.6B v3, int8, 25 languages; 487 MB, for a CPU; CC-BY-4.0" in line


def test_pull_without_a_name_takes_what_suits_says_why_and_uses_it(run, known, home):
    status, out, err = run("pull")
    assert status == 0
    assert err.splitlines()[0].startswith("parakeet-110m-int8: no NVIDIA GPU found: ")
    assert "parakeet-110m-int8 installed: its sum is the one that several independent places give" in out
    assert "somebody; licence CC-BY-4.0" in out
    assert "it is in use now, in the place of the practice model" in out
    place = home / "data" / "swictation" / "models" / "parakeet-110m-int8"
    assert f'dir = "{place}"' in model_dir(home)
    [model] = [model for model in as_json(run) if model["in_use"]]
    assert model["name"] == "parakeet-110m-int8"
    assert model["fault"] is None


def test_pull_on_a_machine_with_a_gpu_means_the_float32_model(run, known, monkeypatch):
    monkeypatch.setattr(model_commands, "nvidia_gpu", lambda: "NVIDIA H200")
    status, _out, err = run("pull")
    assert status == 1, "this catalogue has none"
    assert err.startswith("parakeet-110m: NVIDIA H200 found: ")


def test_a_model_that_somebody_chose_stays_in_use(run, known, home):
    run("pull", "parakeet-110m-int8")
    status, out, _err = run("pull", "unsure")
    assert status == 0
    assert "from one place only" in out
    assert "`swictation models use unsure` dictates with it" in out
    assert "parakeet-110m-int8" in model_dir(home)


def test_a_detector_is_kept_but_never_used(run, known, home):
    pulled = as_json(run, "pull", "a-vad")
    assert not pulled["in_use"]
    assert model_dir(home) == ""
    status, out, err = run("use", "a-vad")
    assert (status, out) == (1, "")
    assert err == "swictation: a-vad is a vad model and the engine runs transducers only; use another\n"


def test_pull_again_says_that_it_is_here(run, known):
    run("pull", "unsure")
    assert "was here already and is sound" in run("pull", "unsure")[1]


def test_a_pull_that_fails_is_one_line_and_status_1(run, known, server):
    server.files.clear()
    status, out, err = run("pull", "unsure")
    assert (status, out) == (1, "")
    assert err.splitlines()[-1].startswith("swictation: the server answers 404 Not Found")
    assert list(model_commands.store_here().directory.iterdir()) == []


def test_a_model_that_recognises_nothing_is_not_taken(run, known, home, server, monkeypatch):
    broken = damage.copy(default_directory(), home / "broken", ["encoder"], damage.zeroed)
    archive = packed(home / "broken.tar.bz2", contents(broken))
    server.files[f"/{archive.name}"] = archive.read_bytes()
    entry = pulling.entry(server.address, archive.name, sha256_of(archive), NAMES)
    monkeypatch.setattr(catalogue, "ENTRIES", (dataclasses.replace(entry, name="hollow"),))
    status, _out, err = run("pull", "hollow")
    assert status == 1
    assert "the self-test finds it broken" in err.splitlines()[-1]
    assert not (home / "data" / "swictation" / "models" / "hollow").exists()
    assert model_dir(home) == ""


def test_from_a_file_named_or_told_by_its_name(run, known, home, server):
    assert as_json(run, "pull", "unsure", "--from", str(home / ARCHIVE))["fresh"]
    assert as_json(run, "pull", "--from", str(home / "vad.onnx"))["name"] == "a-vad"
    assert [path for path, _headers in server.requests] == ["/checksum.txt"]


@pytest.mark.parametrize("way", ["option", "environment", "configuration"])
@pytest.mark.usefixtures("known")
def test_a_mirror_in_three_ways(run, server, monkeypatch, way):
    mirror, words = f"{server.address}/mirror", []
    server.files[f"/mirror/{ARCHIVE}"] = server.files[f"/{ARCHIVE}"]
    if way == "option":
        words = ["--mirror", mirror]
    elif way == "environment":
        monkeypatch.setenv("SWICTATION_MIRROR", mirror)
    else:
        assert cli.run(["config", "set", "model.mirror", mirror]) == 0
    run("pull", "parakeet-110m-int8", *words)
    assert [path for path, _headers in server.requests] == [f"/mirror/{ARCHIVE}"]


def test_a_mirror_must_be_safe(run, known):
    status, _out, err = run("pull", "parakeet-110m-int8", "--mirror", "http://example.org/models")
    assert status == 1
    assert "must begin with https://" in err


def test_verify_names_what_is_broken(run, known, home):
    run("pull", "unsure")
    run("pull", "a-vad")
    assert run("verify")[:2] == (0, "a-vad: sound, every sum is as it came\nunsure: sound, every sum is as it came\n")
    joiner = home / "data" / "swictation" / "models" / "unsure" / "joiner.onnx"
    joiner.write_bytes(joiner.read_bytes()[:-1] + b"\xff")
    status, out, _err = run("verify", "unsure")
    assert status == 1
    assert "joiner.onnx has changed since it came" in out
    status, _out, err = run("use", "unsure")
    assert status == 1
    assert "joiner.onnx has changed" in err, "a broken model is not taken into use"


def test_use_keeps_the_comments_of_the_configuration(run, known, home):
    run("pull", "unsure")
    config = home / "config" / "swictation" / "config.toml"
    config.write_text('# mine\n[hotkey]\nkey = "F8"  # near the thumb\n')
    status, out, _err = run("use", "unsure")
    assert (status, out) == (0, "unsure will be used when the daemon starts\n")
    assert "# near the thumb" in config.read_text()
    assert "unsure" in config.read_text()
    run("use", "practice")
    assert 'dir = ""' in config.read_text()


def test_remove_spares_what_is_in_use(run, known, home):
    run("pull", "unsure")
    status, _out, err = run("remove", "unsure")
    assert status == 1
    assert "`swictation models use practice`" in err
    run("use", "practice")
    assert run("remove", "unsure")[:2] == (0, "unsure removed\n")
    assert not (home / "data" / "swictation" / "models" / "unsure").exists()


def test_path(run, known, home):
    store = home / "data" / "swictation" / "models"
    assert run("path")[1] == f"{store}\n"
    run("pull", "unsure")
    assert run("path", "unsure")[1] == f"{store / 'unsure'}\n"
    assert as_json(run, "path", "practice") == {"path": str(default_directory())}


def test_what_the_disk_says_is_one_line(run, known):
    run("pull", "unsure")
    status, out, err = run("remove", "x" * 300)
    assert (status, out) == (1, "")
    assert "cannot be read or written: File name too long" in err


def test_a_store_that_cannot_be_made(run, known, home):
    (home / "data" / "swictation").write_text("in the way")
    status, out, err = run("pull", "unsure")
    assert (status, out) == (1, "")
    assert "cannot be read or written: Not a directory" in err.splitlines()[-1]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["pull", "nonsense"], "no model nonsense is known"),
        (["pull", "sherpa-onnx-nemo-parakeet-tdt-0.6b-v2-fp16"], "fp16 exports"),
        (["use", "parakeet-0.6b-v2-fp16"], "fp16 exports"),
        (["use", "unsure"], "no model unsure is installed"),
        (["use"], "no model is installed to choose from"),
        (["use", "practice", "--progress", "json"], "--progress belongs to `swictation models pull`"),
        (["optimise", "unsure"], "no model unsure is installed"),
        (["remove"], "say which model"),
        (["remove", "practice"], "stays"),
        (["remove", ".."], "no model .. is installed"),
        (["verify", "unsure"], "no model unsure is installed"),
        (["path", "unsure"], "no model unsure is installed"),
        (["list", "--mirror", "https://example.org"], "belong to `swictation models pull`"),
        (["pull", "unsure", "--from", "x", "--mirror", "https://example.org"], "either --from FILE or --mirror"),
        (["pull", "unsure", "--from", "nowhere.tar.bz2"], "nowhere.tar.bz2 cannot be read"),
    ],
)
def test_every_refusal_is_one_line_on_stderr(run, known, words, said):
    status, out, err = run(*words)
    assert (status, out) == (1, "")
    last = err.splitlines()[-1]
    assert last.startswith("swictation: ")
    assert said in last


@pytest.mark.skipif(recordings.practice_model() is None, reason="the practice model is not in this checkout")
def test_verify_of_the_practice_model(run):
    assert run("verify", "practice")[:2] == (0, "practice: sound, well formed; no sums are known of it\n")


def test_pull_of_a_model_for_a_gpu_says_what_makes_it_faster_here(run, known, monkeypatch):
    monkeypatch.setattr(catalogue, "ENTRIES", (dataclasses.replace(known[0], name="whole", device="gpu"),))
    assert run("pull", "whole")[1].endswith("`swictation models optimise whole` makes a faster variant for this CPU\n")
    monkeypatch.setattr(model_commands, "nvidia_gpu", lambda: "NVIDIA H200")
    assert "optimise" not in run("pull", "whole")[1]


def test_pull_tells_a_program_what_it_does(run, known):
    status, out, err = run("pull", "unsure", "--progress", "json")
    assert (status, err) == (0, "")
    *told, last = [json.loads(line) for line in out.splitlines()]
    assert {tuple(line) for line in told} == {("step", "done_bytes", "total_bytes", "speed", "left_s")}
    assert told[0]["step"].startswith("getting some-model-export.tar.bz2 from http://127.0.0.1:")
    assert any(line["done_bytes"] and line["done_bytes"] == line["total_bytes"] for line in told)
    assert last["result"]["name"] == "unsure"
    assert last["result"]["in_use"]


def test_a_pull_that_fails_tells_a_program_in_one_line(run, known, server):
    server.files.clear()
    status, out, err = run("pull", "unsure", "--progress", "json")
    assert status == 1
    assert all("result" not in json.loads(line) for line in out.splitlines())
    assert err.startswith("swictation: the server answers 404 Not Found")
    assert err.count("\n") == 1


@pytest.fixture
def installed(home):
    """Models of the store that are well formed, and no more."""

    def installed(*names):
        for name in names:
            tiny.bundle(home / "data" / "swictation" / "models" / name)

    return installed


@pytest.fixture
def paces(monkeypatch):
    """What is measured of each model, which are noted."""
    known = {}

    def measured(directories, *, engine, threads, progress):
        assert (engine, threads) == ("sherpa", 1)
        return [known[directory.name] for directory in directories]

    monkeypatch.setattr(fastest_model, "measured", measured)
    return known


def test_use_without_a_name_takes_the_fastest_that_works_and_says_why(run, installed, paces, home):
    installed("a", "b", "c")
    paces |= {"a": Pace("a", 90.0), "b": Pace("b", 70.0), "c": Pace("c", 10.0, "the self-test finds it broken")}
    status, out, _err = run("use")
    assert status == 0
    assert out.startswith("b will be used when the daemon starts: 70 ms for 2.8 s of speech on this CPU, the fastest")
    assert 'models/b"' in model_dir(home)
    used = as_json(run, "use")
    assert [pace["name"] for pace in used["measured"]] == ["a", "b", "c"]


def test_use_without_a_name_passes_over_what_is_no_model_to_dictate_with(run, known, installed, paces, home):
    run("pull", "unsure")  # which is the practice model under another name
    installed("a")
    (home / "data" / "swictation" / "models" / "broken").mkdir()
    paces["a"] = Pace("a", 90.0)
    assert "a will be used" in run("use")[1]


def test_use_without_a_name_takes_the_float32_model_on_a_gpu(run, installed, paces, monkeypatch):
    monkeypatch.setattr(model_commands, "nvidia_gpu", lambda: "NVIDIA H200")
    installed("parakeet-110m", "a")
    used = as_json(run, "use")
    assert used["name"] == "parakeet-110m"
    assert used["why"].startswith("NVIDIA H200 found")
    assert used["measured"] == []
