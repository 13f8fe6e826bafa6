"""Which source a place stands for, and what is refused."""

from pathlib import Path

import PIL.Image
import pytest

from fer_live.errors import UserError
from fer_live.sources import ImageSource, VideoSource, open_source
from tests.clips import record


@pytest.fixture(scope="module")
def video(tmp_path_factory) -> Path:
    return record(tmp_path_factory.mktemp("videos") / "red_blue.mp4")


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("notes.mp4", b"only words\n" * 50, "neither a picture nor a video"),
        ("notes.png", b"only words\n" * 50, "holds no pictures"),
        ("empty.mp4", b"", "is empty"),
    ],
)
def test_what_is_no_video_is_refused(tmp_path, name, content, message):
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(UserError, match=f"{name}.*{message}"), open_source(path):
        pass


def test_a_missing_file_is_refused(tmp_path):
    with pytest.raises(UserError, match=r"no\.mp4: no such file"):
        open_source(tmp_path / "no.mp4")


def test_a_number_beyond_all_cameras_is_refused():
    with pytest.raises(UserError, match="99999999999 is beyond any camera's number"):
        open_source(99999999999)


@pytest.mark.parametrize("place", ["", " "])
def test_no_name_at_all_is_refused(place):
    with pytest.raises(UserError, match=f"'{place}' names no source"):
        open_source(place)


def test_a_name_may_begin_with_a_tilde(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    PIL.Image.new("RGB", (8, 8)).save(tmp_path / "~draft.png")
    with open_source("~draft.png") as source:
        assert [frame.image.shape for frame in source] == [(8, 8, 3)]


def test_a_folder_and_a_pattern_stand_for_their_pictures(tmp_path):
    for name in ("a[1].png", "b.png"):
        PIL.Image.new("RGB", (8, 8)).save(tmp_path / name)
    for place in (tmp_path, tmp_path / "*.png"):
        with open_source(place) as source:
            assert len(list(source)) == 2
    assert isinstance(open_source(tmp_path / "a[1].png"), ImageSource)


def test_a_cameras_wishes_reach_it():
    source = open_source(3, mirror=True)
    assert (source.index, source.mirror) == (3, True)


@pytest.mark.parametrize("option", [{"resolution": (640, 480)}, {"rate": 30.0}])
def test_only_cameras_are_asked_for_a_resolution(video, option):
    with pytest.raises(UserError, match=r"red_blue\.mp4 is no camera.* --resolution and --fps"):
        open_source(video, **option)


@pytest.mark.parametrize("option", [{"start": 1.0}, {"end": 2.0}, {"every": 3}])
def test_only_videos_have_parts(tmp_path, option):
    PIL.Image.new("RGB", (8, 8)).save(tmp_path / "a.png")
    for place in (0, tmp_path, tmp_path / "a.png"):
        with pytest.raises(UserError, match="start, end and every are for videos"):
            open_source(place, **option)


def test_a_source_is_chosen_by_content(video, tmp_path):
    picture = tmp_path / "picture.mp4"
    PIL.Image.new("RGB", (8, 8)).save(picture, "PNG")
    moving = tmp_path / "moving.gif"
    stills = [PIL.Image.new("RGB", (32, 32), colour) for colour in ("red", "blue")]
    stills[0].save(moving, save_all=True, append_images=stills[1:], duration=100)
    assert isinstance(open_source(picture), ImageSource)
    assert isinstance(open_source(video), VideoSource)
    assert isinstance(open_source("rtsp://camera.local/stream"), VideoSource)
    assert open_source("rtsp://camera.local/stream").live
    assert [open_source(place).index for place in (1, "1", "/dev/video1")] == [1, 1, 1]
    with open_source(moving) as source:
        assert len(list(source)) == 2
