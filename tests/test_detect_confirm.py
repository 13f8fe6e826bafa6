"""What tiles propose is looked at again, several guesses at a time."""

import cv2
import numpy as np
import pytest
from skimage import data

from fer_live.detect import MediaPipeDetector, mediapipe
from fer_live.detect.blazeface import View
from fer_live.detect.tiles import tile_around
from fer_live.types import Box, Face, Keypoints, Point


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
    """A function: the new faces where each guess gets that `answer`, and the guesses that were looked at."""

    def judge(guesses, answer, known=(), most=300):
        monkeypatch.setattr(mediapipe, "MOST", most)
        monkeypatch.setattr(mediapipe, "TOGETHER", 1)
        looked = []

        def confirm(image, some):
            looked.extend(some)
            return [answer(one) for one in some]

        with MediaPipeDetector() as detector:
            monkeypatch.setattr(detector, "_confirm", confirm)
            return detector._new(None, guesses, known), looked

    return judge


@pytest.mark.parametrize(("known", "count"), [((), 2), ((guess(900, 0.6),), 1)])
def test_of_a_larger_crowd_the_surest_are_kept(judged, known, count):
    crowd = [guess(100 * i, score) for i, score in enumerate((0.5, 0.9, 0.7, 0.8))]
    found, looked = judged(crowd, lambda one: one, known, most=2)
    assert found == looked == [crowd[1], crowd[3]][:count]


def test_a_picture_full_of_what_is_no_face_is_given_up(judged):
    found, looked = judged([guess(100 * i, 0.5) for i in range(9)], lambda one: None, most=2)
    assert (found, len(looked)) == ([], 4)


def test_what_was_refused_is_not_looked_at_again_from_where_it_nearly_was(judged):
    refused, near, beside = guess(0, 0.9), guess(10, 0.8), guess(30, 0.7)
    looked = [refused, beside]
    assert judged([refused, near, beside], lambda one: None) == ([], looked)


def test_two_guesses_that_turn_out_to_be_one_face_are_one(judged):
    face = guess(50, 0.9)
    found, looked = judged([guess(0, 0.8), guess(100, 0.7)], lambda one: face)
    assert (found, len(looked)) == ([face], 2)


def look(box, score, ears=0.0):
    """A face seen in a tile, its points as far from each other look's as their boxes; `ears`: further."""
    point = Point(box.left, box.top)
    return Face(box, score, Keypoints(*[point] * 4, *[Point(box.left + ears, box.top)] * 2))


@pytest.fixture
def shown(monkeypatch):
    """A detector whose model gives these answers, one for each call; and the views that it was shown."""
    with MediaPipeDetector() as detector:
        answers, views = [], []

        def model(image, some):
            views.append(some)
            return answers.pop(0)

        monkeypatch.setattr(detector, "_model", model)
        yield detector, answers, views
        monkeypatch.undo()


def test_a_guess_that_is_seen_again_is_a_face_where_it_is_seen_straight(shown):
    """Its score is the mean of both looks, less how far their eyes, noses and mouths lie apart."""
    detector, answers, views = shown
    lamp, person = guess(0, 0.6), guess(200, 0.5)
    seen, straight = look(Box(202, 0, 262, 60), 0.45), look(Box(203, 0, 263, 60), 0.7)
    mirrored = look(Box(206, 0, 266, 60), 0.9, ears=30)
    neighbour = look(Box(290, 0, 350, 60), 0.9)
    answers += [[[look(lamp.box, 0.35)], [neighbour, seen]], [[straight], [mirrored]]]
    found = detector._confirm(np.zeros((400, 400, 3), np.uint8), [lamp, person])
    assert [one and (one.box, one.score) for one in found] == [
        None,
        (straight.box, pytest.approx(0.8 - 3 / 60)),
    ]
    tile = tile_around(seen.box, mediapipe.CLOSE)
    assert views[1] == [View(tile), View(tile, mirrored=True)]


@pytest.mark.parametrize(
    ("size", "score", "picture", "accepted"),
    [
        ((60, 60), 0.57, 500, False),
        ((60, 60), 0.6, 500, True),
        ((44, 44), 0.6, 500, False),  # more is asked of small ones,
        ((44, 44), 0.63, 500, True),
        ((44, 60), 0.6, 500, True),
        ((44, 44), 0.6, 80, True),  # but not where the picture is hardly larger
        ((19, 19), 0.9, 500, False),
        ((19, 19), 0.9, 30, True),
    ],
)
def test_what_is_asked_of_a_face_depends_on_its_size(shown, size, score, picture, accepted):
    detector, _, _ = shown
    one = look(Box(5, 5, 5 + size[0], 5 + size[1]), score)
    image = np.zeros((picture, picture + 100, 3), np.uint8)
    assert detector._judged(image, one, [one], [one]) == (one if accepted else None)
    assert detector._judged(image, one, [one], []) is None
    assert detector._judged(image, one, [], [one]) is None


@pytest.mark.parametrize(
    ("others", "chosen"),
    [
        ([(20, 0.9)], 0),  # half as near
        ([(5, 0.9)], 1),  # nearly there, and much surer
    ],
)
def test_the_face_in_a_tiles_middle_is_the_one_meant(others, chosen):
    found = [guess(0, 0.5), *(guess(*other) for other in others)]
    assert mediapipe._nearest(found, Box(0, 0, 60, 60)) is found[chosen]
    assert mediapipe._nearest([guess(25, 0.3)], Box(0, 0, 60, 60)) == guess(25, 0.3)
    assert mediapipe._nearest([guess(45, 0.9)], Box(0, 0, 60, 60)) is None
