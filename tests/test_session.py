"""Sessions with fakes: keys, pauses and what is shown."""

import logging
import threading
import time

import numpy as np
import PIL.Image
import pytest

from fer_live.errors import UserError
from fer_live.pace import Pace
from fer_live.session import Session
from fer_live.sources.reader import Reader
from fer_live.stopping import Stop
from tests.fakes import FakeDetector, FakeSink, FakeSource, FakeWindow, fake_analyzer

NEVER = [""] * 1000
PATIENCE = 5.0  # seconds after which a test that waits in vain fails


class CountingDetector(FakeDetector):
    """A fake that knows how often it was asked."""

    calls = 0

    def __call__(self, image):
        self.calls += 1
        return super().__call__(image)


def play(source, window=None, sinks=(), stop=None, **options):
    session = Session(fake_analyzer(), window, **options)
    session.play(source, sinks, stop or Stop(), None)
    return session


def test_a_session_reads_every_frame_once():
    sink = FakeSink()
    session = play(FakeSource(5), sinks=[sink])
    assert [scene.frame.index for scene in sink.scenes] == [0, 1, 2, 3, 4]
    assert [reading.track for scene in sink.scenes for reading in scene.readings] == [1] * 5
    assert session.tally.frames == session.tally.faces == 5
    assert (sink.canvases[0] != sink.scenes[0].frame.image).any()


def test_not_one_frame_more_than_asked_for_is_taken():
    source = FakeSource(5)
    session = play(source, max_frames=3)
    assert (session.tally.frames, source.taken) == (3, 3)


@pytest.mark.parametrize("key", ["q", "esc", "close"])
def test_a_key_quits(key):
    window = FakeWindow(keys=["", "", key])
    session = play(FakeSource(10, live=True), window)
    assert session.tally.frames == len(window.scenes) == 3


def test_unknown_keys_do_nothing():
    window = FakeWindow(keys=["x", "enter", "", ""])
    assert play(FakeSource(10, live=True), window).tally.frames == 3


def test_a_pause_keeps_the_picture_until_the_next_press():
    source, window = FakeSource(2), FakeWindow(keys=["space", "", "", "space", "", "q"])
    session = play(source, window)
    assert session.tally.frames == source.taken == 2
    assert {scene.frame.index for scene in window.scenes[:-1]} == {0}


def test_a_paused_session_can_be_stopped_from_outside(monkeypatch):
    stop = Stop()
    monkeypatch.setattr("fer_live.session.time.sleep", lambda seconds: setattr(stop, "asked", True))
    assert play(FakeSource(9), FakeWindow(keys=["space", *NEVER]), stop=stop).tally.frames == 1


def test_keys_change_a_paused_picture():
    window = FakeWindow(keys=["space", "", "b", "", "q"])
    play(FakeSource(9), window)
    assert (window.canvases[-1] != window.canvases[0]).any()
    assert [scene.frame.index for scene in window.scenes] == [0] * len(window.scenes)


def test_a_still_picture_stays_until_someone_quits():
    window = FakeWindow(keys=["", "", "", "q"])
    assert play(FakeSource(1), window, still=True).desk.quitting


def test_the_heat_map_can_be_called_up_on_a_still_picture():
    window = FakeWindow(keys=["", "g", "", "q"])
    play(FakeSource(1), window, heatmap=False, still=True)
    assert window.scenes[0].readings[0].heatmap is None
    assert window.scenes[-1].readings[0].heatmap is not None
    assert (window.canvases[-1] != window.canvases[0]).any()


def test_no_maps_are_made_while_the_heat_map_is_off():
    window = FakeWindow(keys=["g", "", "", "q"])
    session = play(FakeSource(9, live=True), window)
    assert session.tally.frames == 3
    assert session.analyzer.classifier.explained == 1


def test_a_slow_video_listens_to_keys_between_its_frames():
    window = FakeWindow(keys=["", "", "", "q"])
    session = play(FakeSource(2, fps=1 / 3600), window)  # the second picture comes in an hour
    assert session.tally.frames <= 2
    assert session.desk.quitting


def test_a_snapshot_is_the_picture_shown(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    window = FakeWindow(keys=["s", "", "", "s", "", "q"])
    session = play(FakeSource(9, live=True), window)
    assert set(session.written) == {path.relative_to(tmp_path) for path in tmp_path.iterdir()}
    saved = [np.asarray(PIL.Image.open(path)) for path in session.written]
    assert len(saved) == 2
    # All but the keys at the right end of the strip.
    assert (saved[0][:-30] == window.canvases[0][:-30]).all()
    assert (saved[1][60:-30] == window.canvases[2][60:-30]).all()
    assert (window.canvases[2][:60] != window.canvases[0][:60]).any()  # it tells of the first
    assert (saved[1][:60] == saved[0][:60]).all()


def test_a_snapshot_that_cannot_be_saved_ends_nothing(monkeypatch, caplog):
    def refuse(path):
        raise UserError(f"{path} cannot be written")

    monkeypatch.setattr("fer_live.desk.PictureFile", refuse)
    with caplog.at_level(logging.WARNING):
        session = play(FakeSource(9, live=True), FakeWindow(keys=["s", "", "", "q"]))
    assert session.tally.frames == 3
    assert "fer-live-" in caplog.text


def test_without_faces_a_session_goes_on():
    analyzer = fake_analyzer()
    analyzer.detector = FakeDetector(faces=())
    session = Session(analyzer, None)
    session.play(FakeSource(3), [], Stop(), None)
    assert (session.tally.frames, session.tally.faces) == (3, 0)


def test_the_panel_has_a_face_that_nobody_selected():
    session = play(FakeSource(9, live=True), FakeWindow(keys=["p", "", "", "q"]))
    assert (session.desk.selection.track, session.desk.selection.by_hand) == (1, False)
    assert session.desk.selection.reading is session.desk._shown[0].readings[0]


def test_smoothing_is_the_sessions():
    assert play(FakeSource(1), smoothing=1.5).tracks.smoothing == 1.5
    assert play(FakeSource(1), still=True).tracks.smoothing == 0


def test_the_pace_is_that_of_the_last_second(monkeypatch):
    now, pace = [0.0], Pace()
    monkeypatch.setattr("fer_live.pace.time.perf_counter", lambda: now[0])
    pace.step(40)
    assert pace.fps == 0
    for _ in range(200):
        now[0] += 1 / 25
        pace.step(20)
    info = pace.info(fake_analyzer(), dropped=3)
    assert info.fps == pytest.approx(25)
    assert info.milliseconds == pytest.approx(20, abs=0.1)
    assert (info.model, info.device, info.runtime, info.dropped) == ("fake", "cpu", "fake", 3)


def test_the_pace_weighs_each_frame_by_its_time(monkeypatch):
    now, pace, told = [0.0], Pace(), []
    monkeypatch.setattr("fer_live.pace.time.perf_counter", lambda: now[0])
    # In order: unknown, the first pace, a fifth, a twentieth at least, all of what took seconds.
    for elapsed, work in ((7, 10), (0.1, 30), (0.2, 30), (0.01, 115.6), (4, 8)):
        now[0] += elapsed
        pace.step(work)
        told.append((pace.fps, pace.milliseconds))
    expected = [(0, 10), (10, 12), (9, 15.6), (13.55, 20.6), (0.25, 8)]
    assert told == [pytest.approx(one) for one in expected]


def test_a_pause_does_not_slow_the_pace(monkeypatch):
    now, pace = [0.0], Pace()
    monkeypatch.setattr("fer_live.pace.time.perf_counter", lambda: now[0])
    for pause in (0, 0, 100, 0):
        if pause:
            pace.rest()
        now[0] += 1 / 20 + pause
        pace.step(10)
    assert pace.fps == pytest.approx(20)


def test_the_time_for_which_a_picture_is_looked_at_does_not_count(monkeypatch):
    now, hold = [0.0], Session._hold
    monkeypatch.setattr("fer_live.tally.time.perf_counter", lambda: now[0])

    def pass_time(seconds):
        now[0] += seconds

    def looked_at(self, *arguments):
        pass_time(100)
        return hold(self, *arguments)

    monkeypatch.setattr(Session, "_hold", looked_at)
    source = FakeSource(3, stills=True, before=lambda index: pass_time(1))
    session = play(source, FakeWindow(keys=["", *["space", "", ""] * 3]), still=True)
    assert session.tally.frames == 3
    assert session.tally.fps == 1


def test_after_a_rest_work_is_measured_anew():
    pace = Pace()
    for work in (6000, 40):
        pace.step(work)
        pace.rest()
    assert pace.milliseconds == 40


def test_nothing_is_drawn_for_a_log():
    log, film = FakeSink(drawn=False), FakeSink()
    session = play(FakeSource(2), sinks=[log])
    assert "draw" not in session.analyzer.times.medians()
    assert (log.canvases[0] == 110).all()  # the frame itself
    session = play(FakeSource(2), sinks=[log, film])
    assert "draw" in session.analyzer.times.medians()
    assert (film.canvases[0] != 110).any()


class SlowSink(FakeSink):
    """Writing takes as long as it takes the other thread to read the next frame."""

    def __init__(self, detector, frames):
        super().__init__()
        self.detector, self.frames = detector, frames
        self.overlapped = 0

    def write(self, scene, canvas):
        super().write(scene, canvas)
        if len(self.scenes) == self.frames:  # no other is left to wait for
            return
        deadline = time.monotonic() + PATIENCE
        while self.detector.calls == len(self.scenes) and time.monotonic() < deadline:
            time.sleep(0.001)
        self.overlapped += self.detector.calls > len(self.scenes)


def test_while_a_frame_is_written_the_next_one_is_read():
    analyzer = fake_analyzer()
    analyzer.detector = detector = CountingDetector()
    sink = SlowSink(detector, 3)
    with Reader(FakeSource(3)) as source:
        while not source.waiting:
            time.sleep(0.001)
        Session(analyzer, None).play(source, [sink], Stop(), None)
    assert sink.overlapped >= 1
    assert [scene.frame.index for scene in sink.scenes] == [0, 1, 2]


def test_a_frame_is_written_though_the_next_one_has_not_come():
    written, sink, came = threading.Event(), FakeSink(), []
    write = sink.write
    sink.write = lambda scene, canvas: (write(scene, canvas), written.set())
    film = FakeSource(2, before=lambda index: came.append(index == 0 or written.wait(PATIENCE)))
    with Reader(film) as source:
        play(source, sinks=[sink])
    assert came == [True, True]


def test_frames_in_hand_when_it_is_stopped_are_written():
    film, stop, sink = FakeSource(9), Stop(), FakeSink()
    write = sink.write
    sink.write = lambda scene, canvas: (write(scene, canvas), setattr(stop, "asked", True))
    with Reader(film) as source:
        while film.taken < 3:  # by then two are waiting
            time.sleep(0.001)
        session = play(source, sinks=[sink], stop=stop)
    assert 2 <= len(sink.scenes) == session.tally.frames < 9
