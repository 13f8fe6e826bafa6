from dataclasses import replace

import cv2
import numpy as np
import pytest

from fer_live.expressions import HAPPY, NEUTRAL, SAD, SEVEN, Expression
from fer_live.overlay import Boxes, HeatMap, Help, Hud, HudInfo, Overlay, Panels, Toast, sprites
from fer_live.overlay.bars import CROWD, THRONG, _panel, bar_types
from fer_live.overlay.label import FORMS, Words, draw_label, label_size, words
from fer_live.overlay.layout import hud_height
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


def test_the_label_changes_with_identity_percentage_and_uncertainty():
    one = reading(200, 150, 300, 270)
    others = [
        replace(one, track=2),
        replace(one, track=None),
        replace(one, prediction=replace(one.prediction, uncertainty=0.9)),
        replace(one, prediction=replace(one.prediction, uncertainty=None)),
    ]
    pictures = {
        Overlay([Panels(bars=False)])(frame(level=255), [x]).tobytes() for x in (one, *others)
    }
    assert len(pictures) == 5


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("shown", [(HAPPY,), (SAD, NEUTRAL), ()])
@pytest.mark.parametrize("rank", [None, 100])
def test_a_label_has_the_size_that_was_reckoned_with(form, shown, rank):
    content = Words(12, shown, 100, rank)
    sprite = draw_label(content, 16, form)
    assert (sprite.width, sprite.height) == label_size(content, 16, form)


def test_labels_say_how_sure_they_are_in_words():
    assert Words(1, (SAD, NEUTRAL), 80, None).name == "sad or neutral"
    assert Words(1, (), 0, None).name == "unsure"
    assert Words(1, (SAD, NEUTRAL), 80, None).abbreviation == "sad/neu"


def test_a_label_whose_name_is_kept_tells_what_leads_by_now_in_the_same_room():
    one = reading(200, 150, 300, 270)
    assert words(one).leading is words(replace(one, label=())).leading is None
    assert words(replace(one, label=(SAD,))).leading == HAPPY
    narrow = Words(None, (SAD,), 33, 0)
    pictures = {draw_label(narrow._replace(leading=e), 16, 0).colour.tobytes() for e in SEVEN}
    assert len(pictures) == 7
    for size in (10, 14, 33):
        shown = draw_label(narrow, size, 0)
        for leading in Expression:
            sprite = draw_label(narrow._replace(leading=leading), size, 0)
            assert (sprite.width, sprite.height) == (shown.width, shown.height)


def test_what_leads_is_shorter_than_an_uncertainty():
    for size in (9, 12, 30):
        longest = max(sprites.text_width(f"{e} leads", size) for e in Expression)
        assert longest <= sprites.text_width("uncertainty 1/100", size)


def test_each_form_of_a_label_is_smaller_than_the_one_before():
    sizes = [label_size(Words(3, (HAPPY,), 80, 31), 14, form) for form in FORMS]
    assert sizes == sorted(sizes, reverse=True)
    assert [height for _, height in sizes] == sorted((h for _, h in sizes), reverse=True)


def test_a_label_does_not_grow_with_its_second_digit():
    nine, ten = (label_size(Words(1, (HAPPY,), p, 31), 14, 0) for p in (9, 10))
    assert nine == ten


def test_an_unsure_reading_has_muted_colours():
    sure = reading(200, 150, 300, 270)
    unsure = replace(sure, label=(HAPPY, SAD))
    yellow = [
        (np.abs(Overlay([Boxes()])(frame(), [x]).astype(int) - HAPPY.colour).max(2) < 9).any()
        for x in (sure, unsure)
    ]
    assert yellow == [True, False]


def test_the_selected_face_has_a_whole_frame():
    canvas = frame()
    plain = drawn(Boxes(), [reading(200, 150, 300, 270)], canvas)
    marked = drawn(Boxes(selected=1), [reading(200, 150, 300, 270)], canvas)
    assert not plain[150:152, 240:260].any()
    assert marked[150:152, 240:260].any()


def test_the_hud_is_a_strip_at_the_bottom():
    where = drawn(Hud(HudInfo(29.6, 8.34, "cucn", "cpu", hints=("h help",))), [], frame(level=200))
    rows = np.nonzero(where.any(1))[0]
    assert rows[-1] == 479
    assert rows[0] > 430
    assert where[rows[0] :].all()


def test_the_huds_units_stand_still():
    """Whatever the digits: what changes lies left of "fps" and "ms"."""
    strips = [
        Overlay([Hud(HudInfo(fps, ms, "cucn", "cpu"))])(frame(), ())
        for fps, ms in ((9, 8.4), (29, 12), (111, 99))
    ]
    size = 12
    fps_right = size + sprites.text_width("000 fps", size)
    unit = sprites.text_width("fps", size)
    for strip in strips[1:]:
        assert (
            strip[:, fps_right - unit : fps_right] == strips[0][:, fps_right - unit : fps_right]
        ).all()
        assert (strip[:, 180:] == strips[0][:, 180:]).all()


def test_a_narrow_hud_leaves_columns_out():
    info = HudInfo(
        29.6, 8.34, "cucn", "cpu", "openvino", 12, "2 of 9", "fear", True, True, True, ("h help",)
    )
    canvas = Overlay([Hud(info)])(frame(480, 200), ())
    assert (canvas[470, :8] == canvas[470, 0]).all()  # nothing reaches the edges
    assert (canvas[470, -8:] == canvas[470, 0]).all()
    assert (canvas[460:478] != canvas[470, 0]).any()


def test_a_narrow_hud_leaves_the_last_hints_out_before_its_first_column():
    hints = ("space next", "h help", "q quit")
    info = HudInfo(None, 8.34, "cucn", "cpu", place="2 of 9 · a picture.png", hints=hints)

    def strip(width, info):
        return Overlay([Hud(info)])(frame(480, width), ())[-20:]

    alone = strip(220, replace(info, hints=()))
    place = 12 + sprites.text_width(info.place, 12)
    assert (strip(220, info)[:, :place] == alone[:, :place]).all()
    first = strip(220, replace(info, hints=hints[:1]))
    assert (strip(220, info) == first).all()
    assert (first != alone).any()


def test_messages_lie_below_each_other_and_within_the_frame():
    where = drawn(Toast(["one", "a message that is far too long " * 9]), [], frame(level=255))
    rows = where.any(1)
    assert np.diff(rows.astype(int)).tolist().count(1) == 2
    assert not where[:, :4].any()
    assert not where[:, -4:].any()


@pytest.mark.parametrize(("height", "width"), [(240, 320), (480, 640), (1080, 1920), (300, 1000)])
def test_the_help_fits_above_the_hud(height, width):
    keys = [(f"{i}", "what a key does, in words") for i in range(16)]
    canvas = frame(height, width, 255)
    where = drawn(Help(keys), [], canvas)
    assert not where[0].any()
    assert not where[height - hud_height(canvas) :].any()
    assert not where[:, 0].any()
    assert where.any()


def test_the_help_is_in_the_middle():
    canvas = frame(level=255)
    where = drawn(Help([("q or esc", "quit"), ("g", "heat-map")]), [], canvas)
    rows, columns = np.nonzero(where.any(1))[0], np.nonzero(where.any(0))[0]
    assert rows.mean() == pytest.approx(239.5 - hud_height(canvas) / 2, abs=1)
    assert columns.mean() == pytest.approx(319.5, abs=1)


def test_a_sprite_is_blended_by_its_opacity():
    canvas = frame(40, 40, 200)
    sprites.paste(canvas, sprites.rounded(20, 20, 0, (0, 100, 255), 0.5), 30, -10)
    assert canvas[0, 39].tolist() == [100, 150, 228]  # half of each
    assert (canvas[:, :30] == 200).all()
    assert (canvas[10:] == 200).all()
