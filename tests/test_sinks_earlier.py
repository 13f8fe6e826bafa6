"""What a camera showed in earlier sessions is kept, though the next one writes to the same name."""

from pathlib import Path

import pytest

from fer_live.errors import UserError
from fer_live.sinks.base import hold
from tests.commands import video_frames
from tests.fakes import FakeSource
from tests.limits import small_disk
from tests.sessions import log_frames, set_stage


@pytest.fixture
def stage(monkeypatch, tmp_path):
    return set_stage(monkeypatch, tmp_path)


def camera(frames, **more):
    return FakeSource(frames, live=True, **more)


def wish(path):
    """The option that writes such a file."""
    name = {".mp4": "output", ".png": "output", ".html": "summary"}.get(path.suffix, "log")
    return {name: path}


def test_each_session_of_a_camera_keeps_those_before(stage, tmp_path, capsys):
    files = {"output": Path("a.mp4"), "log": Path("a.jsonl"), "summary": Path("a.html")}
    for frames in (2, 3, 4):
        stage(camera(frames), every_frame=True, **files)
    assert log_frames(tmp_path / "a-1.jsonl") == [0, 1]
    assert log_frames(tmp_path / "a-2.jsonl") == [0, 1, 2]
    assert log_frames(tmp_path / "a.jsonl") == [0, 1, 2, 3]
    assert [video_frames(tmp_path / f"{name}.mp4") for name in ("a-1", "a-2", "a")] == [2, 3, 4]
    assert len({path.read_text() for path in tmp_path.glob("a*.html")}) == 3
    told = capsys.readouterr().err.splitlines()
    assert [line for line in told if line.startswith("kept:")] == [
        *(
            f"kept: the earlier a.{kind} is now a-1.{kind} beside it"
            for kind in ("html", "jsonl", "mp4")
        ),
        *(
            f"kept: the earlier a.{kind} is now a-2.{kind} beside it"
            for kind in ("html", "jsonl", "mp4")
        ),
    ]


def test_what_can_be_read_again_is_replaced(stage, tmp_path, capsys):
    for frames in (2, 3):
        stage(FakeSource(frames), log=tmp_path / "a.jsonl")
    assert [path.name for path in tmp_path.iterdir()] == ["a.jsonl"]
    assert log_frames(tmp_path / "a.jsonl") == [0, 1, 2]
    assert "kept" not in capsys.readouterr().err


def test_a_session_without_a_frame_leaves_the_name_to_the_earlier_one(stage, tmp_path, capsys):
    (tmp_path / "a.csv").write_text("precious")
    stage(camera(0), log=tmp_path / "a.csv")
    assert (tmp_path / "a.csv").read_text() == "precious"
    with pytest.raises(UserError, match=r"a\.gif cannot be saved"):
        stage(camera(2), log=tmp_path / "a.csv", summary=tmp_path / "a.gif")
    assert (tmp_path / "a.csv").read_text() == "precious"
    assert [path.name for path in tmp_path.iterdir()] == ["a.csv"]
    assert "kept" not in capsys.readouterr().err


def test_an_empty_file_is_no_recording(stage, tmp_path, capsys):
    (tmp_path / "a.csv").touch()
    stage(camera(2), log=tmp_path / "a.csv")
    assert [path.name for path in tmp_path.iterdir()] == ["a.csv"]
    assert "kept" not in capsys.readouterr().err


@pytest.mark.parametrize("name", ["a.jsonl", "a.csv", "a.mp4", "a.html", "a.png"])
def test_a_disk_that_is_full_at_once_leaves_the_name_to_the_earlier_one(
    stage, tmp_path, capsys, name
):
    (tmp_path / name).write_text("precious")
    with small_disk(10), pytest.raises(UserError, match=r"cannot be written|too little"):
        stage(camera(2), **wish(tmp_path / name))
    assert (tmp_path / name).read_text() == "precious"
    assert [path.name for path in tmp_path.iterdir()] == [name]
    assert "kept" not in capsys.readouterr().err


@pytest.mark.parametrize("name", ["a.jsonl", "a.csv", "a.mp4", "a.html", "a.png"])
def test_of_two_sessions_at_a_time_the_second_needs_another_name(stage, tmp_path, name):
    refused = []

    def second():
        with pytest.raises(UserError, match="being recorded by another program") as told:
            stage(camera(2), **wish(tmp_path / name))
        refused.append(told)

    stage.at(0, second)
    stage(camera(2), every_frame=True, **wish(tmp_path / name))
    assert len(refused) == 1
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_a_name_too_long_for_a_number_is_told(stage, tmp_path):
    path = tmp_path / f"{250 * 'a'}.csv"
    path.write_text("precious")
    with pytest.raises(UserError, match=r"a\.csv holds an earlier .*\(File name too long\)"):
        stage(camera(2), log=path)
    assert path.read_text() == "precious"


def test_what_another_program_records_keeps_its_name(stage, tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("half a lesson")
    with hold(path), pytest.raises(UserError, match="being recorded by another program"):
        stage(camera(2), log=path)
    assert [path.name for path in tmp_path.iterdir()] == ["a.csv"]


def test_the_file_behind_a_link_is_kept_beside_itself(stage, tmp_path, capsys):
    (tmp_path / "disk").mkdir()
    (tmp_path / "disk" / "b.csv").write_text("precious")
    (tmp_path / "a.csv").symlink_to(tmp_path / "disk" / "b.csv")
    stage(camera(2), log=tmp_path / "a.csv")
    assert (tmp_path / "disk" / "b-1.csv").read_text() == "precious"
    assert (tmp_path / "a.csv").is_symlink()
    assert (tmp_path / "disk" / "b.csv").exists()
    told = f"kept: the earlier {tmp_path / 'a.csv'} is now {tmp_path / 'disk' / 'b-1.csv'}"
    assert told in capsys.readouterr().err.splitlines()


def test_a_folder_that_lets_nothing_be_renamed_is_told(stage, tmp_path, monkeypatch):
    def refuse(path, target):
        raise PermissionError(13, "no")

    (tmp_path / "a.csv").write_text("precious")
    monkeypatch.setattr(Path, "rename", refuse)
    wanted = r"a\.csv holds an earlier recording, .* \(Permission denied\); choose another name"
    with pytest.raises(UserError, match=wanted):
        stage(camera(2), log=tmp_path / "a.csv")
    assert (tmp_path / "a.csv").read_text() == "precious"
