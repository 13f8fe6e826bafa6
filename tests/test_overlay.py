import cv2
import numpy as np
import pytest

from fer_live.expressions import HAPPY, SEVEN
from fer_live.overlay import Boxes, HeatMap, Help, Hud, HudInfo, Overlay, Panels, Toast, sprites
from fer_live.overlay.bars import CROWD, THRONG, _panel, bar_types
from tests.drawing import drawn, frame, reading

SIZES = [(480, 640), (720, 1280), (1080, 1920), (1280, 720)]


@pytest.mark.parametrize("annotator", [Boxes(), Panels(), HeatMap()])
def test_an_overlay_leaves_the_frame_alone(annotator):
    image = frame()
    canvas = Overlay([annotator])(image, [reading(200, 150, 300, 270)])
    assert canvas.any()
    assert not image.any()
    assert canvas.shape == image.shape
    assert canvas.dtype == np.uint8


def test_no_faces_leave_the_picture_as_it_is():
    annotators = [HeatMap(), Boxes(), Panels(), Hud()]
    assert not Overlay(annotators)(frame(), []).any()


@pytest.mark.parametrize(("height", "width"), SIZES)
@pytest.mark.parametrize("corner", [(0, 0), (0, 1), (1, 0), (1, 1), (0.5, 0.5)])
def test_bars_are_whole_for_a_face_in_every_corner(height, width, corner):
    size = height // 5
    top, left = corner[0] * (height - size), corner[1] * (width - size)
    canvas = frame(height, width, 255)
    one = reading(left, top, left + size, top + size)
    label = drawn(Panels(bars=False), [one], canvas)
    where = drawn(Panels(), [one], canvas) & ~label
    rows, columns = np.nonzero(where.any(1))[0], np.nonzero(where.any(0))[0]
    base = _panel(tuple(map(str, SEVEN)), max(12, round(min(height, width) / 45))).base
    assert (rows[-1] - rows[0] + 1, columns[-1] - columns[0] + 1) == (base.height, base.width)
    assert rows[0] > 0
    assert columns[0] > 0
    assert rows[-1] < height - 1
    assert columns[-1] < width - 1
    face = where[int(top) : int(top + size), int(left) : int(left + size)]
    assert face.mean() < 0.02  # there was room beside it


@pytest.mark.parametrize("face", [(-40, -60, 100, 90), (560, 420, 720, 560), (-500, 0, -300, 90)])
def test_faces_half_or_all_outside_are_drawn_as_far_as_seen(face):
    annotators = [HeatMap(), Boxes(), Panels()]
    canvas = Overlay(annotators)(frame(), [reading(*face)])
    assert canvas.any() == (face[2] > 0)


@pytest.mark.parametrize(("height", "width"), [(1, 1), (48, 48), (120, 160)])
def test_tiny_pictures_are_drawn_on(height, width):
    annotators = [
        HeatMap(),
        Boxes(),
        Panels(),
        Hud(HudInfo(30, 9, "cucn", "cpu")),
        Toast(["a message"]),
    ]
    annotators.append(Help([("q", "quit")]))
    Overlay(annotators)(frame(height, width), [reading(0, 0, width, height)])


def test_bars_tell_whose_they_are_where_there_are_several_faces():
    """By the badge of the label, which is drawn in yellow with a dark number."""
    one, two = reading(60, 150, 160, 270, track=1), reading(400, 150, 500, 270, track=2)

    def badges(readings):
        canvas = Overlay([Panels()])(frame(), readings)
        yellow = (np.abs(canvas.astype(int) - HAPPY.colour).max(2) < 12).astype(np.uint8)
        _, _, stats, _ = cv2.connectedComponentsWithStats(yellow)
        tall = stats[1:, cv2.CC_STAT_HEIGHT] >= 12
        return int(tall.sum())

    assert badges([one]) == 1  # the label's
    assert badges([one, two]) == 4  # two labels', two panels'


def test_bars_keep_the_order_of_the_probabilities():
    """The longest bar is in the fourth row, which is happy's."""
    canvas = Overlay([Panels()])(frame(), [reading(200, 150, 300, 270)])[:, 302:]
    canvas[:150] = 0  # above the face is its label
    yellow = (np.abs(canvas.astype(int) - HAPPY.colour).max(2) < 12).sum(1)
    panel = _panel(tuple(map(str, SEVEN)), 12)
    top = np.nonzero(canvas.any((1, 2)))[0][0]
    row = (int(np.argmax(yellow)) - top - panel.rows[0]) // panel.row
    assert row == SEVEN.index(HAPPY)
    assert yellow.max() == pytest.approx(0.8 * panel.length, abs=3)


@pytest.mark.parametrize(("height", "width"), SIZES)
def test_the_bars_of_several_faces_have_one_size(height, width):
    canvas = frame(height, width)
    few, many = bar_types(canvas, CROWD + 1), bar_types(canvas, THRONG + 1)
    assert len(few) == len(many) == 1
    assert bar_types(canvas, 1)[0] >= few[0] > many[0] >= 10  # pixels of type


def test_a_panel_stays_on_its_side_while_it_can():
    panels, without = Panels(), Panels(bars=False)

    def is_left(left: int) -> bool:
        one = [reading(left, 100, left + 100, 220)]
        canvas = frame(level=255)
        where = drawn(panels, one, canvas) & ~drawn(without, one, canvas)
        return bool(where[:, :left].any())

    # A little of the face is hidden where there is almost no room right of it.
    assert [is_left(left) for left in (340, 352, 340, 352)] == [False] * 4
    assert is_left(420)
    assert [is_left(left) for left in (352, 345, 352)] == [True] * 3


def test_bars_that_the_side_panel_shows_are_not_drawn_twice():
    canvas, one = frame(level=255), [reading(200, 150, 300, 270)]
    alone = drawn(Panels(bars=False), one, canvas)
    assert (drawn(Panels(detailed=1), one, canvas) == alone).all()
    assert drawn(Panels(detailed=2), one, canvas).sum() > alone.sum()


def test_the_selected_face_has_a_whole_frame():
    canvas = frame()
    plain = drawn(Boxes(), [reading(200, 150, 300, 270)], canvas)
    marked = drawn(Boxes(selected=1), [reading(200, 150, 300, 270)], canvas)
    assert not plain[150:152, 240:260].any()
    assert marked[150:152, 240:260].any()


def test_a_sprite_is_blended_by_its_opacity():
    canvas = frame(40, 40, 200)
    sprites.paste(canvas, sprites.rounded(20, 20, 0, (0, 100, 255), 0.5), 30, -10)
    assert canvas[0, 39].tolist() == [100, 150, 228]  # half of each
    assert (canvas[:, :30] == 200).all()
    assert (canvas[10:] == 200).all()
