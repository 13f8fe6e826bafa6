"""Video files: frames, times, parts, colours and damage."""

import logging
import math
import os
import struct
import threading
from fractions import Fraction
from pathlib import Path
from types import SimpleNamespace

import av
import numpy as np
import PIL.Image
import pytest
from av.video.reformatter import Colorspace

from fer_live.errors import UserError
from fer_live.sinks import VideoFile
from fer_live.sources import VideoSource, open_source
from fer_live.sources.decoding import decode, seek, timed
from tests.clips import FRAMES, HEIGHT, TITLE, WIDTH, record
from tests.scenes import picture, scene


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
    assert not source.stills
    assert source.warning is None
    left, right = frames[3].image[:, :40].mean((0, 1)), frames[3].image[:, -40:].mean((0, 1))
    assert left[0] > left[2] + 100
    assert right[2] > right[0] + 100


def test_a_library_that_hears_ffmpeg_does_not_make_the_end_of_a_film_wait_forever(video):
    # As older versions of torchvision do when they are imported.
    av.logging.set_level(av.logging.ERROR)
    with VideoSource(video) as source:
        next(iter(source))
        assert av.logging.get_level() is None


def test_a_gif_without_delays_gives_all_its_pictures(tmp_path):
    noise = np.random.default_rng(0).integers(0, 256, (5, 60, 80), np.uint8)
    stills = [PIL.Image.fromarray(each) for each in noise]
    stills[0].save(tmp_path / "a.gif", save_all=True, append_images=stills[1:])
    assert b"\x21\xf9" not in (tmp_path / "a.gif").read_bytes()[:1000]  # the first delay
    with open_source(tmp_path / "a.gif") as source:
        frames = list(source)
    assert [frame.seconds for frame in frames] == pytest.approx([0, 0.1, 0.2, 0.3, 0.4])
    for frame, still in zip(frames, noise, strict=True):
        assert (frame.image[..., 0] == still).all()


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="Windows has no pipes among its files")
def test_a_pipe_is_read_from_its_first_byte(tmp_path, video):
    """To look into it would take what FFmpeg is to have."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    writing = threading.Thread(target=pipe.write_bytes, args=(video.read_bytes(),), daemon=True)
    writing.start()
    with VideoSource(pipe) as source:
        assert len(list(source)) == FRAMES
    writing.join()


def test_a_videos_seconds_are_its_timestamps(tmp_path):
    uneven = record(tmp_path / "uneven.mp4", seconds=lambda i: 5 + i / 12 + (0.5 if i > 10 else 0))
    with VideoSource(uneven) as source:
        seconds = [frame.seconds for frame in source]
    assert seconds[:2] == pytest.approx([0, 1 / 12], abs=2e-3)
    assert seconds[-1] == pytest.approx(23 / 12 + 0.5, abs=2e-3)


def test_a_file_url_names_the_file(video):
    with open_source(video.as_uri()) as source:
        assert source.frame_count == FRAMES
    assert source.name == str(video)


@pytest.mark.parametrize("start", [1e15, 1e300])
def test_a_film_has_nothing_after_its_end_however_late(video, start):
    with (
        pytest.raises(UserError, match="has no picture from"),
        VideoSource(video, start=start) as source,
    ):
        list(source)


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


def test_a_film_that_tells_its_length_only_as_a_whole_is_known_to_be_cut_off(tmp_path, caplog):
    film, cut = record(tmp_path / "film.mkv", width=320, height=240), tmp_path / "cut.mkv"
    cut.write_bytes(film.read_bytes()[: int(0.9 * film.stat().st_size)])
    with caplog.at_level(logging.WARNING), VideoSource(cut) as source:
        frames = list(source)
    assert 5 < len(frames) < FRAMES
    assert source.warning == (
        f"{cut} is cut off; {len(frames)} frames (up to {frames[-1].seconds:.1f} s) were read"
    )
    assert source.warning in caplog.text


def test_a_transport_stream_that_ends_within_a_packet_is_known_to_be_cut_off(tmp_path):
    film, cut = record(tmp_path / "film.ts"), tmp_path / "cut.ts"
    cut.write_bytes(film.read_bytes()[: 188 * (film.stat().st_size // 376) + 77])
    with VideoSource(cut) as source:
        frames = list(source)
    assert 5 < len(frames) < FRAMES
    assert f"cut.ts is cut off; {len(frames)} frames" in source.warning
    with VideoSource(film) as source:
        list(source)
    assert source.warning is None


@pytest.mark.parametrize("seconds", [lambda i: i / 12, lambda i: 5 + i / 12])
def test_sound_that_goes_on_after_the_pictures_is_no_cut(tmp_path, seconds):
    pictures, film = record(tmp_path / "pictures.mkv", seconds=seconds), tmp_path / "film.mkv"
    with av.open(str(pictures)) as source, av.open(str(film), "w") as container:
        video = container.add_stream_from_template(source.streams.video[0])
        sound = container.add_stream("pcm_s16le", rate=8000)
        for packet in source.demux(video=0):
            if packet.size:
                packet.stream = video
                container.mux(packet)
        for second in range(9):
            samples = av.AudioFrame.from_ndarray(np.zeros((1, 8000), np.int16), "s16", "mono")
            samples.sample_rate, samples.pts = 8000, 8000 * second
            container.mux(sound.encode(samples))
    with VideoSource(film) as source:
        assert len(list(source)) == FRAMES
    assert source.warning is None


def test_a_video_cut_before_its_index_is_refused(video, tmp_path):
    stub = tmp_path / "stub.mp4"
    stub.write_bytes(video.read_bytes()[:200])
    with pytest.raises(UserError, match=r"stub\.mp4"), open_source(stub) as source:
        list(source)


def seconds_of(path, *part) -> list[float]:
    with VideoSource(path, *part) as source:
        return [round(12 * frame.seconds, 2) for frame in source]  # in frames of the clip


def test_a_part_of_a_video_keeps_the_films_seconds(video):
    assert seconds_of(video, 0.5, 1.0) == pytest.approx(range(6, 12), abs=0.05)


def test_every_third_frame_of_a_part(video):
    with VideoSource(video, 0.5, 1.5, 3) as source:
        frames = list(source)
    assert [frame.index for frame in frames] == [0, 1, 2, 3]
    assert [frame.seconds for frame in frames] == pytest.approx([0.5, 0.75, 1, 1.25], abs=5e-3)
    assert (source.frame_count, source.fps) == (4, pytest.approx(4, rel=1e-3))


@pytest.mark.parametrize("suffix", [".mkv", ".ts", ".avi", ".h264"])
def test_a_part_begins_where_it_should_in_every_format(tmp_path, suffix):
    path = record(tmp_path / f"film{suffix}")
    part = [seconds for seconds in seconds_of(path) if seconds >= 6]
    assert 0 < len(part) < FRAMES
    assert seconds_of(path, 0.5) == part


def test_a_late_part_is_not_reached_by_decoding_all_before_it(tmp_path):
    with VideoFile(tmp_path / "film.mp4", 10) as film:  # a key frame each second
        for i in range(60):
            film.write(scene(i, i / 10), picture())
    with av.open(str(tmp_path / "film.mp4")) as container:
        stream = container.streams.video[0]
        assert seek(container, stream, 4.5) == pytest.approx(0, abs=1e-3)
        assert next(decode(container, stream, None)).time == pytest.approx(4, abs=1e-3)


def test_a_video_without_its_count_tells_it_by_its_length(tmp_path):
    with VideoSource(record(tmp_path / "film.mkv")) as source:
        assert source.frame_count == FRAMES


def test_a_part_ends_without_a_warning(video):
    with VideoSource(video, end=1.0) as source:
        assert len(list(source)) == source.frame_count == 12
    assert source.warning is None


def test_a_part_after_the_end_is_refused(video):
    with (
        pytest.raises(UserError, match="no picture from 60 s on; start earlier"),
        VideoSource(video, 60) as source,
    ):
        list(source)


@pytest.mark.parametrize("part", [(-1.0,), (2.0, 2.0), (math.nan,), (math.inf,), (0.0, None, 0)])
def test_what_is_no_part_is_refused(part):
    with pytest.raises(UserError):
        VideoSource("film.mp4", *part)


def test_seconds_never_run_backwards():
    # A repeated timestamp, one out of order, and a clock that begins anew.
    pictures = [SimpleNamespace(time=time) for time in (5.0, 5.04, 5.04, 5.02, 0.0, 0.04)]
    stream = SimpleNamespace(average_rate=25)
    seconds = [frame.seconds for frame in timed(iter(pictures), stream)]
    assert seconds == pytest.approx([0, 0.04, 0.04, 0.04, 0.08, 0.12])


def test_two_films_in_one_file_play_one_after_the_other(tmp_path):
    path = record(tmp_path / "twice.ts")
    path.write_bytes(path.read_bytes() * 2)
    seconds = seconds_of(path)
    assert seconds == sorted(seconds)
    assert 2 * FRAMES - 3 <= len(seconds) <= 2 * FRAMES
    assert seconds[-1] == pytest.approx(2 * FRAMES - 1, abs=2.5)
