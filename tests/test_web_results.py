"""What the tab for pictures draws."""

import numpy as np

from fer_live.expressions import HAPPY, SAD
from fer_live.painter import Painter
from fer_live.types import Box, Face, Prediction, Reading
from fer_live.web.results import PREDICTED, annotated


def test_faces_have_the_numbers_of_their_cards_in_the_picture(monkeypatch):
    drawn = []
    monkeypatch.setattr(
        Painter, "draw", lambda self, canvas, readings, *how: drawn.extend(readings)
    )
    one = Reading(Face(Box(10, 10, 40, 40), 0.9), Prediction({HAPPY: 1.0}))
    annotated(np.zeros((60, 80, 3), np.uint8), [one, one], PREDICTED, 0.5)
    assert [reading.track for reading in drawn] == [1, 2]


def test_an_expression_that_the_model_does_not_name_has_no_heat_map():
    corners = np.array([(10, 10), (40, 10), (40, 40), (10, 40)], np.float32)
    said = Prediction({HAPPY: 0.9, SAD: 0.1})
    one = Reading(
        Face(Box(10, 10, 40, 40), 0.9), said, None, np.ones((2, 4, 4), np.float32), corners
    )
    blank = np.zeros((60, 80, 3), np.uint8)
    bare = annotated(blank, [one], PREDICTED, 0.0)
    assert (annotated(blank, [one], "contempt", 0.9) == bare).all()
    for known in (PREDICTED, "happy", "sad"):
        assert (annotated(blank, [one], known, 0.9) != bare).any()
