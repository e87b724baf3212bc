"""The phonemes of every word of the vocabulary, as espeak-ng says them: phonemes.json, for the auxiliary loss.

python -m models.training.phonemes
"""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

from models.training.sentences import VOCABULARY

FILE = Path(__file__).parent / "phonemes.json"
STRESS = str.maketrans("", "", "ˈˌ")


def pronounce(word: str) -> list[str]:
    """IPA phonemes in American English without stress; raises CalledProcessError when espeak-ng fails."""
    command = ["espeak-ng", "-q", "-v", "en-us", "--ipa", "--sep=_", word]
    spoken = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return [phoneme for phoneme in spoken.strip().translate(STRESS).replace(" ", "_").split("_") if phoneme]


def main() -> None:
    """Run the command line."""
    lines = [f"{json.dumps(word)}: {json.dumps(pronounce(word), ensure_ascii=False)}" for word in VOCABULARY]
    FILE.write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")


if __name__ == "__main__":
    main()
