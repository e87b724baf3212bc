"""The icons as a panel shows them at 16 and 22 pixels: plain to see on light and dark, told apart without colour."""

import itertools

import pytest
from PySide6.QtGui import QColor, QImage, QPainter

from gui.picture import picture
from gui.present import Icon

LIGHT, DARK = "#f4f5f6", "#202326"


def on_panel(icon, size, ground, *, practice=False, standing=False):
    """Rows of pixels as the eye gets them."""
    image = QImage(size, size, QImage.Format.Format_RGB32)
    image.fill(QColor(ground))
    painter = QPainter(image)
    painter.drawPixmap(0, 0, picture(icon, practice=practice, standing=standing).pixmap(size, size))
    painter.end()
    return [image.pixelColor(x, y) for y in range(size) for x in range(size)]


def luminance(colour):
    def linear(part):
        return part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4

    return 0.2126 * linear(colour.redF()) + 0.7152 * linear(colour.greenF()) + 0.0722 * linear(colour.blueF())


def contrast(one, other):
    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("size", [16, 22])
@pytest.mark.parametrize("ground", [LIGHT, DARK])
@pytest.mark.parametrize("icon", list(Icon))
def test_stands_out_from_the_panel(qt, icon, ground, size):
    seen = [pixel for pixel in on_panel(icon, size, ground) if contrast(pixel, QColor(ground)) >= 3.0]
    assert len(seen) >= 0.16 * size * size


@pytest.mark.parametrize("size", [16, 22])
@pytest.mark.parametrize("ground", [LIGHT, DARK])
@pytest.mark.parametrize("practice", [False, True])
def test_told_apart_without_colour(qt, ground, size, practice):
    icons = set(Icon) - ({Icon.ABSENT} if practice else set())  # without a daemon no model is known
    greys = {
        icon: [luminance(pixel) ** 0.45 for pixel in on_panel(icon, size, ground, practice=practice)] for icon in icons
    }
    for (one, first), (other, second) in itertools.combinations(greys.items(), 2):
        different = sum(abs(a - b) > 0.15 for a, b in zip(first, second, strict=True))
        assert different >= 0.12 * size * size, f"{one} and {other} look alike"


@pytest.mark.parametrize("icon", list(Icon))
def test_practice_badge_adds_a_letter_and_hides_no_state(qt, icon):
    size = 22
    plain, badged = (on_panel(icon, size, LIGHT, practice=practice) for practice in (False, True))
    blue = QColor("#2f6fd0")
    assert sum(pixel == blue for pixel in badged) > 20
    assert all(pixel != blue for pixel in plain)
    kept = [pixel for n, pixel in enumerate(badged) if n % size < size // 2 and n // size < size * 0.8]
    assert sum(contrast(pixel, QColor(LIGHT)) >= 3.0 for pixel in kept) >= 20


@pytest.mark.parametrize("size", [16, 22])
@pytest.mark.parametrize("ground", [LIGHT, DARK])
@pytest.mark.parametrize("icon", [Icon.IDLE, Icon.WORKING, Icon.HELD, Icon.ERROR])
def test_an_open_microphone_adds_a_dot_that_is_seen(qt, icon, ground, size):
    plain, dotted = (on_panel(icon, size, ground, standing=standing) for standing in (False, True))
    changed = [after for before, after in zip(plain, dotted, strict=True) if before != after]
    red = [pixel for pixel in changed if pixel.red() > 150 and pixel.green() < 110]
    assert 0.04 * size * size <= len(red)
    assert len(changed) <= 0.2 * size * size
