"""How a session ends, with fakes: signals, failures and closed windows leave whole files, and older ones alone."""

import os
import signal
import time

import pytest

from fer_live import live
from fer_live.errors import UserError
from tests.commands import video_frames
from tests.fakes import FakeSink, FakeSource, FakeWindow
from tests.sessions import log_frames, set_stage


@pytest.fixture
def stage(monkeypatch, tmp_path):
    return set_stage(monkeypatch, tmp_path)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_a_session_in_order(stage, tmp_path, number):
    before = signal.getsignal(number)
    source = FakeSource(99)
    stage.at(4, lambda: stage.ask(number))
    assert stage(source, output=tmp_path / "a.mp4", log=tmp_path / "a.jsonl") == 130
    logged = log_frames(tmp_path / "a.jsonl")
    # All that were in hand, and no more: the frame that was read, and one that was begun meanwhile.
    assert logged in (list(range(5)), list(range(6)))
    assert video_frames(tmp_path / "a.mp4") == len(logged)
    assert signal.getsignal(number) is before
    assert source.closed == 1


def test_a_camera_has_no_other_end_than_being_stopped(stage, tmp_path, capsys):
    stage.at(4, lambda: stage.ask(signal.SIGINT))
    assert stage(FakeSource(99, live=True), every_frame=True, log=tmp_path / "a.jsonl") == 0
    assert "stopped" not in capsys.readouterr().err


def test_a_second_ctrl_c_ends_at_once(stage, tmp_path):
    def hang():
        stage.ask(signal.SIGINT)  # and be heard: two signals that wait become one
        os.kill(os.getpid(), signal.SIGINT)
        time.sleep(1)

    source = FakeSource(99)
    stage.at(2, hang)
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
        stage(source, every_frame=True, output=tmp_path / "a.mp4", log=tmp_path / "a.jsonl")
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


def test_all_failures_are_told_and_the_first_is_the_sessions(stage, monkeypatch, caplog):
    torn, bad, source = FakeSink(torn=True), FakeSink(full=2), FakeSource(9)
    monkeypatch.setattr(live, "_files", lambda options, source: [torn, bad])
    with pytest.raises(UserError, match="fake disk"):
        stage(source)
    assert "the fake end does not fit" in caplog.text
    assert torn.closed == bad.closed == source.closed == stage.analyzer.detector.closed == 1


def test_a_failure_at_the_end_is_the_sessions(stage, monkeypatch):
    monkeypatch.setattr(live, "_files", lambda options, source: [FakeSink(torn=True), FakeSink()])
    with pytest.raises(UserError, match="the fake end does not fit"):
        stage(FakeSource(2))


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


def test_a_source_that_ends_early_is_read_to_its_end(stage, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(FakeSource, "frame_count", 9)
    stage(FakeSource(4), log=tmp_path / "a.jsonl")
    assert "4/4" in capsys.readouterr().err


def test_a_closed_window_finishes_the_files(stage, tmp_path, monkeypatch):
    window = FakeWindow(keys=["", ""])
    monkeypatch.setattr(live, "gui_available", lambda: (True, ""))
    monkeypatch.setattr(live, "Window", lambda title: window)
    files = {"output": tmp_path / "a.mp4", "log": tmp_path / "a.jsonl"}
    source = FakeSource(9, live=True)
    assert stage(source, window=True, every_frame=True, **files) == 0
    assert log_frames(tmp_path / "a.jsonl") == [0, 1, 2]
    assert video_frames(tmp_path / "a.mp4") == 3
    assert window.closed == 1


def test_a_failure_tells_what_keys_had_written(stage, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(live, "gui_available", lambda: (True, ""))
    monkeypatch.setattr(live, "Window", lambda title: FakeWindow(keys=["", "s"] + [""] * 9))
    monkeypatch.setattr(live, "_files", lambda options, source: [FakeSink(full=4)])
    with pytest.raises(UserError, match="the fake disk is full"):
        stage(FakeSource(9), window=True)
    (path,) = tmp_path.glob("fer-live-*.png")
    assert f"written: {path.name}" in capsys.readouterr().err


def test_an_interrupt_while_the_model_loads_ends_the_session(stage, monkeypatch):
    def load(*arguments):
        os.kill(os.getpid(), signal.SIGINT)
        return stage.analyzer

    monkeypatch.setattr(live.Analyzer, "load", load)
    with pytest.raises(KeyboardInterrupt):
        stage(FakeSource(5))


def test_a_summary_is_written_even_if_the_session_fails(stage, tmp_path):
    def fail(index):
        if index == 3:
            raise UserError("camera 0 stopped")

    with pytest.raises(UserError, match="camera 0 stopped"):
        stage(FakeSource(9, before=fail), summary=tmp_path / "a.html", source="film.mp4")
    assert "Expressions in film.mp4" in (tmp_path / "a.html").read_text()


def test_a_pipe_that_closes_ends_the_session_quietly(stage, tmp_path, monkeypatch, capfd):
    class Short(live.JsonPipe):
        def write(self, scene, canvas):
            if scene.frame.index == 2:
                raise live.PipeClosed
            super().write(scene, canvas)

    monkeypatch.setattr(live, "JsonPipe", Short)
    source = FakeSource(99)
    assert stage(source, pipe=True, log=tmp_path / "a.jsonl") == 0
    told = capfd.readouterr()
    assert len(told.out.splitlines()) == 2
    assert "frames per second" in told.err
    assert "Traceback" not in told.err
    assert log_frames(tmp_path / "a.jsonl") == [0, 1, 2]
    assert source.closed == stage.analyzer.detector.closed == 1
