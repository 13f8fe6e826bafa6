"""The page's pieces: pictures, bars and words."""

import numpy as np
import pytest

from fer_live.expressions import HAPPY, SAD
from fer_live.web import heat
from fer_live.web.results import _hottest
from fer_live.web.show import bars, enlarged, rank, shrunk


def test_a_difference_is_orange_where_the_first_is_hotter_and_blue_where_the_second_is():
    first, second = np.zeros((2, 4, 4), np.float32)
    first[:, 0], second[:, 3] = 0.3, 0.3
    drawn = heat.difference(np.full((48, 48), 100, np.uint8), first, second, side=64)
    for column, colour in ((2, heat.FOR), (61, heat.AGAINST)):
        assert drawn[32, column] == pytest.approx(0.75 * np.array(colour) + 25, abs=4)


def test_where_two_maps_agree_there_is_no_difference():
    same = np.ones((4, 4), np.float32)
    drawn = heat.difference(np.full((48, 48), 100, np.uint8), same, same, side=64)
    assert (drawn == 100).all()


def test_a_map_on_a_face_is_as_hot_as_its_share_of_the_peak():
    face, values = np.zeros((48, 48), np.uint8), np.ones((4, 4), np.float32)
    levels = [heat.over(face, values, peak)[104, 104].sum() for peak in (1, 2, 4)]
    assert levels == sorted(levels, reverse=True)
    assert levels[0] > 2 * levels[2] > 0
    for nothing in (heat.over(face, values, 0), heat.over(face, values, 1, strength=0)):
        assert not nothing.any()


@pytest.mark.parametrize(
    ("place", "words"),
    [
        ((0, 0), "hottest at the top left"),
        ((3, 3), "hottest at the middle centre"),
        ((6, 0), "hottest at the bottom left"),
        ((1, 6), "hottest at the top right"),
        (None, "nothing speaks for it"),
    ],
)
def test_where_a_map_is_hottest_is_said_in_words(place, words):
    values = np.zeros((7, 7), np.float32)
    if place:
        values[place] = 1
    assert _hottest(values) == words


def test_uncertainty_is_said_in_words():
    assert rank(0.314) == "more unsure than of 31 in 100 training faces"
    assert "does not estimate" in rank(None)


def test_a_bar_is_as_long_as_its_probability_and_the_true_one_is_marked():
    first, second = bars({HAPPY: 0.8, SAD: 0.2}, [HAPPY], marked=SAD).split("</tr>")[:2]
    assert 'class="strong"' in first
    assert "width:80.0%;background:#ffff3f" in first
    assert "80%</td>" in first
    assert 'class="strong"' not in second
    assert "width:20.0%" in second
    assert second.count("true</span>") == 1
    assert "true</span>" not in first


@pytest.mark.parametrize(
    ("size", "shown", "scale"), [((200, 100), (100, 50), 0.5), ((80, 100), (80, 100), 1.0)]
)
def test_only_pictures_that_are_too_large_are_shrunk(size, shown, scale):
    small, found = shrunk(np.zeros((*size, 3), np.uint8), 100)
    assert (small.shape[:2], found) == (shown, scale)


@pytest.mark.parametrize("shape", [(48, 48), (48, 48, 1), (48, 48, 3), (300, 300, 3)])
def test_a_face_is_shown_in_colour_at_one_size(shape):
    face = enlarged(np.full(shape, 90, np.uint8), 208)
    assert face.shape == (208, 208, 3)
    assert (face == 90).all()
