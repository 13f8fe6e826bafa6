"""Tiles of a pyramid, and boxes that overlap."""

import numpy as np
import pytest

from fer_live.detect.tiles import Tile, clip, pyramid, suppress, tile_around
from fer_live.types import Box, Face


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


def test_a_tile_around_a_box_shares_its_centre():
    assert tile_around(Box(100, 50, 140, 90), 2) == Tile(80, 30, 80)


def test_clip_keeps_the_part_inside():
    assert clip(Box(-5, 10, 50, 200), 40, 100) == Box(0, 10, 40, 100)
