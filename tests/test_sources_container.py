"""How files and URLs are handed to FFmpeg, and what is told where it refuses them."""

from pathlib import Path
from types import SimpleNamespace

import av
import pytest
from av.stream import Disposition

from fer_live.errors import UserError
from fer_live.sources import container
from fer_live.sources.container import (
    film_stream,
    is_live,
    local_path,
    no_file,
    open_container,
    scheme_of,
)
from tests.clips import song_with_cover


@pytest.fixture
def asked(monkeypatch):
    """What FFmpeg was asked for; it then fails as `asked.error` says."""
    found = SimpleNamespace(error=OSError("no"))

    def refuse(place, mode, **options):
        found.place, found.options = place, options
        raise found.error

    monkeypatch.setattr(container.av, "open", refuse)
    return found


@pytest.mark.parametrize(
    ("place", "timeout", "options"),
    [
        ("rtsp://door/1", 3.0, {"rtsp_flags": "prefer_tcp"}),
        ("RTSPS://door/1", 3.0, {"rtsp_flags": "prefer_tcp"}),
        ("http://door/1", 3.0, None),
        ("film.mp4", None, None),
    ],
)
def test_cameras_are_asked_for_tcp_and_urls_alone_are_given_up(asked, place, timeout, options):
    with pytest.raises(UserError):
        open_container(place, 3.0)
    assert (asked.options["timeout"], asked.options["options"]) == (timeout, options)


def test_a_path_is_absolute_and_at_home(asked, tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    for place, path in (("~/a.mp4", tmp_path / "a.mp4"), ("concat:a", tmp_path / "concat:a")):
        with pytest.raises(UserError):
            open_container(place, 3.0)
        assert asked.place == str(path)


@pytest.mark.parametrize(
    ("place", "error", "words"),
    [
        ("http://door/1", av.ExitError(1, "gone"), "does not answer within 3 s; check the address"),
        ("http://door/1", OSError(111, "Refused"), r"cannot be opened \(Refused\); check the addr"),
        ("http://door/1", av.InvalidDataError(1, "bad"), r"neither a picture nor.*\(bad\); name"),
        ("a.mp4", OSError("odd"), r"neither a picture nor a video.*\(odd\)"),
        ("a.mp4", FileNotFoundError(2, "gone"), "a.mp4: no such file; check the path"),
        ("http://me:word@door/1", OSError("odd"), r"^http://me:\*\*\*@door/1 cannot"),
    ],
)
def test_what_ffmpeg_refuses_is_told(asked, place, error, words):
    asked.error = error
    with pytest.raises(UserError, match=words):
        open_container(place, 3.0)


def stream(width=640, disposition=Disposition.default):
    return SimpleNamespace(width=width, disposition=disposition)


def holding(*streams, best=None):
    """A container with these video streams; `best`: the number of the one that FFmpeg prefers."""
    preferred = None if best is None else streams[best]
    return SimpleNamespace(streams=SimpleNamespace(best=lambda kind: preferred, video=streams))


@pytest.mark.parametrize(
    ("streams", "words"),
    [
        ([], "that move"),
        ([stream(disposition=Disposition.attached_pic)], "that move"),
        ([stream(width=0)], "that can be decoded"),
    ],
    ids=["sound", "a song with a cover", "an unknown codec"],
)
def test_what_holds_no_pictures_is_closed(monkeypatch, streams, words):
    closed = []
    film = holding(*streams, best=0 if streams else None)
    film.close = lambda: closed.append(True)
    monkeypatch.setattr(container.av, "open", lambda *_, **__: film)
    with pytest.raises(UserError, match=f"sound.mp3 holds no pictures {words}"):
        open_container("sound.mp3", 3.0)
    assert closed == [True]


def test_a_song_with_a_cover_is_no_film(tmp_path):
    path = song_with_cover(tmp_path / "song.m4a")
    with pytest.raises(UserError, match=r"song\.m4a holds no pictures that move; name another"):
        open_container(str(path), 3.0)


@pytest.mark.parametrize(("best", "played"), [(0, 1), (1, 1), (2, 2)])
def test_a_films_cover_is_not_its_pictures(best, played):
    film = holding(stream(disposition=Disposition.attached_pic), stream(), stream(), best=best)
    assert film_stream(film) is film.streams.video[played]


@pytest.mark.parametrize(
    ("place", "duration", "size", "live"),
    [
        ("film.mp4", None, -1, False),
        ("file:///film.mp4", None, -1, False),
        ("FILE:///film.mp4", None, -1, False),
        ("rtsp://door/1", 5_000_000, 1000, True),
        ("SRT://door:9000", 5_000_000, 1000, True),
        ("http://door/stream", None, -1, True),
        ("http://door/stream", None, 0, True),
        ("http://door/film.h264", None, 1000, False),
        ("http://door/playlist", 5_000_000, -1, False),
    ],
)
def test_a_stream_goes_on_where_a_file_has_a_length_or_a_size(place, duration, size, live):
    assert is_live(place, SimpleNamespace(duration=duration, size=size)) is live


@pytest.mark.parametrize(
    ("place", "scheme"), [("a/b.mp4", None), ("HTTP://a", "http"), ("a:b", None)]
)
def test_a_url_has_a_scheme(place, scheme):
    assert scheme_of(place) == scheme


def test_a_file_url_is_a_path(tmp_path):
    path = tmp_path / "of mine.mp4"
    assert local_path(path.as_uri()) == str(path)
    assert local_path("http://door/a%20b.mp4") == "http://door/a%20b.mp4"
    assert Path(local_path("a%20b.mp4")) == Path("a%20b.mp4")


def test_what_is_no_file_is_told_with_a_command_that_a_shell_takes():
    told = str(no_file("http://me:word@door/a b?c&d", "as it comes", "--output"))
    assert told == (
        "http://me:***@door/a b?c&d is no file; download it, or read it as it comes: "
        "fer-live --source 'http://me:***@door/a b?c&d' --no-window --output FILE"
    )


def gif(flags, colours):
    return b"GIF89a" + bytes([1, 0, 1, 0, flags, 0, 0]) + bytes(3 * colours)


@pytest.mark.parametrize(
    "head", [gif(0x00, 0), gif(0x01, 0), gif(0x80, 2), gif(0x81, 4), gif(0xF7, 256)]
)
def test_a_gif_whose_first_picture_follows_its_colours_gets_a_comment_between(tmp_path, head):
    (tmp_path / "a.gif").write_bytes(head + b",picture")
    assert container._file(tmp_path / "a.gif").read() == head + container.COMMENT + b",picture"


@pytest.mark.parametrize("content", [b"GIF89a", gif(0x81, 4) + b"!delay,", gif(0x81, 2), b",,,"])
def test_any_other_file_is_opened_as_it_is(tmp_path, content):
    (tmp_path / "a.gif").write_bytes(content)
    assert container._file(tmp_path / "a.gif") == str(tmp_path / "a.gif")
