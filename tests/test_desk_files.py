"""The files that the window's keys ask for: recordings, logs and snapshots."""

import json
import logging
from pathlib import Path

import av
import numpy as np
import PIL.Image
import pytest

from fer_live.errors import UserError
from fer_live.keyfile import fresh_path
from fer_live.pipeline import Analyzer
from fer_live.session import Session
from fer_live.sinks.picture import embedded_record
from fer_live.stopping import Stop
from tests.desks import TWO, play
from tests.fakes import FakeClassifier, FakeDetector, FakeSink, FakeSource, FakeWindow


@pytest.fixture(autouse=True)
def folder(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)


def test_files_of_one_second_are_counted(monkeypatch):
    monkeypatch.setattr("fer_live.keyfile.time.strftime", lambda form: "20261130-120000")
    names = []
    for _ in range(3):
        names.append(str(fresh_path(".png")))
        fresh_path(".png").touch()
    stem = "fer-live-20261130-120000"
    assert names == [f"{stem}.png", f"{stem}-2.png", f"{stem}-3.png"]


def test_files_lie_at_home_where_the_current_folder_takes_none(monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))  # HOME of Windows

    def refuse(**where):
        assert where == {"dir": Path()}
        raise PermissionError

    monkeypatch.setattr("fer_live.keyfile.TemporaryFile", refuse)
    session, _ = play(["", "s", "r", "l", "", "", "q"])
    assert {path.suffix for path in session.written} == {".png", ".mp4", ".jsonl"}
    assert {path.parent for path in session.written} == {tmp_path}
    assert all(path.stat().st_size for path in session.written)


def test_a_key_records_a_video_and_ends_it(tmp_path):
    session, _ = play(["r", "", "", "", "r", "", "", "q"])
    (path,) = session.written
    with av.open(str(path)) as container:
        assert sum(1 for _ in container.decode(video=0)) == 3


def test_a_recording_has_the_frames_size_whatever_the_window_shows(tmp_path):
    """And neither panel nor help."""
    session, window = play(["r", "p", "h", "", "", "q"])
    with av.open(str(session.written[0])) as container:
        (picture, *_) = container.decode(video=0)
    assert (picture.width, picture.height) == (320, 240)
    shown, filmed = window.canvases[1], picture.to_ndarray(format="rgb24")
    assert np.abs(shown.astype(int) - filmed).mean() > 20


def test_a_recording_that_a_key_began_is_whole_when_the_session_ends():
    session, _ = play(["r", "", "", "q"])
    with av.open(str(session.written[0])) as container:
        assert container.streams.video[0].frames == 2


def test_a_key_logs_and_ends_the_log():
    session, _ = play(["", "l", "", "", "l", "", "q"])
    (path,) = session.written
    assert [json.loads(line)["frame"] for line in path.read_text().splitlines()] == [2, 3]


def test_a_recording_that_held_no_picture_is_not_there_and_not_said_to_be(tmp_path):
    session, _ = play(["space", "r", "", "r", "", "q"])
    assert session.written == []
    assert not list(tmp_path.iterdir())
    assert session.desk.messages.lines() == (
        "recording stopped before a picture came: nothing is saved",
    )


def test_a_recording_begun_in_a_pause_waits_for_the_next_picture():
    session, _ = play(["space", "r", "", "space", "", "", "r", "q"])
    with av.open(str(session.written[0])) as container:
        assert container.streams.video[0].frames == 2


def test_a_log_begun_in_a_pause_begins_with_the_picture_that_is_shown():
    session, _ = play(["", "space", "l", "", "space", "", "q"])
    (path,) = session.written
    assert [json.loads(line)["frame"] for line in path.read_text().splitlines()] == [1, 2]


def test_pictures_that_stay_are_not_filmed():
    session, _ = play(["r", "", "q"], FakeSource(2, stills=True), still=True)
    assert session.desk.messages.lines() == ("pictures make no film: s saves this one",)
    assert session.written == []


def test_a_snapshot_has_neither_help_nor_messages_and_its_boxes_lie_on_it():
    """The window is twice as large as the frame, which lies 80 pixels below its top."""
    window = FakeWindow(keys=["", "h", "b", "", "s", "", "q"], size_now=(640, 640))
    session = Session(Analyzer(FakeDetector(TWO), FakeClassifier()), window)
    session.play(FakeSource(9, live=True), (), Stop(), None)
    (path,) = session.written
    record = embedded_record(path)
    assert record["faces"][0]["box"] == [40.0, 200.0, 200.0, 380.0]
    saved = np.asarray(PIL.Image.open(path))
    assert saved.shape == (640, 640, 3)
    assert (saved[200:400, 210:350] == 110).all()  # between the faces the help would lie
    assert not (window.canvases[-1][200:400, 210:350] == 110).all()


def test_a_log_that_breaks_ends_itself_and_not_the_session(monkeypatch, caplog):
    monkeypatch.setattr("fer_live.desk.JsonLog", lambda path: FakeSink(full=2))
    with caplog.at_level(logging.WARNING):
        session, _ = play(["l", "", "", "", "", "q"])
    assert session.tally.frames == 5
    assert not session.desk.logging.active
    assert caplog.messages == ["the fake disk is full"]


def lose(monkeypatch, kept, **fault):
    """Recordings have that fault, and their files are there afterwards only if `kept`."""

    def make(path, fps):
        if kept:
            path.touch()
        return FakeSink(**fault)

    monkeypatch.setattr("fer_live.desk.VideoFile", make)


@pytest.mark.parametrize("kept", [True, False])
def test_a_recording_whose_end_does_not_fit_is_written_only_if_it_is_there(monkeypatch, kept):
    lose(monkeypatch, kept, torn=True)
    session, _ = play(["r", "", "", "r", "q"])
    assert session.desk.messages.lines() == ("the fake end does not fit",)
    assert [path.exists() for path in session.written] == [True] * kept


@pytest.mark.parametrize("kept", [True, False])
def test_so_is_one_that_the_end_of_the_session_ends(monkeypatch, kept):
    lose(monkeypatch, kept, torn=True)
    window = FakeWindow(keys=["r", "", "", "q"])
    session = Session(Analyzer(FakeDetector(TWO), FakeClassifier()), window)
    with pytest.raises(UserError, match="the fake end does not fit"):
        session.play(FakeSource(9, live=True), (), Stop(), None)
    assert [path.exists() for path in session.written] == [True] * kept


@pytest.mark.parametrize("kept", [True, False])
def test_so_is_one_that_a_full_disk_ends(monkeypatch, kept):
    lose(monkeypatch, kept, full=2)
    session, _ = play(["r", "", "", "", "", "q"])
    assert not session.desk.recording.active
    assert [path.exists() for path in session.written] == [True] * kept
