"""What tiles propose is looked at again, several guesses at a time."""

import cv2
import numpy as np
import pytest
from skimage import data

from fer_live.detect import MediaPipeDetector, mediapipe


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
