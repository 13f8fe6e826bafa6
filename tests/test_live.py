"""Sessions with fakes: keys, pauses, ends and failures."""

import io
import json
import logging
import os
import signal
from dataclasses import replace

import av
import numpy as np
import PIL.Image
import pytest
from rich.console import Console

from fer_live import live
from fer_live.errors import UserError
from fer_live.expressions import HAPPY, SAD
from fer_live.live import LiveOptions, run
from fer_live.session import Pace, Session, Stop
from fer_live.tally import Tally
from fer_live.types import Frame, Prediction, Reading, Scene
from tests.fakes import FakeDetector, FakeSink, FakeSource, FakeWindow, fake_analyzer

NEVER = [""] * 1000


def play(source, window=None, sinks=(), stop=None, **options):
    session = Session(fake_analyzer(), window, **options)
    session.play(source, sinks, stop or Stop(), None)
    return session


@pytest.fixture
def stage(monkeypatch, tmp_path):
    """A function that runs a whole session in tmp_path on a source, with fakes for the rest."""
    monkeypatch.chdir(tmp_path)
    analyzer = fake_analyzer()
    monkeypatch.setattr(live.Analyzer, "load", lambda *arguments: analyzer)
    monkeypatch.setattr(live, "gui_available", lambda: (False, "no screen; buy one"))

    def start(source, **options):
        monkeypatch.setattr(live, "open_source", lambda place, mirror: source)
        return run(LiveOptions(**{"window": False} | options))

    start.analyzer = analyzer
    return start


def log_frames(path) -> list[int]:
    return [json.loads(line)["frame"] for line in path.read_text().splitlines()]


def video_frames(path) -> int:
    with av.open(str(path)) as container:
        return sum(1 for _ in container.decode(video=0))


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
    window = FakeWindow(keys=["x", "enter", ""])
    assert play(FakeSource(10, live=True), window).tally.frames == 4


def test_a_pause_keeps_the_picture_until_the_next_press():
    source, window = FakeSource(2), FakeWindow(keys=["space", "", "", "space", "q"])
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
    assert play(FakeSource(1), window, still=True).quitting


def test_the_heat_map_can_be_called_up_on_a_still_picture():
    window = FakeWindow(keys=["", "g", "", "q"])
    play(FakeSource(1), window, heatmap=False, still=True)
    assert window.scenes[0].readings[0].heatmap is None
    assert window.scenes[-1].readings[0].heatmap is not None
    assert (window.canvases[-1] != window.canvases[0]).any()


def test_no_maps_are_made_while_the_heat_map_is_off():
    window = FakeWindow(keys=["g", "", "q"])
    session = play(FakeSource(9, live=True), window)
    assert session.tally.frames == 3
    assert session.analyzer.classifier.explained == 1


def test_a_slow_video_listens_to_keys_between_its_frames():
    window = FakeWindow(keys=["", "", "", "q"])
    session = play(FakeSource(2, fps=1 / 3600), window)  # the second picture comes in an hour
    assert session.tally.frames <= 2
    assert session.quitting


def test_a_snapshot_is_the_picture_shown(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    window = FakeWindow(keys=["s", "s", "q"])
    session = play(FakeSource(9, live=True), window)
    assert session.snapshots == sorted(path.relative_to(tmp_path) for path in tmp_path.iterdir())
    saved = [np.asarray(PIL.Image.open(path)) for path in session.snapshots]
    assert len(saved) == 2
    assert (saved[1] == window.canvases[1]).all()


def test_a_snapshot_that_cannot_be_saved_ends_nothing(monkeypatch, caplog):
    def refuse(path):
        raise UserError(f"{path} cannot be written")

    monkeypatch.setattr("fer_live.session.PictureFile", refuse)
    with caplog.at_level(logging.WARNING):
        session = play(FakeSource(9, live=True), FakeWindow(keys=["s", "", "q"]))
    assert session.tally.frames == 3
    assert "fer-live-" in caplog.text


def test_without_faces_a_session_goes_on():
    analyzer = fake_analyzer()
    analyzer.detector = FakeDetector(faces=())
    session = Session(analyzer, None)
    session.play(FakeSource(3), [], Stop(), None)
    assert (session.tally.frames, session.tally.faces) == (3, 0)


def test_smoothing_is_the_sessions():
    assert play(FakeSource(1), smoothing=1.5).tracks.smoothing == 1.5
    assert play(FakeSource(1), still=True).tracks.smoothing == 0


def test_a_session_ends_with_its_files_and_a_table(stage, tmp_path, capsys):
    assert stage(FakeSource(12), output=tmp_path / "new" / "a.mp4", log=tmp_path / "a.jsonl") == 0
    assert log_frames(tmp_path / "a.jsonl") == list(range(12))
    assert video_frames(tmp_path / "new" / "a.mp4") == 12
    told = capsys.readouterr()
    for word in ("frames", "faces", "frames per second", "detect, ms", "happy", "100.0%"):
        assert word in told.out
    assert f"written: {tmp_path / 'a.jsonl'}" in told.err
    assert stage.analyzer.detector.closed == 1


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_a_session_in_order(stage, tmp_path, number):
    before = signal.getsignal(number)
    source = FakeSource(99, before=lambda i: i == 4 and os.kill(os.getpid(), number))
    assert stage(source, output=tmp_path / "a.mp4", log=tmp_path / "a.jsonl") == 0
    assert log_frames(tmp_path / "a.jsonl") == [0, 1, 2, 3, 4]
    assert video_frames(tmp_path / "a.mp4") == 5
    assert signal.getsignal(number) is before
    assert source.closed == 1


def test_a_second_ctrl_c_ends_at_once(stage, tmp_path):
    def hang(index):
        if index == 2:
            os.kill(os.getpid(), signal.SIGINT)
            os.kill(os.getpid(), signal.SIGINT)

    source = FakeSource(99, before=hang)
    with pytest.raises(KeyboardInterrupt):
        stage(source, log=tmp_path / "a.jsonl")
    assert log_frames(tmp_path / "a.jsonl") == [0, 1]
    assert source.closed == 1


def test_a_source_that_fails_midway_leaves_whole_files(stage, tmp_path):
    def fail(index):
        if index == 3:
            raise UserError("camera 0 stopped; plug it in again")

    source = FakeSource(9, live=True, before=fail)
    with pytest.raises(UserError, match="camera 0 stopped"):
        stage(source, output=tmp_path / "a.mp4", log=tmp_path / "a.jsonl")
    assert log_frames(tmp_path / "a.jsonl") == [0, 1, 2]
    assert video_frames(tmp_path / "a.mp4") == 3
    assert source.closed == stage.analyzer.detector.closed == 1


def test_a_sink_that_fails_closes_the_others(stage, tmp_path, monkeypatch):
    good, bad, source = FakeSink(), FakeSink(full=2), FakeSource(9)
    monkeypatch.setattr(live, "_files", lambda options, source: [good, bad])
    with pytest.raises(UserError, match="fake disk"):
        stage(source)
    assert [len(good.scenes), len(bad.scenes)] == [3, 2]
    assert good.closed == bad.closed == source.closed == stage.analyzer.detector.closed == 1


@pytest.mark.parametrize("name", ["a.jsonl", "a.mp4", "a.png"])
def test_a_session_that_never_begins_leaves_older_files_alone(stage, tmp_path, name):
    def fail(index):
        raise UserError("nothing can be decoded")

    (tmp_path / name).write_text("precious")
    key = "log" if name == "a.jsonl" else "output"
    with pytest.raises(UserError, match="decoded"):
        stage(FakeSource(before=fail), **{key: tmp_path / name})
    assert (tmp_path / name).read_text() == "precious"


def test_a_file_taken_away_while_recording_is_told(stage, tmp_path):
    path = tmp_path / "a.mp4"
    source = FakeSource(200, before=lambda i: i == 100 and path.unlink())
    with pytest.raises(UserError, match=r"a\.mp4 cannot be written further"):
        stage(source, output=path)


def test_the_demo_writes_files_where_there_is_no_screen(stage, tmp_path, capsys):
    assert stage(FakeSource(4), demo=True, window=True) == 0
    assert video_frames(tmp_path / "demo.mp4") == 4
    assert log_frames(tmp_path / "demo.jsonl") == [0, 1, 2, 3]
    told = capsys.readouterr().err
    assert told.count("no screen; buy one") == 1
    assert "4/4" in told


def test_the_demo_writes_what_is_asked_for_and_no_more(stage, tmp_path):
    assert stage(FakeSource(2), demo=True, log=tmp_path / "mine.jsonl") == 0
    assert [path.name for path in tmp_path.iterdir()] == ["mine.jsonl"]


def test_without_a_screen_the_way_out_is_told(stage):
    source = FakeSource(2)
    with pytest.raises(UserError, match=r"no window: no screen; buy one; or add --no-window"):
        stage(source, window=True)
    assert source.closed == 1


def test_a_closed_window_finishes_the_files(stage, tmp_path, monkeypatch):
    window = FakeWindow(keys=["", ""])
    monkeypatch.setattr(live, "gui_available", lambda: (True, ""))
    monkeypatch.setattr(live, "Window", lambda title: window)
    files = {"output": tmp_path / "a.mp4", "log": tmp_path / "a.jsonl"}
    assert stage(FakeSource(9, live=True), window=True, **files) == 0
    assert log_frames(tmp_path / "a.jsonl") == [0, 1, 2]
    assert video_frames(tmp_path / "a.mp4") == 3
    assert window.closed == 1


def test_a_tally_counts_faces_people_and_shares():
    tally, face = Tally(), FakeDetector().faces[0]
    happy, sad = (Prediction({HAPPY: p, SAD: 1 - p}) for p in (0.9, 0.2))
    reading = Reading(face, happy, track=1)
    image = np.zeros((1, 1, 3), np.uint8)
    tally.add(Scene(Frame(image), [reading, replace(reading, track=2)]))
    tally.add(Scene(Frame(image, 1), [reading, Reading(face, sad, track=1)]))
    page = io.StringIO()
    Console(file=page, width=60).print(tally.table({"detect": 12.345}))
    rows = {cells[1].strip(): cells[2].strip() for cells in _cells(page.getvalue())}
    assert rows["frames"] == rows["identities"] == "2"
    assert rows["faces read"] == "4"
    assert rows["detect, ms"] == "12.35"
    assert (rows["happy"], rows["sad"]) == ("75.0%", "25.0%")


def _cells(page: str) -> list[list[str]]:
    return [line.split("│") for line in page.splitlines() if line.startswith("│")]


def test_frames_per_second_leave_the_start_out(monkeypatch):
    clock = iter([10.0, 10.5, 11.0])
    monkeypatch.setattr("fer_live.tally.time.perf_counter", lambda: next(clock))
    tally, scene = Tally(), Scene(Frame(np.zeros((1, 1, 3), np.uint8)), [])
    assert tally.fps is None
    for _ in range(3):
        tally.add(scene)
    assert tally.fps == 2


def test_the_pace_is_that_of_the_last_second(monkeypatch):
    now, analyzer, pace = [0.0], fake_analyzer(), Pace()
    monkeypatch.setattr("fer_live.session.time.perf_counter", lambda: now[0])
    assert pace.step(40, analyzer).fps == 0
    for _ in range(200):
        now[0] += 1 / 25
        info = pace.step(20, analyzer)
    assert info.fps == pytest.approx(25)
    assert info.milliseconds == pytest.approx(20, abs=0.1)
    assert (info.model, info.device) == ("fake", "cpu")
