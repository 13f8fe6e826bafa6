"""What tiles propose is looked at again, several guesses at a time."""

import cv2
import numpy as np
import pytest
from skimage import data

from fer_live.detect import MediaPipeDetector, mediapipe
from fer_live.types import Box, Face


@pytest.fixture(scope="module")
def crowd():
    """Seven faces of different sizes on noise, in which tiles imagine more."""
    frame = np.random.default_rng(0).integers(0, 255, (720, 1280, 3)).astype(np.uint8)
    frame = cv2.GaussianBlur(frame, (0, 0), 4)
    head = data.astronaut()[20:230, 120:330]
    for place, side in enumerate((110, 130, 150, 170, 190, 210, 230)):
        left, top = 20 + 320 * (place % 4), 30 + 350 * (place // 4)
        frame[top : top + side, left : left + side] = cv2.resize(head, (side, side))
    return frame


def looks(picture, monkeypatch, together):
    """The faces, and how many pictures the model was shown at each call."""
    monkeypatch.setattr(mediapipe, "TOGETHER", together)
    with MediaPipeDetector() as detector:
        model, shown = detector._model._model, []

        def counted(pictures, rough=0):
            shown.append(len(pictures))
            return model(pictures, rough)

        monkeypatch.setattr(detector._model, "_model", counted)
        faces = detector(picture)
        monkeypatch.undo()
    return faces, shown


def test_several_guesses_at_a_time_find_what_one_at_a_time_finds(crowd, monkeypatch):
    faces, calls = looks(crowd, monkeypatch, 8)
    expected, more_calls = looks(crowd, monkeypatch, 1)
    assert faces == expected
    assert len(faces) == 7
    assert len(calls) < len(more_calls) / 2


def test_few_looks_are_in_vain(crowd, monkeypatch):
    """At what overlaps with a guess before it, which is the same face if that is one."""
    (_, calls), (_, needed) = looks(crowd, monkeypatch, 8), looks(crowd, monkeypatch, 1)
    assert sum(calls) < 1.25 * sum(needed)


def guess(left, score):
    return Face(Box(left, 0, left + 60, 60), score)


@pytest.fixture
def judged(monkeypatch):
    """A function: which guesses count as new faces where each is confirmed or none is, and those looked at."""

    def judge(guesses, confirmed, known=(), most=300):
        monkeypatch.setattr(mediapipe, "MOST", most)
        monkeypatch.setattr(mediapipe, "TOGETHER", 1)
        looked = []

        def confirm(image, some):
            looked.extend(some)
            return [one if confirmed else None for one in some]

        with MediaPipeDetector() as detector:
            monkeypatch.setattr(detector, "_confirm", confirm)
            return detector._new(None, guesses, known), looked

    return judge


@pytest.mark.parametrize(("known", "count"), [((), 2), ((guess(900, 0.6),), 1)])
def test_of_a_larger_crowd_the_surest_are_kept(judged, known, count):
    crowd = [guess(100 * i, score) for i, score in enumerate((0.5, 0.9, 0.7, 0.8))]
    found, looked = judged(crowd, True, known, most=2)
    assert found == looked == [crowd[1], crowd[3]][:count]


def test_a_picture_full_of_what_is_no_face_is_given_up(judged):
    found, looked = judged([guess(100 * i, 0.5) for i in range(9)], False, most=2)
    assert (found, len(looked)) == ([], 4)


def test_what_was_refused_is_not_looked_at_again_from_where_it_nearly_was(judged):
    refused, near, beside = guess(0, 0.9), guess(10, 0.8), guess(30, 0.7)
    assert judged([refused, near, beside], False) == ([], [refused, beside])
