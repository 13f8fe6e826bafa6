"""Where labels and bars go: what holds for any faces in any window."""

from itertools import combinations

import numpy as np
import pytest

from fer_live.overlay.arrange import Arranged, Wanted, arrange
from fer_live.types import Box

LABELS = ((150, 46), (110, 24), (80, 18), (34, 16))
BARS = ((190, 140), (160, 118))
AREA = Box(4, 4, 636, 450)


def overlap(a: Box, b: Box) -> float:
    width = min(a.right, b.right) - max(a.left, b.left)
    height = min(a.bottom, b.bottom) - max(a.top, b.top)
    return max(width, 0) * max(height, 0)


def spots(arranged) -> list[Box]:
    return [spot.box for one in arranged for spot in one if spot is not None]


def crowd(generator, area: Box, count: int) -> list[Wanted]:
    """Faces anywhere, some reaching out of the area, some over each other."""
    wanted = []
    for _ in range(count):
        side = generator.uniform(8, 0.7 * min(area.width, area.height))
        x, y = generator.uniform(0, area.right - side / 2), generator.uniform(0, area.bottom - 5)
        wanted.append(Wanted(Box(x, y, x + side, y + 1.2 * side), LABELS, BARS))
    return wanted


@pytest.mark.parametrize("seed", range(60))
def test_nothing_overlaps_or_leaves_the_window(seed):
    generator = np.random.default_rng(seed)
    area = Box(4, 4, generator.integers(100, 2000), generator.integers(60, 1100))
    wanted = crowd(generator, area, int(generator.integers(1, 25)))
    before: list[Arranged] = []
    for _ in range(3):  # what lay before must not weaken it
        arranged = arrange(wanted, area, 6, before)
        assert len(arranged) == len(wanted)
        for box in spots(arranged):
            assert area.left <= box.left < box.right <= area.right
            assert area.top <= box.top < box.bottom <= area.bottom
        for one, other in combinations(spots(arranged), 2):
            assert overlap(one, other) == 0
        before = arranged
        shift = generator.uniform(-9, 9, 2)
        wanted = [
            w._replace(box=Box(*(np.array(w.box) + np.tile(shift, 2)).tolist())) for w in wanted
        ]


@pytest.mark.parametrize("seed", range(30))
def test_bars_hide_hardly_anything_of_other_faces(seed):
    generator = np.random.default_rng(seed)
    wanted = crowd(generator, AREA, 6)
    for i, one in enumerate(arrange(wanted, AREA, 6)):
        if one.bars:
            others = [w.box for j, w in enumerate(wanted) if j != i]
            hidden = sum(overlap(one.bars.box, o) / (o.width * o.height) for o in others)
            assert hidden <= 0.1 + 1e-9


@pytest.mark.parametrize("seed", range(40))
def test_a_face_alone_has_its_whole_label_and_its_bars(seed):
    generator = np.random.default_rng(seed)
    side = generator.uniform(60, 440)
    x, y = generator.uniform(0, 640 - side), generator.uniform(0, 450 - side)
    (arranged,) = arrange([Wanted(Box(x, y, x + side, y + side), LABELS, BARS)], AREA, 6)
    assert arranged.label.form == 0
    assert arranged.bars.form == 0


def test_the_label_is_above_its_face_and_the_bars_are_right_of_it():
    (arranged,) = arrange([Wanted(Box(200, 150, 300, 260), LABELS, BARS)], AREA, 6)
    assert arranged.label.box == Box(200, 98, 350, 144)  # 46 high, 6 above the face
    assert arranged.bars.box == Box(306, 150, 496, 290)


def test_at_the_right_edge_bars_are_on_the_left():
    (arranged,) = arrange([Wanted(Box(530, 150, 630, 260), LABELS, BARS)], AREA, 6)
    assert arranged.bars.box.right == 524


def test_a_face_that_fills_the_window_has_them_inside():
    (arranged,) = arrange([Wanted(Box(0, 0, 640, 450), LABELS, BARS)], AREA, 6)
    assert arranged.label.form == arranged.bars.form == 0


def test_a_grid_of_small_faces_has_labels_only_and_all_of_them():
    faces = [Box(x, y, x + 90, y + 80) for y in (30, 140, 250, 360) for x in (20, 180, 340, 500)]
    arranged = arrange([Wanted(box, LABELS, BARS) for box in faces], AREA, 4)
    assert all(one.label for one in arranged)
    assert sum(one.bars is not None for one in arranged) < 4


def test_the_larger_face_gets_the_room():
    small, large = Box(40, 300, 100, 360), Box(240, 200, 440, 420)
    narrow = Box(0, 0, 660, 450)
    one, other = arrange([Wanted(small, LABELS, BARS), Wanted(large, LABELS, BARS)], narrow, 6)
    assert other.bars.form == 0
    swapped = arrange([Wanted(large, LABELS, BARS), Wanted(small, LABELS, BARS)], narrow, 6)
    assert swapped == [other, one]  # whatever order they come in


def test_nothing_comes_and_goes_while_a_face_trembles():
    generator, before, forms = np.random.default_rng(1), [], set()
    for _ in range(50):
        x, y = (
            436 + generator.uniform(-3, 3),
            150 + generator.uniform(-3, 3),
        )  # hardly room right of it
        before = arrange([Wanted(Box(x, y, x + 100, y + 110), LABELS, BARS)], AREA, 6, before)
        forms.add((before[0].label.form, before[0].bars.form, before[0].bars.wish))
    assert len(forms) == 1


def test_where_nothing_fits_there_is_nothing():
    tiny = Box(0, 0, 20, 10)
    assert arrange([Wanted(Box(0, 0, 20, 10), LABELS, BARS)], tiny, 2) == [Arranged(None, None)]
    assert arrange([], AREA, 6) == []


def test_a_face_that_is_no_longer_alone_loses_the_place_above_it():
    """Bars between two faces, one above the other, would be taken for those of the upper one."""
    narrow = Box(0, 0, 200, 460)
    face = Wanted(Box(0, 240, 196, 456), LABELS[2:], BARS)
    (alone,) = arrange([face], narrow, 6)
    assert alone.bars.box.bottom < face.box.top
    other = Wanted(Box(60, 10, 100, 50), LABELS[3:], ())
    both = arrange([face, other], narrow, 6, [alone, None])
    assert both[0].bars is None or both[0].bars.box.bottom > face.box.top
