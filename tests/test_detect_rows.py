"""The order in which the faces of a picture are counted."""

import cv2
import numpy as np
import pytest
from skimage import data

from fer_live.detect import MediaPipeDetector
from fer_live.detect.rows import reading_order
from fer_live.types import Box, Face


def faces(*places):
    """One face for each (x, y, height) of its centre, the last one the surest."""
    return [
        Face(Box(x - high / 2, y - high / 2, x + high / 2, y + high / 2), 0.5 + i / 100)
        for i, (x, y, high) in enumerate(places)
    ]


@pytest.mark.parametrize(
    ("places", "order"),
    [
        ([(300, 110, 100), (100, 140, 100), (200, 100, 100)], [1, 2, 0]),  # one row, uneven
        ([(300, 100, 100), (100, 151, 100)], [0, 1]),  # half a height apart: two rows
        ([(300, 100, 100), (100, 149, 100)], [1, 0]),
        ([(300, 100, 40), (100, 149, 100)], [1, 0]),  # the larger height counts
        ([(500, 100, 100), (300, 140, 100), (100, 180, 100)], [1, 0, 2]),  # a row does not slide
        ([(100, 300, 90), (300, 100, 90), (100, 100, 90), (300, 300, 90)], [2, 1, 0, 3]),
        ([], []),
    ],
)
def test_faces_are_counted_as_a_text_is_read(places, order):
    given = faces(*places)
    assert reading_order(given) == [given[i] for i in order]
    assert reading_order(given[::-1]) == [given[i] for i in order]


def test_the_faces_of_a_picture_are_in_reading_order_whatever_their_scores():
    head = data.astronaut()[20:230, 120:330]
    picture = np.full((560, 800, 3), 110, np.uint8)
    for left, top, blur in [(20, 40, 9), (300, 20, 1), (560, 50, 5), (150, 320, 1), (450, 300, 7)]:
        picture[top : top + 210, left : left + 210] = cv2.GaussianBlur(head, (blur, blur), 0)
    with MediaPipeDetector() as detect:
        found = detect(picture)
    assert [round(face.box.centre.x, -2) for face in found] == [100, 400, 700, 300, 600]
    assert len({face.score for face in found}) == 5
    assert [face.score for face in found] != sorted((f.score for f in found), reverse=True)
