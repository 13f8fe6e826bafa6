"""Films that visitors hand in: what is refused, and what a browser plays as it is."""

from fractions import Fraction

import av
import numpy as np
import PIL.Image
import pytest

from fer_live.errors import UserError
from fer_live.web.video import films
from fer_live.web.video.films import look
from tests.clips import HEIGHT, WIDTH, record, song_with_cover


def without_frames(path):
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=12)
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        container.start_encoding()


def playlist(path):
    record(path.with_name("secret.mp4"))
    path.write_text(
        f"#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:2,\n{path.with_name('secret.mp4')}\n#EXT-X-ENDLIST\n"
    )


BAD = {
    "empty.mp4": (lambda path: path.write_bytes(b""), "empty.mp4 is empty"),
    "text.mp4": (lambda path: path.write_text("no film"), "text.mp4 is no film"),
    "none.mp4": (without_frames, "none.mp4 (holds no picture|is no film)"),
    "cut.mp4": (
        lambda path: path.write_bytes(record(path.with_name("all.mp4")).read_bytes()[:900]),
        "cut.mp4 (holds no picture|is no film)",
    ),
    "list.m3u8": (playlist, "list.m3u8 is no film"),
    "song.m4a": (song_with_cover, "song.m4a holds no pictures"),
    "picture.mp4": (
        lambda path: PIL.Image.new("RGB", (8, 8)).save(path, "PNG"),
        "picture.mp4 is a picture",
    ),
}


@pytest.mark.parametrize("name", BAD)
def test_what_is_no_film_is_told_by_its_name_alone(tmp_path, name):
    make, words = BAD[name]
    make(tmp_path / name)
    with pytest.raises(UserError, match=words) as told:
        look(tmp_path / name)
    assert str(tmp_path) not in str(told.value)


def test_pictures_that_are_too_large_are_refused_before_they_are_decoded(tmp_path, monkeypatch):
    path = record(tmp_path / "large.mp4")
    monkeypatch.setattr(films, "LARGEST_PICTURE", WIDTH * HEIGHT)
    assert look(path).size == (WIDTH, HEIGHT)
    wide = record(
        tmp_path / "wide.mp4", shape=Fraction(2, 1)
    )  # as large once its pixels are square
    for limit, each in ((2 * WIDTH * HEIGHT - 1, wide), (WIDTH * HEIGHT - 1, path)):
        monkeypatch.setattr(films, "LARGEST_PICTURE", limit)
        with pytest.raises(UserError, match="million pixels"):
            look(each)


def test_a_film_of_too_many_bytes_is_refused(tmp_path, monkeypatch):
    path = record(tmp_path / "long.mp4")
    monkeypatch.setattr(films, "LARGEST_FILM", path.stat().st_size)
    assert look(path).seconds == pytest.approx(2, abs=0.01)
    monkeypatch.setattr(films, "LARGEST_FILM", path.stat().st_size - 1)
    with pytest.raises(UserError, match=r"long\.mp4 has 1 MB; a film may have 1 MB"):
        look(path)


def test_a_film_that_does_not_tell_its_length_is_looked_at(tmp_path):
    assert look(record(tmp_path / "raw.h264")).seconds is None


def encoded(path, codec, pixels):
    """A film of one grey picture."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=12)
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, pixels
        grey = np.full((HEIGHT, WIDTH, 3), 110, np.uint8)
        container.mux(stream.encode(av.VideoFrame.from_ndarray(grey, format="rgb24")))
        container.mux(stream.encode())
    return path


@pytest.mark.parametrize(
    ("name", "codec", "pixels", "plays"),
    [
        ("film.mp4", "libx264", "yuv420p", ".mp4"),
        ("film.mov", "libx264", "yuv420p", ".mp4"),
        ("film.webm", "libvpx-vp9", "yuv420p", ".webm"),
        ("film.webm", "libvpx", "yuv420p", ".webm"),
        ("film.mp4", "libx264", "yuv444p", None),
        ("film.mp4", "mpeg4", "yuv420p", None),
        ("film.avi", "libx264", "yuv420p", None),
    ],
)
def test_what_a_browser_plays_is_known(tmp_path, name, codec, pixels, plays):
    assert look(encoded(tmp_path / name, codec, pixels)).plays == plays


def test_a_film_is_copied_where_it_cannot_be_linked(tmp_path, monkeypatch):
    def refuse(*places):
        raise OSError("another disk")

    monkeypatch.setattr(films.os, "link", refuse)
    (tmp_path / "film.mp4").write_bytes(b"film")
    kept = films.keep(tmp_path / "film.mp4", tmp_path / "kept.mp4")
    (tmp_path / "film.mp4").unlink()
    assert kept.read_bytes() == b"film"
