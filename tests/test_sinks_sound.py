"""A film's sound beside its new pictures."""

import logging
from fractions import Fraction

import av
import numpy as np
import pytest

from fer_live.sinks import VideoFile
from fer_live.sinks.sound import Sound
from fer_live.sources import VideoSource
from tests.scenes import picture, scene

RATE = 8000  # samples a second


def film(path, codec="aac", seconds=2.0, begin=0.0, pictures=None, every=1):
    """Ten pictures a second, or each `every`-th of them, and a tone; both begin at `begin`.

    `pictures`: seconds after which there are no more, while the tone goes on.
    """
    with av.open(str(path), "w", options={"movflags": "faststart"}) as container:
        video = container.add_stream("mpeg4", rate=Fraction(10, every))
        video.width, video.height, video.pix_fmt = 64, 48, "yuv420p"
        video.codec_context.time_base = Fraction(1, 1000)
        audio = container.add_stream(codec, rate=RATE, layout="mono")
        for i in range(round(10 * seconds)):
            if i % every == 0 and i < 10 * (pictures or seconds):
                image = av.VideoFrame.from_ndarray(picture(seed=i), format="rgb24")
                image.pts, image.time_base = round(1000 * (begin + i / 10)), Fraction(1, 1000)
                container.mux(video.encode(image))
            tone = np.sin(np.arange(i * 800, i * 800 + 800) * 0.3).astype(np.float32)[None] / 2
            sound = av.AudioFrame.from_ndarray(tone, format="fltp", layout="mono")
            sound.sample_rate, sound.time_base = RATE, Fraction(1, RATE)
            sound.pts = i * 800 + round(begin * RATE)
            container.mux(audio.encode(sound))
        container.mux(video.encode())
        container.mux(audio.encode())
    return path


def copy(source, target, **part):
    """The film's frames and sound in another file."""
    with VideoSource(source, **part) as frames, VideoFile(target, 10, Sound(source)) as video:
        for frame in frames:
            video.write(scene(frame.index, frame.seconds), frame.image)
    return target


def tracks(path) -> dict[str, list[float]]:
    """Stream's kind -> the times of its decoded parts, in seconds."""
    times: dict[str, list[float]] = {}
    with av.open(str(path)) as container:
        for part in container.decode():
            kind = "video" if isinstance(part, av.VideoFrame) else "audio"
            times.setdefault(kind, []).append(part.time)
    return times


@pytest.mark.parametrize(("source", "target"), [("a.mp4", "b.mp4"), ("a.mov", "b.mkv")])
def test_the_sound_is_kept(tmp_path, source, target):
    times = tracks(copy(film(tmp_path / source), tmp_path / target))
    assert len(times["video"]) == 20
    assert times["audio"][0] == pytest.approx(0, abs=0.15)  # packets hold 0.128 s
    assert times["audio"][-1] == pytest.approx(1.9, abs=0.15)


def test_a_part_of_a_film_has_the_sound_of_that_part(tmp_path):
    times = tracks(copy(film(tmp_path / "a.mp4", seconds=6), tmp_path / "b.mp4", start=3, end=4))
    assert times["video"] == pytest.approx([i / 10 for i in range(10)], abs=1e-3)
    assert times["audio"][0] == pytest.approx(0, abs=0.15)
    assert times["audio"][-1] == pytest.approx(0.9, abs=0.15)


def test_the_sound_lasts_as_long_as_a_slow_films_last_picture(tmp_path):
    source = film(tmp_path / "a.mp4", seconds=10, every=20)  # a picture each two seconds
    with VideoSource(source) as frames, VideoFile(tmp_path / "b.mp4", 0.5, Sound(source)) as video:
        for frame in frames:
            video.write(scene(frame.index, frame.seconds), frame.image)
    with av.open(str(tmp_path / "b.mp4")) as container:
        lengths = [float(s.duration * s.time_base) for s in container.streams]
    assert lengths == pytest.approx([10, 10], abs=0.15)


def test_the_packets_are_copied_not_encoded_again(tmp_path):
    def packets(path):
        with av.open(str(path)) as container:
            return [bytes(packet) for packet in container.demux(audio=0) if packet.size]

    source = film(tmp_path / "a.mp4")
    copied, original = packets(copy(source, tmp_path / "b.mp4")), packets(source)
    assert len(copied) >= len(original) - 2
    assert set(copied) <= set(original)


def test_a_film_whose_clock_begins_later_stays_in_step(tmp_path):
    times = tracks(copy(film(tmp_path / "a.mkv", begin=5.0), tmp_path / "b.mp4"))
    assert times["video"][0] == pytest.approx(0, abs=1e-3)
    assert times["audio"][0] == pytest.approx(0, abs=0.15)


def test_a_codec_that_does_not_fit_is_left_out_with_a_line(tmp_path, caplog):
    source = film(tmp_path / "a.avi", codec="adpcm_ms")
    with caplog.at_level(logging.WARNING):
        times = tracks(copy(source, tmp_path / "b.mp4"))
    assert list(times) == ["video"]
    assert len(times["video"]) == 20
    (line,) = [r.message for r in caplog.records if r.name == "fer_live.sinks.sound"]
    assert "a.avi" in line
    assert "adpcm_ms" in line


def test_a_film_that_is_cut_off_has_its_sound_up_to_there(tmp_path):
    """And not half of the next packet, which nothing can decode."""
    whole, cut = film(tmp_path / "whole.mp4"), tmp_path / "cut.mp4"
    cut.write_bytes(whole.read_bytes()[: int(0.7 * whole.stat().st_size)])
    times = tracks(copy(cut, tmp_path / "b.mp4"))
    assert 0.5 < times["video"][-1] < 1.7
    assert times["audio"][-1] == pytest.approx(times["video"][-1], abs=0.3)


def test_a_silent_film_needs_no_sound(tmp_path, caplog):
    with VideoFile(tmp_path / "a.mp4", 10) as video:
        for i in range(5):
            video.write(scene(i, i / 10), picture(seed=i))
    assert list(tracks(copy(tmp_path / "a.mp4", tmp_path / "b.mp4"))) == ["video"]
    assert not caplog.records
