"""Tiles of a pyramid, and boxes that overlap."""

import numpy as np
import pytest

from fer_live.detect.tiles import (
    Tile,
    clip,
    holds,
    intersection_over_union,
    pyramid,
    same_face,
    suppress,
    tile_around,
)
from fer_live.types import Box, Face, Point


@pytest.mark.parametrize(
    ("size", "count"), [((640, 480), 20), ((1280, 720), 63), ((1920, 1080), 149), ((1, 1), 1)]
)
def test_the_pyramid_is_as_large_as_documented(size, count):
    assert len(pyramid(*size)) == count


def test_each_face_is_nearly_whole_in_a_tile_that_shows_it():
    generator = np.random.default_rng(0)
    for _ in range(500):
        side = 40 * 18 ** generator.random()
        left, top = generator.random() * (1280 - side), generator.random() * (720 - side)
        middle, enough = (left + side / 2, top + side / 2), 0.35 * side
        assert any(
            side / 1.3 < tile.side < 11 * side
            and tile.left <= middle[0] - enough
            and middle[0] + enough <= tile.left + tile.side
            and tile.top <= middle[1] - enough
            and middle[1] + enough <= tile.top + tile.side
            for tile in pyramid(1280, 720)
        )


def test_the_best_of_overlapping_and_nested_boxes_is_kept():
    best = Face(Box(0, 0, 100, 100), 0.9)
    shifted = Face(Box(30, 0, 130, 100), 0.8)
    inside = Face(Box(20, 20, 60, 60), 0.7)
    other = Face(Box(90, 0, 190, 100), 0.6)
    assert suppress([other, inside, best, shifted]) == [best, other]


def test_known_faces_suppress_without_being_repeated():
    known = Face(Box(0, 0, 100, 100), 0.5)
    assert suppress([Face(Box(5, 5, 105, 105), 0.9)], [known]) == []


@pytest.mark.parametrize("size", [(1000, 100), (100, 1000)])
def test_no_tile_is_larger_than_a_narrow_pictures_largest_face_needs(size):
    assert max(tile.side for tile in pyramid(*size)) == 200


@pytest.mark.parametrize(
    ("other", "share"),
    [
        (Box(5, 5, 15, 25), 75 / 325),
        (Box(0, 0, 10, 20), 1.0),
        (Box(2, 4, 7, 14), 0.25),
        (Box(0, 10, 10, 30), 1 / 3),
        (Box(12, 0, 22, 20), 0.0),
        (Box(0, 22, 10, 42), 0.0),
        (Box(12, 22, 22, 42), 0.0),
        (Box(10, 0, 20, 20), 0.0),
        (Box(3, 3, 3, 3), 0.0),
    ],
)
def test_what_two_boxes_share_is_told_of_all_that_they_cover(other, share):
    one = Box(0, 0, 10, 20)
    assert intersection_over_union(one, other) == pytest.approx(share)
    assert intersection_over_union(other, one) == pytest.approx(share)


@pytest.mark.parametrize(
    ("other", "same"),
    [
        (Box(0, 45, 100, 145), True),  # 0.38 of what both cover
        (Box(0, 60, 100, 160), False),  # 0.25
        (Box(86, 40, 106, 60), True),  # seven tenths of the smaller
        (Box(90, 40, 110, 60), False),  # half of it
    ],
)
def test_boxes_are_one_face_by_what_they_share_of_both_or_of_the_smaller(other, same):
    assert same_face(Box(0, 0, 100, 100), other) == same
    assert same_face(other, Box(0, 0, 100, 100)) == same


@pytest.mark.parametrize(
    ("point", "inside"),
    [
        ((0, 0), True),
        ((9, 19), True),
        ((10, 5), False),
        ((5, 20), False),
        ((-1, 5), False),
        ((5, -1), False),
    ],
)
def test_a_picture_holds_the_points_of_its_pixels(point, inside):
    assert holds(10, 20, Point(*point)) == inside


def test_a_tile_around_a_box_shares_its_centre():
    assert tile_around(Box(100, 50, 140, 90), 2) == Tile(80, 30, 80)
    assert tile_around(Box(100, 50, 140, 70), 2) == Tile(80, 20, 80)
    assert tile_around(Box(100, 50, 120, 90), 2) == Tile(70, 30, 80)
    assert tile_around(Box(7, 7, 7, 7), 2).side == 1


def test_clip_keeps_the_part_inside():
    assert clip(Box(-5, 10, 50, 200), 40, 100) == Box(0, 10, 40, 100)
    assert clip(Box(3, -7, 30, 80), 40, 100) == Box(3, 0, 30, 80)
