"""What quantising the encoder gains: each recipe of models.optimise against the model itself, alternating.

    python -m tests.benchmarks.optimise --model DIR [--repeats N]

Times are medians of the whole decode of 2.8 s of speech on one thread, in milliseconds; the ratio is the median of the
ratios within each repeat. What is heard says something of a model that understands speech only, so not of the stand-in.
"""

import argparse
import asyncio
import shutil
import tempfile
from pathlib import Path

from daemon.worker import program
from models import bundle
from models.bench import trial
from models.optimise import RECIPES, quantise


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", type=Path, default=bundle.default_directory())
    parser.add_argument("--repeats", type=int, default=15)
    options = parser.parse_args()
    found = bundle.find(options.model)
    print("weights    engine   model  variant  ratio   MB   wrong words, model and variant")
    with tempfile.TemporaryDirectory() as place:
        for weights in RECIPES:
            directory = Path(place) / weights
            directory.mkdir()
            for path in (found.decoder, found.joiner, found.tokens):
                shutil.copyfile(path, directory / path.name)
            encoder = directory / "encoder.int8.onnx"
            quantise(found.encoder, encoder, weights)
            for engine in ("sherpa", "ort"):
                run = trial.run(
                    options.model, directory, engine, command=[*program("daemon"), "_bench"], repeats=options.repeats
                )
                ran = asyncio.run(run)
                times = f"{ran.before_ms:7.1f} {ran.after_ms:8.1f} {ran.ratio:6.2f} {encoder.stat().st_size / 1e6:5.0f}"
                wrong = f"{ran.errors_before} and {ran.errors_after} of {ran.words}"
                print(f"{weights:10} {engine:7} {times}   {wrong}", flush=True)


if __name__ == "__main__":
    main()
