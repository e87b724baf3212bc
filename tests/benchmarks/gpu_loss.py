"""What the engine worker does when it loses the GPU: no memory left, its context gone, no device at the next start.

Part of ``tests.benchmarks.gpu``. ``python -m tests.benchmarks.gpu_loss hold|reset`` are the processes that it starts.
"""

import contextlib
import ctypes
import io
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

from models import bundle, engine, wire
from models.ort import OrtRecogniser

_SHORT_S, _LONG_S = 2.8, 60.0  # the second is longer than any graph, so that it needs memory of its own
_LEFT_BYTES = 1 << 22


def check(directory: Path, speech: bytes, provider: str) -> bool:
    """Print what came of each loss; whether it was as it must be. Without a GPU only the starts without one."""
    print("| loss | what must come of it | what came |\n|---|---|---|")
    cases = [("no device at the start", "the CPU, with the reason", _start_without(directory, speech))]
    if provider == "cuda":
        cases.append(("memory gone in mid-life", "the text, or device_lost and status 4", _fill(directory, speech)))
        cases.append(("context gone in mid-life", "device_lost and status 4", _reset(directory)))
    for loss, wanted, (well, came) in cases:
        print(f"| {loss} | {wanted} | {'' if well else 'WRONG: '}{came} |", flush=True)
    print()
    return all(well for _loss, _wanted, (well, _came) in cases)


def _start_without(directory: Path, speech: bytes) -> tuple[bool, str]:
    with _worker(directory, {"CUDA_VISIBLE_DEVICES": ""}) as worker:
        ready, answer = _next(worker), _ask(worker, speech, _SHORT_S)
    well = ready["provider"] == "cpu" and bool(ready["provider_fault"]) and answer["kind"] == "transcript"
    return well, f"{ready['provider']}: {ready['provider_fault']}"


def _fill(directory: Path, speech: bytes) -> tuple[bool, str]:
    """Another program takes all of the GPU's memory; at the next start there is still none."""
    with _worker(directory) as worker:
        before = _next(worker)["provider"]
        with _holder() as held:
            answer = _ask(worker, speech, _LONG_S)
            lost = answer["kind"] == "error" and answer["device_lost"] and worker.wait(60) == engine.DEVICE_LOST
            with _worker(directory) as second:
                ready = _next(second)
    told = ready["provider"] == "cuda" or bool(ready["provider_fault"])
    came = f"{held} MB taken: {answer.get('message', answer['kind'])}; then {ready['provider']}"
    return (
        before == "cuda" and (lost or answer["kind"] == "transcript") and told,
        f"{came} ({ready['provider_fault']})",
    )


def _reset(directory: Path) -> tuple[bool, str]:
    command = [sys.executable, "-m", "tests.benchmarks.gpu_loss", "reset", str(directory)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)
    return done.returncode == engine.DEVICE_LOST, f"status {done.returncode}: {done.stdout.strip()[:300]}"


@contextlib.contextmanager
def _worker(directory: Path, environment: Mapping[str, str] | None = None) -> Iterator[subprocess.Popen[bytes]]:
    options = ["--model", str(directory), "--engine", "ort", "--provider", "cuda"]
    with subprocess.Popen(
        [sys.executable, "-m", "daemon", "_engine", *options],
        env={**os.environ, **(environment or {})},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as process:
        yield process
        process.stdin.close()


def _ask(worker: subprocess.Popen[bytes], speech: bytes, seconds: float) -> wire.Head:
    pcm = (speech * (1 + int(seconds * 32_000) // len(speech)))[: int(seconds * 16_000) * 2]
    worker.stdin.write(wire.pack({"kind": "recognise", "id": 1}, pcm))
    worker.stdin.flush()
    return _next(worker)


def _next(worker: subprocess.Popen[bytes]) -> wire.Head:
    while (message := wire.read(worker.stdout)) is not None:
        if message[0]["kind"] != "alive":
            return message[0]
    return {"kind": "error", "message": f"it ended with status {worker.wait()}", "device_lost": False}


@contextlib.contextmanager
def _holder() -> Iterator[str]:
    command = [sys.executable, "-m", "tests.benchmarks.gpu_loss", "hold"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        yield process.stdout.readline().strip()
        process.stdin.close()


def _hold() -> int:
    """Take the GPU's memory until stdin ends."""
    driver, context, address = ctypes.CDLL("libcuda.so.1"), ctypes.c_void_p(), ctypes.c_uint64()
    driver.cuInit(0)
    driver.cuDevicePrimaryCtxRetain(ctypes.byref(context), 0)
    driver.cuCtxSetCurrent(context)
    size, taken = 1 << 32, 0
    while size >= _LEFT_BYTES:
        if driver.cuMemAlloc_v2(ctypes.byref(address), ctypes.c_size_t(size)) == 0:
            taken += size
        else:
            size //= 2
    print(taken >> 20, flush=True)
    sys.stdin.read()
    return 0


def _lose_context(directory: str) -> int:
    """Serve as the worker does, after the CUDA context of this process was destroyed."""
    recogniser = OrtRecogniser(bundle.find(directory), "cuda")
    recogniser.recognise(bytes(64_000))
    ctypes.CDLL("libcuda.so.1").cuDevicePrimaryCtxReset_v2(0)
    outgoing = io.BytesIO()
    status = engine.serve(recogniser, io.BytesIO(wire.pack({"kind": "recognise", "id": 1}, bytes(64_000))), outgoing)
    print(outgoing.getvalue()[8:].decode("utf-8", "replace"), flush=True)
    os._exit(status)  # what is left of CUDA here may not survive its own clearing up


if __name__ == "__main__":
    sys.exit(_hold() if sys.argv[1] == "hold" else _lose_context(sys.argv[2]))
