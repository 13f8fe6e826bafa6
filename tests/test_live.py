"""Whole sessions with fakes: their files, their ends and their failures."""

import json
import os
import signal
import time
from pathlib import Path

import av
import pytest

from fer_live import live, packaged
from fer_live.errors import UserError
from fer_live.live import LiveOptions, run
from tests.fakes import FakeSink, FakeSource, FakeWindow, fake_analyzer


@pytest.fixture
def stage(monkeypatch, tmp_path):
    """A function that runs a whole session in tmp_path on a source, with fakes for the rest."""
    monkeypatch.chdir(tmp_path)
    analyzer = fake_analyzer()
    monkeypatch.setattr(live.Analyzer, "load", lambda *arguments: analyzer)
    monkeypatch.setattr(live, "gui_available", lambda: (False, "no screen; buy one"))

    def start(source, /, **options):
        monkeypatch.setattr(live, "open_source", lambda place, **wishes: source)
        return run(LiveOptions(**{"window": False} | options))

    def at(index, action):
        """Do something while the frame of that index is read."""
        read = analyzer.read

        def reading(frame, *arguments):
            if frame.index == index:
                action()
            return read(frame, *arguments)

        monkeypatch.setattr(analyzer, "read", reading)

    start.analyzer, start.at = analyzer, at
    return start


def log_frames(path) -> list[int]:
    return [json.loads(line)["frame"] for line in path.read_text().splitlines()]


def video_frames(path) -> int:
    with av.open(str(path)) as container:
        return sum(1 for _ in container.decode(video=0))


def test_a_session_ends_with_its_files_and_a_table(stage, tmp_path, capsys):
    assert stage(FakeSource(12), output=tmp_path / "new" / "a.mp4", log=tmp_path / "a.jsonl") == 0
    assert log_frames(tmp_path / "a.jsonl") == list(range(12))
    assert video_frames(tmp_path / "new" / "a.mp4") == 12
    told = capsys.readouterr()
    for word in ("frames", "faces", "frames per second", "detect, ms", "happy", "100.0%"):
        assert word in told.out
    assert f"written: {tmp_path / 'a.jsonl'}" in told.err
    assert stage.analyzer.detector.closed == 1


def test_files_of_a_session_without_a_frame_are_not_told_of(stage, tmp_path, capsys):
    assert stage(FakeSource(0), output=tmp_path / "a.mp4", log=tmp_path / "a.jsonl") == 0
    assert "written" not in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_a_session_in_order(stage, tmp_path, number):
    def ask():
        os.kill(os.getpid(), number)
        time.sleep(0.3)  # for the main thread to hear of it, which a busy machine lets wait

    before = signal.getsignal(number)
    source = FakeSource(99)
    stage.at(4, ask)
    assert stage(source, output=tmp_path / "a.mp4", log=tmp_path / "a.jsonl") == 0
    logged = log_frames(tmp_path / "a.jsonl")
    # All that were in hand, and no more: the frame that was read, and one that was begun meanwhile.
    assert logged in (list(range(5)), list(range(6)))
    assert video_frames(tmp_path / "a.mp4") == len(logged)
    assert signal.getsignal(number) is before
    assert source.closed == 1


def test_a_second_ctrl_c_ends_at_once(stage, tmp_path):
    def hang():
        for _ in range(2):  # apart, because signals that wait become one
            os.kill(os.getpid(), signal.SIGINT)
            time.sleep(0.2)

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


def test_the_demo_writes_files_where_there_is_no_screen(stage, tmp_path, capsys):
    assert stage(FakeSource(4), demo=True, window=True) == 0
    assert video_frames(tmp_path / "demo.mp4") == 4
    assert log_frames(tmp_path / "demo.jsonl") == [0, 1, 2, 3]
    told = capsys.readouterr().err
    assert told.count("no screen; buy one") == 1
    assert "4/4" in told


def test_a_source_that_ends_early_is_read_to_its_end(stage, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(FakeSource, "frame_count", 9)
    stage(FakeSource(4), log=tmp_path / "a.jsonl")
    assert "4/4" in capsys.readouterr().err


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
    source = FakeSource(9, live=True)
    assert stage(source, window=True, every_frame=True, **files) == 0
    assert log_frames(tmp_path / "a.jsonl") == [0, 1, 2]
    assert video_frames(tmp_path / "a.mp4") == 3
    assert window.closed == 1


def test_a_table_and_a_summary_are_written_beside_the_video(stage, tmp_path):
    stage(FakeSource(5), log=tmp_path / "a.csv", summary=tmp_path / "new" / "a.html")
    assert len((tmp_path / "a.csv").read_text().splitlines()) == 6
    page = (tmp_path / "new" / "a.html").read_text()
    assert "Expressions at camera 0" in page
    assert "data:image" not in page


def test_brackets_in_a_name_are_told_as_they_are(stage, tmp_path, capsys):
    stage(FakeSource(5), log=Path("x[/b].jsonl"))
    assert "written: x[/b].jsonl" in capsys.readouterr().err


def test_an_interrupt_while_the_model_loads_ends_the_session(stage, monkeypatch):
    def load(*arguments):
        os.kill(os.getpid(), signal.SIGINT)
        return stage.analyzer

    monkeypatch.setattr(live.Analyzer, "load", load)
    with pytest.raises(KeyboardInterrupt):
        stage(FakeSource(5))


def test_a_summary_does_not_tell_the_streams_password(stage, tmp_path):
    page = tmp_path / "a.html"
    stage(FakeSource(5), summary=page, source="rtsp://me:sec@ret@cam")
    assert "me:***@cam" in page.read_text()
    assert "ret@cam" not in page.read_text()


def test_a_summary_is_written_even_if_the_session_fails(stage, tmp_path):
    def fail(index):
        if index == 3:
            raise UserError("camera 0 stopped")

    with pytest.raises(UserError, match="camera 0 stopped"):
        stage(FakeSource(9, before=fail), summary=tmp_path / "a.html", source="film.mp4")
    assert "Expressions in film.mp4" in (tmp_path / "a.html").read_text()


def test_a_pipe_gets_json_lines_and_the_rest_goes_to_standard_error(stage, capfd):
    assert stage(FakeSource(4), pipe=True) == 0
    told = capfd.readouterr()
    assert [json.loads(line)["frame"] for line in told.out.splitlines()] == [0, 1, 2, 3]
    for word in ("4/4", "frames per second", "happy"):
        assert word in told.err


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


def test_what_is_asked_of_a_camera_reaches_it(stage, monkeypatch):
    seen = []

    def open_source(place, **wishes):
        seen.append((place, wishes))
        return FakeSource(1)

    monkeypatch.setattr(live, "open_source", open_source)
    live.run(LiveOptions(camera=2, resolution=(640, 480), fps=15, window=False))
    live.run(LiveOptions(source="0", window=False))
    assert seen == [
        (2, {"mirror": True, "resolution": (640, 480), "rate": 15}),
        ("0", {"mirror": True, "resolution": None, "rate": None}),  # a camera as well
    ]


def test_what_is_read_is_never_written_over(stage, tmp_path):
    film = tmp_path / "film.mp4"
    film.write_text("precious")
    for kind in ("output", "log", "summary"):
        for name in (str(film), film.as_uri()):
            with pytest.raises(UserError, match=r"film\.mp4 is the source itself"):
                stage(FakeSource(2), source=name, **{kind: film})
    assert film.read_text() == "precious"


@pytest.mark.parametrize("other", ["a.mp4", "./a.mp4", "new/../a.mp4", "link.mp4"])
def test_no_two_outputs_share_a_file(stage, tmp_path, other):
    (tmp_path / "link.mp4").symlink_to("a.mp4")
    with pytest.raises(UserError, match=r"a\.mp4 and .* are one file; give each output a name"):
        stage(FakeSource(2), output=Path("a.mp4"), log=Path(other))
    assert not (tmp_path / "a.mp4").exists()


def test_the_models_key_has_all_models_and_begins_with_the_one_in_use():
    assert live._models("cnn6") == ["cnn6", packaged.MODEL, "cucn", "cucn-2", "cucn-3"]
    assert live._models("runs/mine.safetensors")[0] == "runs/mine.safetensors"


@pytest.fixture
def given(stage, monkeypatch):
    """(what was called, with what) of all that a session is made of."""
    calls = []

    def spy(owner, name, made):
        monkeypatch.setattr(
            owner,
            name,
            lambda *facts, **more: calls.append((name, facts, more)) or made(*facts, **more),
        )

    spy(live, "Session", live.Session)
    spy(live, "VideoFile", live.VideoFile)
    spy(live, "load_reader", lambda *facts: stage.analyzer.classifier)
    spy(live.Analyzer, "load", lambda *facts: stage.analyzer)
    return lambda name: next((facts, more) for called, facts, more in calls if called == name)


def test_what_is_asked_for_reaches_the_session(stage, given):
    asked = {"smoothing": 0.7, "heatmap": False, "max_frames": 3, "abstain": 0.2, "panel": True}
    stage(FakeSource(4), **asked, device="cpu", runtime="torch")
    _, made = given("Session")
    assert made.items() >= {**asked, "still": False}.items()
    made["load"]("cnn6")
    assert given("load_reader") == (("cnn6", "cpu", "torch"), {})


@pytest.mark.parametrize(
    ("stills", "asked", "scan"),
    [(False, None, "live"), (True, None, "full"), (False, "full", "full"), (True, "live", "live")],
)
def test_pictures_are_searched_whole_unless_something_else_is_asked_for(
    stage, given, stills, asked, scan
):
    stage(FakeSource(1, stills=stills), scan=asked, device="cpu", runtime="torch")
    assert given("load") == ((packaged.MODEL, "cpu", scan, "torch"), {})
    assert given("Session")[1]["still"] is stills


def test_a_recording_has_its_sources_pace(stage, given, tmp_path):
    stage(FakeSource(2, fps=12.5), output=tmp_path / "a.mp4")
    assert given("VideoFile") == ((tmp_path / "a.mp4", 12.5), {})


@pytest.mark.parametrize("thumbnails", [False, True])
def test_a_summary_has_faces_only_if_asked(stage, tmp_path, thumbnails):
    stage(FakeSource(12), summary=tmp_path / "a.html", thumbnails=thumbnails)
    assert ("data:image/jpeg" in (tmp_path / "a.html").read_text()) is thumbnails
