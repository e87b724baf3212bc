"""An engine worker that claims a GPU and behaves as the file ``manner`` beside the model's directory says.

Its first word says what happens when it is to load on the GPU (``loads``, ``slowly``, which waits for a file ``go``,
``refuses``, ``dies``, ``hangs``, ``cpu`` or ``int8`` for a fall back to the CPU), its second what happens there
(``loses``, ``dies``, ``hangs``, ``errs``) at the request whose number is the third. On the CPU it always works. Every
start adds its arguments to the file ``starts``.
"""

import argparse
import sys
import threading
import time
from pathlib import Path

from models import wire

SELF_TEST = {"verdict": "passed", "wer": 0.1, "reason": "fine", "decode_ms": 5.0, "text_sha256": "ab12"}

WARM_MS = 7.0  # its pace


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("verb")
    parser.add_argument("--model", type=Path)
    parser.add_argument("--judge", action="store_true")
    for name in ("--engine", "--provider", "--threads", "--cpu-text"):
        parser.add_argument(name)
    options = parser.parse_args()
    incoming, outgoing = wire.claim_stdio()
    with (options.model.parent / "starts").open("a") as starts:
        starts.write(" ".join(sys.argv[2:]) + "\n")
    load, action, at = (options.model.parent / "manner").read_text().split()
    provider, fault = options.provider, None
    if provider == "cuda":
        if load == "refuses":
            outgoing.write(wire.pack({"kind": "failed", "message": "no onnxruntime here"}))
            return 3
        if load == "dies":
            return 139
        if load == "hangs":
            time.sleep(600)
        while load == "slowly" and not (options.model.parent / "go").exists():
            time.sleep(0.02)
        if load in {"cpu", "int8"}:
            provider, fault = "cpu", "there is no driver"
    about = {"model": options.model.name, "practice": False, "int8": load == "int8"}
    ready = {"kind": "ready", **about, "provider": provider, "pace_ms": WARM_MS}
    proved = {"provider_fault": fault, "self_test": SELF_TEST if options.judge or provider == "cuda" else None}
    outgoing.write(wire.pack({**ready, **proved}))
    return serve(provider, action, int(at), incoming, outgoing)


def serve(provider, action, at, incoming, outgoing):
    count = 0
    while (message := wire.read(incoming)) is not None:
        head, pcm = message
        count += 1
        if provider == "cuda" and count == at:
            if action == "dies":
                return 139
            if action == "hangs":
                threading.Event().wait(600)
            lost = action == "loses"
            error = {"kind": "error", "id": head["id"], "message": "CUDA failure 999", "device_lost": lost}
            outgoing.write(wire.pack(error))
            if lost:
                return 4
            continue
        lengths = head.get("lengths", [len(pcm)])
        heard = [transcript(f"{provider} {length}") for length in lengths]
        answer = {"kind": "transcript", **heard[0]}
        if head["kind"] == "recognise_many":
            answer = {"kind": "transcripts", "transcripts": heard}
        outgoing.write(wire.pack({**answer, "id": head["id"], "engine_ms": 12.0}))
    return 0


def transcript(text):
    times = {"features_ms": 1.0, "encode_ms": None, "decode_ms": 2.0, "steps": None}
    return {"text": text, "tokens": [], "timestamps_s": [], "durations_s": [], "log_probs": [], **times}


if __name__ == "__main__":
    sys.exit(main())
