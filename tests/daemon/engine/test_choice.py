"""What is remembered of a model on this machine, how long, and which backend follows from it."""

import dataclasses
import json
import stat

import pytest

from daemon.config import ModelConfig
from daemon.engine import choice as engine_choice
from daemon.engine.choice import Known, Memory, Plan
from models import cuda
from models.choice import REFERENCE, Backend, Machine, Measured, Wish
from tests.models import tiny

ORT, ON_GPU = Backend("ort", "cpu", 1), Backend("ort", "cuda", 1)
DESKTOP = Machine(cores=1, ort=True)
ROWS = (Measured(REFERENCE, 100.0, 1.0), Measured(ORT, 70.0, 0.7), Measured(ON_GPU, fault="there is no driver"))
KNOWN = Known(ROWS, 1e9, 0.5, {"sherpa/cpu": {"verdict": "passed", "reason": "fine"}}, "ab12")


@pytest.fixture
def model(tmp_path):
    return tiny.bundle(tmp_path / "model")


@pytest.fixture
def file(tmp_path):
    return tmp_path / "data" / "engines.json"


def test_it_is_remembered_by_the_next_program(model, file):
    Memory(file).note(model, KNOWN)

    assert Memory(file).known(model) == KNOWN
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert list(file.parent.iterdir()) == [file]


def test_each_model_has_its_own(model, file, tmp_path):
    other = tiny.bundle(tmp_path / "other")
    Memory(file).note(model, KNOWN)
    Memory(file).note(other, Known(cpu_text="cd34"))

    assert Memory(file).known(model) == KNOWN
    assert Memory(file).known(other).cpu_text == "cd34"


@pytest.mark.parametrize("change", ["file", "packages", "processor", "cores"])
def test_it_holds_until_something_else_decodes(model, file, monkeypatch, change):
    memory = Memory(file)
    memory.note(model, KNOWN)
    if change == "file":
        (model / "tokens.txt").write_text(tiny.tokens() + "\n")
    elif change == "packages":
        monkeypatch.setattr(cuda, "fingerprint", lambda: "driver 600.1")
    elif change == "processor":
        monkeypatch.setattr(engine_choice, "processor", lambda: "another")
    else:
        monkeypatch.setattr(engine_choice, "physical_cores", lambda: 77)

    assert memory.known(model) == Known()


@pytest.mark.parametrize("damage", ["", "{", "[]", "null", '{"format": 0}', '{"format": 1, "models": 3}', "\x00\xff"])
def test_a_damaged_file_counts_as_empty_and_is_written_anew(model, file, damage):
    file.parent.mkdir()
    file.write_bytes(damage.encode("latin-1"))

    assert Memory(file).known(model) == Known()
    Memory(file).note(model, KNOWN)
    assert Memory(file).known(model) == KNOWN


@pytest.mark.parametrize("part", ["rows", "verdicts", "at_s", "cpu_text"])
def test_a_damaged_entry_is_found_out_once_more(model, file, part):
    Memory(file).note(model, KNOWN)
    content = json.loads(file.read_text())
    [entry] = content["models"].values()
    del entry[part]
    file.write_text(json.dumps(content))
    assert Memory(file).known(model) == Known()

    entry[part] = [[3]]
    file.write_text(json.dumps(content))
    assert part == "cpu_text" or Memory(file).known(model) == Known()


def test_what_cannot_be_written_holds_until_the_end(model, file):
    file.parent.write_text("in the way")
    memory = Memory(file)
    memory.note(model, KNOWN)

    assert memory.known(model) == KNOWN
    assert Memory(file).known(model) == Known()


def test_the_plan_follows_what_was_measured(model):
    fresh = engine_choice.plan(model, Wish(), Known(), DESKTOP)
    known = engine_choice.plan(model, Wish(), KNOWN, DESKTOP)
    with_gpu = engine_choice.plan(model, Wish(), KNOWN, dataclasses.replace(DESKTOP, gpu=True, cuda=("ort",)))

    assert (fresh.backend, fresh.on_cpu, fresh.gpu_fault) == (REFERENCE, REFERENCE, None)
    assert (known.backend, known.on_cpu, known.gpu_fault) == (ORT, ORT, None)
    assert (with_gpu.backend, with_gpu.gpu_fault) == (ORT, "there is no driver")


def test_a_model_passes_its_self_test_once_on_each_backend(model):
    plan = Plan(model, known=KNOWN, judge=True)
    usual = ("--model", str(model), "--engine", "ort", "--provider", "cpu", "--threads", "1")

    assert plan.arguments(ORT) == (*usual, "--judge", "--cpu-text", "ab12")
    assert plan.arguments(ORT, judged=True) == (*usual, "--cpu-text", "ab12")
    assert "--judge" not in plan.arguments(REFERENCE)
    assert "--judge" not in Plan(model).arguments(ORT)


def test_a_verdict_is_added_to_what_is_known():
    told = {"verdict": "unjudged", "reason": "says little", "wer": 0.5, "decode_ms": 3.0, "text_sha256": "ef56"}
    on_cpu = engine_choice.with_verdict(KNOWN, "ort", "cpu", told)
    on_gpu = engine_choice.with_verdict(KNOWN, "ort", "cuda", told)

    assert on_cpu.verdicts["ort/cpu"] == {"verdict": "unjudged", "reason": "says little"}
    assert "sherpa/cpu" in on_cpu.verdicts
    assert (on_cpu.cpu_text, on_gpu.cpu_text) == ("ef56", "ab12")


def test_a_new_row_takes_the_place_of_the_old_one():
    known = engine_choice.with_rows(KNOWN, Measured(ORT, 50.0, 0.5))

    assert {row.backend: row.ratio for row in known.rows} == {REFERENCE: 1.0, ORT: 0.5, ON_GPU: None}
    assert known.at_s > KNOWN.at_s


def test_physical_cores_leave_out_second_threads(tmp_path, monkeypatch):
    monkeypatch.setattr(engine_choice.os, "sched_getaffinity", lambda _pid: set(range(8)), raising=False)
    file = tmp_path / "cpuinfo"
    block = "processor\t: {0}\nphysical id\t: 0\ncore id\t\t: {1}\n\n"
    file.write_text("".join(block.format(number, number % 4) for number in range(8)))

    assert engine_choice.physical_cores(file) == 4
    file.write_text("processor : 0\n")
    assert engine_choice.physical_cores(file) == 8
    assert engine_choice.physical_cores(tmp_path / "absent") == 8


def test_the_wish_is_the_configurations():
    assert engine_choice.wish(ModelConfig()) == Wish()
    assert engine_choice.wish(ModelConfig(engine="ort", provider="cpu", threads=2)) == Wish("ort", "cpu", 2)
