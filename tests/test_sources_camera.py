"""Cameras: what they are asked for, what they give, how they fail, and which there are."""

import logging
import time
from itertools import chain, repeat

import cv2
import numpy as np
import PIL.Image
import pytest

from fer_live import cameras
from fer_live.errors import UserError
from fer_live.sources import CameraSource, Lost, find_cameras
from fer_live.sources.find import camera_name
from tests.clips import FakeClock


class FakeCapture:
    """An OpenCV camera that shows blue, and green at its left. `arrives`: whether each read gives it."""

    opened = True
    fps = 25.0
    arrives = (True,) * 3
    released = 0
    asked: dict[int, float]

    def __init__(self, index):
        self.reads = chain(self.arrives, repeat(False))
        type(self).asked = {}

    def isOpened(self):  # noqa: N802
        return self.opened

    def set(self, setting, value):
        self.asked[setting] = value
        return False

    def get(self, setting):
        return self.fps

    def picture(self):
        image = np.zeros((6, 8, 3), np.uint8)
        image[:, :, 0] = image[:, 0, 1] = 255
        return image

    def read(self):
        return (True, self.picture()) if next(self.reads) else (False, None)

    def release(self):
        type(self).released += 1


@pytest.fixture
def camera(monkeypatch):
    kind = type("Capture", (FakeCapture,), {})
    monkeypatch.setattr(cv2, "VideoCapture", kind)
    return kind


def patient(*arguments, **options) -> CameraSource:
    """A camera whose waiting takes no time."""
    clock = FakeClock()
    return CameraSource(*arguments, **options, clock=clock, sleep=clock.sleep)


def test_a_camera_gives_rgb_as_time_passes(camera):
    with CameraSource(0) as source:
        frames = iter(source)
        first, second = next(frames), next(frames)
    assert first.image[0, 4].tolist() == [0, 0, 255]
    assert (first.index, second.index) == (0, 1)
    assert 0 <= first.seconds <= second.seconds
    assert (source.live, source.fps, source.size) == (True, 25.0, (8, 6))


@pytest.mark.parametrize("shape", [(6, 8), (6, 8, 1), (6, 8, 4)])
def test_a_grey_camera_and_one_with_a_fourth_channel_give_rgb(camera, shape):
    camera.picture = lambda _: np.full(shape, 90, np.uint8)
    with CameraSource(0) as source:
        image = next(iter(source)).image
    assert (image.shape, image.dtype, int(image.min())) == ((6, 8, 3), np.uint8, 90)


@pytest.mark.parametrize(
    ("shape", "kind", "said"),
    [((6, 8, 2), np.uint8, "2 channels of uint8"), ((6, 8, 3), np.uint16, "3 channels of uint16")],
)
def test_pictures_of_another_kind_are_refused_when_it_opens(camera, shape, kind, said):
    camera.picture = lambda _: np.zeros(shape, kind)
    with pytest.raises(UserError, match=f"camera 0 gives pictures of {said}"), CameraSource(0):
        pass
    assert camera.released == 1


def test_a_cameras_seconds_do_not_hang_on_the_time_of_day(camera, monkeypatch):
    day = iter([5e9, 0.0, -1e6, 7.0])
    monkeypatch.setattr(time, "time", lambda: next(day))
    with CameraSource(0) as source:
        frames = iter(source)
        assert 0 <= next(frames).seconds <= next(frames).seconds < 60


def test_a_mirrored_camera_is_flipped(camera):
    with CameraSource(0, mirror=True) as source:
        assert next(iter(source)).image[0, -1].tolist() == [0, 255, 255]


def test_a_camera_is_asked_for_resolution_and_rate(camera):
    with CameraSource(0, (640, 480), 60.0):
        asked = camera.asked
    assert asked[cv2.CAP_PROP_FRAME_WIDTH] == 640
    assert asked[cv2.CAP_PROP_FRAME_HEIGHT] == 480
    assert asked[cv2.CAP_PROP_FPS] == 60
    with CameraSource(0):
        assert cv2.CAP_PROP_FPS not in camera.asked
        assert camera.asked[cv2.CAP_PROP_FRAME_WIDTH] == 1280


def test_a_camera_that_gives_something_else_says_so(camera, caplog):
    with caplog.at_level(logging.WARNING):
        with CameraSource(0), CameraSource(0, (8, 6), 25.0):
            assert not caplog.records
        with CameraSource(2, (640, 480), 60.0):
            pass
    assert caplog.messages == [
        "camera 2 gives 8x6 pixels instead of 640x480",
        "camera 2 gives 25 frames a second instead of 60",
    ]


def test_a_camera_is_released_when_reading_fails(camera):
    with pytest.raises(ZeroDivisionError), CameraSource(0) as source:
        next(iter(source)).index / 0
    assert camera.released == 1


def test_a_slow_camera_is_waited_for_and_its_end_is_told(camera):
    camera.arrives = (False,) * 200 + (True,) * 4 + (False,) * 100 + (True,)
    frames = []
    with pytest.raises(Lost, match="camera 0 stopped; plug it in again"), patient(0) as source:
        frames.extend(source)
    assert [frame.index for frame in frames] == [0, 1, 2, 3]  # one more told the size
    assert [round(frame.seconds, 3) for frame in frames] == [0, 0, 0, 1]
    assert camera.released == 1


def test_a_camera_without_picture_is_released(camera):
    camera.arrives = ()
    with pytest.raises(UserError, match="camera 0 opens but gives no picture"), patient(0):
        pass
    assert camera.released == 1


def test_a_missing_camera_names_the_others(camera, monkeypatch):
    camera.opened = False
    monkeypatch.setattr("fer_live.sources.camera.find_cameras", lambda: [1, 4])
    with pytest.raises(UserError) as caught, CameraSource(7):
        pass
    message = str(caught.value)
    assert "camera 7 does not open; found: 1, 4; use --camera 1" in message
    assert "--source FILE" in message
    assert "\n" not in message


def test_while_a_known_camera_is_gone_no_others_are_opened(camera, monkeypatch):
    monkeypatch.setattr("fer_live.sources.camera.find_cameras", pytest.fail)
    source = CameraSource(0)
    with source:
        pass
    camera.opened = False
    with pytest.raises(UserError, match="camera 0 does not open"), source:
        pass


def test_opencv_is_silent_about_missing_cameras(capfd):
    before = cv2.getLogLevel()
    with pytest.raises(UserError), CameraSource(93):
        pass
    find_cameras()
    assert capfd.readouterr().err == ""
    assert cv2.getLogLevel() == before


def test_linux_tells_a_cameras_name(monkeypatch, tmp_path):
    monkeypatch.setattr("fer_live.sources.find.SYSTEM", tmp_path)
    (tmp_path / "video2").mkdir()
    (tmp_path / "video2" / "name").write_text("USB Camera\n")
    assert (camera_name(2), camera_name(3)) == ("USB Camera", None)


def test_cameras_are_listed_with_what_they_see(camera, monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(cameras, "find_cameras", lambda: [0, 2])
    monkeypatch.setattr(cameras, "camera_name", {0: "Front", 2: None}.get)
    assert cameras.show(tmp_path / "new") == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "0  Front, 8x6, 25 fps"
    assert lines[2] == "2  camera 2, 8x6, 25 fps"
    for name in ("camera-0.png", "camera-2.png"):
        seen = np.asarray(PIL.Image.open(tmp_path / "new" / name))
        assert seen[0, 4].tolist() == [0, 0, 255]
    assert camera.released == 2


def test_a_thumbnail_is_small(camera, monkeypatch):
    monkeypatch.setattr(cameras, "find_cameras", lambda: [0])
    monkeypatch.setattr(
        camera, "read", lambda self: (True, np.zeros((720, 1280, 3), np.uint8)), raising=True
    )
    (found,) = cameras.list_cameras()
    assert (found.size, found.thumbnail.shape) == ((1280, 720), (180, 320, 3))


def test_a_camera_in_use_is_listed_with_its_trouble(camera, monkeypatch):
    camera.arrives = ()
    monkeypatch.setattr("fer_live.sources.camera.WARM_UP", 0)
    monkeypatch.setattr(cameras, "find_cameras", lambda: [0])
    (found,) = cameras.list_cameras()
    assert (found.size, found.thumbnail) == (None, None)
    assert "close other programs that use it" in found.problem


def test_without_cameras_the_list_says_what_to_do(monkeypatch, capsys):
    monkeypatch.setattr(cameras, "find_cameras", list)
    assert cameras.show() == 1
    assert capsys.readouterr().out.startswith("no camera found; plug one in")
