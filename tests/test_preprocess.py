import dataclasses

import numpy as np
import pytest

from fer_live.card import Card, Crop
from fer_live.expressions import SEVEN
from fer_live.preprocess import crop_area, crop_face, fit_crop, fit_square, to_input
from fer_live.types import Box, Face, Keypoints, Point

CARD = Card("c", "cnn6", {}, SEVEN, size=48, channels=1, mean=0.5, deviation=0.25)


def face(box, eyes=((0, 0), (1, 0))):
    points = [Point(*eye) for eye in eyes] + [Point(0, 0)] * 4
    return Face(Box(*box), 1.0, Keypoints(*points))


def test_area_is_the_box_where_the_card_adds_nothing():
    area = crop_area(face((10, 20, 50, 60)), Crop())
    np.testing.assert_allclose(area, [[10, 20], [50, 20], [50, 60], [10, 60]])


def test_area_follows_margin_and_offset_in_sides_of_the_box():
    area = crop_area(face((0, 0, 100, 100)), Crop(margin=0.5, offset_x=0.1, offset_y=-0.2))
    np.testing.assert_allclose(area[0], [60 - 25, 30 - 25])
    np.testing.assert_allclose(area[2], [60 + 25, 30 + 25])


def test_area_of_a_long_box_is_a_square_of_its_longer_side():
    area = crop_area(face((0, 0, 60, 100)), Crop())
    np.testing.assert_allclose(area, [[-20, 0], [80, 0], [80, 100], [-20, 100]])


def test_aligned_area_turns_with_the_eyes():
    tilted = face((0, 0, 100, 100), eyes=((30, 30), (70, 60)))  # 3 down for each 4 to the right
    area = crop_area(tilted, Crop(align=True))
    np.testing.assert_allclose(area, [[40, -20], [120, 40], [60, 120], [-20, 60]], atol=1e-4)
    moved = crop_area(tilted, Crop(align=True, offset_x=0.1, offset_y=0.1))
    np.testing.assert_allclose(moved - area, [[8 - 6, 6 + 8]] * 4, atol=1e-4)
    straight = crop_area(tilted, Crop(align=False))
    np.testing.assert_allclose(straight[0], [0, 0])


def test_a_face_whose_eyes_are_not_known_is_cut_upright():
    area = crop_area(Face(Box(0, 0, 100, 100), 1.0), Crop(align=True))
    np.testing.assert_allclose(area, [[0, 0], [100, 0], [100, 100], [0, 100]])


def test_a_crop_of_its_own_size_is_the_picture_itself():
    image = np.random.default_rng(0).integers(0, 256, (60, 60, 3), np.uint8)
    area = crop_area(face((5, 7, 53, 55)), Crop())
    np.testing.assert_array_equal(crop_face(image, area, 48), image[7:55, 5:53])


def test_a_large_face_is_averaged_and_not_sampled():
    # A checkerboard of single pixels is grey from afar. Bilinear sampling alone, whose every seventh place
    # is the middle of a pixel, would see the squares.
    board = np.indices((336, 336)).sum(0) % 2 * 255
    image = np.repeat(board[:, :, None], 3, 2).astype(np.uint8)
    crop = crop_face(image, crop_area(face((0, 0, 336, 336)), Crop()), 48)
    assert abs(crop.astype(int) - 127).max() <= 3


@pytest.mark.parametrize("side", [5, 48, 49, 97, 400])
def test_a_crop_has_its_size_however_large_the_face_is(side):
    image = np.zeros((400, 400, 3), np.uint8)
    crop = crop_face(image, crop_area(face((0, 0, side, side)), Crop()), 48)
    assert crop.shape == (48, 48, 3)


def test_outside_the_frame_the_edge_repeats():
    image = np.full((40, 40, 3), 200, np.uint8)
    crop = crop_face(image, crop_area(face((-30, -30, 50, 50)), Crop()), 48)
    assert (crop == 200).all()


@pytest.mark.parametrize("left", [-30, 100, 20_000, 39_990])
def test_a_face_in_a_panorama_is_cut_as_in_any_picture(left):
    image = np.random.default_rng(0).integers(0, 256, (60, 40_000, 3), np.uint8)
    box = (left, 5, left + 48, 53)
    start = min(max(left - 50, 0), 40_000 - 150)
    part, there = image[:, start : start + 150], (left - start, 5, left - start + 48, 53)
    np.testing.assert_array_equal(
        crop_face(image, crop_area(face(box), Crop()), 48),
        crop_face(part, crop_area(face(there), Crop()), 48),
    )


@pytest.mark.parametrize("shape", [(48, 48), (48, 48, 3), (96, 96, 3), (30, 20), (1, 1, 3)])
@pytest.mark.parametrize("channels", [1, 3])
def test_any_crop_becomes_the_cards_size_and_channels(shape, channels):
    card = dataclasses.replace(CARD, channels=channels)
    crop = np.full(shape, 77, np.uint8)
    fitted = fit_crop(crop, card)
    assert fitted.shape == (48, 48, channels)
    assert (fitted == 77).all()


def test_a_colour_is_as_grey_as_people_see_it():
    red, green, blue = (np.full((48, 48, 3), colour, np.uint8) for colour in np.eye(3) * 255)
    greys = [fit_crop(crop, CARD)[0, 0, 0] for crop in (red, green, blue)]
    assert greys == [76, 150, 29]  # ITU-R BT.601


def test_a_crop_that_is_too_large_is_averaged():
    board = (np.indices((144, 144)).sum(0) % 2 * 255).astype(np.uint8)
    assert set(fit_crop(board, CARD).ravel()) == {113, 142}  # four or five of nine pixels are white


def test_a_crop_that_is_too_small_is_interpolated():
    fitted = fit_square(np.array([[0, 200], [0, 200]], np.uint8), 4, 1)
    assert fitted[0, :, 0].tolist() == [0, 50, 150, 200]


def test_input_is_normalised_as_the_card_says():
    crops = [np.full((48, 48), value, np.uint8) for value in (0, 255)]
    images = to_input(crops, CARD)
    assert images.shape == (2, 1, 48, 48)
    assert images.dtype == np.float32
    assert np.unique(images[0]).tolist() == [-2.0]
    assert np.unique(images[1]).tolist() == [2.0]


def test_input_has_channels_then_rows_then_columns():
    crop = np.zeros((48, 48, 3), np.uint8)
    crop[3, 5, 2] = 255
    images = to_input([crop], dataclasses.replace(CARD, channels=3))
    assert np.argwhere(images > 0).tolist() == [[0, 2, 3, 5]]
