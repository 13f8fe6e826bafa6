"""How a detector's box lies in FER2013's pictures."""

import pytest

from fer_live.errors import UserError
from fer_live.types import Box, Face, Keypoints, Point
from train.framing import measure


def detect(picture):
    """A box of half the face's side, a tenth of that side below its centre; the eyes are tilted."""
    assert picture.shape == (384, 384, 3)
    left, right = Point(96 + 48, 96 + 80), Point(96 + 144, 96 + 176)
    nowhere = Point(0, 0)
    points = Keypoints(left, right, nowhere, nowhere, nowhere, nowhere)
    return [Face(Box(144, 163.2, 240, 259.2), 0.9, points)]


def test_the_framing_is_what_the_detector_says(fer2013_csv):
    framing = measure(fer2013_csv, detect, count=10)
    assert (framing.faces, framing.found) == (10, 10)
    assert framing.margin.median == pytest.approx(2)
    assert framing.offset_x.median == pytest.approx(0)
    assert framing.offset_y.median == pytest.approx(-0.2)
    assert framing.left_eye_x.median == pytest.approx(0.25)
    assert framing.right_eye_x.median == pytest.approx(0.75)
    assert framing.roll.median == pytest.approx(45)


def test_of_several_faces_the_surest_counts(fer2013_csv):
    lesser = Face(Box(0, 0, 30, 30), 0.6)
    framing = measure(fer2013_csv, lambda picture: [lesser, *detect(picture)], count=10)
    assert framing.margin.median == pytest.approx(2)


def test_a_detector_that_finds_nothing_is_an_error(fer2013_csv):
    with pytest.raises(UserError, match="no face was found among 5"):
        measure(fer2013_csv, lambda picture: [], count=5)
