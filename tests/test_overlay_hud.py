"""The strip at the bottom, messages and help."""

from dataclasses import replace

import numpy as np
import pytest

from fer_live.overlay import Help, Hud, HudInfo, Overlay, Toast, sprites
from fer_live.overlay.layout import hud_height
from tests.drawing import drawn, frame


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


def test_a_name_wider_than_the_frame_is_cut_and_leaves_the_first_hint_its_room():
    info = HudInfo(None, 8.34, "cucn", "cpu", place="2 of 9 · " + "long " * 50, hints=("space",))
    strip = Overlay([Hud(info)])(frame(480, 320), ())[470]
    free = 320 - 12 - sprites.text_width("space", 12)
    written = (strip != strip[0]).any(1)
    assert written[12 : free - 24].any()
    assert written[free:-12].any()
    assert not written[-12:].any()


def test_messages_lie_below_each_other_and_within_the_frame():
    where = drawn(Toast(["one", "a message that is far too long " * 9]), [], frame(level=255))
    rows = where.any(1)
    assert np.diff(rows.astype(int)).tolist().count(1) == 2
    assert not where[:, :4].any()
    assert not where[:, -4:].any()


@pytest.mark.parametrize(
    ("height", "width"),
    [(240, 320), (480, 640), (1080, 1920), (300, 1000), (180, 240), (400, 240), (200, 320)],
)
def test_the_help_fits_above_the_hud(height, width):
    keys = [(f"{i}", "what a key does, in words") for i in range(16)]
    canvas = frame(height, width, 255)
    where = drawn(Help(keys), [], canvas)
    assert not where[0].any()
    assert not where[height - hud_height(canvas) :].any()
    assert not where[:, [0, -1]].any()
    assert where.any()


def test_the_help_is_in_the_middle():
    canvas = frame(level=255)
    where = drawn(Help([("q or esc", "quit"), ("g", "heat-map")]), [], canvas)
    rows, columns = np.nonzero(where.any(1))[0], np.nonzero(where.any(0))[0]
    assert rows.mean() == pytest.approx(239.5 - hud_height(canvas) / 2, abs=1)
    assert columns.mean() == pytest.approx(319.5, abs=1)
