"""A pull in a process of its own, so that it can be killed, limited, or run twice at once.

Run it with a JSON object: ``store``, ``base`` (address), ``archive`` (name), ``sha256``, ``names``, and if wanted
``file_limit_bytes`` (the largest file that this process may write), ``timeout_s``.
"""

import dataclasses
import json
import resource
import subprocess
import sys
from pathlib import Path

from models.catalogue import Entry, ModelFile
from models.errors import SwictationError
from models.pull import Reporter, Source, pull
from models.store import Store
from tests import recordings


def entry(base, archive, sha256, names, **changes):
    """A transducer as in the catalogue, with a sum that is certain unless ``changes`` say otherwise."""
    made = Entry(
        name="some-model",
        title="Some model",
        kind="transducer",
        device="cpu",
        archive=archive,
        archive_bytes=None,
        sha256=sha256,
        sum_sources=2,
        most_bytes=20_000_000,
        files=tuple(ModelFile(name) for name in names),
        languages=("en",),
        licence="CC-BY-4.0",
        attribution="somebody",
        base_address=base,
    )
    return dataclasses.replace(made, **changes)


def start(store, base, archive, sha256, names, **more):
    """The process, with its output to be read."""
    wanted = {"store": str(store), "base": base, "archive": archive, "sha256": sha256, "names": list(names), **more}
    command = [sys.executable, "-m", "tests.models.pulling", json.dumps(wanted)]
    return subprocess.Popen(command, cwd=recordings.ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def main():
    wanted = json.loads(sys.argv[1])
    if limit := wanted.get("file_limit_bytes"):
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
    made = entry(wanted["base"], wanted["archive"], wanted["sha256"], wanted["names"])
    reporter = Reporter(step=lambda line: print(line, flush=True))
    try:
        pulled = pull(
            Store(Path(wanted["store"])),
            made,
            Source(),
            reporter,
            timeout_s=wanted.get("timeout_s", 20.0),
            pause_s=0.01,
        )
    except SwictationError as error:
        print(error, file=sys.stderr)
        sys.exit(1)
    print("fresh" if pulled.fresh else "here already", flush=True)


if __name__ == "__main__":
    main()
