import logging
import struct
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
import PIL.Image
import pytest
from av.video.reformatter import Colorspace

from fer_live.errors import UserError
from fer_live.sources import (
    CameraSource,
    ImageSource,
    VideoSource,
    find_cameras,
    open_source,
    read_image,
)

FRAMES, WIDTH, HEIGHT = 24, 96, 64
TITLE = "Cafe"


def record(path: Path, shape=None, seconds=lambda i: i / 12) -> Path:
    """A video whose left half is red and whose right half is blue."""
    picture = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
    picture[:, : WIDTH // 2, 0] = picture[:, WIDTH // 2 :, 2] = 200
    noise = np.random.default_rng(0).integers(0, 55, picture.shape, np.uint8)
    with av.open(str(path), "w", options={"movflags": "faststart"}) as container:
        container.metadata["title"] = TITLE
        stream = container.add_stream("libx264", rate=12)
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        stream.codec_context.time_base = Fraction(1, 1000)
        if shape:
            stream.codec_context.sample_aspect_ratio = shape
        for i in range(FRAMES):
            frame = av.VideoFrame.from_ndarray(picture + np.roll(noise, i, 1), format="rgb24")
            frame.pts, frame.time_base = round(1000 * seconds(i)), Fraction(1, 1000)
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return path


@pytest.fixture(scope="module")
def video(tmp_path_factory) -> Path:
    return record(tmp_path_factory.mktemp("videos") / "red_blue.mp4")


def test_a_video_gives_all_its_frames_in_rgb(video):
    with open_source(video) as source:
        frames = list(source)
    assert [frame.index for frame in frames] == list(range(FRAMES))
    assert source.fps == pytest.approx(12, rel=1e-3)
    assert (source.frame_count, source.size) == (FRAMES, (WIDTH, HEIGHT))
    assert not source.live
    assert source.warning is None
    left, right = frames[3].image[:, :40].mean((0, 1)), frames[3].image[:, -40:].mean((0, 1))
    assert left[0] > left[2] + 100
    assert right[2] > right[0] + 100


def test_a_videos_seconds_are_its_timestamps(tmp_path):
    uneven = record(tmp_path / "uneven.mp4", seconds=lambda i: 5 + i / 12 + (0.5 if i > 10 else 0))
    with VideoSource(uneven) as source:
        seconds = [frame.seconds for frame in source]
    assert seconds[:2] == pytest.approx([0, 1 / 12], abs=2e-3)
    assert seconds[-1] == pytest.approx(23 / 12 + 0.5, abs=2e-3)


def test_a_phones_video_is_turned_upright(video, tmp_path):
    data = bytearray(video.read_bytes())
    matrix = data.index(b"tkhd") + 4 + 40  # ISO 14496-12, 8.3.2: version 0
    quarter_turn = (0, 0x10000, 0, -0x10000, 0, 0, 0, 0, 0x40000000)  # clockwise
    data[matrix : matrix + 36] = struct.pack(">9i", *quarter_turn)
    turned = tmp_path / "phone.mp4"
    turned.write_bytes(data)
    with VideoSource(turned) as source:
        image = next(iter(source)).image
    assert image.shape == (WIDTH, HEIGHT, 3)
    assert image[:40, :, 0].mean() > image[:40, :, 2].mean() + 100  # what was left is on top
    assert image.flags.c_contiguous


def test_pixels_become_square(tmp_path):
    with VideoSource(record(tmp_path / "wide.mp4", shape=Fraction(2, 1))) as source:
        assert next(iter(source)).image.shape == (HEIGHT, 2 * WIDTH, 3)


@pytest.mark.parametrize("space", [Colorspace.ITU601, Colorspace.ITU709])
def test_a_videos_colours_follow_its_tag(tmp_path, space):
    path, green = tmp_path / "green.mp4", np.full((HEIGHT, WIDTH, 3), (30, 180, 40), np.uint8)
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=12)
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        stream.codec_context.colorspace = space
        frame = av.VideoFrame.from_ndarray(green, format="rgb24")
        frame = frame.reformat(
            format="yuv420p", src_colorspace=Colorspace.FCC, dst_colorspace=space
        )
        container.mux(stream.encode(frame) + stream.encode())
    with VideoSource(path) as source:
        (frame,) = source
    assert np.abs(frame.image.astype(int) - green).max() <= 3


def test_a_title_in_another_encoding_does_no_harm(video, tmp_path):
    old = tmp_path / "old.mp4"
    old.write_bytes(video.read_bytes().replace(TITLE.encode(), b"Caf\xe9"))
    with VideoSource(old) as source:
        assert len(list(source)) == FRAMES


def test_a_video_that_ends_midway_plays_what_it_has(video, tmp_path, caplog):
    cut = tmp_path / "cut.mp4"
    cut.write_bytes(video.read_bytes()[: int(0.9 * video.stat().st_size)])
    with caplog.at_level(logging.WARNING), VideoSource(cut) as source:
        frames = list(source)
    assert 5 < len(frames) < FRAMES
    assert all(frame.image[:, :40, 0].mean() > 150 for frame in frames)
    assert "cut.mp4 is cut off" in source.warning
    assert f"{len(frames)} frames" in caplog.text


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


def test_a_video_cut_before_its_index_is_refused(video, tmp_path):
    stub = tmp_path / "stub.mp4"
    stub.write_bytes(video.read_bytes()[:200])
    with pytest.raises(UserError, match=r"stub\.mp4"), open_source(stub) as source:
        list(source)


def test_missing_files_and_folders_are_refused(tmp_path):
    with pytest.raises(UserError, match=r"no\.mp4: no such file"):
        open_source(tmp_path / "no.mp4")
    with pytest.raises(UserError, match="is a folder"):
        open_source(tmp_path)


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


def gradient(dtype, peak) -> np.ndarray:
    return np.linspace(0, peak, 256).astype(dtype).reshape(16, 16)


def test_a_grey_picture_has_three_equal_channels(tmp_path):
    PIL.Image.fromarray(gradient(np.uint8, 255)).save(tmp_path / "grey.png")
    image = read_image(tmp_path / "grey.png")
    assert image.shape == (16, 16, 3)
    assert image.dtype == np.uint8
    assert (image == gradient(np.uint8, 255)[:, :, None]).all()


@pytest.mark.parametrize(("dtype", "peak"), [(np.uint16, 65535), (np.int32, 65535)])
def test_sixteen_bits_are_scaled_to_eight(tmp_path, dtype, peak):
    path = tmp_path / "deep.tiff"
    PIL.Image.fromarray(gradient(dtype, peak)).save(path)
    image = read_image(path)
    assert (np.abs(image[:, :, 0].astype(int) - gradient(np.uint8, 255)) <= 1).all()


def test_a_dark_sixteen_bit_picture_stays_dark(tmp_path):
    PIL.Image.fromarray(np.full((4, 4), 2570, np.uint16)).save(tmp_path / "dark.png")
    assert (read_image(tmp_path / "dark.png") == 10).all()


@pytest.mark.parametrize("mode", ["RGBA", "LA", "P"])
def test_clear_pixels_become_white(tmp_path, mode):
    picture = PIL.Image.new("RGBA", (4, 4), (0, 0, 0, 0))
    picture.putpixel((0, 0), (0, 0, 0, 255))
    picture.convert(mode).save(tmp_path / "clear.png")
    image = read_image(tmp_path / "clear.png")
    assert (image[0, 0] == 0).all()
    assert (image[1:] == 255).all()


def test_palettes_and_inks_become_rgb(tmp_path):
    red = PIL.Image.new("RGB", (16, 16), (250, 0, 0))
    red.quantize(4).save(tmp_path / "palette.png")
    red.convert("CMYK").save(tmp_path / "inks.jpg", quality=95)
    for name in ("palette.png", "inks.jpg"):
        assert np.abs(read_image(tmp_path / name).astype(int) - (250, 0, 0)).max() <= 4


def test_a_picture_is_turned_by_its_exif_tag(tmp_path):
    picture = PIL.Image.new("RGB", (32, 16))
    picture.paste((255, 255, 255), (0, 0, 16, 16))
    exif = PIL.Image.Exif()
    exif[0x0112] = 6  # turn a quarter clockwise to see it upright
    picture.save(tmp_path / "phone.jpg", exif=exif)
    image = read_image(tmp_path / "phone.jpg")
    assert image.shape == (32, 16, 3)
    assert image[:12].min() > 240
    assert image[20:].max() < 15


def test_one_pixel_is_a_picture(tmp_path):
    PIL.Image.new("RGB", (1, 1), (1, 2, 3)).save(tmp_path / "dot.png")
    with open_source(tmp_path / "dot.png") as source:
        (frame,) = source
    assert frame.image.tolist() == [[[1, 2, 3]]]
    assert (source.size, source.frame_count, source.live) == ((1, 1), 1, False)


def test_a_huge_picture_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(PIL.Image, "MAX_IMAGE_PIXELS", 1000)
    for side in (40, 60):  # Pillow warns of the first and refuses the second
        PIL.Image.new("L", (side, side)).save(tmp_path / "huge.png")
        with (
            pytest.raises(UserError, match=r"huge\.png has more than"),
            open_source(tmp_path / "huge.png"),
        ):
            pass


def test_a_broken_picture_is_refused(tmp_path):
    path = tmp_path / "broken.jpg"
    noise = np.random.default_rng(0).integers(0, 255, (64, 64, 3), np.uint8)
    PIL.Image.fromarray(noise).save(path)
    path.write_bytes(path.read_bytes()[:1500])
    with pytest.raises(UserError, match=r"broken\.jpg cannot be decoded"), open_source(path):
        pass


class FakeCapture:
    """An OpenCV camera that shows blue; `frames` until it is unplugged."""

    opened = True
    frames = 3
    released = 0

    def __init__(self, index):
        self.left = self.frames

    def isOpened(self):  # noqa: N802
        return self.opened

    def set(self, setting, value):
        return False

    def get(self, setting):
        return 25.0

    def read(self):
        self.left -= 1
        image = np.zeros((6, 8, 3), np.uint8)
        image[:, :, 0] = image[:, 0, 1] = 255
        return (True, image) if self.left >= 0 else (False, None)

    def release(self):
        type(self).released += 1


@pytest.fixture
def camera(monkeypatch):
    kind = type("Capture", (FakeCapture,), {})
    monkeypatch.setattr(cv2, "VideoCapture", kind)
    monkeypatch.setattr("fer_live.sources.camera.WARM_UP", 0)
    monkeypatch.setattr("fer_live.sources.camera.LOST", 0)
    return kind


def test_a_camera_gives_rgb_as_time_passes(camera):
    with CameraSource(0) as source:
        frames = iter(source)
        first, second = next(frames), next(frames)
    assert first.image[0, 4].tolist() == [0, 0, 255]
    assert (first.index, second.index) == (0, 1)
    assert 0 <= first.seconds <= second.seconds
    assert (source.live, source.fps, source.size) == (True, 25.0, (8, 6))


def test_a_mirrored_camera_is_flipped(camera):
    with CameraSource(0, mirror=True) as source:
        assert next(iter(source)).image[0, -1].tolist() == [0, 255, 255]


def test_a_camera_is_released_when_reading_fails(camera):
    with pytest.raises(ZeroDivisionError), CameraSource(0) as source:
        next(iter(source)).index / 0
    assert camera.released == 1


def test_an_unplugged_camera_ends_with_one_line(camera):
    with pytest.raises(UserError, match="camera 0 stopped"), CameraSource(0) as source:
        list(source)
    assert camera.released == 1


def test_a_camera_without_picture_is_released(camera):
    camera.frames = 0
    with pytest.raises(UserError, match="camera 0 opens but gives no picture"), CameraSource(0):
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


def test_opencv_is_silent_about_missing_cameras(capfd):
    before = cv2.getLogLevel()
    with pytest.raises(UserError), CameraSource(93):
        pass
    find_cameras()
    assert capfd.readouterr().err == ""
    assert cv2.getLogLevel() == before
