"""Frames in hand: found in one thread while another reads, in order, and failing where they are taken."""

import threading

import numpy as np
import pytest

from fer_live.ahead import Ahead
from fer_live.types import Frame, Scene
from tests.fakes import FakeDetector, fake_analyzer

IMAGE = np.full((120, 160, 3), 90, np.uint8)
PATIENCE = 10.0


def tell(frame, seen, began):
    return Scene(frame, [])


def test_frames_come_in_the_order_they_were_begun():
    with Ahead(fake_analyzer(), tell, 2) as ahead:
        for index in range(5):
            ahead.begin(Frame(IMAGE, index))
        assert [ahead.take().frame.index for _ in range(5)] == list(range(5))


def test_it_is_full_at_its_depth():
    with Ahead(fake_analyzer(), tell, 2) as ahead:
        ahead.begin(Frame(IMAGE, 0))
        assert not ahead.full
        ahead.begin(Frame(IMAGE, 1))
        assert ahead.full
        ahead.take()
        assert len(ahead) == 1


def test_the_next_faces_are_found_while_these_are_read():
    second = threading.Event()
    calls = []

    class Telling(FakeDetector):
        def __call__(self, image):
            calls.append(image)
            if len(calls) == 2:
                second.set()
            return super().__call__(image)

    def patient(frame, seen, began):
        # Ends only where the second frame's faces are looked for meanwhile.
        assert second.wait(PATIENCE)
        return tell(frame, seen, began)

    analyzer = fake_analyzer()
    analyzer.detector = Telling()
    with Ahead(analyzer, patient, 2) as ahead:
        ahead.begin(Frame(IMAGE, 0))
        ahead.begin(Frame(IMAGE, 1))
        assert ahead.take().frame.index == 0


@pytest.mark.parametrize("stage", ["finding", "reading"])
def test_a_failure_is_raised_where_the_frame_is_taken(stage):
    def failing(*arguments):
        raise RuntimeError(stage)

    analyzer = fake_analyzer()
    if stage == "finding":
        analyzer.detector = failing
    with Ahead(analyzer, failing, 2) as ahead:
        ahead.begin(Frame(IMAGE, 0))
        with pytest.raises(RuntimeError, match=stage):
            ahead.take()


def test_what_is_found_is_what_is_told():
    analyzer = fake_analyzer()
    told = []

    def keep(frame, seen, began):
        told.append(analyzer.tell(seen))
        return tell(frame, seen, began)

    with Ahead(analyzer, keep, 1) as ahead:
        ahead.begin(Frame(IMAGE, 0))
        ahead.take()
    (expected,) = analyzer.batch([IMAGE])
    ((reading,),) = told[0]
    assert reading.prediction.expression == expected[0].prediction.expression
    np.testing.assert_array_equal(reading.face.box, expected[0].face.box)
