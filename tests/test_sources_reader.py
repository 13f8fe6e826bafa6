"""The reader thread: nothing is late, nothing is lost where it may not be, and nothing hangs."""

import logging
import threading
from collections.abc import Iterator

import pytest

from fer_live.errors import UserError
from fer_live.sources import Reader
from tests.clips import FakeClock
from tests.fakes import FakeSource

SOON = 10.0  # seconds after which a test that hangs fails


def threads() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == "fer-live reader"]


@pytest.fixture(autouse=True)
def _no_thread_is_left() -> Iterator[None]:
    yield
    for thread in threads():
        thread.join(SOON)
    assert not threads()


def holding_at(index: int):
    """A `before` for FakeSource that waits at that frame, with the events "reached" and "go"."""
    reached, go = threading.Event(), threading.Event()

    def before(current: int) -> None:
        if current == index:
            reached.set()
            assert go.wait(SOON)

    return before, reached, go


def test_of_a_live_source_only_the_newest_frame_is_kept():
    before, reached, go = holding_at(10)
    with Reader(FakeSource(12, live=True, before=before)) as reader:
        assert reached.wait(SOON)
        frame = reader.take()
        assert (frame.index, frame.seconds, reader.dropped) == (9, 0.009, 9)
        go.set()
        assert [frame.index for frame in reader][-1] == 11


@pytest.mark.parametrize(("live", "every_frame"), [(False, False), (True, True)])
def test_a_file_loses_no_frame_nor_does_a_camera_with_every_frame(live, every_frame):
    with Reader(FakeSource(50, live=live), every_frame) as reader:
        assert [frame.index for frame in reader] == list(range(50))
    assert reader.dropped == 0


def test_a_file_is_read_a_little_ahead_and_no_more():
    before, reached, go = holding_at(2)
    source = FakeSource(50, before=before)
    with Reader(source) as reader:
        assert reached.wait(SOON)  # while nobody took a frame
        go.set()
        reader.take()
    assert source.taken <= 4


def test_a_reader_tells_what_its_source_tells():
    source = FakeSource(3, stills=True)
    with Reader(source) as reader:
        assert (reader.live, reader.stills, reader.fps) == (False, True, 1000.0)
        assert (reader.frame_count, reader.size, reader.state) == (3, (320, 240), None)


def test_the_end_comes_after_the_last_frame():
    with Reader(FakeSource(1)) as reader:
        assert not reader.ended
        assert reader.take().index == 0
        assert reader.take() is None
        assert reader.ended


def test_nothing_comes_for_a_while():
    before, _, go = holding_at(0)
    with Reader(FakeSource(1, live=True, before=before)) as reader:
        assert reader.take(0.001) is None
        assert not reader.ended
        go.set()
        assert reader.take().index == 0


@pytest.mark.parametrize("error", [UserError("camera 0 stopped"), ZeroDivisionError("bug")])
@pytest.mark.parametrize("live", [True, False])
def test_what_a_source_raises_is_raised_where_frames_are_taken(error, live):
    def fail(index: int) -> None:
        if index == 3:
            raise error

    source = FakeSource(9, live=live, before=fail)
    taken = []
    with pytest.raises(type(error), match=str(error)), Reader(source) as reader:
        taken.extend(reader)
    assert taken[-1].index == 2
    assert (source.opened, source.closed) == (1, 1)


def test_a_source_that_cannot_be_opened_starts_no_thread():
    class Missing(FakeSource):
        def __enter__(self):
            raise UserError("camera 7 does not open")

    with pytest.raises(UserError, match="camera 7"), Reader(Missing()):
        pass
    assert not threads()


@pytest.mark.parametrize("live", [True, False])
def test_a_consumer_that_raises_closes_the_source(live):
    source = FakeSource(1000, live=live)
    with pytest.raises(ZeroDivisionError), Reader(source) as reader:
        next(iter(reader)).index / 0
    assert source.closed == 1
    assert not threads()


def test_leaving_early_closes_the_source():
    source = FakeSource(1000)
    with Reader(source) as reader:
        next(iter(reader))
    assert source.closed == 1
    assert source.taken < 10


def test_a_read_that_never_returns_holds_up_nobody(monkeypatch, caplog):
    monkeypatch.setattr("fer_live.sources.reader.GRACE", 0.01)
    before, reached, go = holding_at(1)
    source = FakeSource(9, live=True, before=before)
    with caplog.at_level(logging.WARNING), Reader(source) as reader:
        assert reached.wait(SOON)
        assert reader.take().index == 0
        assert reader.take(0.001) is None
    assert "does not answer" in caplog.text
    assert source.closed == 0  # not while it is being read
    (thread,) = threads()
    assert thread.daemon
    go.set()
    thread.join(SOON)
    assert source.closed == 1


def test_silence_is_told():
    clock = FakeClock()
    before, reached, go = holding_at(1)
    with Reader(FakeSource(2, live=True, before=before), clock=clock) as reader:
        assert reached.wait(SOON)
        clock.now += 5
        assert reader.state is None  # a frame waits to be taken
        reader.take()
        assert reader.state == "no picture for 5 s"
        go.set()
        assert reader.take().index == 1
        assert reader.state is None


def test_a_readers_frames_need_it_entered():
    with pytest.raises(RuntimeError, match="enter the reader"):
        next(iter(Reader(FakeSource())))
