"""The practice set that comes with the program."""

import shutil

import pytest

from models import practice_set
from models.errors import AudioFileError
from models.practice_set import Count
from models.recogniser import Transcript
from models.training import practice_set as making


class Parrot:
    """Says of every recording the same."""

    model, provider = "parrot", "cpu"

    def __init__(self, text):
        self.text = text

    def recognise(self, pcm):
        return Transcript(self.text)


def test_it_holds_short_sentences_and_stays_small():
    sentences = practice_set.read()

    assert len(sentences) == 20
    assert all(1 < len(one.pcm) / 32_000 < 12 for one in sentences)
    assert sum(path.stat().st_size for path in practice_set._PLACE.iterdir()) < 1_200_000


def test_it_is_what_its_script_makes_and_no_training_text():
    assert [" ".join(one.words) for one in practice_set.read()] == making.sentences()


def test_words_are_counted():
    sentences = practice_set.read()[:2]

    said = " ".join(sentences[0].words)
    assert practice_set.count(Parrot(said.upper() + "."), sentences[:1]) == Count(0, len(sentences[0].words))
    spoken = sum(len(one.words) for one in sentences)
    assert practice_set.count(Parrot(""), sentences) == Count(spoken, spoken)


@pytest.mark.parametrize("change", ["gone", "cut", "no text"])
def test_a_set_that_cannot_be_read_is_one_line(tmp_path, change):
    place = tmp_path / "sentences"
    shutil.copytree(practice_set._PLACE, place)
    if change == "gone":
        (place / "01.flac").unlink()
    elif change == "cut":
        (place / "texts.tsv").write_text("file\ttext\n01.flac\tonly two\n", encoding="utf-8")
    else:
        (place / "texts.tsv").unlink()

    with pytest.raises(AudioFileError, match=r"^[^\n]*$"):
        practice_set.read(place)
