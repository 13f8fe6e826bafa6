"""Which face the panel shows, and its last half minute."""

import numpy as np
import pytest

from fer_live.expressions import HAPPY, SAD
from fer_live.selection import Selection
from fer_live.timeline import STEPS, Timeline
from fer_live.types import Point
from tests.test_painter import reading, scene


def test_the_timeline_keeps_the_newest_of_each_tenth_of_a_second():
    timeline = Timeline()
    for happy, seconds in ((0.1, 0.0), (0.2, 0.51), (0.9, 0.59)):
        timeline.add(scene([reading(happy=happy)], seconds))
    kept = timeline.of(1, (HAPPY, SAD))
    assert kept.shape == (STEPS, 2)
    assert kept[-1, 0] == pytest.approx(0.9)
    assert kept[-6, 0] == pytest.approx(0.1)
    assert np.isnan(kept[:-6]).all()


def test_the_timeline_keeps_half_a_minute_of_many_frames_a_second():
    timeline = Timeline()
    for i in range(900):
        timeline.add(scene([reading()], i / 30, 8, 8))
    assert not np.isnan(timeline.of(1, (HAPPY,))).any()


def test_the_timeline_forgets_what_is_older_than_half_a_minute():
    timeline = Timeline()
    timeline.add(scene([reading(1), reading(2, 90)], 0.0))
    timeline.add(scene([reading(1)], 20.0))
    timeline.add(scene([reading(1)], 31.0))
    assert np.isnan(timeline.of(2, (HAPPY,))).all()
    assert np.isnan(timeline.of(1, (HAPPY,))[: STEPS - 120]).all()
    assert not np.isnan(timeline.of(1, (HAPPY,))[STEPS - 111])
    assert list(timeline._kept) == [1]


def test_the_timeline_has_gaps_where_there_was_no_face():
    timeline = Timeline()
    for seconds in (0.0, 0.2, 0.4, 3.0):
        timeline.add(scene([reading()], seconds))
    gaps = np.isnan(timeline.of(1, (HAPPY,))[:, 0])[-31:]
    assert not gaps[:5].any()  # five readings a second are no gaps
    assert gaps[10:29].all()
    assert not gaps[30]


def test_the_timeline_begins_anew_when_the_clock_runs_backwards():
    timeline = Timeline()
    timeline.add(scene([reading()], 20.0))
    timeline.add(scene([reading()], 1.0))
    assert (~np.isnan(timeline.of(1, (HAPPY,)))).sum() == 1


def test_the_largest_face_is_selected_until_someone_selects_another():
    selection, shown = Selection(), scene([reading(1), reading(2, 100, 10, 90)])
    selection.update(shown)
    assert (selection.track, selection.by_hand) == (2, False)
    assert selection.at(Point(60, 60), shown)
    assert (selection.track, selection.by_hand) == (1, True)
    selection.update(scene([reading(1, 10), reading(2, 100, 10, 90)], 0.1))
    assert selection.track == 1
    assert selection.reading.face.box.left == 10


def test_of_two_faces_over_each_other_a_click_takes_the_smaller():
    selection, shown = Selection(), scene([reading(1, 0, 0, 100), reading(2, 40, 40, 20)])
    selection.at(Point(50, 50), shown)
    assert selection.track == 2
    for beside in (Point(150, 110), Point(110, 50), Point(50, 110)):
        assert not selection.at(beside, shown)
    assert selection.track == 2


def test_a_lost_face_stays_selected_for_a_while():
    selection = Selection()
    selection.at(Point(60, 60), scene([reading(1)], 60.0))
    selection.update(scene([reading(2, 100)], 60.5))
    assert selection.track == 1
    assert selection.reading.track == 1
    selection.update(scene([reading(2, 100)], 62.0))
    assert (selection.track, selection.by_hand) == (2, False)


def test_a_video_that_starts_again_selects_whoever_is_there():
    selection = Selection()
    selection.at(Point(60, 60), scene([reading(1)], 60.0))
    selection.update(scene([reading(2, 100)], 0.0))
    assert (selection.track, selection.by_hand) == (2, False)


def test_the_next_face_after_the_last_is_the_first():
    selection, shown = Selection(), scene([reading(5, 100), reading(2), reading(9, 30)])
    tracks = []
    for _ in range(4):
        selection.next(shown)
        tracks.append(selection.track)
    assert tracks == [2, 5, 9, 2]
    selection.next(scene([]))
    assert selection.track == 2
