"""The report with plots: that there is one for whatever was measured, and a line where there can be none."""

import io
import re

import matplotlib.image
import pytest

from models.bench import plots
from models.errors import SwictationError
from tests.models.bench.results import measured, result, row

RESULTS = {
    "usual": result(row(), row("ort", split=True), row("peer:sherpa")),
    "one length of one row": result(row(seconds=(1.0,))),
    "many rows": result(*(row(model=f"a-model-with-a-long-name-{number}") for number in range(12))),
    "a row that failed": result(row(), row("ort", seconds=(), fault="it died")),
    "nothing heard": result(row(lengths=(measured(1.0),))),
}


@pytest.mark.parametrize("name", RESULTS)
def test_a_picture(tmp_path, name):
    file = tmp_path / "report.png"

    plots.writer(file)(RESULTS[name], "")

    picture = matplotlib.image.imread(io.BytesIO(file.read_bytes()), format="png")
    height, width = picture.shape[:2]
    assert width == 1500
    assert height > 800
    assert len({tuple(pixel) for pixel in picture[:: height // 300, :: width // 300].reshape(-1, picture.shape[2])}) > 8


def test_a_page_holds_picture_and_tables_and_asks_nothing_of_the_network(tmp_path):
    file = tmp_path / "report.html"

    plots.writer(file)(RESULTS["usual"], "a < b & c")

    page = file.read_text("utf-8")
    assert "data:image/png;base64,iVBOR" in page
    assert "<pre>a &lt; b &amp; c</pre>" in page
    assert not re.search(r"(?:src|href)=.?https?:", page)


@pytest.mark.parametrize(
    ("name", "said"),
    [("report.pdf", "FILE.html or FILE.png, not report.pdf"), ("missing/report.png", "there is no directory")],
)
def test_a_file_that_cannot_be_written_is_told_before_anything_is_measured(tmp_path, name, said):
    with pytest.raises(SwictationError, match=said):
        plots.writer(tmp_path / name)


def test_without_matplotlib_one_line_says_what_to_do(tmp_path, monkeypatch):
    monkeypatch.setattr(plots, "find_spec", lambda _name: None)

    with pytest.raises(SwictationError, match=r"^--report needs .*`pip install 'swictation\[bench\]'`$"):
        plots.writer(tmp_path / "report.png")


def test_a_full_disk_is_one_line(tmp_path):
    (tmp_path / "report.png").mkdir()

    with pytest.raises(SwictationError, match="cannot be written: Is a directory"):
        plots.writer(tmp_path / "report.png")(RESULTS["usual"], "")
