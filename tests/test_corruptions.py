from itertools import pairwise

import numpy as np
import pytest

from tests.conftest import pixel_rows
from train.corruptions import CORRUPTIONS, SEVERITIES, corrupted
from train.data import fer2013

GREY = np.full((48, 48), 100, np.uint8)
STRIPES = pixel_rows()[3][1]  # (48, 48)


def spoil(name, severity, image=STRIPES):
    return CORRUPTIONS[name](image, severity, np.random.default_rng(0))


@pytest.mark.parametrize("name", CORRUPTIONS)
def test_grey_and_colour_pictures_stay_what_they_are_and_the_argument_is_left_alone(name):
    for image in (STRIPES, np.dstack([STRIPES, STRIPES // 2, 255 - STRIPES])):
        before = image.copy()
        for severity in SEVERITIES:
            spoilt = spoil(name, severity, image)
            assert spoilt.dtype == np.uint8
            assert spoilt.shape[2:] == image.shape[2:]
            assert name == "small face" or spoilt.shape == image.shape
        np.testing.assert_array_equal(image, before)


# Stripes that move come to lie on others; how far they do is measured below.
MOVING = ("small face", "rotation", "crop shift")


@pytest.mark.parametrize("name", [name for name in CORRUPTIONS if name not in MOVING])
def test_more_severe_is_further_from_the_picture(name):
    away = [np.abs(spoil(name, s).astype(float) - STRIPES).mean() for s in SEVERITIES]
    assert all(mild < severe for mild, severe in pairwise([0, *away]))


def test_light_and_contrast_by_hand():
    assert (spoil("over-exposure", 2, GREY) == 150).all()
    assert (spoil("over-exposure", 5, np.full((4, 4), 100, np.uint8)) == 255).all()
    halves = np.repeat(np.array([[80], [120]], np.uint8), 2, 1)
    assert spoil("low contrast", 2, halves).tolist() == [[90, 90], [110, 110]]
    dark = spoil("low light", 1, GREY)
    assert dark.mean() == pytest.approx(50, abs=1)
    assert dark.std() == pytest.approx(
        5, rel=0.1
    )  # 100 photons: a tenth of them, for 50 grey values


def test_noise_has_its_deviation():
    spoilt = spoil("noise", 2, np.full((200, 200), 128, np.uint8))
    assert spoilt.std() == pytest.approx(16, rel=0.02)


def test_small_faces_have_the_published_sides():
    sides = [
        spoil("small face", severity, np.zeros((100, 100), np.uint8)) for severity in SEVERITIES
    ]
    assert [side.shape[0] for side in sides] == [48, 40, 32, 28, 24]
    assert spoil("small face", 1, np.zeros((30, 30), np.uint8)).shape == (30, 30)


def test_blurs_keep_the_light():
    for name in ("motion blur", "defocus"):
        assert (spoil(name, 5, GREY) == 100).all()
        point = np.zeros((49, 49), np.uint8)
        point[24, 24] = 255
        spread = spoil(name, 5, point)
        assert spread.sum() == pytest.approx(255, rel=0.12)  # each pixel is rounded
        rows, columns = np.nonzero(spread)
        assert (rows.mean(), columns.mean()) == pytest.approx((24, 24), abs=0.35)


def test_covers_lie_over_the_eyes_and_over_the_mouth():
    eyes, mouth = (np.nonzero(spoil(n, 5, GREY) != 100) for n in ("eyes covered", "mouth covered"))
    assert (eyes[0].min(), eyes[0].max() + 1) == (12, 23)
    assert (mouth[0].min(), mouth[0].max() + 1) == (30, 48)
    assert (mouth[1].min(), mouth[1].max() + 1) == (9, 39)


@pytest.mark.parametrize(("severity", "degrees"), zip(SEVERITIES, (6, 12, 18, 24, 30), strict=True))
def test_rotation_turns_about_the_middle_to_either_side(severity, degrees):
    point = np.zeros((49, 49), np.uint8)
    point[24, 44] = 255
    sides = set()
    for seed in range(6):
        turned = CORRUPTIONS["rotation"](point, severity, np.random.default_rng(seed))
        row, column = np.unravel_index(turned.argmax(), point.shape)
        assert np.hypot(row - 24, column - 24) == pytest.approx(20, abs=0.8)
        assert np.degrees(np.arctan2(abs(row - 24), column - 24)) == pytest.approx(degrees, abs=2)
        sides.add(row > 24)
    assert sides == {True, False}


@pytest.mark.parametrize(("severity", "length"), zip(SEVERITIES, (3, 6, 9, 12, 15), strict=True))
def test_a_shift_is_as_long_as_it_says(severity, length):
    point = np.zeros((100, 140), np.uint8)  # a share of the shorter side
    point[50, 50] = 255
    row, column = np.unravel_index(spoil("crop shift", severity, point).argmax(), point.shape)
    assert np.hypot(row - 50, column - 50) == pytest.approx(length, abs=0.8)


def test_chance_depends_on_the_row_alone(fer2013_csv):
    faces = fer2013.load(fer2013_csv, "public")
    whole = corrupted(faces, "noise", 3)
    part = corrupted(faces.select(np.array([5, 2])), "noise", 3)
    np.testing.assert_array_equal(part.picture(0), whole.picture(5))
    np.testing.assert_array_equal(whole.select(np.array([5, 2])).picture(1), whole.picture(2))
    other = corrupted(faces, "noise", 3, seed=1)
    assert (other.picture(5) != whole.picture(5)).any()
