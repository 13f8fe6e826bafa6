"""Recordings, and what they are when the disk fills up or the power goes."""

import signal
import subprocess
import sys
from pathlib import Path

import av
import numpy as np
import pytest

from fer_live.errors import UserError
from fer_live.sinks import VideoFile
from fer_live.sources import VideoSource
from tests.limits import small_disk
from tests.scenes import picture, scene

ROOT = Path(__file__).parents[1]


def record(path, frames=25):
    """Ten frames a second."""
    with VideoFile(path, 10) as video:
        for i in range(frames):
            video.write(scene(i, i / 10), picture(seed=i))


def decode(path) -> list[av.VideoFrame]:
    with av.open(str(path)) as container:
        return list(container.decode(video=0))


def test_a_recording_plays_as_it_was(tmp_path):
    path = tmp_path / "new" / "clip.mp4"
    with VideoFile(path, fps=25) as video:
        for i in range(30):
            video.write(scene(i, i / 25), picture(seed=i))
    with VideoSource(path) as source:
        frames = list(source)
    assert [round(25 * frame.seconds, 2) for frame in frames] == list(range(30))
    assert frames[10].image.shape == (48, 64, 3)
    red = np.s_[:, :32]  # its left half
    assert np.abs(frames[10].image[red].mean((0, 1)) - picture()[red].mean((0, 1))).max() < 4


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


@pytest.mark.parametrize("name", ["slow.mp4", "slow.mkv", "slow.mov"])
@pytest.mark.parametrize(
    ("fps", "length"),
    [(0.05, 40), (0.5, 4), (240, 1 / 120), (0.01, 1 / 15), (float("nan"), 1 / 15)],
)
def test_the_last_picture_is_shown_as_long_as_the_others(tmp_path, name, fps, length):
    """Of a rate that is none, as long as of 30 a second."""
    with VideoFile(tmp_path / name, fps) as video:
        for i in range(2):
            video.write(scene(i, i * length / 2), picture(seed=i))
    with av.open(str(tmp_path / name)) as container:
        assert container.duration / av.time_base == pytest.approx(length, abs=2e-3)


@pytest.mark.parametrize(("height", "width"), [(47, 63), (1, 1), (48, 63)])
def test_odd_sizes_are_made_even(tmp_path, height, width):
    with VideoFile(tmp_path / "odd.mp4") as video:
        video.write(scene(), picture(height, width))
    (frame,) = decode(tmp_path / "odd.mp4")
    assert (frame.height, frame.width) == (height + height % 2, width + width % 2)


def test_the_pixels_of_an_odd_picture_stay_where_they_are(tmp_path):
    image = np.full((47, 63, 3), 220, np.uint8)
    image[:24, :32] = 30
    with VideoFile(tmp_path / "odd.mp4") as video:
        video.write(scene(), image)
    shown = decode(tmp_path / "odd.mp4")[0].to_ndarray(format="rgb24").astype(int)
    assert np.abs(shown[:47, :63] - image).max() < 30
    assert np.abs(shown[47] - shown[46]).max() < 15
    assert np.abs(shown[:, 63] - shown[:, 62]).max() < 15


def test_a_flat_frame_lies_in_the_middle_of_a_higher_one(tmp_path):
    with VideoFile(tmp_path / "mixed.mp4") as video:
        for i, (height, width) in enumerate([(48, 64), (12, 32)]):  # 24 x 64 when it is fitted
            video.write(scene(i, i / 30), np.full((height, width, 3), 200, np.uint8))
    rows = decode(tmp_path / "mixed.mp4")[-1].to_ndarray(format="rgb24").mean((1, 2))
    assert rows[13:35].min() > 180
    assert rows[:11].max() < 20
    assert rows[37:].max() < 20


def test_pictures_that_no_encoder_takes_are_refused_with_their_size(tmp_path):
    with (
        pytest.raises(UserError, match=r"wide\.mp4: \w+ takes no pictures of 20000x2 pixels"),
        VideoFile(tmp_path / "wide.mp4") as video,
    ):
        video.write(scene(), np.zeros((2, 20_000, 3), np.uint8))


def test_frames_of_another_shape_are_not_squeezed(tmp_path):
    with VideoFile(tmp_path / "mixed.mp4") as video:
        for i, (height, width) in enumerate([(48, 64), (30, 30)]):
            video.write(scene(i, i / 30), np.full((height, width, 3), 200, np.uint8))
    last = decode(tmp_path / "mixed.mp4")[-1].to_ndarray(format="rgb24")
    assert last[:, 9:55].min() > 180  # 48 x 48 in the middle
    assert last[:, :7].max() < 20
    assert last[:, 57:].max() < 20


def test_frames_of_another_size_are_resized(tmp_path):
    with VideoFile(tmp_path / "mixed.mp4") as video:
        for i, (height, width) in enumerate([(48, 64), (96, 128), (30, 30)]):
            video.write(scene(i, i / 30), picture(height, width))
    sizes = [(frame.height, frame.width) for frame in decode(tmp_path / "mixed.mp4")]
    assert sizes == [(48, 64)] * 3


@pytest.mark.parametrize("size", [3_000, 30_000, 45_000, 60_000])
def test_a_recording_that_fills_the_disk_plays(tmp_path, size):
    path = tmp_path / "clip.mp4"
    with small_disk(size), pytest.raises(UserError, match=r"clip\.mp4.*so far is kept"):
        record(path, frames=400)
    if size > 20_000:  # a fragment takes 16 kB
        assert len(decode(path)) >= 10


def test_a_recording_whose_end_does_not_fit_plays(tmp_path):
    path = tmp_path / "clip.mp4"
    record(path)
    with small_disk(path.stat().st_size - 100), pytest.raises(UserError, match="so far is kept"):
        record(path)
    assert len(decode(path)) >= 20


def test_a_disk_full_before_anything_plays_leaves_no_broken_file(tmp_path):
    path = tmp_path / "clip.mp4"
    with small_disk(500), pytest.raises(UserError, match="too little was recorded to keep"):
        record(path)
    assert not path.exists()


@pytest.mark.parametrize("name", ["killed.mp4", "killed.mkv"])
def test_a_killed_recording_plays_but_for_its_last_second(tmp_path, name):
    code = f"""
import os, signal, sys
sys.path.insert(0, {str(ROOT)!r})
from fer_live.sinks import VideoFile
from tests.scenes import picture, scene
with VideoFile({str(tmp_path / name)!r}, 10) as video:
    for i in range(68):
        video.write(scene(i, i / 10), picture(seed=i))
    os.kill(os.getpid(), signal.SIGKILL)
"""
    done = subprocess.run([sys.executable, "-c", code], check=False, cwd=ROOT)
    assert done.returncode == -signal.SIGKILL
    assert len(decode(tmp_path / name)) >= 58


def test_without_h264_the_recording_is_mpeg4(tmp_path, monkeypatch):
    monkeypatch.setattr("fer_live.sinks.video.CODEC", "mpeg4")
    with VideoFile(tmp_path / "old.mp4", fps=29.97) as video:
        for i in range(5):
            video.write(scene(i, i / 29.97), picture(seed=i))
    assert len(decode(tmp_path / "old.mp4")) == 5
