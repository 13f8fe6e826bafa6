import json
import resource
import signal
import subprocess
import sys
from pathlib import Path

import av
import cv2
import numpy as np
import PIL.Image
import pytest

from fer_live.errors import UserError
from fer_live.expressions import SEVEN
from fer_live.sinks import (
    KEYS,
    Action,
    JsonLog,
    PictureFile,
    VideoFile,
    View,
    Window,
    gui_available,
    key_help,
)
from fer_live.sources import VideoSource
from fer_live.types import Box, Face, Frame, Prediction, Reading, Scene

ROOT = Path(__file__).parents[1]


def scene(index=0, seconds=0.0, uncertainty: float | None = 0.31, score=0.97) -> Scene:
    probabilities = dict(zip(SEVEN, (0.01, 0.02, 0.03, 0.9, 0.01, 0.02, 0.01234567), strict=True))
    face = Face(Box(10.04, 20, np.float32(30.26), 40), score)
    reading = Reading(face, Prediction(probabilities, uncertainty), track=1)
    return Scene(Frame(np.zeros((4, 4, 3), np.uint8), index, seconds), [reading])


def picture(height=48, width=64, seed=0) -> np.ndarray:
    """A left half of red and a right half of blue, with noise that does not compress."""
    image = np.zeros((height, width, 3), np.uint8)
    image[:, : width // 2, 0] = image[:, width // 2 :, 2] = 200
    return image + np.random.default_rng(seed).integers(0, 55, image.shape, np.uint8)


def record(path, frames=25):
    """Ten frames a second."""
    with VideoFile(path, 10) as video:
        for i in range(frames):
            video.write(scene(i, i / 10), picture(seed=i))


def write_lines(path, frames):
    with JsonLog(path) as log:
        for i in range(frames):
            log.write(scene(i), picture())


def decode(path) -> list[av.VideoFrame]:
    with av.open(str(path)) as container:
        return list(container.decode(video=0))


@pytest.fixture
def small_disk():
    """A function that limits how large files may grow, as on a full disk."""
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    before = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    yield lambda size: resource.setrlimit(resource.RLIMIT_FSIZE, (size, limits[1]))
    resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    signal.signal(signal.SIGXFSZ, before)


def test_a_log_holds_a_line_for_each_frame(tmp_path):
    path = tmp_path / "new" / "log.jsonl"
    with JsonLog(path) as log:
        log.write(scene(0), picture())
        assert len(path.read_text().splitlines()) == 1  # flushed
        log.write(Scene(Frame(picture(), 1, 1 / 30), []), picture())
    first, second = map(json.loads, path.read_text().splitlines())
    assert first == {
        "frame": 0,
        "seconds": 0.0,
        "faces": [
            {
                "track": 1,
                "box": [10.0, 20.0, 30.3, 40.0],
                "score": 0.97,
                "expression": "happy",
                "probabilities": {
                    "angry": 0.01,
                    "disgust": 0.02,
                    "fear": 0.03,
                    "happy": 0.9,
                    "sad": 0.01,
                    "surprise": 0.02,
                    "neutral": 0.0123,
                },
                "uncertainty": 0.31,
            }
        ],
    }
    assert second == {"frame": 1, "seconds": 0.033, "faces": []}


def test_a_log_has_null_for_what_is_no_number(tmp_path):
    with JsonLog(tmp_path / "log.jsonl") as log:
        log.write(scene(uncertainty=None, score=float("nan")), picture())
    (face,) = json.loads((tmp_path / "log.jsonl").read_text())["faces"]
    assert face["uncertainty"] is None
    assert face["score"] is None


def test_a_log_that_fills_the_disk_keeps_whole_lines(tmp_path, small_disk):
    path = tmp_path / "log.jsonl"
    small_disk(5000)
    with pytest.raises(UserError, match=r"log\.jsonl.*so far is kept"):
        write_lines(path, 100)
    lines = path.read_text().splitlines()
    assert path.stat().st_size > 4500
    assert [json.loads(line)["frame"] for line in lines] == list(range(len(lines)))


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="Linux has /dev/full")
def test_a_full_disk_is_named(tmp_path):
    (tmp_path / "log.jsonl").symlink_to("/dev/full")
    with pytest.raises(UserError, match="No space left"):
        write_lines(tmp_path / "log.jsonl", 1)


def test_a_recording_plays_as_it_was(tmp_path):
    path = tmp_path / "new" / "clip.mp4"
    with VideoFile(path, fps=25) as video:
        for i in range(30):
            video.write(scene(i, i / 25), picture(seed=i))
    with VideoSource(path) as source:
        frames = list(source)
    assert [round(25 * frame.seconds, 2) for frame in frames] == list(range(30))
    assert frames[10].image.shape == (48, 64, 3)
    assert np.abs(frames[10].image.mean((0, 1)) - picture().mean((0, 1))).max() < 4


def test_a_recording_is_what_browsers_play(tmp_path):
    path = tmp_path / "clip.mp4"
    with VideoFile(path) as video:
        video.write(scene(), picture())
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        assert (stream.codec_context.name, stream.pix_fmt) == ("h264", "yuv420p")
        assert stream.frames == 1  # an index of its own: no fragments are left


def test_a_live_recording_keeps_each_frames_time(tmp_path):
    seconds = [7.0, 7.04, 7.5, 7.5, 7.2, 8.0]  # a pause, a clock that stands and one that jumps
    with VideoFile(tmp_path / "live.mp4", fps=None) as video:
        for i, at in enumerate(seconds):
            video.write(scene(i, at), picture())
    times = [frame.time for frame in decode(tmp_path / "live.mp4")]
    assert times[:3] == pytest.approx([0, 0.04, 0.5], abs=1e-3)
    assert times[-1] == pytest.approx(1.0, abs=1e-3)
    assert times == sorted(set(times))


@pytest.mark.parametrize(("height", "width"), [(47, 63), (1, 1), (48, 63)])
def test_odd_sizes_are_made_even(tmp_path, height, width):
    with VideoFile(tmp_path / "odd.mp4") as video:
        video.write(scene(), picture(height, width))
    (frame,) = decode(tmp_path / "odd.mp4")
    assert (frame.height, frame.width) == (height + height % 2, width + width % 2)


def test_frames_of_another_size_are_resized(tmp_path):
    with VideoFile(tmp_path / "mixed.mp4") as video:
        for i, (height, width) in enumerate([(48, 64), (96, 128), (30, 30)]):
            video.write(scene(i, i / 30), picture(height, width))
    sizes = [(frame.height, frame.width) for frame in decode(tmp_path / "mixed.mp4")]
    assert sizes == [(48, 64)] * 3


@pytest.mark.parametrize("size", [3_000, 30_000, 45_000, 60_000])
def test_a_recording_that_fills_the_disk_plays(tmp_path, small_disk, size):
    path = tmp_path / "clip.mp4"
    small_disk(size)
    with pytest.raises(UserError, match=r"clip\.mp4.*so far is kept"):
        record(path, frames=400)
    if size > 20_000:  # a fragment takes 16 kB
        assert len(decode(path)) >= 10


def test_a_recording_whose_end_does_not_fit_plays(tmp_path, small_disk):
    path = tmp_path / "clip.mp4"
    record(path)
    small_disk(path.stat().st_size - 100)
    with pytest.raises(UserError, match="so far is kept"):
        record(path)
    assert len(decode(path)) >= 20


def test_a_disk_full_before_anything_plays_leaves_no_broken_file(tmp_path, small_disk):
    path = tmp_path / "clip.mp4"
    small_disk(500)
    with pytest.raises(UserError, match="too little was recorded to keep"):
        record(path)
    assert not path.exists()


def test_a_killed_recording_plays(tmp_path):
    code = f"""
import os, signal, sys
sys.path.insert(0, {str(ROOT)!r})
from fer_live.sinks import VideoFile
from tests.test_sinks import picture, scene
with VideoFile({str(tmp_path / "killed.mp4")!r}, 10) as video:
    for i in range(60):
        video.write(scene(i, i / 10), picture(seed=i))
    os.kill(os.getpid(), signal.SIGKILL)
"""
    done = subprocess.run([sys.executable, "-c", code], check=False, cwd=ROOT)
    assert done.returncode == -signal.SIGKILL
    assert len(decode(tmp_path / "killed.mp4")) >= 20


def test_without_h264_the_recording_is_mpeg4(tmp_path, monkeypatch):
    monkeypatch.setattr("fer_live.sinks.video.CODEC", "mpeg4")
    with VideoFile(tmp_path / "old.mp4", fps=29.97) as video:
        for i in range(5):
            video.write(scene(i, i / 29.97), picture(seed=i))
    assert len(decode(tmp_path / "old.mp4")) == 5


@pytest.mark.parametrize("name", ["saved.png", "saved.jpg"])
def test_a_picture_is_saved_in_rgb(tmp_path, name):
    with PictureFile(tmp_path / "new" / name) as sink:
        sink.write(scene(), picture())
    saved = np.asarray(PIL.Image.open(tmp_path / "new" / name)).astype(int)
    assert np.abs(saved.mean((0, 1)) - picture().mean((0, 1))).max() < 2


def test_nothing_is_left_where_nothing_was_written(tmp_path):
    for sink in (VideoFile(tmp_path / "clip.mp4"), PictureFile(tmp_path / "picture.png")):
        with sink:
            pass
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("kind", "name", "ending"),
    [
        (JsonLog, "log.txt", r"\.jsonl"),
        (VideoFile, "clip", r"\.mp4"),
        (PictureFile, "picture.bmp", r"\.png"),
    ],
)
def test_an_unknown_ending_is_refused(tmp_path, kind, name, ending):
    with pytest.raises(UserError, match=f"{name} cannot be saved; end its name in {ending}"):
        kind(tmp_path / name).__enter__()


@pytest.mark.parametrize(
    ("kind", "name"),
    [(JsonLog, "log.jsonl"), (VideoFile, "clip.mp4"), (PictureFile, "picture.png")],
)
def test_an_unwritable_place_is_refused_at_once(tmp_path, kind, name):
    (tmp_path / "file").touch()
    with pytest.raises(UserError, match=f"{name} cannot be written"):
        kind(tmp_path / "file" / name).__enter__()
    (tmp_path / name).mkdir()
    with pytest.raises(UserError, match=f"{name} cannot be written"):
        kind(tmp_path / name).__enter__()


def test_keys_change_the_view():
    view = View()
    for key in ("g", "b", "h", "space"):
        view = view.after(KEYS[key])
    assert view == View(heatmap=True, bars=False, help=True, paused=True)
    assert view.after(KEYS["s"]) == view.after(KEYS["q"]) == view.after(None) == view
    assert view.after(KEYS["g"]).heatmap is False
    assert KEYS["esc"] is KEYS["close"] is Action.QUIT


def test_the_help_names_every_key():
    assert ("q or esc", "quit") in key_help()
    assert len(key_help()) == len(Action)


@pytest.mark.parametrize("display", ["", ":93", "no.such.host.invalid:1"])
def test_no_screen_is_a_reason_and_not_a_crash(monkeypatch, display):
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setenv("DISPLAY", display)
    available, reason = gui_available()
    assert not available
    assert "DISPLAY" in reason
    assert "\n" not in reason
    with pytest.raises(UserError, match="DISPLAY"):
        Window().__enter__()


def test_opencv_without_windows_is_told(monkeypatch):
    monkeypatch.setattr(cv2, "getBuildInformation", lambda: "  GUI:                 NONE\n")
    available, reason = gui_available()
    assert not available
    assert "pip uninstall -y opencv-python-headless" in reason
