"""What the window shows: the frame as large as it fits, the side panel, the last half minute."""

from dataclasses import replace

import numpy as np
import pytest

from fer_live.expressions import ANGRY, HAPPY, SAD, SEVEN, SURPRISE
from fer_live.overlay import HudInfo
from fer_live.overlay.curves import draw_curves
from fer_live.overlay.heat import HeatMap
from fer_live.overlay.side import SidePanel
from fer_live.overlay.side_plan import panel_width, plan_panel
from fer_live.overlay.sprites import INK
from fer_live.painter import Painter, Stage, fitted, scaled
from fer_live.selection import Selection
from fer_live.sinks.view import KEYS, View, key_help
from fer_live.timeline import STEPS, Timeline
from fer_live.types import Box, Face, Frame, Keypoints, Point, Prediction, Reading, Scene

INFO = HudInfo(30, 9, "cucn", "cpu", "torch")
EVERYTHING = View(heatmap=True, panel=True, help=True)


def reading(track=1, left=40.0, top=30.0, side=60.0, happy=0.7, unsure=0.3) -> Reading:
    probabilities = dict.fromkeys(SEVEN, (1 - happy) / 6) | {HAPPY: happy}
    area = [(left, top), (left + side, top), (left + side, top + side), (left, top + side)]
    face = Face(Box(left, top, left + side, top + side), 0.9)
    maps = np.linspace(0, 1, 7 * 36, dtype=np.float32).reshape(7, 6, 6)
    return Reading(face, Prediction(probabilities, unsure), track, maps, np.array(area, np.float32))


def scene(readings, seconds=0.0, width=160, height=120) -> Scene:
    generator = np.random.default_rng(0)
    image = generator.integers(0, 255, (height, width, 3), np.uint8)
    return Scene(Frame(image, 0, seconds), readings)


def compose(shown, view, size, stage=None, **options):
    selection, timeline = Selection(), Timeline()
    selection.update(shown)
    timeline.add(shown)
    stage = stage or Stage()
    return stage.compose(shown, view, size, selection, timeline, SEVEN, INFO, **options)


@pytest.mark.parametrize("window", [(160, 120), (300, 200), (640, 480), (200, 900), (1920, 1080)])
@pytest.mark.parametrize("picture", [(160, 120), (1, 1), (64, 900), (3840, 2160)])
def test_any_picture_is_shown_in_any_window(window, picture):
    shown = scene([reading(), reading(2, 0, 0, 900), reading(3, -50, -50, 40)], 0, *picture)
    canvas = compose(shown, EVERYTHING, window, messages=["recording"])
    assert canvas.shape == (window[1], window[0], 3)


def test_a_frame_of_the_windows_size_is_shown_as_it_is():
    shown = scene([])
    canvas = compose(shown, View(), (160, 120))
    assert (canvas == shown.frame.image).all()


@pytest.mark.parametrize(
    ("stage", "box", "scale"),
    [
        (Box(0, 0, 320, 240), Box(0, 0, 320, 240), 2.0),
        (Box(0, 0, 400, 240), Box(40, 0, 360, 240), 2.0),
        (Box(0, 0, 80, 100), Box(0, 20, 80, 80), 0.5),
    ],
)
def test_a_picture_is_as_large_as_it_fits_in_the_middle(stage, box, scale):
    assert fitted(np.zeros((120, 160, 3), np.uint8), stage) == (box, scale)


def test_a_place_in_the_window_is_found_in_the_frame():
    stage = Stage()
    compose(scene([]), View(), (400, 240), stage)
    assert stage.locate(Point(40, 0)) == Point(0, 0)
    assert stage.locate(Point(360, 240)) == Point(160, 120)


def test_an_enlarged_reading_has_all_its_places_enlarged():
    points = Keypoints(*[Point(10.0, 20.0)] * 6)
    small = reading()
    small = replace(small, face=replace(small.face, keypoints=points))
    large = scaled(small, 2)
    assert large.face.box == Box(80, 60, 200, 180)
    assert large.face.keypoints.nose == Point(20, 40)
    assert large.heatmap_area[2].tolist() == [200, 180]
    assert large.prediction is small.prediction
    assert scaled(replace(small, heatmaps=None, heatmap_area=None), 2).heatmap_area is None
    moved = scaled(small, 1, Point(5, 7))
    assert moved.face.box == Box(45, 37, 105, 97)
    assert moved.face.keypoints.nose == Point(15, 27)
    assert moved.heatmap_area[2].tolist() == [105, 97]


def test_files_get_the_frames_size_and_neither_panel_nor_help():
    shown = scene([reading()], 0, 640, 480)
    plain = Painter().picture(shown, View(heatmap=True), SEVEN, INFO)
    assert plain.shape == (480, 640, 3)
    assert (Painter().picture(shown, EVERYTHING, SEVEN, INFO) == plain).all()
    assert (plain != shown.frame.image).any()


def test_files_have_the_strip_at_the_bottom():
    shown = scene([], 0, 640, 480)
    assert (Painter().picture(shown, View(), SEVEN, None) == shown.frame.image).all()
    strip = Painter().picture(shown, View(), SEVEN, INFO) != shown.frame.image
    assert strip[-10:].any()
    assert not strip[:440].any()


@pytest.mark.parametrize(
    ("more", "rows", "columns"),
    [
        ({"info": INFO}, slice(460, 480), slice(0, 200)),
        ({"messages": ["saved"]}, slice(10, 30), slice(300, 340)),
        ({"view": View(help=True)}, slice(200, 260), slice(300, 340)),
        ({"view": View(panel=True)}, slice(0, 480), slice(410, 640)),
    ],
)
def test_the_window_has_its_strip_messages_help_and_panel(more, rows, columns):
    shown = scene([reading()], 0, 640, 480)
    selection = Selection()
    selection.update(shown)

    def composed(view=View(), info=None, **messages):  # noqa: B008
        return Stage().compose(
            shown, view, (640, 480), selection, Timeline(), SEVEN, info, **messages
        )

    assert (composed(**more)[rows, columns] != composed()[rows, columns]).mean() > 0.3


def test_the_heat_map_is_drawn_if_asked_for_and_of_whom():
    shown = scene([reading()], 0, 640, 480)

    def drawn(**view):
        return Painter().picture(shown, View(bars=False, **view), SEVEN, None)

    predicted = drawn(heatmap=True)
    assert (predicted != drawn()).any()
    assert (predicted == drawn(heatmap=True, chosen=SEVEN.index(HAPPY))).all()
    assert (predicted == drawn(heatmap=True, chosen=7)).all()  # of another model's eight
    for other in (0, 6):
        assert (predicted != drawn(heatmap=True, chosen=other)).any()


def test_a_lone_face_is_not_marked_but_one_of_two_is():
    two = scene([reading(), reading(2, 100, 30, 50)], 0, 640, 480)
    selection = Selection(2, True)
    selection.update(two)

    def shown(view):
        return Stage().compose(two, view, (640, 480), selection, Timeline(), SEVEN, None)

    unmarked = Selection()
    unmarked.update(two)
    alone, chosen, by_itself = scene([reading()], 0, 640, 480), Selection(1, True), Selection(1)
    lone = [
        Stage().compose(alone, View(), (640, 480), who, Timeline(), SEVEN, None)
        for who in (chosen, by_itself)
    ]
    assert (lone[0] == lone[1]).all()
    plain = Stage().compose(two, View(), (640, 480), unmarked, Timeline(), SEVEN, None)
    assert (shown(View()) != plain)[30, 115:135].any()
    assert (shown(View()) == plain)[30, 55:85].all()


@pytest.mark.parametrize("width", [90, 200, 300, 540])
@pytest.mark.parametrize("height", [60, 200, 480, 1080])
@pytest.mark.parametrize("unsure", [None, 0.0, 1.0])
def test_the_side_panel_is_drawn_at_any_size(width, height, unsure):
    area, shown = np.full((height, width, 3), 9, np.uint8), scene([reading(unsure=unsure)])
    timeline = Timeline()
    timeline.add(shown)
    args = (shown.frame.image, shown.readings[0], HeatMap(), timeline, SEVEN)
    SidePanel().draw(area, *args)
    assert not (area == 9).all(2).any()
    nobody = np.zeros_like(area)
    SidePanel().draw(nobody, shown.frame.image, None, HeatMap(), timeline, SEVEN)
    assert (nobody != area).any()


def test_the_side_panel_shows_the_face_twice_and_a_bar_for_each_expression():
    image, area = np.zeros((480, 640, 3), np.uint8), np.zeros((720, 360, 3), np.uint8)
    image[20:100, 30:110] = (200, 30, 60)  # around the box
    one = replace(reading(), heatmaps=None)
    SidePanel().draw(area, image, one, HeatMap(), None, SEVEN)
    face = (area == (200, 30, 60)).all(2)
    assert face.sum() == 2 * plan_panel(360, 720).square ** 2
    lengths, places = [], []
    for expression in (ANGRY, HAPPY, SAD):
        bar = (area == expression.colour).all(2).sum(1)
        lengths.append(bar.max())
        places.append(bar.argmax())
    assert lengths[1] / lengths[0] == pytest.approx(14, abs=1.5)
    assert places == sorted(places)
    assert places[0] > np.flatnonzero(face.any(1))[-1]


@pytest.mark.parametrize("width", [200, 240, 360, 540])
@pytest.mark.parametrize("unsure", [None, 1.0])
def test_no_words_of_the_side_panel_are_cut_off(width, unsure):
    area, shown = np.zeros((480, width, 3), np.uint8), scene([reading(unsure=unsure)])
    args = (shown.frame.image, shown.readings[0], HeatMap(chosen=SURPRISE), Timeline(), SEVEN)
    SidePanel().draw(area, *args)
    assert (area[:, -6:] == INK).all()


def test_the_side_panel_leaves_more_than_half_to_the_picture():
    assert panel_width((1280, 720)) == 360
    assert panel_width((640, 480)) == 240
    assert panel_width((240, 900)) == 108


def test_a_side_panel_whose_words_would_lie_on_each_other_is_left_out():
    assert panel_width((200, 900)) == 0
    shown = scene([reading()])
    with_panel, without = (compose(shown, View(panel=p), (200, 900)) for p in (True, False))
    assert (with_panel == without).all()


def test_curves_are_as_high_as_the_probability():
    values = np.full((STEPS, 2), np.nan, np.float32)
    values[STEPS // 2 :] = (0.5, 1.0)
    picture = draw_curves(values, (HAPPY, SAD), STEPS, 22)  # 20 pixels are a probability of 1
    filled = (picture == HAPPY.colour).all(2)
    assert not filled[:, : STEPS // 2].any()
    assert (filled[:22, STEPS // 2 :].sum(0) == 10).all()
    assert ((picture[22:] == SAD.colour).all(2)[:, STEPS // 2 :].sum(0) == 20).all()


def test_the_heat_maps_strength_has_its_ends():
    view, strengths = View(strength=0.65), []
    for _ in range(9):
        view = view.after(KEYS["+"])
        strengths.append(view.strength)
    assert strengths[-1] == max(strengths) < 1
    for _ in range(12):
        view = view.after(KEYS["-"])
    assert 0 < view.strength < 0.3
    assert view.heatmap


def test_the_help_tells_of_as_many_numbers_as_there_are_expressions():
    told = dict(key_help(len(SEVEN)))
    assert told["1 to 7"] == "heat-map of that bar, from the top"
    assert told["q or esc"] == "quit"
