"""Heat-maps over faces."""

from dataclasses import replace

import numpy as np
import pytest

from fer_live.expressions import FEAR, SEVEN
from fer_live.overlay import HeatMap, Overlay
from tests.drawing import frame, reading


def test_the_chosen_expressions_heat_map_is_drawn():
    one = reading(100, 100, 240, 240)
    one.heatmaps[SEVEN.index(FEAR)] = 0
    one.heatmaps[SEVEN.index(FEAR), 5, 5] = 1.0
    canvas = Overlay([HeatMap(chosen=FEAR)])(frame(), [one])
    assert canvas[200:220, 200:220].mean() > 60
    assert not canvas[110:150, 110:150].any()


def test_the_heat_map_is_as_strong_as_asked():
    weak, strong = (
        Overlay([HeatMap(opacity)])(frame(), [reading(100, 100, 240, 240)]).max()
        for opacity in (0.2, 0.95)
    )
    assert strong > 3 * weak


def test_the_heat_map_glows_where_the_map_is_hot():
    canvas = Overlay([HeatMap()])(frame(), [reading(100, 100, 240, 240)])
    hot, cold = canvas[120:140, 120:140], canvas[200:240, 200:240]
    assert hot.mean() > 60
    assert not cold.any()


def test_heat_is_infernos_yellow_over_what_was_there_and_fades_at_the_border():
    one = reading(100, 100, 240, 240)
    one.heatmaps[:] = 1
    white, black = (Overlay([HeatMap(0.5)])(frame(level=level), [one]) for level in (255, 0))
    yellow = np.array([252, 255, 164])
    assert white[170, 170] == pytest.approx((yellow + 255) / 2, abs=2)
    assert black[170, 170] == pytest.approx(yellow / 2, abs=2)
    for edge in ((102, 170), (238, 170), (170, 102), (170, 238)):
        assert black[edge].sum() < 0.3 * black[170, 170].sum()


def test_the_heat_map_follows_its_area():
    turned = reading(100, 100, 240, 240)
    turned = replace(turned, heatmap_area=np.roll(turned.heatmap_area, -1, 0))
    canvas = Overlay([HeatMap()])(frame(), [turned])
    assert canvas[120:140, 200:220].mean() > 60  # a quarter turn: now in the upper right
    assert not canvas[200:240, 100:140].any()


def test_a_weak_map_does_not_glow_after_a_strong_one():
    overlay = Overlay([HeatMap()])
    strong = overlay(frame(), [reading(100, 100, 240, 240, heat=10)])
    weak = overlay(frame(), [reading(100, 100, 240, 240, heat=0.5)])
    assert strong.max() > 100
    assert weak.max() < 25


def test_a_tracks_scale_falls_slowly():
    overlay = Overlay([HeatMap(half_life=10)])
    overlay(frame(), [reading(100, 100, 240, 240, heat=10)])
    levels = [int(overlay(frame(), [reading(100, 100, 240, 240, heat=2)]).max()) for _ in range(40)]
    assert levels == sorted(levels)
    assert max(np.diff(levels)) < 20
    assert levels[-1] > 3 * levels[0]


def test_tracks_do_not_share_a_scale():
    overlay = Overlay([HeatMap()])
    overlay(frame(), [reading(100, 100, 240, 240, track=1, heat=100)])
    assert overlay(frame(), [reading(100, 100, 240, 240, track=2)]).max() > 100


def test_a_fixed_reference_is_the_scale():
    small = Overlay([HeatMap(reference=100)])(frame(), [reading(100, 100, 240, 240)])
    assert small.max() < 10


def test_an_empty_or_missing_map_draws_nothing():
    bare = replace(reading(100, 100, 240, 240), heatmaps=None, heatmap_area=None)
    assert not Overlay([HeatMap()])(frame(), [bare, reading(100, 100, 240, 240, heat=0)]).any()
