"""Whole sessions with fakes: what they are made of and what they write."""

import json
from pathlib import Path

import pytest

from fer_live import live, packaged
from fer_live.errors import UserError
from fer_live.live import LiveOptions
from tests.commands import video_frames
from tests.fakes import FakeSource
from tests.sessions import log_frames, set_stage


@pytest.fixture
def stage(monkeypatch, tmp_path):
    return set_stage(monkeypatch, tmp_path)


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


def test_a_table_and_a_summary_are_written_beside_the_video(stage, tmp_path):
    stage(FakeSource(5), log=tmp_path / "a.csv", summary=tmp_path / "new" / "a.html")
    assert len((tmp_path / "a.csv").read_text().splitlines()) == 6
    page = (tmp_path / "new" / "a.html").read_text()
    assert "Expressions at camera 0" in page
    assert "data:image" not in page


def test_brackets_in_a_name_are_told_as_they_are(stage, tmp_path, capsys):
    stage(FakeSource(5), log=Path("x[/b].jsonl"))
    assert "written: x[/b].jsonl" in capsys.readouterr().err


def test_a_summary_does_not_tell_the_streams_password(stage, tmp_path):
    page = tmp_path / "a.html"
    stage(FakeSource(5), summary=page, source="rtsp://me:sec@ret@cam")
    assert "me:***@cam" in page.read_text()
    assert "ret@cam" not in page.read_text()


def test_a_pipe_gets_json_lines_and_the_rest_goes_to_standard_error(stage, capfd):
    assert stage(FakeSource(4), pipe=True) == 0
    told = capfd.readouterr()
    assert [json.loads(line)["frame"] for line in told.out.splitlines()] == [0, 1, 2, 3]
    for word in ("4/4", "frames per second", "happy"):
        assert word in told.err


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
