"""What the tab for pictures draws, and what the page says of itself."""

import numpy as np
import pytest

from fer_live.errors import UserError
from fer_live.expressions import HAPPY, SAD
from fer_live.painter import Painter
from fer_live.types import Box, Face, Prediction, Reading
from fer_live.web.pile import Pile, ReadPicture
from fer_live.web.readers import Opinion
from fer_live.web.results import PREDICTED, Wish, annotated, page
from fer_live.web.run import WebOptions


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


def test_a_model_without_that_heat_map_says_so_and_the_others_show_theirs(tmp_path):
    def explain(model, crop, method, target):
        if model == "vote":
            raise UserError("vote is a vote and not one network: choose one of cnn6, cucn")
        return np.eye(3, dtype=np.float32)

    face = Face(Box(10, 10, 40, 40), 0.9)
    said = (Prediction({HAPPY: 0.9, SAD: 0.1}), np.ones((2, 4, 4), np.float32), (HAPPY,))
    blank, area = np.zeros((48, 48, 3), np.uint8), np.zeros((4, 2), np.float32)
    opinions = [Opinion(name, blank, area, *said) for name in ("vote", "cnn6")]
    pile = Pile([ReadPicture("a.png", tmp_path / "a.png", blank, 1.0, [(face, opinions)])])
    shown = page(pile, explain, Wish(PREDICTED, "HiResCAM", 0.0))
    assert "no HiResCAM: vote is a vote and not one network" in shown
    assert "heat-map of the face: HiResCAM, happy; hottest at the top left" in shown


@pytest.mark.parametrize(
    ("wish", "told"),
    [
        ({}, "Nothing leaves this computer"),
        ({"host": "::1"}, "Nothing leaves this computer"),
        ({"host": "0.0.0.0"}, "goes to the computer that serves this page, and no further"),
        ({"host": "0.0.0.0", "share": True}, "goes through Gradio's servers"),
    ],
)
def test_the_page_tells_how_far_pictures_go(wish, told):
    assert told in WebOptions(**wish).travels
