"""The expressions' colours, as people with each kind of colour-blindness see them."""

from itertools import combinations

import numpy as np
import pytest
from skimage.color import deltaE_ciede2000, rgb2lab

from fer_live.expressions import Expression
from fer_live.overlay.label import MUTED, PANEL
from fer_live.overlay.sprites import INK, WHITE, contrasting

# Machado, Oliveira and Fernandes 2009, severity 1, for linear RGB.
MACHADO = {
    "protanopia": [
        [0.152286, 1.052583, -0.204868],
        [0.114503, 0.786281, 0.099216],
        [-0.003882, -0.048116, 1.051998],
    ],
    "deuteranopia": [
        [0.367322, 0.860646, -0.227968],
        [0.280085, 0.672501, 0.047413],
        [-0.011820, 0.042940, 0.968881],
    ],
    "tritanopia": [
        [1.255528, -0.076749, -0.178779],
        [-0.078411, 0.930809, 0.147602],
        [0.004733, 0.691367, 0.303900],
    ],
}
COLOURS = np.array([expression.colour for expression in Expression])


def linear(colours) -> np.ndarray:
    """sRGB in [0, 255] -> linear in [0, 1] (IEC 61966-2-1)."""
    share = np.asarray(colours) / 255
    return np.where(share <= 0.04045, share / 12.92, ((share + 0.055) / 1.055) ** 2.4)


def lab(light: np.ndarray) -> np.ndarray:
    light = light.clip(0, 1)
    curved = np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055)
    return rgb2lab(curved[None])[0]


def nearest(light: np.ndarray) -> float:
    """The least difference of any two colours, CIEDE2000."""
    return min(float(deltaE_ciede2000(a, b)) for a, b in combinations(lab(light), 2))


def contrast(first, second) -> float:
    """WCAG 2, 1.4.3."""
    weights = [0.2126, 0.7152, 0.0722]
    low, high = sorted(float(linear(colour) @ weights) for colour in (first, second))
    return (high + 0.05) / (low + 0.05)


def test_black_and_white_have_the_greatest_contrast():
    assert contrast((0, 0, 0), WHITE) == pytest.approx(21)


def test_colours_differ_clearly():
    assert nearest(linear(COLOURS)) > 20


@pytest.mark.parametrize("kind", MACHADO)
def test_colours_differ_for_colour_blind_people(kind):
    assert nearest(linear(COLOURS) @ np.transpose(MACHADO[kind])) > 13


@pytest.mark.parametrize("expression", Expression)
@pytest.mark.parametrize("level", [0, 255])
def test_colours_stand_out_from_a_panel_over_any_picture(expression, level):
    panel = PANEL * np.array(INK) + (1 - PANEL) * level
    assert contrast(expression.colour, panel) >= 3  # WCAG 2.1, 1.4.11
    assert contrast(WHITE, panel) >= 7


@pytest.mark.parametrize("colour", [*(e.colour for e in Expression), MUTED])
def test_numbers_can_be_read_on_every_colour(colour):
    assert contrast(contrasting(colour), colour) >= 3.9
