"""What breaks off and comes back."""

import logging
import threading
from collections.abc import Iterator

import numpy as np
import pytest

from fer_live.errors import UserError
from fer_live.sources import CameraSource, Lost, Reconnecting, follow
from fer_live.types import Frame
from tests.clips import FakeClock

SOON = 10.0  # seconds after which a test that hangs fails


class Flaky:
    """A live source. `plays`: for each opening the frames until it is lost, or the error it raises."""

    live, stills, fps, frame_count, size, state = True, False, 30.0, None, None, None

    def __init__(self, *plays):
        self.plays = list(plays)
        self.opened = self.closed = 0

    def __enter__(self):
        play = self.plays.pop(0)
        if isinstance(play, Exception):
            raise play
        self.left = play
        self.opened += 1
        return self

    def __exit__(self, *exception):
        self.closed += 1

    def __iter__(self) -> Iterator[Frame]:
        for index in range(self.left):
            yield Frame(np.zeros((2, 2, 3), np.uint8), index, index / 10)
        raise Lost("camera 0", "plug it in again")


GONE = UserError("camera 0 does not open")


def test_a_source_that_returns_goes_on():
    clock, flaky = FakeClock(), Flaky(3, GONE, GONE, 2, 99)
    with Reconnecting(flaky, clock.sleep, clock) as source:
        frames = iter(source)
        seconds = [next(frames).seconds for _ in range(3)]
        assert clock.sleeps == []
        back = next(frames)
        assert back.index == 3
        assert next(frames).seconds == pytest.approx(3.6)
    assert clock.sleeps == [0.5, 1, 2]
    assert seconds == pytest.approx([0, 0.1, 0.2])
    assert back.seconds == pytest.approx(3.5)
    assert flaky.opened == flaky.closed == 2


def test_the_log_tells_when_a_source_went_and_came(caplog):
    clock = FakeClock()
    with (
        caplog.at_level(logging.WARNING),
        Reconnecting(Flaky(1, GONE, 0, 1), clock.sleep, clock) as source,
    ):
        frames = iter(source)
        next(frames)
        next(frames)
    assert caplog.messages == [
        "camera 0 stopped; reconnecting",
        "camera 0 is back after 4 s",  # 3.5
    ]


def test_seconds_do_not_run_backwards_when_a_source_returns():
    clock = FakeClock()
    with Reconnecting(Flaky(20, 1), clock.sleep, clock) as source:
        frames = iter(source)
        seconds = [next(frames).seconds for _ in range(21)]
    assert seconds[19] == seconds[20] == pytest.approx(1.9)  # half a second on the clock


def test_the_state_tells_since_when_a_source_is_gone():
    clock = FakeClock()
    told: list[str | None] = []

    def pause(seconds: float) -> bool:
        clock.sleep(seconds)
        told.append(source.state)
        return False

    source = Reconnecting(Flaky(1, GONE, GONE, 1), pause, clock)
    with source:
        frames = iter(source)
        next(frames)
        assert source.state is None
        next(frames)
        assert source.state is None
    assert told == [
        "camera 0 stopped 0 s ago; reconnecting",
        "camera 0 stopped 2 s ago; reconnecting",
        "camera 0 stopped 4 s ago; reconnecting",
    ]


def test_tries_grow_rarer_up_to_eight_seconds():
    clock = FakeClock()
    with Reconnecting(Flaky(1, *[GONE] * 4, 0, GONE, 1), clock.sleep, clock) as source:
        frames = iter(source)
        next(frames)
        next(frames)
    assert clock.sleeps == [0.5, 1, 2, 4, 8, 8, 8]  # one that opens but shows nothing is no return


def test_after_a_return_tries_are_quick_again():
    clock = FakeClock()
    with Reconnecting(Flaky(1, GONE, 1, 1), clock.sleep, clock) as source:
        frames = iter(source)
        assert [next(frames).index for _ in range(3)] == [0, 1, 2]
    assert clock.sleeps == [0.5, 1, 0.5]


def test_a_source_that_shall_close_is_tried_no_more():
    flaky = Flaky(2, 99)
    with Reconnecting(flaky, lambda seconds: True) as source:
        assert len(list(source)) == 2
    assert flaky.opened == flaky.closed == 1


def test_at_first_a_missing_source_is_an_error():
    with pytest.raises(UserError, match="does not open"), Reconnecting(Flaky(GONE), pytest.fail):
        pass


def test_what_is_no_loss_is_raised():
    class Broken(Flaky):
        def __iter__(self):
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError), Reconnecting(Broken(1), pytest.fail) as source:
        next(iter(source))


def test_a_window_can_be_closed_while_a_source_is_gone():
    flaky = Flaky(1, *[GONE] * 1000)
    with follow(flaky) as reader:
        assert reader.take(SOON).index == 0
        assert reader.take(0.001) is None
        assert not reader.ended
    assert flaky.closed == 1
    assert not [t for t in threading.enumerate() if t.name == "fer-live reader"]


def test_a_camera_that_is_plugged_in_again_goes_on(monkeypatch):
    clock = FakeClock()
    working = iter([True, False, True])

    class Capture:
        def __init__(self, index):
            self.works, self.left = next(working), 3

        def isOpened(self):  # noqa: N802
            return self.works

        def read(self):
            self.left -= 1
            return self.left >= 0, np.zeros((6, 8, 3), np.uint8)

        def set(self, setting, value):
            return False

        get = release = lambda self, *setting: 0

    monkeypatch.setattr("cv2.VideoCapture", Capture)
    camera = CameraSource(0, clock=clock, sleep=clock.sleep)
    with Reconnecting(camera, clock.sleep, clock) as source:
        frames = iter(source)
        seconds = [next(frames).seconds for _ in range(4)]
    # Two seconds of silence, then half a second and one until it works.
    assert seconds == pytest.approx([0, 0, 3.5, 3.5], abs=0.05)
