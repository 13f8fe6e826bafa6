import math

import numpy as np
import pytest

from fer_live.expressions import HAPPY, SAD, SEVEN
from fer_live.track import Tracks
from fer_live.types import Box, Face, Prediction, Reading


def reading(x=100.0, y=100.0, size=80.0, happy=0.5, uncertainty=None) -> Reading:
    probabilities = dict.fromkeys(SEVEN, 0.0) | {HAPPY: happy, SAD: 1 - happy}
    face = Face(Box(x, y, x + size, y + size), 0.9)
    return Reading(face, Prediction(probabilities, uncertainty))


def identities(readings) -> list[int | None]:
    return [reading.track for reading in readings]


def happiness(readings) -> float:
    return readings[0].prediction.probabilities[HAPPY]


def test_identities_count_from_one_in_the_readings_order():
    assert identities(Tracks().update([reading(300), reading(0)], 0.0)) == [1, 2]


@pytest.mark.parametrize("begin", [0, 3600])
def test_a_moving_face_keeps_its_identity(begin):
    tracks = Tracks()
    assert {tracks.update([reading(70 * i)], begin + i / 30)[0].track for i in range(40)} == {1}


def test_a_face_that_comes_nearer_keeps_its_identity():
    tracks = Tracks()
    tracks.update([reading(100, 100, 80)], 0.0)
    assert identities(tracks.update([reading(80, 80, 120)], 1 / 30)) == [1]


def test_two_faces_do_not_swap_when_the_detector_reorders_them():
    tracks = Tracks()
    tracks.update([reading(0), reading(100)], 0.0)
    for i in range(1, 20):
        updated = tracks.update([reading(100 + 3 * i), reading(3 * i)], i / 30)
        assert identities(updated) == [2, 1]


def test_two_faces_near_each_other_keep_their_identities():
    tracks = Tracks()
    tracks.update([reading(0), reading(60)], 0.0)  # less than a face apart
    assert identities(tracks.update([reading(62), reading(2)], 0.1)) == [2, 1]


def test_one_identity_is_not_given_to_two_faces():
    tracks = Tracks()
    tracks.update([reading(0)], 0.0)
    assert identities(tracks.update([reading(50), reading(5)], 0.1)) == [2, 1]


def test_of_two_faces_equally_near_it_is_the_one_seen_just_now():
    tracks = Tracks()
    tracks.update([reading(0), reading(100)], 0.0)
    tracks.update([reading(100)], 0.5)
    assert identities(tracks.update([reading(50)], 0.6)) == [2]


def test_boxes_without_a_size_are_nobodys_for_long():
    tracks = Tracks()
    tracks.update([reading(size=0)], 0.0)
    assert identities(tracks.update([reading(size=0)], 0.1)) == [2]


def test_a_shortly_lost_face_keeps_its_identity():
    tracks = Tracks()
    tracks.update([reading(0), reading(300)], 0.0)
    assert identities(tracks.update([reading(300)], 0.5)) == [2]
    assert identities(tracks.update([reading(10), reading(300)], 0.9)) == [1, 2]


def test_a_long_lost_identity_is_never_given_again():
    tracks = Tracks()
    tracks.update([reading()], 0.0)
    for i in range(1, 20):
        tracks.update([], i / 10)
    assert identities(tracks.update([reading()], 2.0)) == [2]


def test_who_is_there_before_and_after_a_stall_keeps_the_identity():
    tracks = Tracks()
    tracks.update([reading(0), reading(300)], 0.0)
    tracks.update([reading(300)], 0.5)
    assert identities(tracks.update([reading(10), reading(310)], 5.0)) == [1, 2]


def test_who_is_elsewhere_after_a_stall_is_someone_else():
    tracks = Tracks()
    tracks.update([reading(0)], 0.0)
    assert identities(tracks.update([reading(200)], 5.0)) == [2]


def test_after_a_long_stall_everyone_is_someone_else():
    tracks = Tracks()
    tracks.update([reading(0)], 0.0)
    assert identities(tracks.update([reading(0)], 11.0)) == [2]


def test_what_was_read_before_a_stall_is_not_blended_in():
    tracks = Tracks(smoothing=60)
    tracks.update([reading(happy=0)], 0.0)
    (updated,) = tracks.update([reading(happy=0.7)], 3.0)
    assert updated.prediction.probabilities[HAPPY] == 0.7
    assert updated.label == (HAPPY,)


def test_another_picture_shows_other_people():
    tracks = Tracks()
    shown = [tracks.update([reading()], 0.0, name)[0].track for name in ("a.png", "a.png", "b.png")]
    assert shown == [1, 1, 2]


def test_a_face_elsewhere_is_someone_else():
    tracks = Tracks()
    tracks.update([reading(0)], 0.0)
    assert identities(tracks.update([reading(200)], 1 / 30)) == [2]


def test_a_face_of_another_size_is_someone_else():
    tracks = Tracks()
    tracks.update([reading(100, 100, 80)], 0.0)
    assert identities(tracks.update([reading(10, 10, 260)], 1 / 30)) == [2]


@pytest.mark.parametrize("steps", [(0.3,), (0.1, 0.2), (0.05, 0.1, 0.03, 0.12)])
def test_smoothing_is_a_time_constant_whatever_the_frame_rate(steps):
    tracks = Tracks(smoothing=0.3)
    seconds = 0.0
    tracks.update([reading(happy=0)], seconds)
    for step in steps:
        seconds += step
        updated = tracks.update([reading(happy=1)], seconds)
    assert happiness(updated) == pytest.approx(1 - math.exp(-1))  # 0.632 after one time constant
    assert sum(updated[0].prediction.probabilities.values()) == pytest.approx(1)


def test_the_first_reading_is_taken_as_it_is():
    assert happiness(Tracks().update([reading(happy=0.7)], 5.0)) == 0.7


def test_uncertainty_is_smoothed_where_it_is_known():
    tracks = Tracks(smoothing=0.3)
    tracks.update([reading(uncertainty=0.5)], 0.0)
    (updated,) = tracks.update([reading(uncertainty=1.0)], 0.3)
    assert updated.prediction.uncertainty == pytest.approx(0.5 + 0.5 * 0.632, abs=1e-3)
    (updated,) = tracks.update([reading(uncertainty=None)], 0.6)
    assert updated.prediction.uncertainty is None
    (updated,) = tracks.update([reading(uncertainty=0.4)], 0.9)
    assert updated.prediction.uncertainty == 0.4


def test_zero_smoothing_leaves_readings_as_they_are():
    tracks = Tracks(smoothing=0)
    tracks.update([reading(100, happy=0)], 0.0)
    (updated,) = tracks.update([reading(101, happy=1)], 0.01)
    assert updated.prediction.probabilities[HAPPY] == 1
    assert updated.face.box.left == 101


def test_another_models_labels_start_afresh():
    tracks = Tracks()
    tracks.update([reading(happy=0)], 0.0)
    other = Reading(reading().face, Prediction({HAPPY: 0.9, SAD: 0.1}))
    (updated,) = tracks.update([other], 0.1)
    assert updated.prediction.probabilities == {HAPPY: 0.9, SAD: 0.1}
    assert updated.track == 1


def test_a_clock_that_stands_changes_nothing():
    tracks = Tracks()
    tracks.update([reading(happy=0)], 1.0)
    updated = tracks.update([reading(happy=1)], 1.0)
    assert identities(updated) == [1]
    assert happiness(updated) == 0


def test_a_video_that_starts_again_is_followed_from_there():
    tracks = Tracks(smoothing=0.3)
    tracks.update([reading(happy=0)], 60.0)
    tracks.update([reading(happy=0)], 0.0)
    updated = tracks.update([reading(happy=1)], 0.3)
    assert identities(updated) == [1]
    assert happiness(updated) == pytest.approx(1 - math.exp(-1))


def test_a_trembling_box_is_calmed():
    tremble = np.random.default_rng(0).normal(0, 1, 90)
    tracks = Tracks()
    lefts = [
        tracks.update([reading(100 + t)], i / 30)[0].face.box.left for i, t in enumerate(tremble)
    ]
    assert np.std(lefts[10:]) < 0.6 * np.std(tremble[10:])


def test_a_box_that_moved_a_little_gets_there_in_tenths_of_a_second():
    tracks = Tracks()
    tracks.update([reading(100)], 0.0)
    (updated,) = tracks.update([reading(102)], 0.1)
    assert updated.face.box.left == pytest.approx(100 + 2 * (1 - math.exp(-1)))


def test_a_fast_box_does_not_lag():
    tracks = Tracks()
    for i in range(10):
        (updated,) = tracks.update([reading(15 * i)], i / 30)
        assert updated.face.box.left == pytest.approx(15 * i)


def test_what_came_in_is_not_changed():
    tracks = Tracks()
    before = reading(happy=0.2)
    tracks.update([reading(happy=0.9)], 0.0)
    (after,) = tracks.update([before], 0.1)
    assert before.track is None
    assert before.prediction.probabilities[HAPPY] == 0.2
    assert after is not before


def test_an_empty_frame_has_nobody():
    assert Tracks().update([], 0.0) == []
