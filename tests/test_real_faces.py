"""One real face at all sizes, in a live film."""

import math

import cv2
import numpy as np
import pytest
from skimage import data

from fer_live.detect import MediaPipeDetector

CENTRE, SIDE = (225, 122), 102  # of the face in data.astronaut(), pixels
AROUND = 0.75  # sides from the face's centre to the border of what is shown of the picture
HALF_A_SECOND = 12  # frames of a film with 25 a second
SCENES = {
    (1280, 720): {
        40: (1200, 90),
        50: (1150, 400),
        60: (1080, 120),
        80: (1000, 420),
        100: (880, 150),
        150: (620, 170),
        200: (700, 500),
        300: (250, 300),
    },
    (1920, 1080): {
        40: (1860, 300),
        50: (1850, 850),
        60: (1800, 120),
        80: (1750, 650),
        100: (1250, 700),
        150: (1600, 200),
        200: (1500, 700),
        250: (1250, 240),
        600: (520, 520),
    },
}


def crowd(size: tuple[int, int], places: dict[int, tuple[int, int]]) -> np.ndarray:
    """A grey frame (width, height) with the astronaut's face of each side at each centre."""
    frame = np.full((size[1], size[0], 3), 110, np.uint8)
    picture = data.astronaut()
    for side, (x, y) in places.items():
        scale, reach = side / SIDE, round(AROUND * side)
        turn = np.array(
            [[scale, 0, reach - scale * CENTRE[0]], [0, scale, reach - scale * CENTRE[1]]]
        )
        smooth = cv2.GaussianBlur(picture, (0, 0), 0.4 / scale) if scale < 0.8 else picture
        face = cv2.warpAffine(smooth, turn, (2 * reach, 2 * reach), flags=cv2.INTER_LINEAR)
        frame[y - reach : y + reach, x - reach : x + reach] = face
    return frame


@pytest.mark.parametrize("size", SCENES, ids=["720p", "1080p"])
def test_faces_of_40_to_600_pixels_are_all_found_within_half_a_second(size):
    places = SCENES[size]
    frame = crowd(size, places)
    with MediaPipeDetector("live") as detector:
        for _ in range(HALF_A_SECOND):
            faces = detector(frame)
    found = {
        side: [f for f in faces if math.dist(f.box.centre, centre) < side / 4]
        for side, centre in places.items()
    }
    assert {side: len(boxes) for side, boxes in found.items()} == dict.fromkeys(places, 1)
    assert len(faces) == len(places)
    for side, (face,) in found.items():
        assert face.box.width == pytest.approx(side, rel=0.35)
